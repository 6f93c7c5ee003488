"""The process that holds secrets dumps no core and can't be looked into, however prctl(2) is reached."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROTECTED = """
import resource, sys
{without}
from secretrun.posix import dumpable
dumpable.forbid()
import ctypes
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
@pytest.mark.parametrize(
    "without", ["", "import ctypes, _ctypes; del _ctypes.call_cdeclfunction"], ids=["directly", "by ctypes"]
)
def test_we_are_not_dumpable(without):
    command = [sys.executable, "-c", PROTECTED.format(without=without)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["0", "0"]
