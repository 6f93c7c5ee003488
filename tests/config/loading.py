"""A run that is configured, as far as its plan."""

from __future__ import annotations

import pytest

from secretrun.config.fill import fill
from secretrun.config.load import load
from secretrun.errors import ConfigError
from secretrun.model import Reference
from secretrun.template.plan import Plan


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path):
    """A repository with a sub-directory, in which runs start."""
    (tmp_path / "project" / ".git").mkdir(parents=True)
    (tmp_path / "project" / "sub").mkdir()
    return tmp_path / "project"


class Run:
    """A configured run: its config and plan."""

    def __init__(self, directory, home, environ=(), stdin=b"", keep_env=False, **options):
        inherited = {"HOME": str(home), **dict(environ)}
        self.config = load(inherited, options.get, str(directory))
        self.plan = Plan(inherited, lambda scheme: scheme in ("sops", "env", "exec", "op"), keep_env=keep_env)
        fill(self.plan, self.config, str(directory), lambda: stdin)

    @property
    def values(self):
        return {
            name: "".join(p if isinstance(p, str) else f"<{p.text}>" for p in e.pieces)
            for name, e in self.plan.entries.items()
        }

    def reference(self, name) -> Reference:
        return self.plan.entries[name].references()[0]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def fails(*arguments, error=ConfigError, **options):
    with pytest.raises(error) as caught:
        Run(*arguments, **options)
    return caught.value
