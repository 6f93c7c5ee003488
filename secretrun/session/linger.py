"""Linger: go on masking what others still print after the command has ended, while we leave.

A background process of the command may hold its stdout for hours. Waiting for it would hang the shell;
closing the stream would kill it at its next line; passing the stream on would show secrets. So a forked
copy of us, with the state of every masker, stays as a filter until the streams end.
"""

from __future__ import annotations

import os

from secretrun.posix import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from secretrun.posix.signals import Signals
    from secretrun.session.pump import Pump


def linger(pumps: Sequence[Pump], given: Signals, drop: Sequence[int]) -> None:
    """Fork the helper; returns in the wrapper at once.

    Args:
        pumps: stopped, and not at their ends.
        given: the wrapper's signals, which the helper is to survive.
        drop: descriptors that the wrapper's end must close for others to see.
    """
    if os.fork() != 0:
        return
    try:
        given.deafen()
        descriptors.close(*drop)
        sinks = {pump.sink for pump in pumps}
        descriptors.to_null(*(number for number in range(3) if number not in sinks))
        for pump in pumps:
            pump.start()
        for pump in pumps:
            pump.join()
            pump.let_go()
            descriptors.to_null(pump.sink)
    finally:
        os._exit(0)
