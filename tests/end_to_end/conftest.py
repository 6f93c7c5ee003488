"""What the tests of this room share."""

from end_to_end.places import place  # noqa: F401  fixtures
