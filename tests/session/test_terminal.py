"""On a terminal: what the command sees of it, what the user sees of the command."""

import itertools
import json
import os
import pty
import signal
import termios

import pytest
from support.terminal import PYTHON, SECRET, Terminal, Wrapper, shlex_join, until

STDINS = ["terminal", "pipe", "file", "null"]
STREAMS = ["terminal", "pipe", "file"]
REPORT = """
import os, sys, json
seen = {"tty": [os.isatty(n) for n in range(3)]}
if not os.isatty(0): seen["in"] = sys.stdin.buffer.read().decode("latin-1")
open(sys.argv[1], "w").write(json.dumps(seen))
os.write(1, b"out\\n"); os.write(2, b"err\\n"); os.write(1, b"more\\n")
os._exit(9)
"""


def read_all(descriptor):
    data = b""
    while chunk := os.read(descriptor, 65536):
        data += chunk
    os.close(descriptor)
    return data


@pytest.mark.parametrize("stdin", STDINS)
@pytest.mark.parametrize(("stdout", "stderr"), list(itertools.product(STREAMS, STREAMS)))
def test_matrix(terminal, tmp_path, stdin, stdout, stderr):
    """Every stream by itself: isatty, the bytes on it, stdin to its end, the status."""
    typed = b"a\x03b\x04\x1a\r\nlast"
    ends, given = {}, []
    if stdin == "pipe":
        read, write = os.pipe()
        os.write(write, typed)
        os.close(write)
        given.append(read)
    elif stdin == "file":
        (tmp_path / "in").write_bytes(typed)
        given.append(os.open(tmp_path / "in", os.O_RDONLY))
    else:
        given.append(None if stdin == "terminal" else os.open(os.devnull, os.O_RDONLY))
    for number, kind in ((1, stdout), (2, stderr)):
        if kind == "terminal":
            given.append(None)
        elif kind == "pipe":
            ends[number], write = os.pipe()
            given.append(write)
        else:
            given.append(os.open(tmp_path / str(number), os.O_WRONLY | os.O_CREAT))
    job = terminal([*PYTHON, "-c", REPORT, tmp_path / "seen"], streams=given)
    code, screen = job.end()
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["tty"] == [stdin == "terminal", stdout == "terminal", stderr == "terminal"]
    assert seen.get("in", "") == ({"terminal": b"", "null": b""}.get(stdin, typed)).decode("latin-1")
    want_screen = {
        (True, True): b"out\r\nerr\r\nmore\r\n", (True, False): b"out\r\nmore\r\n", (False, True): b"err\r\n",
        (False, False): b"",
    }  # fmt: skip
    assert screen == want_screen[stdout == "terminal", stderr == "terminal"]
    for number, kind, text in ((1, stdout, b"out\nmore\n"), (2, stderr, b"err\n")):
        if kind == "pipe":
            assert read_all(ends[number]) == text
        elif kind == "file":
            assert (tmp_path / str(number)).read_bytes() == text
    assert code == 9


def test_window_size_with_pixels_from_the_first_instruction(terminal, probe):
    job = terminal(probe.command, size=(37, 113, 800, 600))
    probe.ready()
    assert probe.do("[size(n) for n in range(3)]") == [[37, 113, 800, 600]] * 3
    probe.leave()
    assert job.end()[0] == 0


def test_resizing_reaches_the_command(terminal, probe):
    job = terminal(probe.command)
    probe.ready().do("count('SIGWINCH')")
    for rows in (30, 31, 32):
        job.resize(rows, 99, 7, 8)
        until(lambda rows=rows: probe.do("size(1)") == [rows, 99, 7, 8], "the new size")
    until(lambda: probe.seen().count("SIGWINCH") == 3, "three SIGWINCH")
    probe.leave()
    assert job.end()[0] == 0


def test_modes_are_copied(terminal, probe):
    """A backspace key, echo, flow control: as the user has set them."""

    def setup(attributes):
        attributes[0] |= termios.IXANY
        attributes[3] &= ~termios.ECHOK
        attributes[6][termios.VERASE] = b"\x08"
        attributes[6][termios.VINTR] = b"\x19"

    job = terminal(probe.command, setup=setup)
    seen = probe.ready().do("modes(0)")
    want = [
        *job.modes_before[:6],
        [int.from_bytes(c, "big") if isinstance(c, bytes) else c for c in job.modes_before[6]],
    ]
    assert seen == want
    probe.leave()
    assert job.end()[0] == 0


def test_the_command_is_in_the_foreground(terminal, probe):
    job = terminal(probe.command)
    assert (
        probe.ready().do("[os.isatty(n) for n in range(3)] + [os.tcgetpgrp(0) == os.getpgrp()]") == [True] * 4
    )
    probe.leave()
    assert job.end()[0] == 0


