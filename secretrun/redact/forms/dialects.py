"""Every dialect that is a table, side by side: what they make of a value, each result once.

There are 140 of them, and most do the same with most values: of `ghp_...` all but two leave the `_`
alone. What a table does to a value depends only on the bytes of it that are no letters or digits, so
the tables are told apart by those before any is used.
"""

from __future__ import annotations

from secretrun.redact.forms import escapes, folds, shells, workflow
from secretrun.redact.forms.tables import IDENTITY, PLAIN, Table, composed, spell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    # (which text, what is replaced in it, by what); the first text is the value
    _Step: TypeAlias = tuple[int, bytes, bytes]

_LONG = 256  # bytes from which replacing is cheaper than looking up each byte, steps for it included
_USUAL = 8  # values with the same bytes from which it is so too
_PLANS = 512


def _twice() -> tuple[Table, ...]:
    """Quoting of what is quoted: a command line in JSON, JSON in a command line or in an attribute."""
    jsons = (escapes.JSON()[0], escapes.JSON()[7])
    singles = shells.SINGLE()
    double, backslash, (sql, csv) = shells.QUOTED()[0], shells.BACKSLASH()[0], escapes.DOUBLED()[:2]
    percents, htmls = escapes.PERCENT()[:3], escapes.HTML()
    forms, reprs = escapes.PERCENT()[escapes.FORM : escapes.FORM + 2], escapes.REPRS()
    quotes = (*singles, double, backslash)
    pairs = [(json, outer) for json in jsons for outer in (*quotes, sql, *percents, *forms, *htmls)]
    inners = (*quotes, sql, csv, *htmls, *escapes.EXPRESSIONS()[:2])
    pairs += [(inner, json) for inner in inners for json in jsons]
    pairs += [(inner, outer) for inner in quotes for outer in (*singles, double, backslash)]
    pairs += [(inner, outer) for inner in (*jsons, *reprs) for outer in reprs[:2]]
    pairs += [(html, html) for html in htmls]
    pairs += [(percents[0], sql), *((form, escapes.AGAIN()[0]) for form in forms)]
    return tuple(composed(inner, outer) for inner, outer in pairs)


class _Dialects:
    """Tables, told apart by what they make of each byte.

    Args:
        families: (form, its tables).
    """

    def __init__(self, families: Iterable[tuple[str, Iterable[Table]]]) -> None:
        self._forms: list[str] = []
        self._tables: list[Table] = []
        for form, tables in families:
            for table in tables:
                self._forms.append(form)
                self._tables.append(table)
        self._kinds: dict[int, tuple[int, ...]] = {}
        self._plans: dict[bytes, list[tuple[str, Table]]] = {}
        self._steps: dict[bytes, tuple[list[_Step], list[int]]] = {}
        self._uses: dict[bytes, int] = {}

    def _kind(self, byte: int) -> tuple[int, ...]:
        """For each table the number of its spelling of a byte, 0 for the byte itself."""
        kinds = self._kinds.get(byte)
        if kinds is None:
            numbers = {IDENTITY[byte]: 0}
            kinds = self._kinds[byte] = tuple(
                numbers.setdefault(table[byte], len(numbers)) for table in self._tables
            )
        return kinds

    def plan(self, special: bytes) -> list[tuple[str, Table]]:
        """(form, table) of those that differ in what they make of the bytes `special`, and change any."""
        plan = self._plans.get(special)
        if plan is None:
            first: dict[tuple[int, ...], int] = {(0,) * len(special): -1}
            for index, kinds in enumerate(zip(*map(self._kind, special), strict=True)):
                first.setdefault(kinds, index)
            plan = [(self._forms[index], self._tables[index]) for index in first.values() if index >= 0]
            if len(self._plans) >= _PLANS:
                self._plans.clear()
                self._steps.clear()
                self._uses.clear()
            self._plans[special] = plan
        return plan

    def spellings(self, value: bytes, special: bytes) -> list[tuple[str, bytes]]:
        """(form, text) of every table for `value`.

        Args:
            value: what to write.
            special: its bytes besides letters and digits, sorted, each once.
        """
        plan = self.plan(special)
        known = self._steps.get(special)
        if known is None:
            uses = self._uses[special] = self._uses.get(special, 0) + 1
            if len(value) <= _LONG and uses < _USUAL:
                return _between(plan, value)
            known = self._steps[special] = _all_steps([table for _, table in plan], special)
        steps, ends = known
        texts = [value]
        for at, old, new in steps:
            texts.append(texts[at].replace(old, new))
        return [
            (form, texts[end] if end >= 0 else b"".join(map(table.__getitem__, value)))
            for (form, table), end in zip(plan, ends, strict=True)
        ]


def _between(plan: Iterable[tuple[str, Table]], value: bytes) -> list[tuple[str, bytes]]:
    """(form, text) of each table: only what stands between letters and digits is written anew."""
    between = value.translate(None, PLAIN)
    pieces = [b""] * (2 * len(between) + 1)
    pieces[::2] = value.translate(_BETWEEN).split(b"\0")
    found = []
    for form, table in plan:
        pieces[1::2] = [table[byte] for byte in between]
        found.append((form, b"".join(pieces)))
    return found


_BETWEEN = bytes(byte if byte in PLAIN else 0 for byte in range(256))
_made: dict[str, _Dialects] = {}  # when first asked for: they take two milliseconds


