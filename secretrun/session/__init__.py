"""The loop while the command runs: terminal, streams, signals; ends as the command ended.
`launch` comes in. It knows a redactor by what it does, never a store, a template or a setting.
"""

from secretrun.session.command import Ending, leave, run

__all__ = ["Ending", "leave", "run"]
