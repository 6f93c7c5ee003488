"""Two users, and nothing waved through: these tests are about whose a file is and what was agreed to."""

import pytest
from support.users import eve, ground, victim  # noqa: F401  fixtures
from trust.agreeing import allow, project  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def asked(monkeypatch, clean_environment):
    monkeypatch.delenv("SECRETRUN_TRUST")
