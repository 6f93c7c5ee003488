"""What reaches the command: words, variables, descriptors, limits, dispositions; and what comes back."""

import json
import os
import resource
import signal
import subprocess
import sys

import pytest
from support.terminal import PYTHON, shlex_join

pytestmark = pytest.mark.usefixtures("masked")

SHOW = """
import json, os, signal, resource, sys
ignored = [n for n in signal.valid_signals() if signal.getsignal(n) == signal.SIG_IGN]
masked = [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, [])]
old = os.umask(0)
descriptors = []
for n in range(256):
    try: os.fstat(n)
    except OSError: continue
    descriptors.append(n)
status = {k: v for k, _, v in (line.partition(":\\t") for line in open("/proc/self/status").read().splitlines())} if os.path.exists("/proc/self/status") else {}
print(json.dumps({
    "argv": [os.fsencode(a).hex() for a in sys.argv[1:]],
    "env": {k.hex(): v.hex() for k, v in os.environb.items()},
    "umask": old, "cwd": os.getcwd(), "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE), "descriptors": descriptors,
    "ignored": int(status.get("SigIgn", "0"), 16), "masked": masked, "parent": os.getppid(),
}))
"""


def show(finish, *arguments, **options):
    status, out, err = finish([*PYTHON, "-c", SHOW, *arguments], **options)
    assert (status, err) == (0, b"")
    return json.loads(out)


def test_words_reach_the_command_byte_for_byte(finish):
    """Spaces, quotes, globs, newlines, nothing and bytes that are no UTF-8."""
    words = [b"a b", b"'\"`$(x)", b"*", b"", b"two\nlines", b"\xff\xfe", b"--", b"-h"]
    assert show(finish, *words)["argv"] == [word.hex() for word in words]


def test_variables_reach_the_command_byte_for_byte(finish, monkeypatch):
    values = {b"EMPTY": b"", b"LINES_OF": b"a\nb", b"EQUALS": b"a=b=c", b"BYTES": b"\xff\x80"}
    for name, value in values.items():
        monkeypatch.setitem(os.environb, name, value)
    env = show(finish)["env"]
    assert {name: env.get(name.hex()) for name in values} == {n: v.hex() for n, v in values.items()}


def test_a_megabyte_of_words_arrives(finish):
    word = b"x" * 100_000
    assert show(finish, *[word] * 10)["argv"] == [word.hex()] * 10


def test_argv0_is_the_word_as_typed(finish, tmp_path, monkeypatch):
    (tmp_path / "alias").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert finish(["alias", "-c", "echo $0"])[1] == b"alias\n"


def test_directory_umask_and_limits_are_the_callers(finish, tmp_path):
    def limit():
        os.umask(0o027)
        resource.setrlimit(resource.RLIMIT_NOFILE, (777, 777))

    shown = show(finish, cwd=tmp_path, preexec_fn=limit)
    assert (shown["umask"], shown["cwd"], shown["files"]) == (0o027, str(tmp_path), [777, 777])


def test_the_command_keeps_the_callers_core_limit(finish):
    """Ours is 0; a developer who debugs the command still gets its core."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    lower = min(4096, limit[1]) if limit[1] >= 0 else 4096

    shown = show(finish, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (lower, limit[1])))
    assert shown["core"] == [lower, limit[1]]


def test_signals_are_at_their_defaults_in_the_command(finish):
    """SIGPIPE above all, which Python ignores."""
    shown = show(finish)
    own = {signal.SIGPIPE, signal.SIGXFSZ, 32, 33}  # what the Python that shows it and libc ignore themselves
    ignored = {number for number in range(1, 65) if shown["ignored"] >> (number - 1) & 1}
    assert (ignored - own, shown["masked"]) == (set(), [])


def test_sigpipe_is_at_its_default_in_the_command(finish):
    """A shell can't tell by itself, so ask one for its children's fate."""
    script = "(yes; echo $? >&2) | head -n 1"
    assert finish(["bash", "-c", script])[1:] == (b"y\n", b"141\n")


def test_ignored_and_blocked_signals_stay_so_in_the_command(finish):
    """As nohup and background jobs of a script leave them."""

    def dispositions():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])

    shown = show(finish, preexec_fn=dispositions)
    ignored = {number for number in range(1, 65) if shown["ignored"] >> (number - 1) & 1}
    assert {signal.SIGINT, signal.SIGHUP, signal.SIGCHLD} <= ignored
    assert shown["masked"] == [signal.SIGUSR1]


def test_descriptors_above_2_are_inherited(finish, wrapper):
    """Process substitution, make's job server, fd 3 protocols."""
    read, write = os.pipe()
    os.write(write, b"through\n")
    os.close(write)
    code = f"import os; os.write(1, os.read({read}, 99))"
    status, out, _ = finish([*PYTHON, "-c", code], pass_fds=[read])
    os.close(read)
    assert (status, out) == (0, b"through\n")


