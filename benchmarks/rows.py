"""What a benchmark says: text for people, and with `--json` its rows for the README's table.

A row is one figure beside its reference in the same run: (what, measured, reference, ratio, aim), texts.
"""

import json
import sys

from secretrun.redact import body

AS_JSON = "--json" in sys.argv
if AS_JSON:
    sys.argv.remove("--json")
ROWS: list[dict[str, str]] = []
ON_CORE = body.core_at_hand()


def aim(core: float, python: float) -> float:
    """What a figure should be for the body that runs: each has aims of its own."""
    return core if ON_CORE else python


def say(text: str = "") -> None:
    """A line for people; not between rows."""
    print(text, file=sys.stderr if AS_JSON else sys.stdout, flush=True)


def row(what: str, measured: str, reference: str, ratio: float | None, aim: str, *, met: bool = True) -> None:
    """One line of the README's table; an aim that is missed says so."""
    ROWS.append(
        {
            "what": what,
            "measured": measured,
            "reference": reference,
            "ratio": "" if ratio is None else f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.0f}x",
            "aim": aim if met else f"{aim}, missed",
        }
    )


def finish() -> None:
    """Print the rows, where they are asked for."""
    if AS_JSON:
        json.dump(ROWS, sys.stdout)
