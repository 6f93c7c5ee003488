"""For any project file: what a run reads, writes, contacts and starts is a subset of what `allow` showed.

Traced with strace; without it, or without the right to trace, the test fails by name.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CALLS = "open,openat,creat,execve,execveat,connect,unlink,unlinkat,rename,renameat2,mkdir,mkdirat,symlink,link,truncate"
OWN = ("../home/state/secretrun", "../home/.config/secretrun")  # what was agreed to, the user's own settings
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC")


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """A project with files that templates may name, and more that none does; every one is watched."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.fail("the test of what a run does needs strace: apt install strace")
    if subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True).returncode:
        pytest.fail("the test of what a run does needs the right to trace (ptrace)")
    place = tmp_path_factory.mktemp("reach")
    (place / "project" / "bin").mkdir(parents=True)
    for name in ("dev", "prod", "other", "unnamed"):
        (place / "project" / f"{name}.txt").write_text(f"value-of-{name}-0123456789")
    for name in ("true", "env", "hook.sh", "backend"):
        (place / "project" / "bin" / name).write_text("#!/bin/sh\nexit 0\n")
        (place / "project" / "bin" / name).chmod(0o755)
    for name in ("notes.txt", ".netrc", ".aws/config", ".kube/config", ".config/sops/age/keys.txt"):
        (place / "home" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "home" / name).write_text("of the user alone\n")
    return place


NAMES = st.sampled_from(["A", "B", "APP_ENV", "PATH", "BASH_ENV", "LD_LIBRARY_PATH", "BASE_URL", "GIT_SSH"])
FILES = st.sampled_from(["dev", "prod", "other", "$APP_ENV", "${APP_ENV:-other}", "${A:+prod}"])
TEXTS = st.one_of(
    st.builds("file://{}.txt".format, FILES),
    st.builds("x{{{{ file://{}.txt }}}}y".format, FILES),
    st.sampled_from(["file://../home/notes.txt", "file://~/.netrc", "file://$HOME/.aws/config"]),
    st.sampled_from(
        ["dev", "prod", "./bin", "./bin:$PATH", "http://127.0.0.1:9/", "bin/hook.sh", "exec://bin/hook.sh"]
    ),
)
LINES = st.lists(st.builds("{}={}".format, NAMES, TEXTS), max_size=5)
TABLES = st.lists(st.tuples(NAMES, TEXTS), max_size=4, unique_by=lambda pair: pair[0])


def toml(pairs):
    return "[secrets]\n" + "".join(f'{name} = "{text}"\n' for name, text in pairs)


PROJECTS = st.one_of(
    st.builds(lambda lines: (".env.secretrun", "\n".join(lines) + "\n"), LINES),
    st.builds(lambda lines: (".env", "\n".join(lines) + "\n"), LINES),
    st.builds(lambda pairs: ("secretrun.toml", toml(pairs)), TABLES),
)


def run(place, *arguments, env=None, words=()):
    home = place / "home"
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "XDG_STATE_HOME": str(home / "state"),
        "APP_ENV": "dev", **(env or {}),
    }  # fmt: skip
    return subprocess.run(
        [*words, sys.executable, "-m", "secretrun", *arguments], cwd=place / "project", env=environ,
        capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def whole(lines):
    """strace's lines, each call on one with its result: several processes at once break them in two."""
    begun = {}
    for line in lines:
        pid, _, rest = line.partition(" ")
        if rest.endswith("<unfinished ...>"):
            begun[pid] = line.removesuffix("<unfinished ...>")
        elif "<... " in rest and " resumed>" in rest:
            yield begun.pop(pid, f"{pid} ") + rest.partition(" resumed>")[2]
        else:
            yield line
    yield from begun.values()


def traced(place, pin):
    """(files of project and home that were opened, what was changed in them, programs started, addresses)."""
    log = place / "trace"
    run(place, "-q", "--", "true", env={"SECRETRUN_ALLOW": pin},
        words=["strace", "-f", "-qq", "-s", "4096", "-e", f"trace={CALLS}", "-o", str(log)])  # fmt: skip
    opened, changed, started, contacted = set(), set(), set(), set()
    project, ours = str(place / "project"), str(place) + "/"
    for line in whole(log.read_text(errors="replace").splitlines()):
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if not call or " = -1 " in line:
            continue
        name, rest = call.groups()
        paths = [
            os.path.normpath(os.path.join(project, path))
            for path in re.findall(r'"((?:[^"\\]|\\.)*)"', rest)[:2]
        ]
        if name.startswith("exec"):
            started.add(paths[0])
        elif name == "connect":
            contacted.add(rest)
        elif name in ("open", "openat"):
            if paths and paths[0].startswith(ours):
                (changed if WRITING.search(rest) else opened).add(os.path.relpath(paths[0], project))
        else:
            changed.update(path for path in paths if path.startswith(ours))
    return opened, changed, started, contacted


@pytest.mark.slow
@settings(max_examples=25, derandomize=True, suppress_health_check=list(HealthCheck))
@given(project=PROJECTS)
def test_a_run_does_no_more_than_allow_has_shown(ground, project):
    name, text = project
    for old in (".env.secretrun", ".env", "secretrun.toml"):
        (ground / "project" / old).unlink(missing_ok=True)
    (ground / "project" / name).write_text(text)
    shown = run(ground, "allow")
    pin = run(ground, "allow", "--print").stdout.strip()
    refused = run(ground, "--", "sh", "-c", "touch ../started")
    asked = "is not agreed to" in refused.stderr
    assert not (asked and (ground / "started").exists())
    (ground / "started").unlink(missing_ok=True)
    opened, changed, started, contacted = traced(ground, pin)
    said = shown.stdout
    opened -= {".", "../home"} | {os.path.relpath(path, ground / "project") for path in started}  # scripts
    files = {file for file in opened if not file.startswith((".env", "secretrun.toml", ".git", *OWN))}
    assert all(os.path.basename(file) in said for file in files), (files, said)
    assert changed == set()
    assert not any("127.0.0.1" in one or "inet" in one for one in contacted), contacted
    python = {sys.executable, os.path.realpath(sys.executable)}
    own = {path for path in started - python if path.startswith(str(ground / "project"))}
    assert all(os.path.relpath(path, ground / "project").split("/")[0] in said for path in own), (own, said)
    others = {Path(path).name for path in started - python - own}
    assert others <= {"true"}, others


def test_the_trace_sees_what_a_run_does(ground):
    """Or the property above would hold for nothing."""
    (ground / "project" / ".env").unlink(missing_ok=True)
    (ground / "project" / "secretrun.toml").unlink(missing_ok=True)
    (ground / "project" / ".env.secretrun").write_text("A=file://dev.txt\nPATH=./bin:$PATH\n")
    opened, changed, started, _ = traced(ground, run(ground, "allow", "--print").stdout.strip())
    assert "dev.txt" in opened
    assert "unnamed.txt" not in opened
    assert changed == set()
    assert str(ground / "project" / "bin" / "true") in started
    (ground / "project" / ".env.secretrun").write_text("A=file://~/.netrc\n")
    assert "../home/.netrc" in traced(ground, run(ground, "allow", "--print").stdout.strip())[0]