def test_no_descriptor_leaks_into_the_command(finish):
    assert show(finish)["descriptors"] == [0, 1, 2]


CLOSED = """
import os, sys
closed = []
for n in range(3):
    try: os.fstat(n)
    except OSError: closed.append(n)
open(sys.argv[1], "w").write(str(closed))
os._exit(5)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stay_closed(wrapper, tmp_path, closed):
    """The command sees them closed, as without a wrapper, and its status comes back."""
    command = wrapper([*PYTHON, "-c", CLOSED, tmp_path / "seen"])
    done = subprocess.run(["sh", "-c", f"{shlex_join(command)} {closed}"], capture_output=True, timeout=60)
    assert done.returncode == 5
    want = [n for n, mark in enumerate(("<&-", " >&-", "2>&-")) if mark in " " + closed]
    assert json.loads((tmp_path / "seen").read_text()) == want


def test_the_parent_lives(finish):
    assert show(finish)["parent"] > 1


def test_a_script_without_a_first_line_is_run_by_sh(finish, tmp_path):
    """As execvp(3), env and every shell do."""
    script = tmp_path / "script"
    script.write_text("echo ran by sh: $1\n")
    script.chmod(0o755)
    assert finish([script, "word"])[:2] == (0, b"ran by sh: word\n")


def test_path_is_the_commands_own(finish, tmp_path):
    tool = tmp_path / "only-here"
    tool.write_text("#!/bin/sh\necho found\n")
    tool.chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    assert finish(["only-here"], env=env)[:2] == (0, b"found\n")


def test_a_command_that_is_not_there_gives_127(finish):
    status, out, err = finish(["no-such-command-anywhere"])
    assert (status, out) == (127, b"")
    assert b"no-such-command-anywhere" in err


def test_a_path_that_is_not_there_gives_127(finish):
    assert finish(["/no/such/command"])[0] == 127


def test_a_file_that_is_no_program_gives_126(finish, tmp_path):
    (tmp_path / "text").write_text("hello\n")
    status, out, err = finish([tmp_path / "text"])
    assert (status, out) == (126, b"")
    assert b"text" in err


def test_a_directory_gives_126(finish, tmp_path):
    assert finish([tmp_path])[0] == 126


@pytest.mark.script("it writes to the terminal it makes, not to nothing")
def test_the_wrapper_itself_says_nothing(finish):
    out = finish(["sh", "-c", "echo x >&2"])
    assert out == (0, b"", b"x\n")


@pytest.mark.parametrize("status", [0, 1, 2, 42, 124, 125, 126, 127, 128, 130, 137, 143, 255])
def test_the_exit_status_comes_back(finish, status):
    assert finish(["sh", "-c", f"exit {status}"])[0] == status


@pytest.mark.parametrize(
    "name", ["TERM", "KILL", "SEGV", "ABRT", "HUP", "INT", "QUIT", "USR1", "PIPE", "ALRM"]
)
def test_death_by_a_signal_is_a_death_by_that_signal(finish, name):
    """So that a shell stops its script at SIGINT, and make and xargs know an interrupt."""
    assert finish(["sh", "-c", f"kill -{name} $$"])[0] == -getattr(signal, f"SIG{name}")


def test_a_shell_stops_its_script_when_the_command_dies_of_sigint(wrapper):
    command = shlex_join(wrapper(["sh", "-c", "kill -INT $$"]))
    done = subprocess.run(["bash", "-c", f"set -e; {command}; echo went on"], capture_output=True, timeout=60)
    assert b"went on" not in done.stdout


def test_nothing_to_mask_leaves_no_wrapper(tmp_path, monkeypatch):
    """Then secretrun becomes the command."""
    monkeypatch.delenv("SECRETRUN_MASK_ENV")
    command = [sys.executable, "-m", "secretrun", "--", "sh", "-c", "echo $$"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert int(process.stdout.read()) == process.pid
