"""Plans and stores to resolve them with."""

from __future__ import annotations

import pytest

from secretrun.backend import Context
from secretrun.errors import ConfigError, ResolutionError
from secretrun.reference import parse as parse_reference
from secretrun.resolution.resolve import resolve
from secretrun.resolution.stores import Stores
from secretrun.template.dotenv import parse
from secretrun.template.plan import Plan


def stores(*backends, timeout=None, **more):
    by_scheme = {scheme: backend for backend in backends for scheme in backend.info.schemes}

    def find(scheme):
        if scheme not in by_scheme:
            raise ConfigError(f"no backend for {scheme}://")
        return by_scheme[scheme]

    return Stores(find, lambda _: Context({}, timeout=timeout), **more)


def plan(
    text="", *, inherited=(), imports=(), keep_env=False, known=("memory", "one", "two", "three", "gone")
):
    made = Plan(dict(inherited), lambda scheme: scheme in known, keep_env=keep_env)
    made.add_inherited("/")
    made.add_template(parse(text, "app.env"), "/")
    made.imports += [(parse_reference(reference), "--from") for reference in imports]
    return made


def failure(made, found):
    with pytest.raises(ResolutionError) as caught:
        resolve(made, found)
    return caught.value


def raises(error):
    raise error
