"""Finding sops: the order of the places, and the environment it starts with."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from secretrun.backend.programs import find_program
from secretrun.backend.sops import age_key_file, find_sops, sops_environment
from secretrun.errors import Unavailable
from secretrun.testing import install_program


def test_a_program_in_the_current_directory_is_never_found(tmp_path, monkeypatch):
    install_program(tmp_path, "store", "")
    monkeypatch.chdir(tmp_path)
    for path in ("", ".", ":", f"./:{os.curdir}"):
        assert find_program("store", {"PATH": path}) is None
    assert find_program("store", {"PATH": f".:{tmp_path}"}) == str(tmp_path / "store")


def test_a_file_that_is_not_executable_or_a_directory_is_no_program(tmp_path):
    (tmp_path / "plain").write_text("")
    (tmp_path / "directory").mkdir()
    for name in ("plain", "directory", "none"):
        assert find_program(name, {"PATH": str(tmp_path)}) is None


def test_the_configuration_comes_before_the_variable_before_the_path(tmp_path):
    for name in ("a", "b", "c"):
        environ = install_program(tmp_path / name, "sops", "")
    chosen = {"PATH": str(tmp_path / "c")}
    assert find_sops(chosen) == str(tmp_path / "c" / "sops")
    chosen["SECRETRUN_SOPS"] = str(tmp_path / "b" / "sops")
    assert find_sops(chosen) == str(tmp_path / "b" / "sops")
    assert find_sops(chosen, str(tmp_path / "a" / "sops")) == str(tmp_path / "a" / "sops")
    assert find_sops({**environ, "SECRETRUN_SOPS": "sops"}) == str(tmp_path / "c" / "sops")


@pytest.mark.parametrize("environ", [{"SECRETRUN_SOPS": "/none/sops"}, {"SECRETRUN_SOPS": "no-such-program"}])
def test_a_choice_that_is_no_program_is_an_error_not_passed_over(environ):
    with pytest.raises(Unavailable, match="SECRETRUN_SOPS"):
        find_sops(environ)


def test_without_sops_on_the_path_the_packaged_binary_is_found_and_works(tmp_path):
    """Its console script is passed over: what is found is a program, not Python text."""
    for path in (str(tmp_path), os.path.dirname(sys.executable)):
        found = find_sops({"PATH": path})
        with open(found, "rb") as file:
            assert file.read(2) != b"#!"
        done = subprocess.run([found, "--help"], capture_output=True, timeout=100)
        assert done.returncode == 0


def test_the_own_age_key_is_added_only_where_no_key_file_is_named(tmp_path):
    environ = {"HOME": str(tmp_path), "OTHER": "kept"}
    assert sops_environment(environ) == environ
    key = tmp_path / ".config" / "secretrun" / "age" / "keys.txt"
    key.parent.mkdir(parents=True)
    key.write_text("")
    assert age_key_file(environ) == str(key)
    assert sops_environment(environ) == {**environ, "SOPS_AGE_KEY_FILE": str(key)}
    named = {**environ, "SOPS_AGE_KEY_FILE": "/mine"}
    assert sops_environment(named) == named
    assert environ == {"HOME": str(tmp_path), "OTHER": "kept"}


def test_the_configuration_directory_is_the_users_own_choice():
    assert age_key_file({"HOME": "/h", "XDG_CONFIG_HOME": "/x"}) == "/x/secretrun/age/keys.txt"
    assert age_key_file({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == "/h/.config/secretrun/age/keys.txt"


@pytest.mark.parametrize(
    "name", ["SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD", "SOPS_AGE_SSH_PRIVATE_KEY_FILE"]
)
def test_an_empty_variable_is_no_setting(tmp_path, name):
    """sops itself would open the file ""."""
    environ = {"HOME": str(tmp_path), "OTHER": "", name: ""}
    assert sops_environment(environ) == {"HOME": str(tmp_path), "OTHER": ""}