def test_dev_tty_is_the_users_terminal(terminal):
    job = terminal(["sh", "-c", "printf ask > /dev/tty; read x < /dev/tty; echo got $x"])
    job.expect(b"ask")
    job.type(b"word\n")
    job.expect(b"got word\r\n")
    assert job.end()[0] == 0


TEXT = b"plain\ncr\r\n\ttab \x1b[31mred\x1b[0m \xc3\xa4 50%\r100%\r\n\r\r\n\xff end"


def test_the_screen_is_the_same_byte_for_byte(terminal):
    code = f"import os; os.write(1, bytes.fromhex('{TEXT.hex()}'))"
    assert terminal([*PYTHON, "-c", code]).end() == (0, TEXT.replace(b"\n", b"\r\n"))


@pytest.mark.parametrize(
    "flags", [0, termios.OPOST, termios.OPOST | termios.ONLCR | termios.OCRNL, termios.OPOST | termios.ONLRET]
)
def test_output_processing_happens_once_whatever_it_is(cleanup, flags):
    """The terminal's own modes: below secretrun as below nothing."""

    def setup(attributes):
        attributes[1] = flags

    code = f"import os; os.write(1, bytes.fromhex('{TEXT.hex()}'))"
    screens = []
    for name in ("env", "secretrun"):
        job = Terminal(Wrapper(name)([*PYTHON, "-c", code]), setup=setup)
        cleanup.append(job)
        screens.append(job.end())
    assert screens[0] == screens[1]


@pytest.mark.parametrize(
    "script",
    [
        "stty -onlcr; printf 'ab\\ncd\\n'",
        "stty -onlcr; printf 'ab\\n'; stty onlcr; printf 'cd\\n'",
        "printf 'ab\\n'; stty -opost; printf 'cd\\r\\n'; stty opost; printf 'ef\\n'",
        "stty ocrnl; printf 'ab\\r\\n'; stty -ocrnl; printf 'cd\\n'",
        "stty tab3; printf 'a\\tb\\n'; stty -onlcr; printf 'a\\tb\\n'",
    ],
)
def test_output_modes_that_the_command_sets_are_followed(terminal, cleanup, script):
    """Each newline and tab shows as it does bare, also of what is read after the modes have changed again."""
    bare = Terminal(Wrapper("env")(["sh", "-c", script]))
    cleanup.append(bare)
    job = terminal(["sh", "-c", script])
    assert job.end() == bare.end()


def test_both_streams_on_the_terminal_keep_their_order(terminal):
    code = "import os\nfor i in range(100): os.write(1 + i % 2, b'%d\\n' % i)"
    assert terminal([*PYTHON, "-c", code]).end()[1].split() == [b"%d" % i for i in range(100)]


def test_a_line_is_echoed_once_and_printed_once(terminal):
    job = terminal(["sh", "-c", "echo up; cat"])
    job.expect(b"up\r\n")
    job.type(b"hello\n")
    job.expect(b"hello\r\nhello\r\n")
    job.type(b"\x04")
    code, rest = job.end()
    assert (code, rest) == (0, b"")


def test_a_password_is_read_and_not_echoed(terminal):
    code = "import getpass; p = getpass.getpass('Password: '); print('length', len(p)); input('again? ')"
    job = terminal([*PYTHON, "-c", code])
    job.expect(b"Password: ")
    job.type(b"tell-nobody\n")
    assert b"nobody" not in job.expect(b"length 11")
    job.expect(b"again? ")
    job.type(b"yes\n")
    job.expect(b"yes")
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


def test_every_byte_typed_reaches_a_raw_command(terminal, probe):
    """Ctrl-C, Ctrl-Z, Ctrl-S, DEL, ESC, bytes above 127."""
    job = terminal(probe.command)
    probe.ready().do("__import__('tty').setraw(0)")
    job.type(bytes(range(256)))
    probe.do("data = b''")
    until(lambda: probe.do("exec('data += os.read(0, 999)') or len(data)") == 256, "256 bytes")
    assert bytes.fromhex(probe.do("data.hex()")) == bytes(range(256))
    probe.leave()
    assert job.end()[0] == 0


def test_a_terminal_query_is_answered(terminal, probe):
    """DSR: the command asks where the cursor is, the terminal types the answer."""
    job = terminal(probe.command)
    probe.ready().do("__import__('tty').setraw(0); os.write(1, b'\\x1b[6n')")
    job.expect(b"\x1b[6n")
    job.type(b"\x1b[12;40R")
    assert probe.do("os.read(0, 99).hex()") == b"\x1b[12;40R".hex()
    probe.leave()
    assert job.end()[0] == 0


def test_what_was_typed_before_the_start_is_read(terminal):
    job = terminal(["sh", "-c", "read x; echo got $x"], typed=b"early\n")
    job.expect(b"got early\r\n")
    assert job.end()[0] == 0


