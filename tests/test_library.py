"""A library call never changes the host program: what it may dump, its signals, its environment, its descriptors."""

import subprocess
import sys

USED = """
import io, logging, os, resource, signal, sys

def state():
    with open("/proc/self/status") if sys.platform == "linux" else io.StringIO() as file:
        masks = [line for line in file if line.startswith(("SigP", "SigB", "SigI", "SigC", "Shd"))]
    dumpable = os.stat("/proc/self/mem").st_uid == os.geteuid() if sys.platform == "linux" else None
    return (
        dumpable, resource.getrlimit(resource.RLIMIT_CORE), dict(os.environ), os.getcwd(), sorted(os.listdir("/dev/fd")),
        [signal.getsignal(number) for number in sorted(signal.valid_signals())], masks, sys.excepthook,
        sys.stdout, sys.stderr, logging.root.handlers[:], logging.root.filters[:],
    )

before = state()
from secretrun.backend import Context
from secretrun.errors import SecretrunError
from secretrun.formats import listing, select
from secretrun.redact import RedactingFilter, RedactingStream, Redactor
from secretrun.reference import parse
from secretrun.testing import MemoryBackend

redactor = Redactor({"TOKEN": "library-secret-0123456789"})
shown = redactor.feed(b"a library-secret-0123456789 b") + redactor.flush()
assert shown == b"a [REDACTED:TOKEN] b", shown
RedactingFilter(redactor)
RedactingStream(io.StringIO(), redactor).write("library-secret-0123456789")
assert select(b'{"a": {"b": "c"}}', ("a", "b"), what="x") == b"c"
reference = parse("memory://a")
assert MemoryBackend({"a": b"v"}).fetch([reference], Context({}))[reference] == b"v"
try:
    parse("nonsense")
except SecretrunError:
    pass
after = state()
for one, other in zip(before, after, strict=True):
    assert one == other, (one, other)
print("unchanged")
"""


def test_the_public_parts_leave_the_host_program_as_it_was():
    done = subprocess.run([sys.executable, "-c", USED], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (0, "unchanged\n"), done.stderr