def every() -> _Dialects:
    """All of them."""
    if "every" not in _made:
        _made["every"] = _Dialects(
            (
                ("percent", escapes.PERCENT()),
                ("json", escapes.JSON()),
                ("shell", shells.TABLES()),
                ("literal", escapes.LITERALS()),
                ("xml", (*escapes.HTML()[4:], *escapes.SPARSE_HTML())),
                ("doubled", escapes.DOUBLED()),
                ("workflow", workflow.TABLES()),
                ("twice", _twice()),
            )
        )
    return _made["every"]


def carried() -> _Dialects:
    """Those whose result is carried in base64: a key in JSON in a Kubernetes Secret, a URL in a header."""
    if "carried" not in _made:
        percent, json = escapes.PERCENT(), escapes.JSON()
        tables = (
            *(json[0], json[2], json[3], json[7]),  # Python's, PHP's, Go's, jq's
            *(*percent[:3], *percent[escapes.FORM : escapes.FORM + 2]),
            *(*shells.SINGLE(), shells.BACKSLASH()[0], shells.ANSI_C()[0]),
        )
        _made["carried"] = _Dialects((("base64", tables),))
    return _made["carried"]


def likeliest() -> _Dialects:
    """The few for a value so long that each costs as much as a thousand secrets."""
    if "likeliest" not in _made:
        _made["likeliest"] = _Dialects((("json", escapes.JSON()[:1]), ("percent", escapes.PERCENT()[:1])))
    return _made["likeliest"]


# Quotes, marks, blanks, controls and what is not ASCII: no other byte is written by what stands beside it,
# but for the first of a word, and one that is there twice.
_BESIDE = b"'\"&<>#\\ \x7f" + bytes(range(0x20)) + bytes(range(0x80, 0x100))
_ALONE = bytes(byte for byte in range(256) if byte not in _BESIDE)


def positional(value: bytes, special: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield (form, text) of what depends on more than a byte: neighbours, words, characters.

    Args:
        value: what to write.
        special: its bytes besides letters and digits.
    """
    if not special.translate(None, _ALONE) and value[0] not in b"~=":
        yield from (("doubled", text) for text in escapes.halved(value))
        return
    yield from (("shell", text) for text in shells.positional(value))
    yield from (("literal", text) for text in escapes.literals(value))
    yield from (("xml", text) for text in escapes.xml(value))
    yield from (("doubled", text) for text in escapes.halved(value))
    if 0x20 in value and 0x0A not in value:
        for written in {
            escapes.yaml(value),
            escapes.yaml(value, beyond=0x10000),
            spell(value, escapes.LITERALS()[9]),
        }:
            yield from (("literal", text) for text in folds.folded(written))
    if not value.isascii():
        yield from (("percent", text) for text in escapes.percent_units(value))
        yield from (("json", text) for text in escapes.json_units(value))
        yield from (("literal", text) for text in escapes.characters(value))
        yield from (("twice", text) for text in _twice_beyond(value))
        yield from (("workflow", workflow.teamcity_text(value, upper=upper)) for upper in (True, False))


def _twice_beyond(value: bytes) -> Iterator[bytes]:
    """`_twice` with what is not ASCII in JSON's UTF-16 units, or in octal."""
    json, html = escapes.JSON()[0], escapes.HTML()
    quotes = (*shells.SINGLE(), shells.QUOTED()[0], shells.BACKSLASH()[0])
    percents = (*escapes.PERCENT()[:3], *escapes.PERCENT()[escapes.FORM : escapes.FORM + 2])
    for text in escapes.in_units(value, json):
        for outer in (*quotes, *percents, *html, *escapes.REPRS()[:2]):
            yield spell(text, outer)
    for inner in (json, *quotes, *escapes.DOUBLED()[:2], *html, *escapes.EXPRESSIONS()[:2]):
        yield from escapes.in_units(spell(value, inner), json)
    for text in escapes.in_units(value, json):
        yield spell(spell(text, json), json)
    yield from (spell(text, json) for text in escapes.literals(value))


def carried_beyond(value: bytes) -> Iterator[bytes]:
    """What is carried in base64 of a value that is not ASCII: JSON with UTF-16 units, and Latin-1."""
    yield from escapes.in_units(value, escapes.JSON()[0])
    yield value.decode("utf-8", "replace").encode("latin-1", "replace")


def _all_steps(tables: Iterable[Table], special: bytes) -> tuple[list[_Step], list[int]]:
    """What is replaced, in which of the texts that came before; the text of each table, -1 where none is.

    Most tables begin as others do, and share these steps.
    """
    numbers: dict[_Step, int] = {}
    ends: list[int] = []
    for table in tables:
        steps = _steps(table, special)
        end = 0
        for old, new in steps or ():
            end = numbers.setdefault((end, old, new), len(numbers) + 1)
        ends.append(-1 if steps is None else end)
    return list(numbers), ends


def _steps(table: Table, special: bytes) -> list[tuple[bytes, bytes]] | None:
    """A table as replacements one after the other, none of which touches what an earlier one wrote."""
    left = {byte: table[byte] for byte in special if table[byte] != IDENTITY[byte]}
    steps: list[tuple[bytes, bytes]] = []
    while left:
        for byte, text in left.items():
            if not any(other in text for other in left if other != byte):
                break
        else:
            return None
        steps.append((IDENTITY[byte], text))
        del left[byte]
    return steps