def test_a_prompt_without_a_newline_shows(terminal):
    job = terminal(["sh", "-c", "printf 'Name: '; read x; echo $x"])
    job.expect(b"Name: ")
    job.type(b"me\n")
    job.expect(b"me\r\nme\r\n")
    assert job.end()[0] == 0


def test_ctrl_s_stops_the_output_and_ctrl_q_lets_it_go_on(terminal):
    job = terminal(["sh", "-c", "while :; do echo tick; done"])
    job.expect(b"tick")
    job.type(b"\x13")
    last = []

    def silent():
        job.screen = b""
        job.take(0.05)
        last.append(job.screen)
        return len(last) > 10 and not any(last[-10:])

    until(silent, "silence after Ctrl-S")
    job.type(b"\x11")
    job.expect(b"tick")
    job.type(b"\x03")
    assert job.end()[0] == -signal.SIGINT


def test_the_alternate_screen_and_cursor_sequences_pass(terminal):
    text = b"\x1b[?1049h\x1b[2J\x1b[5;5Hhere\x1b[?25l\x1b[?2004h\x1b[?25h\x1b[?1049l"
    code = f"import os; os.write(1, bytes.fromhex('{text.hex()}'))"
    assert terminal([*PYTHON, "-c", code]).end() == (0, text)


def test_the_terminals_descriptors_stay_blocking(terminal, probe):
    """The open file is the shell's too."""
    job = terminal(probe.command)
    probe.ready()
    job.tell("look")
    assert job.event("looked")["blocking"] is True
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.parametrize(
    "script", ["exit 0", "exit 1", "exit 255", "kill -SEGV $$", "kill -KILL $$", "kill -TERM $$"]
)
def test_modes_and_status_after_every_kind_of_end(terminal, script):
    job = terminal(["sh", "-c", script])
    code, screen = job.end()
    want = (
        int(script.split()[1])
        if script.startswith("exit")
        else -getattr(signal, "SIG" + script.split()[1][1:])
    )
    assert (code, screen) == (want, b"")
    assert job.modes_after == job.modes_before


def test_not_found_on_a_terminal(terminal):
    job = terminal(["no-such-command-anywhere"])
    code, screen = job.end()
    assert code == 127
    assert screen.count(b"no-such-command-anywhere") == 1
    assert job.modes_after == job.modes_before


@pytest.mark.script("everything is one terminal")
def test_stderr_on_another_terminal(terminal, tmp_path):
    other, slave = pty.openpty()
    job = terminal([*PYTHON, "-c", REPORT, tmp_path / "seen"], streams=(None, None, slave))
    assert job.end() == (9, b"out\r\nmore\r\n")
    assert json.loads((tmp_path / "seen").read_text())["tty"] == [True] * 3
    assert os.read(other, 99) == b"err\r\n"
    os.close(other)


def test_a_neighbours_lines_do_not_walk_down_in_stairs(wrapper, cleanup, probe):
    """Another program of the same script prints while the command runs: LF is still CRLF."""
    fifo = os.path.join(probe.directory, "fifo")
    os.mkfifo(fifo)
    job = Terminal(["sh", "-c", f"cat {fifo} & {shlex_join(wrapper(probe.command))}; wait"])
    cleanup.append(job)
    probe.ready()
    if wrapper.name == "secretrun":
        until(job.is_raw, "raw mode")
    with open(fifo, "wb") as neighbour:
        neighbour.write(b"one\ntwo\n")
    job.expect(b"one\r\ntwo\r\n")
    probe.leave()
    assert job.end()[0] == 0


@pytest.mark.script("it masks nothing")
def test_the_secret_never_shows_on_the_terminal(wrapper, terminal):
    """Not on stdout, not on stderr, not through /dev/tty, not a byte at a time."""
    code = (
        "import os\ns = os.environb[b'PROBED']\nt = os.open('/dev/tty', os.O_WRONLY)\n"
        "for n in (1, 2, t): os.write(n, b'<' + s + b'>\\n')\n"
        "for i in range(len(s)): os.write(1, s[i:i + 1])\n"
        "os.write(1, b'\\n')"
    )
    screen = terminal([*PYTHON, "-c", code]).end()[1]
    if wrapper.name == "env":
        assert screen.count(SECRET.encode()) == 4
    else:
        assert screen == b"<[REDACTED:PROBED]>\r\n" * 3 + b"[REDACTED:PROBED]\r\n"


def test_a_prompt_that_begins_like_the_secret_shows_after_a_moment(terminal):
    """Held bytes are let out on an idle terminal, no more of them than is safe."""
    job = terminal(["sh", "-c", f"printf 'go {SECRET[:2]}'; read x"])
    job.expect(b"go " + SECRET[:2].encode())
    job.type(b"\n")
    assert job.end()[0] == 0
