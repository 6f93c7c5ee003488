"""The Containerfile's own steps, run in bubblewrap in place of an image builder, and what comes out as PID 1.

The base is this machine's files, read-only; what a builder would copy is what `.dockerignore` lets it.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from support import orphans
from support.store import Store
from support.until import until

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECRET = "sk-live-2b7d9e41c05f4a86"


def steps():
    """The lines of the Containerfile as (word, rest), stage by stage."""
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    words = [line.partition(" ")[::2] for line in lines if line]
    starts = [number for number, (word, _) in enumerate(words) if word == "FROM"]
    return [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]


def base(*mounts):
    """bwrap over this machine's files, with room for a directory in /opt and one at the top."""
    words = ["bwrap", "--unshare-pid", "--die-with-parent"]
    for place in (*sorted(pathlib.Path("/").iterdir()), *sorted(pathlib.Path("/opt").iterdir())):
        if place.is_symlink():
            words += ["--symlink", os.readlink(place), str(place)]
        elif str(place) == "/opt":
            words += ["--dir", "/opt"]
        elif str(place) not in {"/proc", "/dev", "/tmp", "/opt/secretrun"} and os.access(place, os.R_OK):
            words += ["--ro-bind", str(place), str(place)]
    return [*words, "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *map(str, mounts)]


def image(place):
    """/opt/secretrun, as the first stage makes it; with the last stage's words."""
    context, made = place / "context", place / "secretrun"
    context.mkdir()
    made.mkdir()
    let = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    for name in let:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, context / name, ignore=shutil.ignore_patterns("__pycache__", "target")
            )
        else:
            shutil.copy(ROOT / name, context)
    build, last = steps()
    python = pathlib.Path(sys.executable).resolve().parent
    environ = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    environ |= {"PATH": f"{python}:/usr/bin:/bin", "HOME": "/tmp", "PIP_CACHE_DIR": "/tmp/pip"}
    environ.pop("PIP_CONSTRAINT", None)
    for word, rest in build:
        if word == "RUN":
            done = subprocess.run(
                [*base("--bind", context, "/src", "--bind", made, "/opt/secretrun"), "sh", "-c", rest],
                env=environ, capture_output=True, text=True, timeout=500,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made, dict(last)


def application(place):
    """A directory with a template and a store, and the key's file."""
    place.mkdir()
    store = Store(place, {"API_KEY": SECRET}, name="secrets.enc.env")
    (place / ".env.secretrun").write_text("API_KEY=sops://secrets.enc.env#/API_KEY\n")
    (place / "orphans.py").write_text(orphans.SCRIPT)
    return place, pathlib.Path(store.key)


def container(made, said, place, key):
    """What `podman run IMAGE ...` starts: the entry point as PID 1, nothing writable, no network."""
    path = re.match(r"PATH=(.*)", said["ENV"]).group(1)
    uid, _, gid = said["USER"].partition(":")
    words = [
        *base("--ro-bind", made, "/opt/secretrun", "--ro-bind", place, "/app", "--ro-bind", key, "/tmp/key"),
        "--remount-ro", "/tmp", "--as-pid-1", "--unshare-user", "--unshare-net", "--uid", uid, "--gid", gid, "--clearenv",
        "--setenv", "PATH", path, "--setenv", "SOPS_AGE_KEY_FILE", "/tmp/key", "--chdir", said["WORKDIR"],
    ]  # fmt: skip

    def command(*arguments):
        return [*words, *json.loads(said["ENTRYPOINT"]), *(arguments or json.loads(said["CMD"]))]

    return command


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_image(tmp_path):
    """One test, since it takes one build."""
    made, said = image(tmp_path)
    sops_can_be_run_and_not_read(made)
    started = container(made, said, *application(tmp_path / "app"))
    without_arguments_it_helps(started)
    it_opens_the_store_masks_reaps_and_ends_as_the_command_ends(started)
    a_stop_reaches_the_command(started, tmp_path)


def without_arguments_it_helps(container):
    done = subprocess.run(container(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: secretrun ")


def it_opens_the_store_masks_reaps_and_ends_as_the_command_ends(container):
    """No home, no place to write: the key by a mounted file, the template by -e."""
    done = subprocess.run(
        container("-e", ".env.secretrun", "--", "python3", "-I", "-S", "orphans.py"),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout == "zombies 0 [REDACTED:API_KEY]\n"


def a_stop_reaches_the_command(container, tmp_path):
    """The signal that `podman stop` sends to PID 1: the command's own handler decides."""
    out = tmp_path / "out"
    script = "trap 'echo stopped; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
    with out.open("wb") as file:
        running = subprocess.Popen(
            [*container("-e", ".env.secretrun", "--", "sh", "-c", script)],
            stdout=file,
            stdin=subprocess.DEVNULL,
        )
        try:
            until(lambda: b"ready" in out.read_bytes(), "the command")
            (first,) = first_processes(running.pid)
            os.kill(first, 15)
            assert running.wait(60) == 9
        finally:
            running.kill()
            running.wait()
    assert out.read_text() == "ready\nstopped\n"


def first_processes(outer):
    """The processes of `outer`'s tree that are PID 1 of a namespace of their own."""
    found, waiting = [], [outer]
    while waiting:
        pid = waiting.pop()
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        numbers = re.search(r"^NSpid:\s*(.*)$", status, re.MULTILINE).group(1).split()
        if len(numbers) > 1 and numbers[-1] == "1":
            found.append(pid)
        waiting += map(int, children)
    return found


def sops_can_be_run_and_not_read(made):
    """So the kernel lets no neighbour look into it while it holds a key."""
    assert (made / "bin" / "sops").stat().st_mode & 0o777 == 0o111
    assert not list(made.glob("lib/python3*/site-packages/pip"))
