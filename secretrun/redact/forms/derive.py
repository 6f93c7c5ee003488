"""The spellings of a secret: value to byte strings, one small pure function for each dialect."""

from __future__ import annotations

from secretrun.redact.forms import encodings, parts, shells
from secretrun.redact.forms.decoded import decoded
from secretrun.redact.forms.tables import PLAIN
from secretrun.redact.pattern import ANYWHERE, LOOSE_LENGTH, SPACE, WORD
from secretrun.redact.policy import is_common

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.redact.pattern import Rule

WRAPPED = "wrapped"
TERMINAL = "terminal"
DEFAULT_FORMS: tuple[str, ...] = (
    "trimmed",  # without the whitespace and quotes around it, other line ends
    "decoded",  # what it says when it is percent-encoded, escaped, quoted or base64 itself
    "lines",  # each line of a key, and of a multi-line value of no known kind
    "url",  # the password in a URL, a token in its path or query
    "json-parts",  # the credentials in a JSON document, and the document laid out anew
    "parts",  # the credentials in lines of pairs, connection strings, XML
    "base64",  # once and twice, and of the value escaped
    "hex",
    "wide",  # UTF-16 and Latin-1
    "percent",
    "json",
    "shell",
    "literal",
    "xml",
    "doubled",
    "workflow",  # commands to a CI runner
    "twice",  # quoting of what is quoted
    WRAPPED,  # any of these, broken by line ends and blanks
    TERMINAL,  # and with terminal escapes in it
)

SHORTEST = 6  # bytes a part of a secret needs
_WIDTH = 1 << 16  # bytes of a value above which only the likeliest spellings are made

_BARE = ("line", "layout")  # as they are: what holds them is spelled in every way
_SPELLED = ("part", "json-part", "url-password")  # credentials, in every way; the whole is not more secret
_BARELY = {"url-userinfo": frozenset(("base64-once",)), "bytes": frozenset(("hex",))}
_OF = {"line": "lines", "part": "parts", "json-part": "json-parts"}  # the form that asks for a kind of part


def derive(
    value: bytes,
    forms: Iterable[str],
    *,
    anywhere: bool,
    paranoid: bool,
    minimum: int = SHORTEST,
    notes: list[str] | None = None,
) -> list[tuple[str, bytes, Rule]]:
    """(form, text, rule) of every spelling of one value; texts may repeat.

    Args:
        value: not empty.
        forms: names out of `DEFAULT_FORMS`.
        anywhere: the value is masked inside words too.
        paranoid: fragments and rarer encodings too.
        minimum: bytes a part needs to be masked inside words.
        notes: is given what a user should know of parts that are not masked everywhere, by name.
    """
    rule = ANYWHERE if anywhere else WORD
    wanted = frozenset(forms)
    if not wanted:
        return [("raw", value, rule)]
    # a file's last line end belongs to the file, and the next line of a log should stay a line
    whole = value.rstrip(b"\r\n") or value
    spelled = [("raw", whole, rule)]
    if "trimmed" in wanted:
        least = max(1, minimum if anywhere else 0)
        texts = [text for text in parts.trimmed(whole) if text != whole and len(text) >= least]
        if not _is_loose(whole, wanted):
            texts += parts.line_ends(whole)
        spelled += [("trimmed", text, rule) for text in texts]
    if not anywhere and len(value) < 4:
        return spelled
    bare = whole.strip()
    found = [part for part in _parts(bare, wanted) if part[2] != bare] if anywhere else []
    spelled += _dialects(bare, wanted, all_=not _covered(bare, found))
    for form, name, text in found:
        note = _doubt(form, text, minimum)
        if note and notes is not None and name:
            notes.append(f"part {shown(name)} {note}")
        if not note:
            spelled += _part(form, text, wanted)
        elif note != COMMON and len(text) >= 4:
            spelled.append((form, text, WORD))
    if paranoid:
        from secretrun.redact.forms.paranoid import rare

        spelled += [(form, text, ANYWHERE) for form, text in rare(bare) if len(text) >= SHORTEST]
    return spelled


def _is_loose(value: bytes, wanted: frozenset[str]) -> bool:
    """Whether a value is found with any blanks in it, so that no other ones need be written.

    One that breaks after its first few bytes is written all the same: what is before a break shows.
    """
    if WRAPPED not in wanted or len(value.translate(None, SPACE)) < LOOSE_LENGTH:
        return False
    return 0x0A not in value[:8] and 0x0D not in value[:8]


COMMON = "has a common value, which is not masked"


def _doubt(form: str, text: bytes, minimum: int) -> str:
    """Why a part can't be masked inside words, or nothing."""
    if is_common(text):
        return COMMON if form not in _BARE else ""
    if len(text) < minimum:
        return f"is shorter than {minimum} bytes and is masked only as a whole word"
    return ""


def _covered(value: bytes, found: list[tuple[str, str, bytes]]) -> bool:
    """Whether all that is secret of a value is in parts of it, as they are: each is spelled in every way."""
    inside = [text for form, _, text in found if form in _SPELLED]
    return bool(inside) and all(text in value for text in inside)


