from support.users import ground, victim  # noqa: F401  fixtures
