r"""What a terminal shows of bytes: the grammar of all that prints nothing, or prints over what stood there.

Three steps, each a regular expression:

- *controls*: sequences of ECMA-48 and xterm, controls, and characters of no width are nothing;
- *wraps*: at the right margin a terminal (terminfo's `am` and `xenl`) waits for one more character before
  it goes to the next line, so programs write one that is overwritten at once. less and libedit write
  SPACE BACKSPACE, readline SPACE CR, Node SPACE and a move to column 1, zsh the next character, CR and the
  next character again, vim the last character again and a move to column 1. Overstrike (`s\bs`, `_\bs`, of
  nroff and its pagers) is the same: a cell that is written twice shows what was written last;
- *margins*: where a line is broken, a box's border or a comment's or quote's mark (`| `, `> `, `# `, `+ `)
  stands round it, or a backslash before the line end.

`re` is imported when the first of these bytes is seen, and keeps what it has compiled.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from re import Match
    from re import Pattern as Expression


def once(make: Callable[..., Expression[bytes]]) -> Callable[..., Expression[bytes]]:
    """What `make` gives, made when it is first asked for."""
    kept: dict[tuple[bool, ...], Expression[bytes]] = {}

    def made(*options: bool) -> Expression[bytes]:
        found = kept.get(options)
        if found is None:
            found = kept[options] = make(*options)
        return found

    return made


# Bytes without which a text is shown as it is, line by line. TAB, LF, VT, FF and CR are whitespace.
SPECIAL = bytes([*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0x100)])
BUT_ESC = SPECIAL.replace(b"\x1b", b"")
HOME = b"\x1b"  # stands for a move to column 1: no other ESC is left in what a terminal shows

LONGEST_STRING = 2048
LONGEST_CSI = 66
PARAMETERS = bytes(range(0x20, 0x40))
_LONGEST_HOME = 10

_STRING = rb"[^\x07\x0a\x0d\x18\x1a\x1b]{0,2048}"
_PARAMETERS = rb"[0-?]{0,60}[ -/]{0,4}"
_C0 = rb"\x00-\x07\x0e-\x1a\x1c-\x1f\x7f"


@once
def controls(cut: bool = True, all_bytes: bool = True) -> Expression[bytes]:
    """What prints nothing. A match that sets a group is cut by the end of the text.

    Lengths are bounded: a sequence that does not end is data. Strings (OSC and the like) hold no line ends,
    and at most 2,048 bytes, enough for the URL of a hyperlink. Without `cut` a sequence that has not ended
    yet is data already. Without `all_bytes` only what begins with ESC is found, faster by far.
    """
    import re

    def unless_cut(expression: bytes) -> bytes:
        return rb"|(" + expression + rb")\Z" if cut else b""

    escape = (
        rb"(?:\[" + _PARAMETERS + rb"[@-~]"  # CSI: colours, erasing, modes
        rb"|\]" + _STRING + rb"(?:\x07|\x1b\\|(?=\x1b[^\\]))"  # OSC: titles, hyperlinks
        rb"|[PX^_]" + _STRING + rb"(?:\x1b\\|(?=\x1b[^\\]))"  # DCS, SOS, PM, APC
        rb"|[ -/]{1,4}[0-~]"  # character sets
        rb"|[0-OQ-WYZ\\`-~]"  # the two-byte ones
        rb"|\x1b*(?=\x1b)"
        + unless_cut(rb"(?:\[" + _PARAMETERS + rb"|[ -/]{1,4}|[\]PX^_]" + _STRING + rb"\x1b?)?")
        + rb"|)"  # an ESC of nothing known
    )
    if not all_bytes:
        return re.compile(rb"\x1b" + escape)
    return re.compile(
        # one class first, which is searched for at the speed of C
        rb"[" + _C0 + rb"\x1b\x80-\x9f\xc2\xcd\xd8\xe1-\xe3\xef\xf0\xf3]"
        rb"(?:(?<=\x1b)" + escape + rb"|(?<=[" + _C0 + rb"])[" + _C0 + rb"]*"
        # C1 controls, the no-break space, the soft hyphen; CSI as one character
        rb"|(?<=\xc2)(?:[\x80-\x9a\x9c-\xa0\xad]|\x9b"
        + _PARAMETERS
        + rb"[@-~]"
        + unless_cut(rb"(?:\x9b" + _PARAMETERS + rb")?")
        + rb")"
        # what Unicode calls ignorable (zero width, directions, joiners, fillers, variants, tags, BOM), and
        # its blanks, by the first byte
        rb"|(?<=\xe2)(?:\x80[\x80-\x8f\xa8-\xaf]|\x81[\x9f-\xaf]" + unless_cut(rb"[\x80\x81]?") + rb")"
        rb"|(?<=\xef)(?:\xbb\xbf|\xb8[\x80-\x8f]|\xbe\xa0|\xbf[\xb0-\xbb]"
        + unless_cut(rb"[\xb8\xbb\xbe\xbf]?")
        + rb")"
        rb"|(?<=\xe1)(?:\x85[\x9f\xa0]|\x9a\x80|\x9e[\xb4\xb5]|\xa0[\x8b-\x8f]"
        + unless_cut(rb"[\x85\x9a\x9e\xa0]?")
        + rb")"
        rb"|(?<=\xe3)(?:\x80\x80|\x85\xa4" + unless_cut(rb"[\x80\x85]?") + rb")"
        rb"|(?<=\xf0)(?:\x9b\xb2[\xa0-\xa3]|\x9d\x85[\xb3-\xba]"
        + unless_cut(rb"(?:\x9b\xb2?|\x9d\x85?)?")
        + rb")"
        rb"|(?<=\xf3)(?:\xa0[\x80-\xbf]{2}" + unless_cut(rb"(?:\xa0[\x80-\xbf]?)?") + rb")"
        rb"|(?<=\xcd)(?:\x8f" + unless_cut(rb"") + rb")|(?<=\xd8)(?:\x9c" + unless_cut(rb"") + rb")"
        # C1 as one byte, where it is no part of a character
        rb"|(?<=[\x80-\x9f])(?<![\x80-\xff][\x80-\x9f])(?:(?<!\x9b)|"
        + _PARAMETERS
        + rb"[@-~]"
        + unless_cut(_PARAMETERS)
        + rb"))"
    )


@once
def colours() -> Expression[bytes]:
    """Whole sequences of CSI that go nowhere: colours and modes, but no move to a column."""
    import re

    return re.compile(rb"\x1b\[" + _PARAMETERS + rb"[@-FI-~]")


def without_escapes(text: bytes) -> bytes:
    """`text` without what begins with ESC and prints nothing."""
    return controls(True, False).sub(b"", text) if 0x1B in text else text


def visible(text: bytes) -> bytes:
    """`text` without what prints nothing."""
    if len(text.translate(None, BUT_ESC)) == len(text):
        return without_escapes(text)
    return controls().sub(b"", text)


@once
def homes() -> Expression[bytes]:
    """Moves to column 1."""
    import re

    return re.compile(rb"(?:\x1b\[|\xc2?\x9b)(?:[0-9]{0,5}(?:;[01]?)?H|[01]?G)")


def home_moves(text: bytes) -> Iterator[tuple[int, int]]:
    """(start, end) of moves to column 1, found by their last bytes: `re` would try each sequence."""
    for final in (b"H", b"G"):
        at = text.find(final)
        while at >= 0:
            least = max(0, at - _LONGEST_HOME)
            begin = max(text.rfind(b"\x1b[", least, at), text.rfind(b"\x9b", least, at))
            if begin > 0 and text[begin - 1 : begin + 1] == b"\xc2\x9b":
                begin -= 1
            match = homes().match(text, begin, at + 1) if begin >= 0 else None
            if match is not None and match.end() == at + 1:
                yield begin, at + 1
            at = text.find(final, at + 1)


def to_first_column(sequence: bytes) -> bool:
    """Whether a sequence that ends in `H` or `G` is CUP or CHA to column 1."""
    if sequence[-2:-1] == b"\x1b":
        return False  # a tab stop is set
    row, _, column = sequence.lstrip(b"\x1b[\xc2\x9b")[:-1].rpartition(b";")
    return (sequence[-1:] == b"H" or not row) and (
        column in (b"", b"1", b"0") or (sequence[-1:] == b"H" and not row and column.isdigit())
    )


@once
def may_go_home() -> Expression[bytes]:
    """What a text has where `only_home` leaves something: a CSI, or a string that another sequence ends."""
    import re

    return re.compile(rb"(?:\x1b\[|\x9b)[0-?]*[HG]|;[01]?H\x1b")


def only_home(match: Match[bytes]) -> bytes:
    """What is left of a sequence: a move to column 1."""
    data = match[0]
    return HOME if data[-1] in b"HG" and match.lastindex is None and to_first_column(data) else b""


@once
def wraps(rewritten: bool = True) -> Expression[bytes]:
    """In a text without controls: a character that is written over, and the way back to its place.

    Without `rewritten` nothing is written again round a move to column 1: curses writes each row from there
    on, so two characters that are the same are two.
    """
    import re

    more = rb"\x1b" if rewritten else rb""
    home = rb"(?:[\b\x1b]|\r(?![\r\n]))"
    back = rb"(?:[\b" + more + rb"]|\r(?![\r\n]))"
    # where the next character is the same too, it is what the one before the move is written over by
    last = rb"|(?P<last>[^\s\b])(?=(?P=last)\x1b+(?!\x1b|(?P=last)))" if rewritten else rb""
    return re.compile(
        rb" " + home + rb"+"
        rb"|(?P<next>[\xc2-\xf4][\x80-\xbf]{1,3}|[^\s\b])" + back + rb"+(?=(?P=next))"
        rb"|_\x08(?=[^\s\b])|(?<=[^\s\b])\x08_"
        + last
        + rb"|\\(?=\x1b)"  # where most, as emacs, says that a line goes on
        rb"|\x1b",
        re.DOTALL,
    )


_NEAR = 6  # bytes on each side of a way back beyond which none of `wraps` reaches
_APART = b"\n\0\n"  # stands in no text without controls, and is none of `wraps` nor a part of one


@once
def _ways_back() -> Expression[bytes]:
    """In a text without controls: what each of `wraps` has in it, or next to it."""
    import re

    return re.compile(rb"[\b\x1b]|\r(?![\r\n])")


def without_wraps(text: bytes, *, rewritten: bool = True) -> bytes:
    """A text without controls, without its `wraps`: only what stands near a way back is looked at."""
    apart: list[bytes] = []
    near: list[bytes] = []
    last = start = end = 0
    for match in _ways_back().finditer(text):
        place = match.start()
        if place > end + _NEAR:
            apart.append(text[last:start])
            near.append(text[start:end])
            start, last = place - _NEAR, end
        end = place + _NEAR
        while text[end - 1 : end] == b"\r":  # what follows it says what it is
            end += 1
    apart.append(text[last:start])
    near.append(text[start:end])
    left = wraps(rewritten).sub(b"", _APART.join(near)).split(_APART)
    return b"".join([part for pair in zip(apart, left, strict=True) for part in pair]) + text[end:]


def first_kept(text: bytes, index: int) -> int:
    """`index`, or where what stands before it begins, if it says how what stands there, or comes, is read.

    An underscore is written over what stands before a backspace; the last bytes of a character alone may be
    controls.
    """
    last, following = text[index - 1], text[index : index + 1]
    if last == 0x08:
        if following not in (b"_", b""):
            return index
        index -= 1
    elif last < 0x80 or not (following == b"" or b"\x80" <= following < b"\xa0"):
        return index
    begin = max(0, index - 1)
    least = max(0, index - 4)
    while begin > least and 0x80 <= text[begin] < 0xC0:
        begin -= 1
    return begin


# Box drawing, blocks, bars (U+2500 to U+25BF), and what marks that a line goes on: hyphen, bullet, quote,
# vertical dots, arrows that turn back
SECOND = b"\x80\x86\x8b\x8f\x94\x95\x96"
_BORDER = rb"(?:\xe2(?:[\x94-\x96][\x80-\xbf]|\x80[\x90\xa2\xba]|\x86[\xa9\xaa\xb3\xb5]|\x8b\xae|\x8f\x8e))"


@once
def left_margins() -> Expression[bytes]:
    """A line end with what stands after it: marks with a blank after them, or one of a diff or a quote."""
    import re

    return re.compile(
        rb"\n(?:(?:[ \t]*(?:" + _BORDER + rb"+|(?:[>#|+*:;%!<-]+|//+)(?=[ \t]))){1,4}(?:[ \t]*>+)?"
        rb"|[ \t]*(?:>+|[#|+-]))"
    )


@once
def right_margins() -> Expression[bytes]:
    """What stands before a line end, with it: borders, of empty cells too, or one mark that the line goes on.

    It begins with one class, which is searched for fast.
    """
    import re

    return re.compile(
        rb"[\xe2|\\](?:(?:(?<=\|)|(?<=\xe2)"
        + _BORDER[7:-1]
        + rb")(?:[ \t]{0,64}(?:\||"
        + _BORDER
        + rb")){0,7}"
        rb"|(?<=\\))[ \t]*\r*\n"
    )


@once
def borders() -> Expression[bytes]:
    """What the end of a line may turn out to be of that, cut or whole."""
    import re

    cut = rb"(?:\xe2[" + SECOND + rb"]?)?"
    return re.compile(rb"(?:[ \t]{0,64}(?:\||" + _BORDER + rb")){0,8}[ \t]{0,64}" + cut + rb"\Z|\\\Z")


@once
def left_marks() -> Expression[bytes]:
    """What the beginning of a line may turn out to be of what `left_margins` finds, and a little more."""
    import re

    return re.compile(rb"(?:[ \t\r\\|>#+*:;%!/<-]|" + _BORDER + rb")*")


@once
def margin_marks() -> Expression[bytes]:
    """Where a margin may have more than whitespace."""
    import re

    return re.compile(rb"[\\|\x80-\xbf\n](?:(?<!\n)[ \t]*\r*\n|(?<=\n)[ \t]*[\xe2>#|+*:;%!</-])")
