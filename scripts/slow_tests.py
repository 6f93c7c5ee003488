"""Write tests/slow.txt, the tests that take over a second of processor time: slow_tests.py TIMES.

TIMES is what a whole run with TEST_TIMES=FILE has written: a line "SECONDS FILE::TEST" for each test.
"""

import pathlib
import sys

LIMIT = 1.0  # seconds; a test with parameters counts by the slowest of them
HERE = pathlib.Path(__file__).resolve().parent.parent

slowest: dict[str, float] = {}
for line in pathlib.Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
    seconds, _, name = line.partition(" ")
    slowest[name] = max(float(seconds), slowest.get(name, 0.0))
slow = sorted(name for name, seconds in slowest.items() if seconds > LIMIT)
(HERE / "tests" / "slow.txt").write_text("".join(f"{name}\n" for name in slow), encoding="utf-8")
print(f"{len(slow)} of {len(slowest)} tests are slow")
