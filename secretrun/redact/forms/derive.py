"""The spellings of a secret: value to byte strings, one small pure function for each dialect."""

from __future__ import annotations

from secretrun.redact.engine.pattern import ANYWHERE, WORD
from secretrun.redact.forms import encodings, parts
from secretrun.redact.forms.tables import PLAIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from secretrun.redact.engine.pattern import Rule

WRAPPED = "wrapped"
TERMINAL = "terminal"
DEFAULT_FORMS: tuple[str, ...] = (
    "trimmed",  # without the whitespace and quotes around it, other line ends
    "lines",  # each line of a multi-line value
    "url",  # the password in a URL
    "json-parts",  # the strings in a JSON document
    "base64",
    "hex",
    "percent",
    "json",
    "shell",
    "literal",
    "xml",
    "doubled",
    WRAPPED,  # any of these, broken by line ends and blanks
    TERMINAL,  # and with terminal escapes in it
)

SHORTEST = 6  # bytes a part of a secret needs


def derive(
    value: bytes, forms: Iterable[str], *, anywhere: bool, paranoid: bool, minimum: int = SHORTEST
) -> Iterator[tuple[str, bytes, Rule]]:
    """Yield (form, text, rule) for one value; texts may repeat.

    Args:
        value: not empty.
        forms: names out of `DEFAULT_FORMS`.
        anywhere: the value is masked inside words too.
        paranoid: fragments and rarer encodings too.
        minimum: bytes a part needs to be masked by itself.
    """
    rule = ANYWHERE if anywhere else WORD
    wanted = frozenset(forms)
    if not wanted:
        yield "raw", value, rule
        return
    # a file's last line end belongs to the file, and the next line of a log should stay a line
    whole = value.rstrip(b"\r\n") or value
    yield "raw", whole, rule
    if "trimmed" in wanted:
        for text in parts.trimmed(whole):
            if text and (text != whole):
                yield from _long_enough("trimmed", text, rule, minimum if anywhere else 0)
        for text in parts.line_ends(whole):
            yield "trimmed", text, rule
    if not anywhere and len(value) < 4:
        return
    bare = whole.strip()
    yield from _dialects(bare, wanted)
    for form, text in _parts(bare, wanted):
        if len(text) >= minimum and text != bare:
            from secretrun.redact.policy import is_common

            if not is_common(text):
                yield form, text, ANYWHERE
                if form != "line":
                    yield from _dialects(text, wanted)
    if paranoid:
        from secretrun.redact.forms.paranoid import rare

        for form, text in rare(bare):
            if len(text) >= SHORTEST:
                yield form, text, ANYWHERE


def _long_enough(form: str, text: bytes, rule: Rule, minimum: int) -> Iterator[tuple[str, bytes, Rule]]:
    if len(text) >= minimum:
        yield form, text, rule


def _parts(value: bytes, wanted: frozenset[str], depth: int = 2) -> Iterator[tuple[str, bytes]]:
    """Pieces that are secrets by themselves, and theirs: JSON may hold a PEM, or a URL, or more JSON."""
    if "lines" in wanted:
        for text in parts.lines(value):
            yield "line", text
    if "url" in wanted:
        yield from parts.url_parts(value)
    if depth:
        if "json-parts" in wanted:
            for text in parts.json_layouts(value):
                yield "json-part", text
            for text in parts.json_leaves(value):
                yield "json-part", text
                yield from _parts(text, wanted, depth - 1)
        if "trimmed" in wanted:
            for text in parts.unescaped(value):
                yield "unescaped", text
                yield from _parts(text, wanted, depth - 1)


def _dialects(value: bytes, wanted: frozenset[str]) -> Iterator[tuple[str, bytes, Rule]]:
    """Every way to write `value`."""
    if "base64" in wanted:
        for text, rule in encodings.base64(value):
            yield "base64", text, rule
        for text, rule in encodings.base64_utf16(value):
            yield "base64-utf16", text, rule
    if "hex" in wanted:
        for text in encodings.hexadecimal(value):
            yield "hex", text, ANYWHERE
    if not value.translate(None, PLAIN):
        return
    from secretrun.redact.forms import escapes, shells

    shortest = min(len(value), SHORTEST)
    for form, spell in (
        ("percent", escapes.percent),
        ("json", escapes.json),
        ("shell", shells.quoted),
        ("literal", escapes.literals),
        ("xml", escapes.xml),
        ("doubled", escapes.doubled),
    ):
        if form in wanted:
            for text in spell(value):
                if text != value and len(text) >= SHORTEST and len(text) >= shortest and text.strip():
                    yield form, text, ANYWHERE
