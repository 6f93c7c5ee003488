"""How shells and their kin quote a value: xtrace, `printf %q`, `declare -p`, `string escape`.

Outer quotes are no part of a form: shells put them around whole words, and a value may be the middle
of one. Each table is what the tool printed for every byte; the tests ask the tools again.
"""

from __future__ import annotations

from secretrun.redact.forms.tables import (
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

_QUOTE = 0x27
_CONTROLS = bytes(CONTROLS)
_NO_CONTROLS = bytes(byte for byte in range(256) if byte not in CONTROLS)
_BASH_BARE = bytes(byte for byte in range(0x21, 0x100) if byte not in b"'\"\\|&;()<>!{}*[?]^$`\x7f")
_WORD_BARE = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz@%+,./:-"
_ZSH_BARE = bytes(byte for byte in range(0x21, 0x100) if byte not in b"\"#$&'()*;<=>?[\\]^`{|}~\x7f")


def _ansi_c() -> tuple[Table, ...]:
    r"""`$'...'` of bash (`%q`, `@Q`, `declare -p`), mksh, zsh `(qqqq)` and zsh xtrace."""
    octal = spelled("\\%03o", CONTROLS)
    bash = table({**octal, **C_ESCAPES, 0x1B: b"\\E"}, backslash=b"\\'")
    zsh = table({**octal, **C_ESCAPES}, backslash=b"\\'!")
    caret = {byte: b"\\C-" + IDENTITY[byte ^ 0x40] for byte in CONTROLS}
    zsh_trace = table({**caret, 0x09: b"\\t", 0x0A: b"\\n", 0x1C: b"\\C-\\\\"}, backslash=b"\\'")
    zsh_printed = table({**caret, 0x09: b"\\t", 0x0A: b"\\n"}, backslash=b"\\'")
    mksh = table({0x7F: b"\\177"}, backslash=b"\\'")
    return bash, zsh, zsh_trace, zsh_printed, mksh


def _zsh_meta() -> tuple[Table, ...]:
    r"""Bytes that are no text in zsh xtrace: `\M-c`, and `\M-\C-?`."""
    caret = {byte: b"\\C-" + IDENTITY[byte ^ 0x40] for byte in CONTROLS}
    low = table({**caret, 0x09: b"\\t", 0x0A: b"\\n"}, backslash=b"\\'")
    meta = {
        byte: b"\\M-"
        + (b"\\C-" + IDENTITY[byte & 0x7F ^ 0x40] if byte & 0x7F in CONTROLS else IDENTITY[byte & 0x7F])
        for byte in HIGH
    }
    return (table(meta, base=low),)


def _backslash() -> tuple[Table, ...]:
    """Backslash styles: bash `%q`, zsh `(q)`, fish, Ruby, `quotemeta`, fish regex."""
    bash = table(backslash=b" !\"$&'()*,;<>?[\\]^`{|}")
    zsh_controls = {
        byte: b"$'" + text + b"'" for byte, text in {**spelled("\\%03o", CONTROLS), **C_ESCAPES}.items()
    }
    zsh = table(
        {**zsh_controls, **{byte: b"$'" + text + b"'" for byte, text in spelled("\\%03o", HIGH).items()}},
        backslash=b" \"#$&'()*;<>?[\\]^`{|}",
    )
    zsh_text = table(zsh_controls, backslash=b" \"#$&'()*;<>?[\\]^`{|}")
    fish_controls = {
        **{byte: b"\\c" + IDENTITY[byte + 0x60] for byte in range(1, 0x1B)},
        **spelled("\\x%02x", (0x1C, 0x1D, 0x1E, 0x1F, 0x7F)),
        0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0D: b"\\r", 0x1B: b"\\e",
    }  # fmt: skip
    fish = table(fish_controls, backslash=b" \"#$%&'()*;<>?[\\]{|}~")
    fish_old = table(fish_controls, backslash=b" \"#$%&'()*;<>?[\\]^{|}~")  # before 3.0
    fish_new = table(fish_controls, backslash=b" \"#$&'()*;<>?[\\]{|}~")  # `%` is plain from 4.0
    fish_set = table(fish_controls, backslash=b"\\")
    word = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    everything = bytes(byte for byte in range(256) if byte not in word)
    listed = table(backslash=b' "\\')  # find -ls
    regex = table(backslash=b"$()*+-.?[\\]^{|}")
    ascii_ = bytes(byte for byte in everything if byte < 0x80 and byte not in b"-.,:+/@\n")
    ruby = table({0x0A: b"'\n'"}, backslash=ascii_)
    return (
        bash, zsh, zsh_text, fish, fish_old, fish_new, fish_set, table(backslash=everything), regex, ruby,
        listed,
    )  # fmt: skip


def _patterns() -> tuple[Table, ...]:
    """A quoted word where a shell takes a pattern, in xtrace: bash after `=~`, zsh in `[[ ]]` and `case`.

    And bash's elements of an array, where its own mark stands before two controls.
    """
    marked = table({0x01: b"\x01\x01", 0x7F: b"\x01\x7f"})
    regex = table(backslash=b"$()*+.?[\\^{|")
    zsh = table({0x09: b"$'\\t'", 0x0A: b"$'\\n'"}, backslash=b" #$()*<>?[\\]^|~")
    return marked, regex, zsh


def _quoted() -> tuple[Table, ...]:
    """Inside quotes: `"..."` of `declare -p` and zsh `(qqq)`; `'...'` of fish, Perl and PHP."""
    return table(backslash=b'"$\\`'), table(backslash=b"\\'"), table(backslash=b"'"), table(backslash=b'"\\')


def _single() -> tuple[Table, ...]:
    return table({_QUOTE: b"'\\''"}), table({_QUOTE: b"'\"'\"'"})


ANSI_C = Lazy(_ansi_c)
_ZSH_META = Lazy(_zsh_meta)
BACKSLASH = Lazy(_backslash)
QUOTED = Lazy(_quoted)
SINGLE = Lazy(_single)
TABLES = Lazy(lambda: (*QUOTED(), *BACKSLASH(), *_patterns(), *ANSI_C()))


def every(value: bytes) -> Iterator[bytes]:
    r"""`\g\h\p\_`: bash's trace of a quoted word after `==` in `[[ ]]`, each character but \x01 and \x7f.

    In the C locale, and where it is no text, each byte is a character.
    """
    if value.translate(None, _NEVER) == value:
        marked = bytearray(b"\\") * (2 * len(value))
        marked[1::2] = value
        yield bytes(marked)
    else:
        yield b"".join(map(_EVERY.__getitem__, value))
    if not value.isascii():
        yield b"".join(raw if raw in b"\x01\x7f" else b"\\" + raw for raw in _characters(value))


def _characters(value: bytes) -> Iterator[bytes]:
    """Each character of UTF-8, and each byte that is not part of one."""
    for char in value.decode("utf-8", "surrogateescape"):
        yield char.encode("utf-8", "surrogateescape")


_NEVER = b"\x01\x7f"
_EVERY = [bytes((byte,)) if byte in _NEVER else bytes((0x5C, byte)) for byte in range(256)]


def positional(value: bytes) -> Iterator[bytes]:
    """Every shell spelling of `value` that no table can give."""
    if _QUOTE in value:
        yield from _single_quoted(value)
    if value[0] in b"#~=":  # quoted where a word begins only
        for by in BACKSLASH():
            yield b"\\" + spell(value, by)
    controls = value.translate(None, _CONTROLS) != value
    if not value.isascii():
        yield from _high(value)
    if controls or not value.isascii():
        yield coreutils(value)
    yield from split(value)


def metafied(value: bytes) -> bytes:
    """What zsh's trace of `case` shows of some bytes, its own coding: 0x83, and the byte with a bit off."""
    return b"".join(bytes((0x83, byte ^ 0x20)) if 0x83 <= byte <= 0xA2 else IDENTITY[byte] for byte in value)


def split(value: bytes) -> Iterator[bytes]:
    """An unquoted value in xtrace: each of its words is quoted by itself, if it needs to be."""
    words = value.split()
    if len(words) < 2:
        return
    quotes = (b"'\\''", b"'\"'\"'") if _QUOTE in value else (b"'",)
    both = any(word.translate(None, _CONTROLS) != word for word in words)
    for bare in (_BASH_BARE, _WORD_BARE):
        for quote in quotes:
            for controls in (_CONTROLS, b"") if both else (b"",):  # busybox leaves them as they are
                pieces = [_word(word, bare, quote, controls) for word in words]
                yield _between_quotes(b" ".join(pieces))
                if pieces[0] == words[0]:  # what stands before it may need quotes
                    yield _between_quotes(b" ".join((pieces[0] + b"'", *pieces[1:])))
                if _QUOTE in value:
                    yield _between_quotes(b" ".join(map(_without_empty_pairs, pieces)))  # mksh


def _word(word: bytes, bare: bytes, quote: bytes, controls: bytes) -> bytes:
    if not word.translate(None, bare):
        return word
    if word.translate(None, controls) != word:
        return b"$'" + spell(word, ANSI_C()[0]) + b"'"
    return b"'" + word.replace(b"'", quote) + b"'"


def _without_empty_pairs(word: bytes) -> bytes:
    begin = 2 if word.startswith(b"''") else 0
    end = len(word) - (2 if word.endswith(b"'''") else 0)
    return word[begin:end]


def _between_quotes(form: bytes) -> bytes:
    """Without the quotes at its ends, which what stands before and after it may share."""
    begin = 2 if form.startswith(b"$'") else 1 if form.startswith(b"'") else 0
    return form[begin:-1] if form.endswith(b"'") else form[begin:]


def _single_quoted(value: bytes) -> Iterator[bytes]:
    r"""A quote inside single quotes: `'\''` nearly everywhere, `'"'"'` in ash and dash.

    At either end of the value the quotes around it join in, and zsh and mksh leave empty pairs out, so
    a form begins and ends with the quote itself.
    """
    yield _inner(value.replace(b"'", b"'\\''"), value, b"'\\''")
    yield _inner(value.replace(b"'", b"'\"'\"'"), value, b"'\"'\"'")
    yield value.replace(b"'", b"'\\''").replace(b"'", b"'\\''")  # quoted once more, as for ssh
    yield dash(value)
    yield zsh_minimal(value)


def dash(value: bytes) -> bytes:
    r"""`'ab'"'''"'cd'`: dash, and busybox before 1.30, in xtrace and `export -p`."""
    out = bytearray()
    inside = False
    for byte in value:
        if byte == _QUOTE and not inside:
            out += b"'\""
        elif byte != _QUOTE and inside:
            out += b"\"'"
        inside = byte == _QUOTE
        out.append(byte)
    if value[0] == _QUOTE:
        return bytes(out[1:])
    return bytes(out)


def zsh_minimal(value: bytes) -> bytes:
    r"""`it\''s only one quote'`: zsh `(q-)`, xtrace and `typeset` quote only the pieces that need it."""
    pieces = [
        b"'" + piece + b"'" if piece.translate(None, _ZSH_BARE) else piece for piece in value.split(b"'")
    ]
    form = b"\\'".join(pieces)
    begin = 1 if form.startswith(b"'") else 0
    return form[begin:-1] if form.endswith(b"'") and len(form) > 2 else form[begin:]


def _inner(text: bytes, value: bytes, quote: bytes) -> bytes:
    begin = 1 if value[0] == _QUOTE else 0
    end = len(text) - (1 if value[-1] == _QUOTE and len(text) > len(quote) else 0)
    return text[begin:end]


def _high(value: bytes) -> Iterator[bytes]:
    r"""`$'...'` where bytes that are not UTF-8 (or all high ones, in the C locale) are in octal."""
    bash = ANSI_C()[0]
    high = spelled("\\%03o", HIGH)
    for by in ANSI_C()[:2] + ANSI_C()[4:]:
        yield spell(value, table(high, base=by))
    yield from _mixed(value, [bash, *ANSI_C()[1:2], BACKSLASH()[2]])
    yield spell(value, _ZSH_META()[0])
    yield spell(value, table(spelled("\\X%02x", HIGH), base=BACKSLASH()[3]))
    yield metafied(value)


def _mixed(value: bytes, tables: list[Table]) -> Iterator[bytes]:
    """UTF-8 kept where it is valid (mksh: below U+10000), the other bytes in octal."""
    text = value.decode("utf-8", "surrogateescape")
    for by in tables:
        for highest in (0x10FFFF, 0xFFFF):
            out: list[bytes] = []
            for char in text:
                raw = char.encode("utf-8", "surrogateescape")
                if len(raw) > 1 and ord(char) <= highest:
                    out.append(raw)
                elif len(raw) > 1 or raw[0] > 0x7F:
                    out += [b"\\%03o" % byte for byte in raw]
                else:
                    out.append(by[raw[0]])
            yield b"".join(out)


def coreutils(value: bytes) -> bytes:
    r"""`'a'$'\n''b'`: GNU `ls` and `printf %q` (gnulib's shell-escape style)."""
    if value.isascii() and _QUOTE not in value:
        for byte in {*value.translate(None, _NO_CONTROLS)}:
            value = value.replace(IDENTITY[byte], b"'$'" + C_ESCAPES.get(byte, b"\\%03o" % byte) + b"''")
        form = value.replace(b"'''$'", b"")  # several in a row share their quotes
        return form[1:] if form.startswith(b"'") else form
    text = value.decode("utf-8", "surrogateescape")
    out: list[bytes] = []
    escaped = False
    for char in text:
        raw = char.encode("utf-8", "surrogateescape")
        odd = raw[0] in CONTROLS or (len(raw) == 1 and raw[0] > 0x7F)
        if odd != escaped:
            out.append(b"'$'" if odd else b"''")
            escaped = odd
        if odd:
            out += [C_ESCAPES.get(byte, b"\\%03o" % byte) for byte in raw]
        else:
            out.append(b"'\\''" if raw == b"'" else raw)
    form = b"".join(out)
    return form[1:] if form.startswith(b"'") else form
