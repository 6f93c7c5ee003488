"""A terminal for those that need one."""

from support.pair import pair  # noqa: F401  a fixture
