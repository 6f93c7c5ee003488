import os
import sys

import pytest
from support.broker_world import World

if not sys.platform.startswith("linux"):  # the names of the upstreams need bubblewrap
    collect_ignore_glob = ["test_acceptance*", "test_sandbox*", "test_attacks*"]


@pytest.fixture(scope="session")
def _world(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("world"))
    yield world
    world.close()


@pytest.fixture
def world(_world):
    _world.up.forget()
    _world.evil.forget()
    _world.config('[broker]\naddresses = ["127.0.0.0/8"]\n')
    if _world.audit.exists():
        os.truncate(_world.audit, 0)  # a session that goes on appends to it
    (_world.path / "key").write_text("sRk9x2Qw7LmT4vB8nZc1YdE6fGh3JpUa5HsXoIqR")
    yield _world
    for name in ("secretrun.toml", ".env"):
        (_world.project / name).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def waiting(_world):
    """One session with the usual rule, for all tests of a module that leave it as it is."""
    _world.config('[broker]\naddresses = ["127.0.0.0/8"]\n')
    with _world.session() as client:
        yield client


@pytest.fixture(scope="module")
def both_sessions(_world):
    """A session in which api.test has a rule for KEY, and evil.test one for another secret."""
    _world.config('[broker]\naddresses = ["127.0.0.0/8"]\n')
    (_world.path / "other").write_text("another-value-of-24-bytes")
    options = [
        *_world.options(), "--set", f"OTHER=file://{_world.path / 'other'}",
        "--grant", _world.rule(name="OTHER", host="evil.test", port=_world.evil.port),
    ]  # fmt: skip
    with _world.session(options=options, plain=True) as client:
        yield client
