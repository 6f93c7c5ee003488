"""Streams without a terminal: bytes, ends, order, back-pressure, and who else holds them."""

import hashlib
import os
import socket
import subprocess
import sys

import pytest
from support.terminal import PATIENCE, PYTHON, SECRET, Wrapper, descendants, is_gone, shlex_join, until

EVERYTHING = bytes(range(256)) + b"\r\n\n\r\x00\x1b[0m" + bytes(reversed(range(256)))


@pytest.mark.script("a terminal turns LF into CRLF and merges the streams")
def test_both_streams_keep_their_own_bytes(finish):
    code = "import os; b = bytes.fromhex(os.environ['B']); os.write(1, b'1' + b); os.write(2, b'2' + b)"
    env = os.environ | {"B": EVERYTHING.hex()}
    assert finish([*PYTHON, "-c", code], env=env) == (0, b"1" + EVERYTHING, b"2" + EVERYTHING)


@pytest.mark.script("a terminal for everybody")
def test_no_terminal_for_the_command_where_there_is_none(finish):
    code = "import os; print([os.isatty(n) for n in range(3)]); os.open('/dev/tty', os.O_RDWR)"
    status, out, err = finish([*PYTHON, "-c", code])
    assert (status, out) == (1, b"[False, False, False]\n")
    assert b"No such device or address" in err


def test_a_file_is_appended_to(wrapper, tmp_path):
    """Output lands after what is there, and the offset moves on for the next program."""
    path = tmp_path / "log"
    path.write_text("before\n")
    command = shlex_join(wrapper(["echo", "command"]))
    subprocess.run(["sh", "-c", f"{{ {command}; echo after; }} >> {path}"], timeout=PATIENCE, check=True)
    assert path.read_text() == "before\ncommand\nafter\n"


ALTERNATE = "import os\nfor i in range(200): os.write(1 + i % 2, b'%d\\n' % i)"


def test_two_streams_on_one_file_keep_their_order(wrapper, tmp_path):
    command = shlex_join(wrapper([*PYTHON, "-c", ALTERNATE]))
    subprocess.run(["sh", "-c", f"{command} > {tmp_path}/f 2>&1"], timeout=PATIENCE, check=True)
    assert (tmp_path / "f").read_text().split() == [str(i) for i in range(200)]


def test_two_streams_on_one_pipe_keep_their_order(finish):
    assert finish([*PYTHON, "-c", ALTERNATE], stderr=subprocess.STDOUT)[1].split() == [
        b"%d" % i for i in range(200)
    ]


def test_sixty_four_megabytes_pass_unchanged(start):
    code = "import os\nb = bytes(range(256)) * 4096\nfor _ in range(64):\n v = memoryview(b)\n while v: v = v[os.write(1, v):]"
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE)
    digest, size = hashlib.md5(), 0
    while data := process.stdout.read(1 << 20):
        digest.update(data)
        size += len(data)
    want = hashlib.md5(bytes(range(256)) * 4096 * 64)
    assert (process.wait(PATIENCE), size, digest.digest()) == (0, 64 << 20, want.digest())


def written(pid_file):
    return int(pid_file.read_text() or 0) if pid_file.exists() else 0


def test_a_reader_that_does_not_read_holds_the_command_back(start, tmp_path):
    """No more than a few MiB are taken from it, and nothing is kept in memory."""
    code = (
        "import os, sys\nn = 0\nwhile True:\n n += os.write(1, b'x' * 65536)\n"
        " f = open(sys.argv[1] + '.new', 'w'); f.write(str(n)); f.close(); os.rename(sys.argv[1] + '.new', sys.argv[1])"
    )
    process = start([*PYTHON, "-c", code, tmp_path / "n"], stdout=subprocess.PIPE)
    until(lambda: written(tmp_path / "n"), "the first write")
    last = []

    def stuck():
        last.append(written(tmp_path / "n"))
        return len(last) > 40 and len(set(last[-40:])) == 1  # 40 looks, 5 ms and more apart

    until(stuck, "the command to be held back")
    assert last[-1] <= 8 << 20
    process.stdout.close()
    until(lambda: process.poll() is not None, "the end when the reader leaves")


