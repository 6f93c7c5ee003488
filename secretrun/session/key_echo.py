"""When a terminal may show bytes that are held back: after a pause, or at once as the echo of a key.

Held bytes are what the output ends with and some pattern begins with. When nothing more comes for
PAUSE seconds, the first few of them may show (`Redactor.release` says how many, and masks the rest when
it comes), or a prompt would not be seen. With ten secrets and their encodings nearly every letter begins
some pattern, and a person who types would see nearly every key that much late.

The echo of a key is known at once, so it need not wait: the terminal was quiet for PAUSE seconds, then
a key was typed, and then one character came, alone. What shows is what would show after the pause anyway, and
it is shown of one character, not of a text on its way: in a burst no beginning of a secret ever shows,
also when the burst is the answer to a key, or a program writes a byte at a time.

Pure: events in, answers out, the time is told. May import: nothing.
"""

from __future__ import annotations

PAUSE = 0.025  # seconds
_CHARACTER = 3  # bytes at most


class KeyEcho:
    """What is known of the keys and the output of one terminal."""

    __slots__ = ("_typed",)

    def __init__(self) -> None:
        self._typed = False

    def typed(self) -> None:
        """A key is being passed on to the command. May be called from another thread than `came`."""
        self._typed = True

    def came(self, size: int, quiet: float) -> bool:
        """Output came; returns whether what is then held of it may show at once.

        Args:
            size: bytes, all that there were.
            quiet: seconds for which there had been none.
        """
        typed, self._typed = self._typed, False
        return typed and 0 < size <= _CHARACTER and quiet >= PAUSE
