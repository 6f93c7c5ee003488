"""Each place by one rule: configuration, run time, memory, the repository's root, and whose a directory is."""

import os

import pytest

from secretrun.errors import ConfigError
from secretrun.posix import directories


def test_the_users_directory_follows_xdg_and_is_never_relative():
    where = directories.configuration
    assert where({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == "/x/secretrun"
    assert where({"HOME": "/h"}) == "/h/.config/secretrun"
    assert where({"XDG_CONFIG_HOME": ".", "HOME": "/h"}, "sops") == "/h/.config/sops"
    assert where({"HOME": "."}) == where({}) == "/nonexistent/.config/secretrun"


def test_run_time_files_lie_where_the_session_says_else_in_a_directory_per_user(tmp_path):
    assert directories.runtime({"XDG_RUNTIME_DIR": str(tmp_path)}) == f"{tmp_path}/secretrun"
    alone = f"/tmp/secretrun-{os.getuid()}"
    for said in ({}, {"XDG_RUNTIME_DIR": "run"}, {"XDG_RUNTIME_DIR": str(tmp_path / "none")}):
        assert directories.runtime(said) == alone


def test_a_private_directory_is_new_and_ours_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(directories, "IN_MEMORY", ())
    first, second = (directories.private({"TMPDIR": str(tmp_path)}) for _ in range(2))
    assert first != second
    assert os.path.dirname(first) == str(tmp_path)
    directories.check_ours(first)
    assert os.stat(first).st_mode & 0o777 == 0o700
    assert directories.memory({}) is None


def test_a_directory_others_may_write_to_is_not_ours(tmp_path):
    path = tmp_path / "place"
    with pytest.raises(ConfigError, match="no such file"):
        directories.check_ours(str(path))
    directories.check_ours(str(path), create=True)
    path.chmod(0o722)
    with pytest.raises(directories.NotOurs) as caught:
        directories.check_ours(str(path), remedy="do this")
    assert caught.value.hint.endswith("do this")
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(directories.NotOurs):
        directories.check_ours(str(tmp_path / "link"))


def test_the_walk_ends_at_the_repositorys_root(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert directories.up_to_repository(str(deep)) == [str(deep)]
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere")
    assert directories.up_to_repository(str(deep)) == [str(deep), str(deep.parent)]
