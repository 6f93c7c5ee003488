"""Everything about a session runs bare and below secretrun, with a secret to mask."""

import pytest
from support.pair import pair  # noqa: F401  a fixture
from support.wrapped import (  # noqa: F401  fixtures and hooks, for every test of this folder
    cleanup,
    finish,
    masked,
    probe,
    pytest_generate_tests,
    start,
    terminal,
)


@pytest.fixture(autouse=True)
def always_masked(masked):  # noqa: F811  the fixture of that name
    """There is a secret, so secretrun has something to mask and does not just step aside."""
