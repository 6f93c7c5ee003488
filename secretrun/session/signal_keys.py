"""Which of the bytes typed are keys that signal, as the terminal's modes have it."""

from __future__ import annotations

import termios

from secretrun.posix import signals
from secretrun.posix.terminal import LFLAG, characters, flags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.posix.terminal import Attributes


class SignalKeys:
    """Finds the keys that make a terminal signal its foreground group."""

    def __init__(self) -> None:
        self._quoted = False

    def signals(self, data: bytes, attributes: Attributes) -> list[int]:
        """The signals of the keys typed: VINTR, VQUIT, and VSTATUS where there is one.

        Args:
            data: what was typed.
            attributes: the inner terminal's modes.
        """
        lflag = flags(attributes, LFLAG)
        if not lflag & termios.ISIG:
            self._quoted = False
            return []
        table = characters(attributes)
        names = {table[termios.VINTR]: signals.SIGINT, table[termios.VQUIT]: signals.SIGQUIT}
        if hasattr(termios, "VSTATUS"):
            names[table[termios.VSTATUS]] = signals.SIGINFO
        names.pop(b"\x00", None)  # _POSIX_VDISABLE on Linux
        names.pop(b"\xff", None)  # and on macOS
        quote = table[termios.VLNEXT] if lflag & termios.ICANON and lflag & termios.IEXTEN else None
        found = []
        for code in data:
            key = bytes((code,))
            if self._quoted:
                self._quoted = False
            elif key == quote:
                self._quoted = True
            elif key in names:
                found.append(names[key])
        return found
