"""How languages and formats escape a value: percent-encoding, JSON, literals, XML, doubled quotes."""

from __future__ import annotations

from secretrun.redact.forms.tables import (
    ALNUM,
    C_ESCAPES,
    CONTROLS,
    HIGH,
    IDENTITY,
    Lazy,
    Table,
    spell,
    spelled,
    table,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# What each percent-encoder leaves alone besides letters and digits.
_PERCENT_SAFE = (
    b"-._~",  # RFC 3986 unreserved: quote(safe=""), rawurlencode, curl
    b"-._~/",  # Python's quote, fish's --style=url
    b"-_.!~*'()",  # encodeURIComponent, jq @uri, querystring
    b"-_.!~*'();/?:@&=+$,#",  # encodeURI
    b"-._~!$&'()*+,;=",  # RFC 3986 userinfo
    b"-._~!$&'()*+,;=:",  # and with the colon
    b"-._~!$&'()*+,;=:@/",  # RFC 3986 path
    b"-._~!$&'()*+,;=:@/?",  # RFC 3986 query
    b"-._~$&+,;=:@",  # Go's url.PathEscape
    b"-._~$&+,;=",  # Go's url.UserPassword
    b"-_.~!$%&'()*+,",  # WHATWG userinfo: a % stays
    b"-_.~!$%&'()*+,/:;=@[]|^\\",  # WHATWG path
    b"-_.~!$%&()*+,/:;=?@[]\\^`{|}",  # WHATWG query of a special scheme
    b"-_.~!#$%&'()*+,/:;=?@[]\\^{|}",  # WHATWG fragment
    b"@*_+-./",  # escape()
    b"-_./~",  # AWS SigV4 paths
    b"",  # by hand: s/[^A-Za-z0-9]/.../
)
_FORM_SAFE = (
    b"*-._",  # WHATWG form-urlencoded: URLSearchParams, Java
    b"-._~",  # Python's quote_plus, Go's QueryEscape
    b"-_.",  # PHP's urlencode
)


def _percent_tables() -> tuple[Table, ...]:
    tables = []
    for form in ("%%%02X", "%%%02x"):
        everything = table(spelled(form, range(256)))
        tables += [_keep(everything, safe) for safe in _PERCENT_SAFE]
        for safe in _FORM_SAFE:
            by = _keep(everything, safe)
            by[0x20] = b"+"
            tables.append(by)
    return tuple(tables)


def _keep(everything: Table, safe: bytes) -> Table:
    kept = ALNUM + safe
    result = Table(everything, everything.changed.translate(None, kept))
    for byte in kept:
        result[byte] = IDENTITY[byte]
    return result


_PERCENT = Lazy(_percent_tables)


def percent(value: bytes) -> Iterator[bytes]:
    """Percent-encoding in its dialects, in both cases of the digits."""
    for by in _PERCENT():
        yield spell(value, by)
    text = _text(value)
    if text is not None and not value.isascii():
        safe = (ALNUM + b"@*_+-./").decode()
        yield "".join(  # escape(): UTF-16 units
            char
            if char in safe
            else f"%{ord(char):02X}"
            if ord(char) < 0x100
            else _units(char, "%u", upper=True)
            for char in text
        ).encode()


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeError:
        return None


def _units(char: str, prefix: str, *, upper: bool) -> str:
    """The UTF-16 code units of a character, four hex digits each."""
    digits = char.encode("utf-16-be", "surrogatepass").hex()
    if upper:
        digits = digits.upper()
    return "".join(prefix + digits[i : i + 4] for i in range(0, len(digits), 4))


def _json_tables() -> tuple[Table, ...]:
    short = {byte: C_ESCAPES[byte] for byte in b"\b\t\n\f\r"}
    lower = table({**spelled("\\u%04x", range(0x20)), **short}, backslash=b'"\\')
    upper = table({**spelled("\\u%04X", range(0x20)), **short}, backslash=b'"\\')
    slash = table(backslash=b"/", base=lower)
    go = table(spelled("\\u%04x", b"<>&"), base=lower)
    go_old = table({**spelled("\\u%04x", b"\b\f"), **spelled("\\u%04x", b"<>&")}, base=lower)
    gson = table(spelled("\\u%04x", b"<>&='"), base=lower)
    dotnet = table(spelled("\\u%04X", b"\"&'+<>`\x7f"), base=upper)
    jq = table(spelled("\\u%04x", (0x7F,)), base=lower)
    php_hex = table(spelled("\\u%04X", b"<>&'\""), base=slash)
    return lower, upper, slash, go, go_old, gson, dotnet, jq, php_hex


_JSON = Lazy(_json_tables)


def json(value: bytes) -> Iterator[bytes]:
    """The inside of a JSON string, as the usual writers write it; that inside another, and Python's repr."""
    for index, by in enumerate(_JSON()):
        for form in _strings(value, by):
            yield form
            if index in (0, 7):  # Python's and jq's
                yield spell(form, by)
    yield from _strings(_repr(value), _JSON()[0])
    if not value.isascii():
        yield spell(value, table(spelled("\\u%04x", HIGH), base=_JSON()[0]))  # bytes taken for Latin-1
        yield value.decode("utf-8", "replace").encode()  # what most tools make of bytes that are no text


def _strings(value: bytes, by: Table) -> Iterator[bytes]:
    """`value` by a table, and where it is text, with what is not ASCII in UTF-16 units."""
    form = spell(value, by)
    yield form
    text = _text(form)
    if text is not None and not value.isascii():
        for upper in (False, True):
            yield "".join(c if c.isascii() else _units(c, "\\u", upper=upper) for c in text).encode()


def _repr(value: bytes) -> bytes:
    """The inside of Python's repr of the text."""
    return repr(value.decode("utf-8", "surrogateescape"))[1:-1].encode("utf-8", "surrogateescape")


def _literal_tables() -> tuple[Table, ...]:
    hexed = {**spelled("\\x%02x", CONTROLS), **C_ESCAPES}
    go = table(hexed, backslash=b'"\\')
    go_bytes = table(spelled("\\x%02x", HIGH), base=go)
    node = {**spelled("\\x%02X", CONTROLS), **{byte: C_ESCAPES[byte] for byte in b"\b\t\n\f\r"}}
    ruby = {**spelled("\\u%04X", CONTROLS), **C_ESCAPES, 0x1B: b"\\e"}
    ruby_dump = {**spelled("\\x%02X", (*CONTROLS, *HIGH)), **C_ESCAPES, 0x1B: b"\\e"}
    python = {**spelled("\\x%02x", CONTROLS), **{byte: C_ESCAPES[byte] for byte in b"\t\n\r"}}
    python_quoted = table(python, backslash=b"\\'")  # in a text that holds both quotes
    tsv = table({0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r"}, backslash=b"\\")
    return (
        go,
        go_bytes,
        table(node, backslash=b"\\"),
        table(node, backslash=b"\\'"),
        table(ruby, backslash=b'"\\'),
        table(ruby_dump, backslash=b'"\\'),
        python_quoted,
        table(spelled("\\x%02x", HIGH), base=python_quoted),
        tsv,
        table({0x0A: b"\\n"}),
        table({0x0A: b"\\n", 0x0D: b"\\r"}),
        table({0x0A: b"\\n"}, backslash=b"\\"),
        table(backslash=b"\\"),
    )


_LITERALS = Lazy(_literal_tables)


def literals(value: bytes) -> Iterator[bytes]:
    """The inside of a string literal: Python, Go, JavaScript, Ruby, Perl, and line ends alone escaped."""
    yield repr(value)[2:-1].encode()
    yield _repr(value)
    yield ascii(value.decode("utf-8", "surrogateescape"))[1:-1].encode()
    for by in _LITERALS():
        yield spell(value, by)
    ruby = spell(value, _LITERALS()[4])
    yield ruby.replace(b"#$", b"\\#$").replace(b"#{", b"\\#{").replace(b"#@", b"\\#@")
    yield octal(value, named=b"\a\b\t\n\f\r\x1b", backslash=b'"$@\\')  # Perl's Data::Dumper with Useqq
    yield octal(value, named=b"\t\n\v\f\r", backslash=b'"\\')  # strace
    if not value.isascii():
        yield yaml(value)


def octal(value: bytes, *, named: bytes, backslash: bytes) -> bytes:
    """Octal as short as the next digit allows, but for the controls that have a name."""
    if len(value.translate(None, backslash + bytes((*CONTROLS, *HIGH)))) == len(value):
        return value
    out: list[bytes] = []
    for index, byte in enumerate(value):
        if byte in named:
            out.append(C_ESCAPES.get(byte, b"\\e"))
        elif byte in backslash:
            out.append(b"\\" + IDENTITY[byte])
        elif byte in CONTROLS:
            digit = value[index + 1 : index + 2].isdigit()
            out.append(b"\\%03o" % byte if digit else b"\\%o" % byte)
        elif byte > 0x7F:
            out.append(b"\\%o" % byte)
        else:
            out.append(IDENTITY[byte])
    return b"".join(out)


def yaml(value: bytes) -> bytes:
    """A double-quoted YAML scalar with what is not ASCII escaped, as PyYAML writes it."""
    out = []
    for char in value.decode("utf-8", "replace"):
        code = ord(char)
        if code < 0x80:
            out.append(_YAML[code].decode("latin-1"))
        elif code in _YAML_NAMED:
            out.append(_YAML_NAMED[code])
        else:
            out.append(
                f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
            )
    return "".join(out).encode()


_YAML = table({**spelled("\\x%02X", CONTROLS), **C_ESCAPES, 0x00: b"\\0", 0x1B: b"\\e"}, backslash=b'"\\')
_YAML_NAMED = {0x85: "\\N", 0xA0: "\\_", 0x2028: "\\L", 0x2029: "\\P"}


def xml(value: bytes) -> Iterator[bytes]:
    """XML and HTML text and attributes; writers differ in what they make of the two quotes."""
    base = value.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    doubles = (b'"', b"&quot;", b"&#34;", b"&#x22;") if b'"' in value else (b'"',)
    singles = (b"'", b"&apos;", b"&#39;", b"&#039;", b"&#x27;") if b"'" in value else (b"'",)
    for double in doubles:
        for single in singles:
            form = base.replace(b'"', double).replace(b"'", single)
            yield form
            if b"\n" in value or b"\t" in value or b"\r" in value:  # attributes
                for ends in _XML_ENDS:
                    yield form.replace(b"\n", ends[0]).replace(b"\t", ends[1]).replace(b"\r", ends[2])
                yield form.replace(b"\r", b"&#13;")
            text = _text(form)
            if text is not None and not value.isascii():  # character references
                for number in ("&#%d;", "&#x%X;", "&#x%x;"):
                    yield "".join(c if c.isascii() else number % ord(c) for c in text).encode()


_XML_ENDS = (
    (b"&#10;", b"&#9;", b"&#13;"),
    (b"&#10;", b"&#09;", b"&#13;"),  # ElementTree
    (b"&#xA;", b"&#x9;", b"&#xD;"),
)


def doubled(value: bytes) -> Iterator[bytes]:
    """Characters doubled to stand for themselves: `''` (SQL, YAML), `""` (CSV), `$$` (make), `%%`."""
    for char in (b"'", b'"', b"$", b"%", b"`", b"^"):
        if char in value:
            yield value.replace(char, char * 2)
        if char * 2 in value:  # and what reads them: make of `$$`, printf of `%%`
            yield value.replace(char * 2, char)
    if b"\\" in value:  # an unquoted shell word, or `read` without -r
        yield _unescaped(value)


def _unescaped(value: bytes) -> bytes:
    """Each backslash gone, a pair of them one."""
    return value.replace(b"\\\\", b"\0").replace(b"\\", b"").replace(b"\0", b"\\")
