"""Much at once on a terminal: output that nobody reads, pastes, processes that stay in the background."""

import os
import select
import signal

import pytest
from support.terminal import PYTHON, until


@pytest.mark.parametrize("size", [8 << 20])
def test_megabytes_of_lines_arrive_in_order(terminal, size):
    line = b"0123456789abcdef" * 4 + b"-%07d\n"
    count = size // 73
    code = f"import os\nb = b''.join({line!r} % i for i in range({count}))\nv = memoryview(b)\nwhile v: v = v[os.write(1, v):]"
    job = terminal([*PYTHON, "-c", code])
    code, screen = job.end()
    assert code == 0
    assert screen == b"".join(line % i for i in range(count)).replace(b"\n", b"\r\n")


def test_a_terminal_that_does_not_read_holds_the_command_back(terminal, probe):
    job = terminal(probe.command)
    probe.ready().order("data = b'0123456789abcde\\n' * 65536")
    probe.answer()
    probe.order("v = memoryview(data)\nwhile v: v = v[os.write(1, v):]")
    assert select.select([probe.connection], [], [], 1)[0] == []  # it can't have finished
    probe.leave()
    code, screen = job.end()
    assert (code, len(screen)) == (0, 65536 * 17)


def test_a_mebibyte_is_pasted_full_duplex(terminal, probe):
    """A raw command that echoes what it reads: both directions at once, every byte, in order."""
    data = (b"0123456789abcdef" * 63 + b"paste end line.\n") * 1028
    job = terminal(probe.command)
    probe.ready().do("__import__('tty').setraw(0)")
    probe.order(
        f"n = 0\nwhile n < {len(data)}:\n d = os.read(0, 65536)\n n += len(d)\n while d: d = d[os.write(1, d):]"
    )
    job.type(data)
    until(lambda: job.take() or len(job.screen) >= len(data), "the echo")
    assert job.screen == data
    assert probe.answer() is None
    probe.leave()
    assert job.end()[0] == 0


def test_output_goes_on_when_nobody_reads_what_is_typed(terminal, probe):
    job = terminal(probe.command)
    probe.ready().do("__import__('tty').setraw(0)")
    try:
        while True:
            os.write(job.master, b"x" * 4096)
            if job.take(0.2) or len(job.screen) > 1 << 20:
                break
    except BlockingIOError:
        pass  # the whole way down is full
    probe.do("os.write(1, b'still here')")
    job.expect(b"still here")
    probe.leave()
    assert job.end()[0] == 0


def test_a_thousand_lines_pasted_into_a_cooked_command(terminal, tmp_path):
    lines = b"".join(b"%04d %s\n" % (i, b"z" * 54) for i in range(1000))
    job = terminal(["sh", "-c", f"echo up; cat > {tmp_path}/out"])
    job.expect(b"up\r\n")
    job.type(lines + b"\x04")
    assert job.end()[0] == 0
    assert (tmp_path / "out").read_bytes() == lines


def test_a_background_process_does_not_hold_the_terminal(terminal, probe):
    """The status comes at once; what it prints later still shows, masked; it is not killed."""
    job = terminal(probe.command)
    fifo = os.path.join(probe.directory, "fifo")
    os.mkfifo(fifo)
    late = f"open({fifo!r}).read(); os.write(1, b'late ' + os.environb[b'PROBED'] + b'.\\n')"
    probe.ready().do(f"spawn({late!r})")
    probe.do("os.write(1, b'early\\n')")
    probe.leave(3)
    assert job.event("ended")["code"] == 3
    job.expect(b"early\r\n")
    with open(fifo, "w"):
        pass
    assert job.expect(b".\r\n").startswith(b"late ")


@pytest.mark.parametrize("stream", [1, 2])
def test_a_daemon_on_a_terminal_delays_nothing(terminal, tmp_path, stream):
    code = (
        "import os, sys\nif os.fork() == 0:\n os.setsid(); n = os.open('/dev/null', os.O_RDWR)\n [os.dup2(n, i) for i in range(3)]\n"
        " open(sys.argv[1], 'w').write(str(os.getpid())); __import__('signal').pause()\n"
        "while not os.path.exists(sys.argv[1]): pass\n"
        f"os.write({stream}, b'done\\n')"
    )
    job = terminal([*PYTHON, "-c", code, tmp_path / "pid"])
    assert job.end() == (0, b"done\r\n")
    pid = int(until((tmp_path / "pid").read_text, "the daemon"))
    os.kill(pid, signal.SIGKILL)  # raises if it were gone
