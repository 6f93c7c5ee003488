"""The tests that are not about trust run with SECRETRUN_TRUST=all, which secretrun says on stderr."""

import re

SAID = re.compile(rb"(?:\x1b\[2m)?secretrun: note:(?:\x1b\[m)? SECRETRUN_TRUST=all: [^\n]*\n")


def unsaid(shown):
    """What was printed, without that line: `tests/trust` has the tests of it."""
    return SAID.sub(b"", shown, count=1)
