"""The terminal's modes and size: raw mode and back.

Raw mode keeps the terminal's own output processing for as long as the inner terminal has it, so that
what other programs print meanwhile does not walk down the screen in stairs; see `session.output_processing`.
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios

from secretrun.errors import SecretrunError
from secretrun.posix.threads import lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.posix.shared_terminal import SharedTerminal

    Attributes = list[int | list[bytes | int]]

IFLAG, OFLAG, CFLAG, LFLAG, ISPEED, OSPEED, CC = range(7)

_RAW_IFLAG = ~(
    termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP
    | termios.INLCR | termios.IGNCR | termios.ICRNL | termios.IXON
)  # fmt: skip
_RAW_LFLAG = ~(termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN)
# Modes are read, changed and written, by the loop and by a pump: one at a time.
changing = lock()


def is_ours(fd: int) -> bool:
    """Whether the descriptor is our controlling terminal."""
    try:
        os.tcgetpgrp(fd)
    except OSError:
        return False
    return os.isatty(fd)


def open_ours(fd: int) -> int:
    """Open our controlling terminal anew, non-blocking; descriptors we were given stay as they are.

    Args:
        fd: a descriptor of it.

    Raises:
        SecretrunError: it can't be opened.
    """
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY
    try:
        try:
            return os.open("/dev/tty", flags)
        except OSError:  # a chroot without that name
            return os.open(os.ttyname(fd), flags)
    except OSError as error:
        raise SecretrunError(
            f"can't open the terminal: {(error.strerror or '').lower()}",
            hint="--tty never does without it",
        ) from None


def name(fd: int) -> bytes:
    """The terminal's file name; empty where it has none."""
    try:
        return os.fsencode(os.ttyname(fd))
    except OSError:
        return b""


def in_foreground(fd: int) -> bool:
    """Whether our process group has the terminal; False when the terminal is gone."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def is_gone(fd: int) -> bool:
    """Whether the terminal has been hung up."""
    try:
        termios.tcgetattr(fd)
    except termios.error:
        return True
    return False


def attributes(fd: int) -> Attributes:
    """The terminal's modes as `termios.tcgetattr` gives them; raises `termios.error` when it is gone."""
    return termios.tcgetattr(fd)


def set_attributes(fd: int, attributes: Attributes) -> bool:
    """Set the modes at once; False when the terminal is gone or we are in its background.

    Never drains first: on a terminal that does not read, that would wait for ever.
    """
    try:
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error:
        return False
    return True


def flags(attributes: Attributes, index: int) -> int:
    """One of the four flag words."""
    word = attributes[index]
    assert isinstance(word, int)  # noqa: S101  what termios documents
    return word


def characters(attributes: Attributes) -> list[bytes | int]:
    """The control characters."""
    table = attributes[CC]
    assert isinstance(table, list)  # noqa: S101  what termios documents
    return table


def raw(attributes: Attributes) -> Attributes:
    """The same modes with all input processing off; output processing stays as it is."""
    changed = list(attributes)
    changed[IFLAG] = flags(attributes, IFLAG) & _RAW_IFLAG
    changed[LFLAG] = flags(attributes, LFLAG) & _RAW_LFLAG
    table = list(characters(attributes))
    table[termios.VMIN], table[termios.VTIME] = 1, 0
    changed[CC] = table
    return changed


def size(fd: int) -> bytes:
    """The window size as the kernel's struct winsize: rows, columns and pixels; empty when unknown."""
    try:
        return fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))
    except OSError:
        return b""


def set_size(fd: int, winsize: bytes) -> None:
    """Set the window size from what `size` gave; the kernel tells the programs there when it differs."""
    if winsize:
        try:
            fcntl.ioctl(fd, termios.TIOCSWINSZ, winsize)
        except OSError:
            pass  # the terminal is gone, which shows elsewhere


def default_size(environment: Mapping[bytes, bytes]) -> bytes:
    """The window size where there is no terminal: LINES and COLUMNS, else 24 by 80."""
    numbers = (
        _number(environment.get(b"LINES", b""), 24),
        _number(environment.get(b"COLUMNS", b""), 80),
        0,
        0,
    )
    return b"".join(number.to_bytes(2, sys.byteorder) for number in numbers)


def _number(text: bytes, default: int) -> int:
    return int(text) if text.isdigit() and 0 < int(text) < 65536 else default


class RawMode:
    """Our terminal's modes while the command holds the inner terminal."""

    def __init__(self, fd: int, shared: SharedTerminal) -> None:
        self._fd = fd
        self._shared = shared
        self._saved: Attributes | None = None

    def enter(self) -> bool:
        """Save the modes, which others may have changed since, and set raw mode; False when refused.

        Another run of ours that has the terminal has saved what it was before.
        """
        with changing, self._shared as shared:
            current = changeable(self._fd)
            if current is None:
                return False
            alone = shared.alone()
            if alone and (self._saved is None or not is_raw(current)):
                self._saved = current
                shared.save(current)
            elif self._saved is None:
                self._saved = shared.saved() or current
            shared.hold()
            return set_attributes(self._fd, raw(current))

    def leave(self) -> None:
        """Set the saved modes again, if nobody else has the terminal and it is still ours to change."""
        with changing:
            if self._saved is None:
                return
            with self._shared as shared:
                if shared.alone() and in_foreground(self._fd):
                    set_attributes(self._fd, self._saved)
                shared.let_go()
            self._saved = None


class Mender:
    """Takes a terminal out of the raw mode of a process that can't do it any more.

    Args:
        fd: the terminal, in the modes it had before.
        shared: says whether somebody else has it, who will put it in order.
    """

    def __init__(self, fd: int, shared: SharedTerminal) -> None:
        self._fd = fd
        self._shared = shared
        self._before: Attributes | None = None
        try:
            self._before = attributes(fd)
        except termios.error:
            pass  # it is gone

    def __call__(self) -> None:
        """Restore the modes, but only from raw mode as `RawMode` sets it: a shell may have been faster."""
        if self._before is None:
            return
        with self._shared as shared:
            before = self._before
            if is_raw(before):  # another's raw mode
                before = shared.saved() or before
            if is_raw(before) or not shared.alone():
                return
            try:
                current = attributes(self._fd)
            except termios.error:
                return
            left = raw(before)
            if all(current[index] == left[index] for index in (IFLAG, CFLAG, LFLAG, CC)):
                set_attributes(self._fd, before)


def changeable(fd: int) -> Attributes | None:
    """The modes, where it is for us to change them."""
    if not in_foreground(fd):
        return None
    try:
        return termios.tcgetattr(fd)
    except termios.error:
        return None


def is_raw(attributes: Attributes) -> bool:
    return not flags(attributes, LFLAG) & (termios.ICANON | termios.ISIG)
