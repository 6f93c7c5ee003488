"""What the command tells its runner to mask, we mask too: `::add-mask::`, `##vso[task.setsecret]`.

The line itself passes as it was, for the runner to take it out of the log; from the next byte on the value is
masked in every stream of the run.
"""

from __future__ import annotations

from secretrun.launch.onlooker import Onlooker
from secretrun.model import Secret
from secretrun.runners import commands, detect, masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.redact.masker import Masker

RUNNERS = ("github", "gitlab", "azure")
LONGEST = 1 << 17  # bytes of a line that is read for a command; no runner takes a longer one
NAME = "MINTED"


def listens(register: str, environ: Mapping[str, str]) -> bool:
    """Whether the command's mask commands have a reader here: the runner around us, or one that is named."""
    return register in RUNNERS or detect.detect(environ) in RUNNERS


class MaskCommands(Onlooker):
    """A masker that also takes what the stream tells a runner to mask.

    Args:
        inner: masks.
    """

    def __init__(self, inner: Masker) -> None:
        super().__init__(inner)
        self._line = b""  # what has come of the line, as far as it may be a command

    def feed(self, data: bytes) -> bytes:
        """Line by line where a command may stand in one, at once where none can."""
        text = self._line + data
        if not commands.may_be_in(text):
            self._keep(text[text.rfind(b"\n") + 1 :])
            return self._inner.feed(data)
        *lines, rest = text.split(b"\n")
        out: list[bytes] = []
        at, shown = -len(self._line), 0
        for line in lines:
            at += len(line) + 1
            value = commands.masked_by(line)
            if value is not None:
                out.append(self._inner.feed(data[shown:at]))
                shown = at
                self._inner.add(
                    [Secret(part, (NAME,)) for part in dict.fromkeys([value, *masks.parts([value])])]
                )
        self._keep(rest)
        out.append(self._inner.feed(data[shown:]))
        return b"".join(out)

    def _keep(self, line: bytes) -> None:
        self._line = line if len(line) <= LONGEST else b""

    def twin(self) -> MaskCommands:
        return MaskCommands(self._inner.twin())
