"""What fails in the core ends the stream: an error, and no byte."""

import subprocess
import sys

import pytest

from secretrun.redact.core.matcher import CoreError, Matcher, PatternSet
from secretrun.redact.pattern import ANYWHERE, PatternTable

SECRET = b"correct-horse-battery"


def patterns(*texts):
    table = PatternTable(squeeze=True)
    table.add([("raw", text, ANYWHERE) for text in texts])
    return PatternSet(table, screen=True)


def test_a_step_that_there_is_not_leaves_a_stream_that_gives_nothing_more():
    stream = Matcher(patterns(SECRET), lambda _: b"#")
    assert stream.feed(b"a " + SECRET + b" z") == b"a # z"
    with pytest.raises(CoreError):
        stream._take(7, b"passed on?")
    for step in (lambda: stream.feed(b"later"), stream.release, stream.finish):
        with pytest.raises(CoreError):
            step()


def test_a_set_that_is_not_well_formed_is_none():
    with pytest.raises(CoreError):
        patterns(b"")


OUT_OF_MEMORY = """
import resource
from secretrun.redact import Redactor, RedactionError
redactor = Redactor(["correct-horse-battery"], mask="#")
redactor.feed(b"warm correct-horse-battery up\\n")
data = b"correct-horse-battery\\n" * 4_000_000
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))
try:
    redactor.feed(data)
except RedactionError as error:
    print(error)
"""


@pytest.mark.parametrize("script", [OUT_OF_MEMORY] if sys.platform == "linux" else [])  # of /proc
def test_memory_that_runs_out_is_an_error_and_no_byte(script):
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-300:]
    assert done.stdout.startswith("redaction failed (CoreError)")
    assert done.stderr == ""
