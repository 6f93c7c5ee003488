"""How somebody could read an output: thirteen ways, none of which knows anything of the redactor."""

import base64
import html
import re
import urllib.parse

import pyte

ESCAPES = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-~])|[\x0e\x0f]"
)
FRAMES = re.compile("[│┃║┆┊|╎>#+*·•─━═]|^\\s*\\d+[:.]?\\s".replace("^", "(?m:^)"))
SIZE = 8  # characters in a row that are a find


def readings(text, columns):
    """Name to bytes, for each way there is.

    Args:
        text: the output, masked.
        columns: of the terminal it was written to.
    """
    plain = ESCAPES.sub(b"", text)
    once = urllib.parse.unquote_to_bytes(plain.replace(b"+", b" "))
    inner = from_base64(plain)
    words = plain.decode("utf-8", "replace")
    return {
        "raw": text,
        "without escapes": plain,
        "without blanks": b"".join(plain.split()),
        "without frames": b"".join(FRAMES.sub("", words).encode().split()),
        "the screen": screen(text, columns),
        "backslashes undone": unescaped(plain),
        "backslashes undone twice": unescaped(unescaped(plain)),
        "without quotes": re.sub(rb"['\"\\]", b"", plain),
        "percent-decoded": once + b"\n" + urllib.parse.unquote_to_bytes(once),
        "references undone": html.unescape(words).encode("utf-8", "replace"),
        "base64": inner,
        "base64 twice": from_base64(inner),
        "hex": from_hex(plain),
        "wide": text.replace(b"\0", b"") + text.decode("latin-1").encode(),
    }


class Screen(pyte.HistoryScreen):
    """An emulator that takes vim's question for the keyboard's modes, which is no colour, and mc's for its own."""

    def set_margins(self, *margins, private=False):
        if not private:
            super().set_margins(*margins)

    def select_graphic_rendition(self, *attributes, private=False, **_):
        if not private:
            super().select_graphic_rendition(*attributes)


def screen(text, columns):
    """All that an emulator of a terminal has shown, rows joined where they are full."""
    shown = Screen(columns, 50, history=5000, ratio=1)
    stream = pyte.ByteStream(shown)
    stream.feed(text)
    rows = [*shown.history.top, *(shown.buffer[y] for y in range(50))]
    lines = ["".join(row[x].data for x in range(columns)) for row in rows]
    return "".join(line if len(line.rstrip()) == columns else line.rstrip() + "\n" for line in lines).encode()


def unescaped(text):
    """C's, JSON's and shells' escapes as what they stand for."""

    def one(match):
        kind, rest = match[1][:1], match[1][1:].strip(b"{}")
        if kind in b"xuU" and rest:
            return (
                chr(int(rest, 16) % 0x110000)
                .encode("utf-16", "surrogatepass")
                .decode("utf-16", "replace")
                .encode()
            )
        return {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(match[1], match[1])

    return re.sub(
        rb"\\(x[0-9A-Fa-f]{2}|u\{?[0-9A-Fa-f]{1,6}\}?|U[0-9A-Fa-f]{8}|.)", one, text, flags=re.DOTALL
    )


def from_base64(text):
    """Every run of base64, at each of its four alignments, line ends in it or not."""
    found = []
    joined = re.sub(rb"\s+", b"", text)
    for run in re.findall(rb"[A-Za-z0-9+/_-]{11,}", text + b"\0" + joined):
        plain = run.replace(b"-", b"+").replace(b"_", b"/")
        found += [base64.b64decode(plain[at : at + (len(run) - at) // 4 * 4]) for at in range(4)]
    return b"\n".join(found)


def from_hex(text):
    """Digits in pairs, whatever stands between them."""
    bare = re.sub(rb"\\x|0x|[\s:,]", b"", text)
    runs = re.findall(rb"[0-9A-Fa-f]{16,}", bare)
    return b"\n".join(
        bytes.fromhex(run[at : at + (len(run) - at) // 2 * 2].decode()) for run in runs for at in (0, 1)
    )


def finds(hidden, text, columns):
    """(reading, what of a hidden text it shows) for each reading that shows `SIZE` characters of one."""
    windows = {part[at : at + SIZE] for part in hidden for at in range(len(part) - SIZE + 1)}
    found = []
    for name, reading in readings(text, columns).items():
        seen = windows.intersection(reading[at : at + SIZE] for at in range(len(reading) - SIZE + 1))
        if seen:
            found.append((name, min(seen)))
    return found