def test_a_gigabyte_needs_no_more_memory_than_a_megabyte(wrapper, tmp_path):
    """The wrapper's peak grows by less than 16 MiB over that of a small run."""

    def peak(megabytes):
        report = tmp_path / "peak"
        runner = (
            "import os, resource, sys\n"
            "r, w = os.pipe()\n"
            "pid = os.fork()\n"
            "if pid == 0:\n os.dup2(w, 1); os.closerange(3, 99); os.execvp(sys.argv[2], sys.argv[2:])\n"
            "os.close(w)\n"
            "while os.read(r, 1 << 20): pass\n"
            "usage = os.wait4(pid, 0)[2]\n"
            "open(sys.argv[1], 'w').write(str(usage.ru_maxrss))\n"
        )
        line = "0123456789abcde" * 68 + "\n"
        command = wrapper(["sh", "-c", f"yes '{line.strip()}' | head -c {megabytes << 20}"])
        subprocess.run([*PYTHON, "-c", runner, report, *command], timeout=110, check=True)
        unit = 1 if sys.platform == "darwin" else 1024
        return int(report.read_text()) * unit

    assert peak(1024) - peak(1) < 16 << 20


def test_a_prompt_without_a_newline_shows_at_once(start):
    process = start(
        ["sh", "-c", "printf 'Continue? [y/N] '; read answer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert os.read(process.stdout.fileno(), 100) == b"Continue? [y/N] "
    process.stdin.write(b"y\n")
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


def test_question_and_answer_three_hundred_times(start):
    code = "import sys\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
    process = start([*PYTHON, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for i in range(300):
        process.stdin.write(b"line %d\n" % i)
        process.stdin.flush()
        assert process.stdout.readline() == b"LINE %d\n" % i


COPY = "import sys, hashlib; d = sys.stdin.buffer.read(); print(len(d), hashlib.md5(d).hexdigest())"


@pytest.mark.parametrize(
    "data",
    [EVERYTHING * 2000, b"x" * 100_000 + b"\n", b"a\x03b\x04c\x1ad", b""],
    ids=["binary", "long", "control", "empty"],
)
def test_stdin_arrives_byte_for_byte(finish, data):
    out = finish([*PYTHON, "-c", COPY], data)[1]
    assert out.split() == [b"%d" % len(data), hashlib.md5(data).hexdigest().encode()]


def test_nothing_is_echoed_from_a_pipe(finish):
    assert finish(["cat"], b"one\ntwo\n") == (0, b"one\ntwo\n", b"")


def test_the_rest_of_stdin_is_left_for_the_next_program(wrapper):
    """`while read x; do secretrun true; done` sees every line."""
    command = shlex_join(wrapper(["true"]))
    done = subprocess.run(
        ["bash", "-c", f"while read x; do {command}; echo $x; done"],
        input=b"1\n2\n3\n",
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.stdout == b"1\n2\n3\n"


def test_a_file_on_stdin_is_read_where_the_command_stops(wrapper, tmp_path):
    (tmp_path / "f").write_bytes(b"one\ntwo\n")
    command = shlex_join(wrapper(["sh", "-c", "read x; echo got $x"]))
    done = subprocess.run(
        ["sh", "-c", f"{{ {command}; cat; }} < {tmp_path}/f"], capture_output=True, timeout=PATIENCE
    )
    assert done.stdout == b"got one\ntwo\n"


def test_upstream_ends_when_the_command_does(wrapper):
    """`yes | secretrun head -1`"""
    command = shlex_join(wrapper(["head", "-n", "1"]))
    done = subprocess.run(
        ["bash", "-c", f"yes | {command}; echo ${{PIPESTATUS[0]}}"], capture_output=True, timeout=PATIENCE
    )
    assert done.stdout == b"y\n141\n"


def test_upstream_sees_the_command_close_its_stdin(start):
    """While it runs on: nobody else holds the pipe."""
    process = start(
        [*PYTHON, "-c", "import os; os.close(0); os.write(1, b'.'); os.read(int(os.environ['R']), 1)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **(held := hold()).options,
    )
    os.read(process.stdout.fileno(), 1)

    def broken():
        try:
            os.write(process.stdin.fileno(), b"x" * 65536)
        except BrokenPipeError:
            return True
        return False

    until(broken, "EPIPE upstream")
    held.let_go()
    assert process.wait(PATIENCE) == 0


class hold:
    """A pipe that keeps a command waiting until the test lets it go."""

    def __init__(self):
        self.read, self.write = os.pipe()
        self.options = {"pass_fds": [self.read], "env": os.environ | {"R": str(self.read)}}

    def let_go(self):
        os.close(self.write)
        os.close(self.read)


def test_an_open_silent_stdin_does_not_delay_the_end(start):
    process = start(["true"], stdin=subprocess.PIPE)
    assert process.wait(PATIENCE) == 0
    assert process.stdin.closed is False


def test_the_reader_leaving_ends_an_endless_command(wrapper):
    """`secretrun yes | head -1` ends at once, by SIGPIPE."""
    command = shlex_join(wrapper(["yes"]))
    done = subprocess.run(
        ["bash", "-c", f"{command} | head -n 1; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (done.stdout, done.stderr) == (b"y\n141\n", b"")


def test_the_command_sees_epipe(start):
    code = "import os, signal\nsignal.signal(signal.SIGPIPE, signal.SIG_IGN)\ntry:\n while True: os.write(1, b'x' * 999)\nexcept BrokenPipeError: os._exit(7)"
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE)
    os.read(process.stdout.fileno(), 10)
    process.stdout.close()
    assert process.wait(PATIENCE) == 7


def test_a_stream_the_command_closes_ends_while_it_runs(start):
    held = hold()
    code = "import os; os.write(1, b'.'); os.close(1); os.close(2); os.read(int(os.environ['R']), 1); os._exit(6)"
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **held.options)
    assert process.stdout.read() == b"."
    assert process.stderr.read() == b""
    assert process.poll() is None
    held.let_go()
    assert process.wait(PATIENCE) == 6


def test_a_background_process_does_not_hold_the_wrapper(start):
    """Its stdout stays open, its late output comes through, masked, and it is not killed."""
    held = hold()
    code = (
        "import os\n"
        "if os.fork() == 0:\n"
        " os.read(int(os.environ['R']), 1); os.write(1, b'late ' + os.environb[b'PROBED'] + b'\\n'); os._exit(0)\n"
        "os.write(1, b'early\\n'); os._exit(3)"
    )
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE, **held.options)
    assert process.wait(PATIENCE) == 3
    assert process.stdout.readline() == b"early\n"
    held.let_go()
    late = process.stdout.read()
    if process.args[0] == "env":
        assert late == f"late {SECRET}\n".encode()
    else:
        assert late == b"late [REDACTED:PROBED]\n"


def test_a_daemon_with_streams_of_its_own_delays_nothing(start, tmp_path):
    held = hold()
    code = (
        "import os, sys\n"
        "if os.fork() == 0:\n"
        " os.setsid(); n = os.open('/dev/null', os.O_RDWR); [os.dup2(n, i) for i in range(3)]\n"
        " open(sys.argv[1], 'w').write(str(os.getpid())); os.read(int(os.environ['R']), 1); os._exit(0)\n"
        "while not os.path.exists(sys.argv[1]): pass\n"
    )
    process = start([*PYTHON, "-c", code, tmp_path / "pid"], stdout=subprocess.PIPE, **held.options)
    assert process.stdout.read() == b""
    assert process.wait(PATIENCE) == 0
    pid = int(until((tmp_path / "pid").read_text, "the daemon"))
    assert not is_gone(pid)
    held.let_go()
    until(lambda: is_gone(pid), "the daemon's end")


def test_a_socket_for_stdout(start):
    ours, theirs = socket.socketpair()
    process = start(["sh", "-c", "yes | head -c 200000"], stdout=theirs.fileno())
    theirs.close()
    size = 0
    while data := ours.recv(65536):
        size += len(data)
    ours.close()
    assert (size, process.wait(PATIENCE)) == (200_000, 0)


def test_two_floods_do_not_block_each_other(start):
    """The reader takes all of stderr before it looks at stdout."""
    code = (
        "import os, threading\n"
        "def flood(n):\n v = memoryview(b'%d' % n * (8 << 20))\n while v: v = v[os.write(n, v):]\n"
        " os.close(n)\n"
        "threads = [threading.Thread(target=flood, args=(n,)) for n in (1, 2)]\n"
        "[t.start() for t in threads]; [t.join() for t in threads]"
    )
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr.read() == b"2" * (8 << 20)
    assert process.stdout.read() == b"1" * (8 << 20)
    assert process.wait(PATIENCE) == 0


def test_descriptors_shared_with_others_stay_blocking(start):
    """O_NONBLOCK belongs to the open file, so it would break the neighbours."""
    held = hold()
    code = "import os; os.write(1, b'.'); os.read(int(os.environ['R']), 1)"
    ends = [os.pipe() for _ in range(3)]
    mine = [ends[0][0], ends[1][1], ends[2][1]]
    process = start([*PYTHON, "-c", code], stdin=mine[0], stdout=mine[1], stderr=mine[2], **held.options)
    os.read(ends[1][0], 1)
    during = [os.get_blocking(d) for d in mine]
    held.let_go()
    assert process.wait(PATIENCE) == 0
    assert during + [os.get_blocking(d) for d in mine] == [True] * 6
    for descriptor in (end for pair in ends for end in pair):
        os.close(descriptor)


def test_a_non_blocking_stdout_loses_nothing(start):
    """Some parents leave it so."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    process = start(["sh", "-c", "yes | head -c 3000000 | cat"], stdout=write)
    os.close(write)
    size = 0
    while data := os.read(read, 65536):
        size += len(data)
    os.close(read)
    if process.args[0] != "env":  # cat itself gives up there
        assert size == 3_000_000


def test_a_full_disk_is_told():
    """The command can't know, so we say what was lost."""
    with open("/dev/full", "wb") as full:
        command = Wrapper("secretrun")(["echo", "x"])
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE)
    assert done.returncode == 125
    assert b"can't write the command's stdout: no space left on device" in done.stderr


@pytest.mark.parametrize("pieces", ["whole", "bytes"])
def test_the_secret_is_masked_on_both_streams(start, pieces):
    code = "import os\ns = os.environb[b'PROBED']\n" + (
        "for n in (1, 2): os.write(n, b'<' + s + b'>')"
        if pieces == "whole"
        else "for n in (1, 2):\n for i in range(-1, len(s) + 1): os.write(n, (b'<' + s + b'>')[i + 1:i + 2])"
    )
    process = start([*PYTHON, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=PATIENCE)
    want = f"<{SECRET}>".encode() if process.args[0] == "env" else b"<[REDACTED:PROBED]>"
    assert (out, err) == (want, want)


def test_no_process_of_ours_has_the_secret_among_its_words(start):
    held = hold()
    process = start(
        [*PYTHON, "-c", "import os; os.write(1, b'.'); os.read(int(os.environ['R']), 1)"],
        stdout=subprocess.PIPE,
        **held.options,
    )
    os.read(process.stdout.fileno(), 1)
    for pid in [process.pid, *descendants(process.pid)]:
        words = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True).stdout
        assert SECRET.encode() not in words
    held.let_go()
    assert process.wait(PATIENCE) == 0
