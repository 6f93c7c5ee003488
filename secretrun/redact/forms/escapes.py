"""How languages and formats escape a value: percent-encoding, JSON, literals, XML, doubled quotes.

What each byte becomes stands in tables, which `dialects` uses; the functions here are for what depends
on its neighbours, or on the character it is part of.
"""

from __future__ import annotations

from secretrun.redact.forms.tables import (
    ALNUM,
    C_ESCAPES,
    CONTROLS,
    HIGH,
    IDENTITY,
    Lazy,
    Table,
    composed,
    spell,
    spelled,
    table,
    units,
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


FORM = len(_PERCENT_SAFE)  # the first of the form-urlencoded ones in `PERCENT`


def _percent_tables() -> tuple[Table, ...]:
    tables = []
    for form in ("%%%02X", "%%%02x"):
        everything = table(spelled(form, range(256)))
        upper = form == "%%%02X"
        once = [_keep(everything, safe) for safe in (_PERCENT_SAFE if upper else _PERCENT_SAFE[:4])]
        for safe in _FORM_SAFE:
            by = _keep(everything, safe)
            by[0x20] = b"+"
            once.append(by)
        tables += once
        # an encoded value in the query of an encoded URL: `%252F`
        tables += [composed(by, table({0x25: b"%25"})) for by in (once[:3] if upper else once[:1])]
    tables.append(table({0x25: b"%25"}))  # what is encoded already, encoded again
    tables.append(table({0x20: b"%20"}))
    return tuple(tables)


def _keep(everything: Table, safe: bytes) -> Table:
    kept = ALNUM + safe
    result = Table(everything, everything.changed.translate(None, kept))
    for byte in kept:
        result[byte] = IDENTITY[byte]
    return result


PERCENT = Lazy(_percent_tables)


def percent_units(value: bytes) -> Iterator[bytes]:
    """JavaScript's `escape()` of what is not ASCII: `%E9`, and UTF-16 units, `%uD83D`."""
    text = _text(value)
    if text is not None:
        safe = (ALNUM + b"@*_+-./").decode()
        yield "".join(
            char
            if char in safe
            else f"%{ord(char):02X}"
            if ord(char) < 0x100
            else units(char, "%u", upper=True)
            for char in text
        ).encode()


def _text(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeError:
        return None


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
    django = table(spelled("\\u%04X", b"<>&"), base=lower)  # json_script
    django_script = table(spelled("\\u%04X", (*range(0x20), *b"\\'\"<>&=-;`\x7f")))  # escapejs
    serialize_javascript = table(spelled("\\u%04X", b"<>/"), base=lower)
    python = {**spelled("\\x%02x", CONTROLS), **{byte: C_ESCAPES[byte] for byte in b"\t\n\r"}}
    reprs = (table(python, backslash=b"\\"), table(python, backslash=b"\\'"))
    twice = [composed(by, by) for by in (lower, jq, go, slash)]
    twice += [composed(by, lower) for by in reprs]
    thrice = (composed(twice[0], lower), composed(twice[1], jq))
    scripts = (django, django_script, serialize_javascript)
    return lower, upper, slash, go, go_old, gson, dotnet, jq, php_hex, *twice, *thrice, *scripts


JSON = Lazy(_json_tables)


def json_units(value: bytes) -> Iterator[bytes]:
    r"""JSON with what is not ASCII in UTF-16 units, `\ud83d\udd11`; in JSON; bytes that are no text."""
    lower = JSON()[0]
    for by in JSON()[:9]:
        for form in in_units(value, by):
            yield form
            yield spell(form, lower)
            yield spell(form, PERCENT()[0])
            yield spell(form, PERCENT()[1])
    yield from in_units(_repr(value), lower)
    yield spell(value, table(spelled("\\u%04x", HIGH), base=lower))  # bytes taken for Latin-1
    yield value.decode("utf-8", "replace").encode()  # what most tools make of bytes that are no text


def in_units(value: bytes, by: Table) -> Iterator[bytes]:
    """A value in a table of JSON's: as it is, and what is not ASCII in UTF-16 units of either case."""
    form = spell(value, by)
    yield form
    text = _text(form)
    if text is not None:
        for upper in (False, True):
            yield "".join(c if c.isascii() else units(c, "\\u", upper=upper) for c in text).encode()


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
    yaml = {**spelled("\\x%02X", CONTROLS), **C_ESCAPES, 0x00: b"\\0", 0x1B: b"\\e"}
    dns = {**spelled("\\%03d", (*CONTROLS, *HIGH)), 0x22: b'\\"', 0x5C: b"\\\\"}
    tsv = table({0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r"}, backslash=b"\\")
    return (
        go,
        go_bytes,
        table(python, backslash=b"\\"),
        python_quoted,
        table(spelled("\\x%02x", HIGH), base=python_quoted),
        table(node, backslash=b"\\"),
        table(node, backslash=b"\\'"),
        table(ruby, backslash=b'"\\'),
        table(ruby_dump, backslash=b'"\\'),
        table(yaml, backslash=b'"\\'),
        tsv,
        table({0x0A: b"\\n"}),
        table({0x0A: b"\\n", 0x0D: b"\\r"}),
        table({0x0A: b"\\n"}, backslash=b"\\"),
        table(backslash=b"\\"),
        table({byte: C_ESCAPES.get(byte, b"\\e") for byte in _PERL}, backslash=b'"$@\\'),
        table({byte: C_ESCAPES[byte] for byte in _STRACE}, backslash=b'"\\'),
        table(
            {0x00: b"\\0", 0x0A: b"\\n", 0x0D: b"\\r", 0x1A: b"\\Z"}, backslash=b"\\'\""
        ),  # mysql_real_escape_string
        table({0x00: b"\\0"}, backslash=b"\\'\""),  # PHP's addslashes
        table({0x27: b"''", 0x5C: b"\\\\"}),  # PostgreSQL's quote_literal
        table(backslash=b"%"),  # a line of cron's
        table({**dns, 0x3B: b"\\;"}),  # dig
        table(dns),
        table(
            {0x0A: b"`n", 0x0D: b"`r", 0x09: b"`t", **{byte: b"`" + IDENTITY[byte] for byte in b'`$"'}}
        ),  # PowerShell
        table({byte: C_ESCAPES[byte] for byte in b"\t\n\f\r"}, backslash=b"\\=:#!"),  # Java's properties
        table(backslash=b"_"),  # Markdown, LaTeX: what a token is full of, and all
        table(backslash=b"_*`[\\"),
        table(backslash=b"\\`*_{}[]()#+-.!|<>~="),
        table(backslash=b"&%$#_{}"),
        *EXPRESSIONS(),
    )


def _expressions() -> tuple[Table, ...]:
    """A value as a regular expression that stands for itself, by what each language escapes."""
    return (
        table(backslash=b"()[]{}?*+-|^$\\.&~# \t\n\r\v\f"),  # Python's re.escape
        table(backslash=b"()[]{}?*+|^$\\."),  # Go's regexp.QuoteMeta, lodash's escapeRegExp
        table(backslash=b"()[]{}?*+|^$\\./"),  # in slashes
        table(backslash=b"()[]{}?*+|^$\\.#&-~"),  # Rust's regex::escape
        table({0x00: b"\\000"}, backslash=b".\\+*?[^]$(){}=!<>|:-#/"),  # PHP's preg_quote, with its delimiter
        table({0x00: b"\\000"}, backslash=b".\\+*?[^]$(){}=!<>|:-#"),
        table(
            {0x0A: b"\\n", 0x09: b"\\t", 0x0D: b"\\r", 0x0B: b"\\v", 0x0C: b"\\f"},
            backslash=b"[]{}()|-*.\\?+^$# ",
        ),  # Ruby's Regexp.escape
        table(backslash=b"/&\\"),  # what scripts do before `sed s/.../.../`
        table(backslash=b"/.*[]^$\\"),
    )


EXPRESSIONS = Lazy(_expressions)
LITERALS = Lazy(_literal_tables)
DOUBLED = Lazy(
    lambda: (
        *(table({byte: IDENTITY[byte] * 2}) for byte in b"'\"$%`^"),
        table({byte: IDENTITY[byte] * 2 for byte in b"$%"}),  # a unit of systemd
    )
)
# What Python's repr makes of a text, without and with both quotes in it, and of bytes.
REPRS = Lazy(lambda: tuple(LITERALS()[index] for index in (2, 3, 4)))
AGAIN = Lazy(lambda: (table({0x25: b"%25", 0x2B: b"%2B"}),))  # of what is form-urlencoded, once more


def _html_tables() -> tuple[Table, ...]:
    base = {0x26: b"&amp;", 0x3C: b"&lt;", 0x3E: b"&gt;", 0x22: b"&quot;"}
    plain = [table({**base, 0x27: quote}) for quote in (b"&#39;", b"&#x27;", b"&apos;", b"'")]
    more = {0x60: b"&#x60;", 0x3D: b"&#x3D;"}
    return (
        *plain,
        table({**base, 0x27: b"&#x27;", **more}),  # Handlebars
        table({**base, 0x27: b"&#39;", 0x2F: b"&#x2F;", **more}),  # Mustache
        table({**base, 0x27: b"&#x27;", 0x2F: b"&#x2F;"}),  # OWASP's rule
        table({**base, 0x22: b"&#34;", 0x27: b"&#39;", 0x2B: b"&#43;"}),  # Go's html/template
        table({**base, 0x22: b"&#34;", 0x27: b"&#39;"}),  # Go's html, markupsafe
    )


HTML = Lazy(_html_tables)


def _sparse_html_tables() -> tuple[Table, ...]:
    """Writers that escape less, or more, than most."""
    text = {0x26: b"&amp;", 0x3C: b"&lt;"}
    whole = {**text, 0x3E: b"&gt;"}
    return (
        table(text),
        table({**text, 0x22: b"&quot;"}),
        table({0x26: b"&amp;", 0x22: b"&quot;"}),  # attributes as browsers write them
        table({**whole, 0x22: b"&#034;", 0x27: b"&#039;"}),  # JSTL
        table({**whole, 0x22: b"&quot;", 0x27: b"&#x27;", 0x2B: b"&#x2B;"}),  # .NET
        table({**whole, 0x22: b"&quot;", 0x27: b"&#x27;", 0x60: b"&#x60;"}),  # Underscore
    )


SPARSE_HTML = Lazy(_sparse_html_tables)


# Controls with a name of their own; the others are in octal, as short as the next digit allows: see `octal`.
_PERL = b"\a\b\t\n\f\r\x1b"
_STRACE = b"\t\n\v\f\r"
_UNNAMED = bytes((*CONTROLS, *HIGH)).translate(None, b"\t\n\f\r")


def literals(value: bytes) -> Iterator[bytes]:
    """Inside a string literal where it depends on more than a byte: Ruby, Perl, strace."""
    if 0x23 in value:
        ruby = spell(value, LITERALS()[7])
        yield ruby.replace(b"#$", b"\\#$").replace(b"#{", b"\\#{").replace(b"#@", b"\\#@")
    if value.translate(None, _UNNAMED) != value:
        yield octal(value, named=_PERL, backslash=b'"$@\\')  # Data::Dumper with Useqq
        yield octal(value, named=_STRACE, backslash=b'"\\')


def characters(value: bytes) -> Iterator[bytes]:
    r"""Literals with characters beyond ASCII escaped: `\xe9`, `\u20ac`, `\U0001f511`, `\u{1f511}`.

    Python's ascii, Go's `%+q`, PyYAML, C#, Rust, JavaScript and Swift, Ruby, Perl.
    """
    yield repr(value)[2:-1].encode()
    yield _repr(value)
    yield ascii(value.decode("utf-8", "surrogateescape"))[1:-1].encode()
    text = _text(value)
    if text is None:
        return
    for by in (IDENTITY, LITERALS()[0], LITERALS()[9]):
        for near, far in (
            ("\\u%04x", "\\U%08x"),
            ("\\u%04X", "\\U%08X"),
            ("\\u{%x}", "\\u{%x}"),
            ("\\u%04X", "\\u{%X}"),
            ("\\u%04x", "\\u{%x}"),
            ("\\x{%x}", "\\x{%x}"),
            ("\\u%04x", "\\u%04x"),
        ):
            yield b"".join(
                by[ord(char)]
                if char.isascii()
                else ((near if ord(char) < 0x10000 else far) % ord(char)).encode()
                for char in text
            )
    yield yaml(value)
    yield yaml(value, beyond=0x10000)


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


def yaml(value: bytes, *, beyond: int = 0x80) -> bytes:
    """A double-quoted YAML scalar, the characters from `beyond` on escaped: PyYAML, libyaml."""
    out = []
    for char in value.decode("utf-8", "replace"):
        code = ord(char)
        if code < 0x80:
            out.append(LITERALS()[9][code].decode("latin-1"))
        elif code < beyond:
            out.append(char)
        elif code in _YAML_NAMED:
            out.append(_YAML_NAMED[code])
        else:
            out.append(
                f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
            )
    return "".join(out).encode()


_YAML_NAMED = {0x85: "\\N", 0xA0: "\\_", 0x2028: "\\L", 0x2029: "\\P"}


def xml(value: bytes) -> Iterator[bytes]:
    """XML and HTML text and attributes; writers differ in what they make of the two quotes."""
    base = value.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    doubles = (b'"', b"&quot;", b"&#34;", b"&#x22;") if 0x22 in value else (b'"',)
    singles = (b"'", b"&apos;", b"&#39;", b"&#039;", b"&#x27;") if 0x27 in value else (b"'",)
    for double in doubles:
        for single in singles:
            form = base.replace(b'"', double).replace(b"'", single)
            yield form
            if 0x0A in value or 0x09 in value or 0x0D in value:  # attributes
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


def halved(value: bytes) -> Iterator[bytes]:
    """What a reader of doubled characters prints: make of `$$`, printf of `%%`; a shell of a backslash."""
    for byte in b"'\"$%`^":
        char = IDENTITY[byte]
        if byte in value and char * 2 in value:
            yield value.replace(char * 2, char)
    if 0x5C in value:  # an unquoted shell word, or `read` without -r
        yield value.replace(b"\\\\", b"\0").replace(b"\\", b"").replace(b"\0", b"\\")
