r"""Output processing between two terminals, done once and not twice.

The inner terminal makes "\r\n" of the command's "\n", and ours would again. Ours has to keep doing it,
for other programs that print there; so the inner one's is undone.
"""

from __future__ import annotations

import fcntl
import sys
import termios

from secretrun.posix.terminal import (
    LFLAG,
    OFLAG,
    attributes,
    changeable,
    changing,
    flags,
    is_raw,
    set_attributes,
)

_NEWLINES = termios.OPOST | termios.ONLCR
_KEYS = termios.ICANON | termios.ECHO
_FLOOD = 4096  # bytes at once: no person's typing
# Output processing that changes the text again when done twice, and that nobody can undo.
_ODD = (
    termios.OCRNL
    | termios.ONOCR
    | termios.ONLRET
    | getattr(termios, "OLCUC", 0)
    | getattr(termios, "OFILL", 0)
)


class OutputProcessing:
    """Output processing between the inner terminal and ours: each newline gets one carriage return.

    Args:
        inner: the master of the inner terminal, whose modes are those of the slave.
        outer: our terminal.

    Attributes:
        keys_wanted: somebody has switched the inner terminal's echo or its lines off, as one does who is
            going to read keys.
    """

    def __init__(self, inner: int, outer: int) -> None:
        self._inner = inner
        self._outer = outer
        self._asked = _Asked()
        self._keys = 0  # as the inner terminal was set up
        self.keys_wanted = False
        try:
            self._keys = self._asked.flags(inner)[1] & _KEYS
        except (termios.error, OSError):
            pass  # it is gone
        self._bypassable = False
        self._flooding = False  # output processing of our terminal is off because of what passes through
        self._exact = False  # what passes through is to be shown as the inner terminal gave it
        self.held = b""  # a last "\r" that may be half of a "\r\n"
        self._undone = self._before = b""  # the last chunk, as `undo` gave it and as it came

    def undo(self, data: bytes) -> bytes:
        """Take from a chunk what our terminal is going to do by itself.

        Where the inner terminal's output processing is another than ours can do in its stead (a full-screen
        program has switched it off, vim the newlines alone), ours is first switched off, or on again, if
        that is in raw mode for us.
        """
        data = self.held + data
        self.held = b""
        try:
            inner, input_flags = self._asked.flags(self._inner)
            outer, _ = self._asked.flags(self._outer)
        except (termios.error, OSError):
            return data  # one of them is gone
        self.keys_wanted = self._keys & ~input_flags != 0
        ordinary = inner & _NEWLINES == _NEWLINES and not inner & _ODD
        wanted = termios.OPOST if ordinary else 0
        if outer & termios.OPOST or not wanted:
            self._flooding = False  # set anew by others since, or off is what is wanted now
        elif self._flooding:
            outer |= termios.OPOST
        if wanted != outer & termios.OPOST and self._process(on=bool(wanted)):
            outer ^= termios.OPOST
        self._bypassable = self._exact = False
        if ordinary and outer & _NEWLINES == _NEWLINES:
            self._bypassable = outer == _NEWLINES
            if data.endswith(b"\r"):
                data, self.held = data[:-1], b"\r"
            bare = _bare_newlines(data)
            if bare is not None:
                self._undone, self._before = bare, data
                return bare
            # A newline without a carriage return was printed before the modes became what they are now.
            self._exact = True
        return data

    def bypass(self, data: bytes) -> bytes:
        """In a flood, do our terminal's output processing for it: the kernel's costs more than all else.

        Until `restore`, output of other programs would walk down in stairs, so only for a flood, and as
        long as it lasts: to switch twice for each write costs as much as it saves.

        Returns:
            the chunk as it is to be written.
        """
        if not self._exact and (len(data) < _FLOOD or not self._bypassable):
            self.restore()
            return data
        if not self._flooding:
            if not self._process(on=False):
                return data.replace(b"\r\n", b"\n") if self._exact else data
            self._flooding = True
        if data is self._undone:  # nothing was masked in it, and nothing held: it need not be made again
            return self._before
        return data if self._exact else data.replace(b"\n", b"\r\n")

    def restore(self) -> None:
        """The flood is over: switch our terminal's output processing on again, where `bypass` had it off."""
        if self._flooding:
            self._flooding = False
            self._process(on=True)

    def _process(self, *, on: bool) -> bool:
        """Switch our terminal's output processing; False unless it is in raw mode for us."""
        with changing:
            changed = changeable(self._outer)
            if changed is None or not is_raw(changed):
                return False
            oflag = flags(changed, OFLAG)
            changed[OFLAG] = oflag | termios.OPOST if on else oflag & ~termios.OPOST
            return set_attributes(self._outer, changed)

    def flush(self) -> bytes:
        """What is held back, when nothing more comes."""
        data, self.held = self.held, b""
        return data


class _Asked:
    """A terminal's output and local flags, asked for with every read: alone where their place is known."""

    def __init__(self) -> None:
        # struct termios of the kernel (asm-generic/termbits.h): 32 bits each of input, output, control, local
        self._buffer = bytearray(64)
        self._words = memoryview(self._buffer).cast("I")

    def flags(self, fd: int) -> tuple[int, int]:
        if sys.platform == "linux":
            fcntl.ioctl(fd, termios.TCGETS, self._buffer)
            return self._words[1], self._words[3]
        found = attributes(fd)
        return flags(found, OFLAG), flags(found, LFLAG)


def _bare_newlines(data: bytes) -> bytes | None:
    r"""The data with "\n" for "\r\n"; None where it has a "\n" without "\r" before it.

    Looking for two bytes is twenty times slower than for one. So: take out every "\r", and see whether
    putting one before every "\n" gives the data again, as it does unless some stood elsewhere.
    """
    bare = data.replace(b"\r", b"")
    if bare.replace(b"\n", b"\r\n") == data:
        return bare
    return data.replace(b"\r\n", b"\n") if data.count(b"\n") == data.count(b"\r\n") else None
