"""`--tty always` where there is no terminal, `--tty never` where there is one, and `--stdio`."""

import json
import os
import subprocess
import sys

import pytest
from support.terminal import PATIENCE, PYTHON, SECRET, Terminal

SHOW = """
import json, os, sys
ttys = [os.isatty(n) for n in range(3)]
size = list(os.get_terminal_size(1)) if ttys[1] else None
print(json.dumps([ttys, size]))
print("err", file=sys.stderr)
"""


def secretrun(*options):
    return [sys.executable, "-m", "secretrun", *options, "--"]


def always(*command, **options):
    return subprocess.run(
        [*secretrun("--tty", "always"), *command], capture_output=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        start_new_session=True, **options,
    )  # fmt: skip


def test_always_gives_a_terminal_where_there_is_none():
    """CI that wants colour: 80 columns by 24 rows, newlines as they were, streams apart, stdin untouched."""
    done = always(*PYTHON, "-c", SHOW)
    assert json.loads(done.stdout) == [[False, True, True], [80, 24]]
    assert (done.returncode, done.stdout.count(b"\r"), done.stderr) == (0, 0, b"err\n")


def test_always_takes_the_size_from_lines_and_columns():
    done = always(*PYTHON, "-c", SHOW, env=os.environ | {"LINES": "50", "COLUMNS": "200"})
    assert json.loads(done.stdout)[1] == [200, 50]


@pytest.mark.parametrize("count", [1, 200_000])
def test_always_loses_nothing_at_the_end(count):
    done = always("sh", "-c", f"yes 'a line' | head -n {count}; exit 5")
    assert (done.returncode, done.stdout) == (5, b"a line\n" * count)


def test_always_masks():
    done = always("sh", "-c", "echo $PROBED; echo $PROBED >&2")
    assert (done.stdout, done.stderr) == (b"[REDACTED:PROBED]\n",) * 2


def test_always_leaves_stdin_to_be_read_to_its_end():
    done = subprocess.run(
        [*secretrun("--tty", "always"), "cat"],
        input=b"a\x03b\x04c\n" * 999,
        capture_output=True,
        timeout=PATIENCE,
    )
    assert done.stdout == b"a\x03b\x04c\n" * 999


def test_always_ends_when_the_reader_leaves():
    """A terminal whose other end is closed gives EIO, where a pipe gives SIGPIPE."""
    words = " ".join([*secretrun("--tty", "always"), "yes"])
    done = subprocess.run(["bash", "-c", f"{words} | head -n 1"], capture_output=True, timeout=PATIENCE)
    assert done.stdout == b"y\n"


def test_always_and_a_background_process():
    """It holds the side terminal; the status comes back, and its late output too, masked."""
    read, write = os.pipe()
    code = (
        f"import os\nif os.fork() == 0:\n os.read({read}, 1); os.write(1, b'late ' + os.environb[b'PROBED'] + b'\\n'); os._exit(0)\n"
        "os.write(1, b'early\\n'); os._exit(3)"
    )
    command = [*secretrun("--tty", "always"), *PYTHON, "-c", code]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, pass_fds=[read], start_new_session=True
    ) as process:
        os.close(read)
        assert process.wait(PATIENCE) == 3
        assert process.stdout.readline() == b"early\n"
        os.close(write)
        assert process.stdout.read() == b"late [REDACTED:PROBED]\n"


def test_never_gives_pipes_on_a_terminal(cleanup):
    """And the keyboard stays where it is: stdin is inherited, the terminal's modes are not touched."""
    job = Terminal(
        [
            *secretrun("--tty", "never"),
            "sh",
            "-c",
            "test -t 0 && ! test -t 1 && ! test -t 2 && read x && echo got $x $PROBED",
        ]
    )
    cleanup.append(job)
    job.type(b"key\n")
    job.expect(b"got key [REDACTED:PROBED]\r\n")
    assert job.end()[0] == 0
    assert job.modes_after == job.modes_before


def test_stdio_keeps_every_line_valid_json(cleanup):
    """For agents' JSON-RPC: what is masked is masked inside strings, and every other line is untouched."""
    lines = [{"id": n, "text": SECRET if n % 2 else "plain"} for n in range(50)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    code = (
        "import sys; sys.stdout.write(sys.stdin.read()); sys.stderr.write(__import__('os').environ['PROBED'])"
    )
    done = subprocess.run(
        [*secretrun("--stdio"), *PYTHON, "-c", code],
        input=text.encode(),
        capture_output=True,
        timeout=PATIENCE,
    )
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["id"] for line in said] == list(range(50))
    assert {line["text"] for line in said} == {"plain", "[REDACTED:PROBED]"}
    assert done.stderr == b"[REDACTED:PROBED]"