def _part(form: str, text: bytes, wanted: frozenset[str]) -> list[tuple[str, bytes, Rule]]:
    if form in _BARE:
        return [(form, text, ANYWHERE)]
    if form in _BARELY:  # the password in it has every spelling of its own
        wanted = (wanted | {"base64-once"}) & _BARELY[form]
    return [(form, text, ANYWHERE), *_dialects(text, wanted)]


def _parts(value: bytes, wanted: frozenset[str]) -> list[tuple[str, str, bytes]]:
    """What stands for the value, or in it: decoded, laid out anew, and the credentials inside of each."""
    found: list[tuple[str, str, bytes]] = []
    if "decoded" in wanted and len(value) <= _WIDTH:
        found += [(form, "", text) for form, text in decoded(value)]
    if "trimmed" in wanted:
        found += [("unescaped", "", text) for text in parts.unescaped(value)]
    readings = [value, *[text for form, _, text in found if form != "bytes" and text != value]]
    for reading in readings:
        if not reading.translate(None, PLAIN):
            continue
        if "json-parts" in wanted:
            layouts = parts.json_layouts(reading, loose=_is_loose(reading, wanted))
            found += [("layout", "", text) for text in layouts]
        from secretrun.redact.forms.structure import credentials

        found += [part for part in credentials(reading) if (_OF.get(part[0]) or "url") in wanted]
    return list({text: (form, name, text) for form, name, text in reversed(found)}.values())[::-1]


def part_doubts(value: bytes) -> list[str]:
    """What a user should know of the parts of a secret that are not masked everywhere, by name."""
    found = _parts(value.strip(), frozenset(DEFAULT_FORMS))
    noted = [(name, _doubt(form, text, SHORTEST)) for form, name, text in found if name]
    return [f"part {shown(name)} {note}" for name, note in dict.fromkeys(noted) if note]


def part_names(value: bytes) -> list[str]:
    """The names of the parts of a secret that are masked by themselves, and how many lines: never values."""
    bare = value.strip()
    found = [part for part in _parts(bare, frozenset(DEFAULT_FORMS)) if part[2] != bare and part[1]]
    named = [(name, text) for form, name, text in found if name != "line" and form != "url-userinfo"]
    names = {shown(name) for name, text in named if _doubt("", text, 4) != COMMON}
    lines = sum(name == "line" for _, name, _ in found)
    return sorted(names) + ([f"{lines} line{'s' * (lines > 1)}"] if lines else [])


def shown(name: str) -> str:
    """The name of a part, safe to print: a key that looks random itself is left out."""
    from secretrun.redact.forms.credential import by_shape

    words = [word for word in name.split(".") if not by_shape(word.encode("utf-8", "replace"))]
    text = ".".join(words)[:80]
    return "".join(c if (c.isascii() and c.isalnum()) or c in "_.-:/@" else "_" for c in text) or "*"


def _dialects(value: bytes, wanted: frozenset[str], *, all_: bool = True) -> list[tuple[str, bytes, Rule]]:
    """Every way to write `value`.

    Args:
        value: not empty.
        wanted: names of forms.
        all_: the rarer ways too. They are left out where the credentials in the value have all of theirs,
            which are parts of those of the whole.
    """
    all_ = all_ and len(value) <= _WIDTH
    spelled: list[tuple[str, bytes, Rule]] = []
    if "base64" in wanted or "base64-once" in wanted:
        spelled += [("base64", text, rule) for text, rule in encodings.base64(value)]
        if all_ and "base64" in wanted:
            spelled += [("base64-utf16", text, rule) for text, rule in encodings.base64_utf16(value)]
            spelled += [("base64-twice", text, rule) for text, rule in encodings.base64_twice(value)]
            spelled += [("base64", text, ANYWHERE) for text in encodings.base64_lines(value)]
    if "hex" in wanted and len(value) <= _WIDTH:
        texts = encodings.hexadecimal(value)[:: 1 if all_ else 4]
        spelled += [("hex", text, ANYWHERE) for text in texts]
    if "wide" in wanted and all_:
        spelled += [("wide", text, ANYWHERE) for text in encodings.wide(value) if len(text) >= SHORTEST]
    if "shell" in wanted and all_:
        spelled += [("shell", text, ANYWHERE) for text in shells.every(value)]
    special = value.translate(None, PLAIN)
    if not special or len(wanted) == 1:
        return spelled
    special = bytes(sorted(set(special)))
    from secretrun.redact.forms import dialects

    if len(value) > _WIDTH:
        found = dialects.likeliest().spellings(value, special)
        return spelled + [(form, text, ANYWHERE) for form, text in found if form in wanted]
    found = [
        *dialects.every().spellings(value, special),
        *[one for one in dialects.positional(value, special) if one[1] != value],
    ]
    spelled += [
        (form, text, ANYWHERE)
        for form, text in found
        if form in wanted and len(text) >= SHORTEST and text.strip()
    ]
    if "base64" in wanted:
        carried = [text for _, text in dialects.carried().spellings(value, special)]
        if 0x0A in value:
            carried.append(value.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        if not value.isascii():
            carried += dialects.carried_beyond(value)
        for text in carried:
            spelled += [("base64", run, rule) for run, rule in encodings.base64_runs(text)]
    return spelled
