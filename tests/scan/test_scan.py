"""`secretrun scan`: the work tree, the index, commits, archives, transcripts; where, never what."""

import base64
import contextlib
import gzip
import json
import os
import pathlib
import pty
import shlex
import sqlite3
import subprocess
import tarfile
import zipfile

import pytest
import yaml
from support.store import COMMAND, clean_environ, secretrun

ROOT = pathlib.Path(__file__).resolve().parents[2]

SECRET = "Kq8Zt2LmWv5x9Rb3Aa"
CODED = base64.b64encode(f"user:{SECRET}".encode()).decode()


@pytest.fixture
def place(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "store").write_text(SECRET)
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    (project / ".env.secretrun").write_text("API_KEY=file://../store\n")
    (project / "clean.txt").write_text("nothing here\n")
    return project


def git(project, *words):
    env = os.environ | {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b",
                        "GIT_CONFIG_GLOBAL": "/dev/null"}  # fmt: skip
    return subprocess.run(
        ["git", "-C", project, *words], check=True, capture_output=True, text=True, env=env
    ).stdout


def scan(place, *words, **environ):
    env = (
        clean_environ(place.parent / "home")
        | {"SECRETRUN_TRUST": "all", "TMPDIR": str(place.parent / "tmp")}
        | environ
    )
    done = secretrun("scan", *words, env=env, cwd=place)
    for said in (done.stdout, done.stderr):
        assert SECRET.encode() not in said
        assert CODED.encode() not in said
    return done.returncode, done.stdout.decode().splitlines(), done.stderr.decode()


def test_the_work_tree(place):
    assert scan(place)[:2] == (0, [])
    (place / "src").mkdir()
    (place / "src" / "a.py").write_text(f"x = 1\ny = '{SECRET}'\nAuthorization: Basic {CODED}\n")
    (place / ".gitignore").write_text("ignored\n")
    (place / "ignored").write_text(SECRET)
    status, lines, _ = scan(place)
    assert status == 1
    assert [line.split(" (")[0] for line in lines] == ["src/a.py:2: API_KEY", "src/a.py:3: API_KEY"]
    assert "ignored:1: API_KEY (raw)" in scan(place, "--all")[1]
    assert scan(place, "src/a.py")[0] == 1
    assert scan(place, "clean.txt")[0] == 0


def test_plain_env_files_are_looked_for_too(place):
    (place / ".env").write_text("DB_PASSWORD=Zz71-other-secret-9\n")
    (place / ".gitignore").write_text(".env\n")
    (place / "notes").write_text("it is Zz71-other-secret-9\n")
    assert scan(place)[1] == ["notes:1: DB_PASSWORD (raw)"]


def test_what_is_staged(place):
    (place / "a.txt").write_text(SECRET)
    git(place, "add", "a.txt")
    (place / "a.txt").write_text("clean again")
    assert scan(place)[0] == 0
    status, lines, _ = scan(place, "--staged")
    assert (status, len(lines)) == (1, 1)
    assert lines[0].startswith("a.txt@")
    git(place, "commit", "-qm", "first")
    assert scan(place, "--staged")[0] == 0


def test_a_range_of_commits_and_their_messages(place):
    git(place, "add", "clean.txt")
    git(place, "commit", "-qm", "clean")
    (place / "a.txt").write_text(f"1\n{SECRET}\n")
    git(place, "add", "a.txt")
    git(place, "commit", "-qm", "added")
    (place / "a.txt").unlink()
    git(place, "add", "-A")
    git(place, "commit", "-qm", f"removed {SECRET}")
    assert scan(place)[0] == 0
    status, lines, _ = scan(place, "--range", "HEAD~2..HEAD")
    assert status == 1
    assert sorted(line.split("@")[0].split(" ")[0] for line in lines) == ["a.txt", "commit"]
    assert scan(place, "--range", "HEAD~2")[0] == 0
    status, _, said = scan(place, "--range", "nonesuch..HEAD")
    assert (status, "nonesuch" in said) == (125, True)
    assert scan(place, "--range=-x")[0] == 125


