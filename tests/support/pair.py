"""A terminal of a test's own, as a fixture."""

import os
import pty

import pytest


@pytest.fixture
def pair():
    """A new terminal: (master, slave)."""
    master, slave = pty.openpty()
    yield master, slave
    for descriptor in (master, slave):
        try:
            os.close(descriptor)
        except OSError:
            pass  # the test closed it
