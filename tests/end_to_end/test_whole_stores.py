"""Runs that import all a store has: decrypted once, remembered, and old ones only when asked."""

import json
import os
import sys

import pytest
from end_to_end.places import VALUE, lines_of
from support.store import Store, secretrun
from support.until import until

from secretrun.backend.sops import find_sops


@pytest.fixture
def counted(place):
    """A SOPS file and its real program, whose calls are noted."""
    store = Store(place.root, {"A": VALUE, "sub": {"B": "below-0123456789"}}, "secrets.enc.json")
    log = place.root / "calls"
    real = find_sops(os.environ)
    place.program(
        "sops",
        f"import os, sys\nopen({str(log)!r}, 'a').write('call\\n')\nos.execv({real!r}, [{real!r}, *sys.argv[1:]])",
    )
    place.environ |= {"SOPS_AGE_KEY_FILE": store.key, "SECRETRUN_SOPS": str(place.root / "bin" / "sops")}
    return log


IMPORTS = ("--from", "sops://secrets.enc.json#/sub", "--set", "C=sops://secrets.enc.json#/A")
SHOW = "import json, os; print(json.dumps({n: len(os.environ[n]) for n in 'BC'}))"


def test_a_file_is_decrypted_once_for_values_and_imports(place, counted):
    done = secretrun(*IMPORTS, "--", sys.executable, "-c", SHOW, env=place.environ, cwd=place.root)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"B": 16, "C": len(VALUE)}), done.stderr
    assert lines_of(counted) == ["call"]
    checked = secretrun("check", "--json", *IMPORTS, env=place.environ, cwd=place.root)
    assert json.loads(checked.stdout)["ok"] is True
    assert lines_of(counted) == ["call", "call"]


def test_imports_are_remembered_by_the_cache_like_values(place, counted):
    cache = place.start("cache", "start", "--foreground")
    try:
        until(
            lambda: secretrun("cache", "status", env=place.environ, cwd=place.root).returncode == 0,
            "the cache",
        )
        for _ in range(3):
            done = secretrun(
                "--cache",
                "10m",
                *IMPORTS,
                "--",
                sys.executable,
                "-c",
                SHOW,
                env=place.environ,
                cwd=place.root,
            )
            assert (done.returncode, json.loads(done.stdout)) == (0, {"B": 16, "C": len(VALUE)}), done.stderr
        assert lines_of(counted) == ["call"]
    finally:
        cache.terminate()
        cache.communicate(timeout=60)


def test_an_old_import_stands_in_only_when_asked_and_with_a_warning(place, counted):
    cache = place.start("cache", "start", "--foreground")
    try:
        until(
            lambda: secretrun("cache", "status", env=place.environ, cwd=place.root).returncode == 0,
            "the cache",
        )
        everything = ("--cache", "0.1s", "--from", "sops://secrets.enc.json#/sub", "--", "true")
        assert secretrun(*everything, env=place.environ, cwd=place.root).returncode == 0
        (place.root / "bin" / "sops").chmod(0o644)  # the same settings, and no program any more
        until(
            lambda: secretrun(*everything, env=place.environ, cwd=place.root).returncode == 125,
            "the value to be old",
        )
        done = secretrun("--offline", *everything, env=place.environ, cwd=place.root)
        assert done.returncode == 0, done.stderr
        assert b"warning: sops://secrets.enc.json#/sub: the store can't be reached" in done.stderr
        for verb in ("check", "inject"):
            done = secretrun(verb, "--offline", *everything[:-2], env=place.environ, cwd=place.root)
            assert done.returncode == 0, done.stderr
            assert b"the store can't be reached, using the value of " in done.stderr
    finally:
        cache.terminate()
        cache.communicate(timeout=60)