def test_archives(place):
    (place / "in").write_text(SECRET)
    with tarfile.open(place / "a.tar.gz", "w:gz") as tar:
        tar.add(place / "in", "in")
    with zipfile.ZipFile(place / "a.whl", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(place / "in", "pkg/in")
    with gzip.open(place / "log.gz", "wt") as file:
        file.write("x\n" + SECRET)
    assert scan(place, "a.tar.gz")[1] == ["a.tar.gz!in:1: API_KEY (raw)"]
    assert scan(place, "a.whl")[1] == ["a.whl!pkg/in:1: API_KEY (raw)"]
    assert scan(place, "log.gz")[1] == ["log.gz!:2: API_KEY (raw)"]
    (place / "bad.zip").write_bytes(b"PK\3\4 no archive")
    status, _, said = scan(place, "bad.zip")
    assert (status, "bad.zip: not a readable archive" in said) == (0, True)


PLACES = [
    ".claude/projects/-x/s.jsonl", ".codex/sessions/2026/11/rollout-1.jsonl", ".codex/history.jsonl",
    ".copilot/session-state/x/events.jsonl", ".gemini/tmp/h/chats/s.json", ".qwen/projects/x/s.jsonl",
    ".local/share/opencode/storage/x.json", ".bash_history", ".zsh_history", ".local/share/fish/fish_history",
    "../tmp/claude-0/p/s/tasks/1.output", "../tmp/1-copilot-tool-output-2.txt", "../project/.aider.chat.history.md",
]  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_transcripts(name, place):
    path = (place.parent / "home" / name).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{{"a": 1}}\n{{"text": "key {SECRET}"}}\n')
    status, lines, _ = scan(place, "--transcripts")
    assert (status, lines) == (1, [f"{path}:2: API_KEY (raw)"])


@pytest.mark.parametrize("name", [".codex/thread_history_1.sqlite", ".local/share/opencode/opencode.db"])
def test_a_database_and_its_write_ahead_log(name, place):
    path = place.parent / "home" / name
    path.parent.mkdir(parents=True)
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA wal_autocheckpoint=0")
    database.execute("CREATE TABLE t (a TEXT)")
    # longer than a page: in the file it lies in pieces, and one cut falls into the value
    for size in range(3900, 4100, 10):
        database.execute("INSERT INTO t VALUES (?)", ("x" * size + SECRET + "y" * 9000,))
    database.commit()
    before = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    try:
        status, lines, _ = scan(place, "--transcripts")
        assert status == 1
        assert any(f"{name}-wal:" in line for line in lines)
        assert len({line for line in lines if f"{name}!t:" in line}) == 20
        assert {file.name: file.read_bytes() for file in path.parent.iterdir() if "shm" not in file.name} == {
            file: data for file, data in before.items() if "shm" not in file
        }
    finally:
        database.close()


def test_reports_for_programs(place):
    (place / "a b.txt").write_text(SECRET)
    status, lines, _ = scan(place, "--json")
    said = json.loads("\n".join(lines))
    assert (status, said["finds"]) == (1, [{"where": "a b.txt", "line": 1, "name": "API_KEY", "form": "raw"}])
    scan(place, "--sarif", "out.sarif")
    sarif = json.loads((place / "out.sarif").read_text())
    where = sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert (sarif["version"], where["artifactLocation"]["uri"], where["region"]["startLine"]) == (
        "2.1.0",
        "a%20b.txt",
        1,
    )
    assert SECRET not in (place / "out.sarif").read_text()


def test_a_ci_scans_without_the_values(place):
    key = {"SECRETRUN_SCAN_KEY": "a key of a CI, long enough"}
    assert scan(place, "--write-fingerprints", "prints.json", **key)[0] == 0
    (place / ".env.secretrun").unlink()
    (place.parent / "store").unlink()
    (place / "a.txt").write_text(f"1\n{SECRET}\n{base64.b64encode(SECRET.encode()).decode()}\n")
    status, lines, _ = scan(place, "--fingerprints", "prints.json", "a.txt", **key)
    assert (status, lines) == (1, ["a.txt:2: API_KEY (raw)", "a.txt:3: API_KEY (base64)"])
    assert scan(place, "--fingerprints", "prints.json", "clean.txt", **key)[0] == 0
    status, _, said = scan(place, "--fingerprints", "prints.json", "a.txt")
    assert (status, "SECRETRUN_SCAN_KEY" in said) == (125, True)
    assert scan(place, "--fingerprints", "clean.txt", "a.txt", **key)[0] == 125


def test_tokens_by_their_shape(place):
    (place / "a.txt").write_text("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\n")
    assert scan(place)[0] == 0
    assert scan(place, "--tokens")[1] == ["a.txt:1: github-token? (shape)"]


def test_what_is_wrong_is_told(place):
    assert scan(place, "missing")[0] == 125
    assert scan(place, "--staged", "clean.txt")[0] == 2
    (place / ".env.secretrun").write_text("A=file://../nonesuch\n")
    status, lines, said = scan(place)
    assert (status, lines, "nothing was looked at" in said) == (125, [], True)
    (place / ".env.secretrun").unlink()
    assert "nothing to look for" in scan(place)[2]


def test_git_makes_no_commit_with_a_value_in_it(place):
    """By the hook that .pre-commit-hooks.yaml names, called as git calls it."""
    (said,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    command = shlex.split(said["entry"])
    assert command[0] == "secretrun"
    hook = place / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec {shlex.join([*COMMAND, *command[1:]])}\n")
    hook.chmod(0o755)
    (place / "notes.txt").write_text(f"the key is {SECRET}\n")
    git(place, "add", "notes.txt")
    env = clean_environ(place.parent / "home") | {"SECRETRUN_TRUST": "all"}
    env |= {
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    commit = ["git", "-C", str(place), "commit", "-qm", "notes"]
    done = subprocess.run(commit, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, "notes.txt@" in done.stdout + done.stderr) == (1, True)
    (place / "notes.txt").write_text("the key is elsewhere\n")
    git(place, "add", "notes.txt")
    assert subprocess.run(commit, env=env, capture_output=True, check=False).returncode == 0


def test_progress_is_shown_on_a_terminal_and_goes_again(place):
    """One line that is wiped before a find and at the end; off a terminal there is none."""
    master, terminal = pty.openpty()
    env = clean_environ(place.parent / "home") | {"SECRETRUN_TRUST": "all", "TERM": "xterm"}
    process = subprocess.Popen([*COMMAND, "scan", "."], env=env, cwd=place, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=terminal)  # fmt: skip
    os.close(terminal)
    said = b""
    with contextlib.suppress(OSError):  # the terminal is gone with its last writer
        while more := os.read(master, 4096):
            said += more
    os.close(master)
    assert process.wait() == 0
    shown, wiped = said.index(b"scanning "), said.rindex(b"\r\x1b[K")
    assert shown < wiped
    assert b"scanning" not in said[wiped:]
    assert b"nothing found in" in said[wiped:]
