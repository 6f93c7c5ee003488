"""What the tests of this room share."""

from config.loading import home, project  # noqa: F401  fixtures
