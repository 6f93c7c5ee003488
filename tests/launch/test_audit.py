"""The audit log: names and references, one line a run, for its owner's eyes, and never a value."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from secretrun.backend import Context
from secretrun.errors import ConfigError
from secretrun.launch import audit
from secretrun.reference import parse as parse_reference
from secretrun.resolution.resolve import resolve
from secretrun.resolution.stores import Stores
from secretrun.template.dotenv import parse
from secretrun.template.plan import Plan
from secretrun.testing import MemoryBackend

MEMORY = MemoryBackend(
    {"a": b"s3cret-value", "b": b"s3cret-other", "V": b"s3cret-vault", "s3cret-vault/x": b"s3cret-x"}
)


def record(path, outcome="started"):
    plan = Plan({}, lambda scheme: scheme == "memory")
    plan.add_template(parse("A=memory://a\nL=s3cret-literal\nV=memory://V\nX={{ memory://$V/x }}", "t"), "/")
    plan.imports.append((parse_reference("memory://.?names=skip"), "--from"))
    resolved = resolve(plan, Stores(lambda _: MEMORY, lambda _: Context({})))
    audit.append(str(path), plan, resolved, [b"/bin/\xffcommand", b"s3cret-argument"], outcome)


def test_a_line_has_names_and_references_and_no_value(tmp_path):
    record(tmp_path / "log")
    (line,) = (tmp_path / "log").read_text().splitlines()
    said = json.loads(line)
    assert said["variables"] == {"A": ["memory://a"], "V": ["memory://V"], "X": ["memory://${V}/x"]}
    assert said["imports"] == ["memory://.?names=skip"]
    assert (said["outcome"], said["pid"], said["uid"]) == ("started", os.getpid(), os.getuid())
    assert said["command"] == "/bin/\udcffcommand"
    assert "s3cret" not in line


def test_lines_are_appended_and_the_file_is_its_owners(tmp_path):
    old = os.umask(0)
    try:
        for outcome in ("started", "replaced", "started"):
            record(tmp_path / "log", outcome=outcome)
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o600
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["started", "replaced", "started"]


def test_runs_side_by_side_do_not_mix_their_lines(tmp_path):
    start = threading.Barrier(4)

    def many():
        start.wait(60)
        for _ in range(25):
            record(tmp_path / "log")

    threads = [threading.Thread(target=many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / "log").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 100


def test_a_log_that_can_not_be_written_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ConfigError) as caught:
        record(tmp_path / "gone" / "log")
    assert caught.value.message == f"--audit {tmp_path}/gone/log: no such file or directory"
