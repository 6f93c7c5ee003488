"""Commands that run bare and below secretrun, for the tests of how a command starts."""

from support.wrapped import (  # noqa: F401  fixtures and hooks, for every test of this folder
    cleanup,
    finish,
    masked,
    probe,
    pytest_generate_tests,
    start,
    terminal,
)
