"""Programs of stores as they are started: real ones, by posix_spawn and where that lacks something."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from secretrun.backend import programs
from secretrun.backend.process import Program

BIG = 3 << 20  # bytes: far more than any pipe holds


@pytest.fixture(params=["posix_spawn", "subprocess"], autouse=True)
def way(request, monkeypatch):
    """Both ways to start a program."""
    if request.param == "subprocess":
        spawn = os.posix_spawn

        def lacking(*arguments, **more):
            if "setsid" in more:
                raise NotImplementedError
            return spawn(*arguments, **more)  # subprocess may use it itself

        monkeypatch.setattr(os, "posix_spawn", lacking)
    return request.param


def python(code, **more):
    return Program([sys.executable, "-I", "-S", "-c", code], environ={"A": "b"}, **more)


def finished(program, text=b"", end=None, **limits):
    """All there is to know of a program, once it is over."""
    try:
        output, complaint, excess = program.exchange(text, end, **limits)
        if excess:
            program.kill()
        return program.wait(None), output, complaint, excess
    finally:
        program.close()


def opened():
    return set(os.listdir("/proc/self/fd" if sys.platform == "linux" else "/dev/fd"))


def test_much_is_written_and_read_at_once():
    code = "import os, sys\nfor line in sys.stdin.buffer: os.write(1, line); os.write(2, line)"
    text = (b"x" * 1023 + b"\n") * (BIG // 1024)
    assert finished(python(code), text) == (0, text, text, "")


def test_a_program_that_reads_nothing_of_much_is_no_error():
    assert finished(python("print('done')"), b"x" * BIG) == (0, b"done\n", b"", "")


def test_it_gets_its_environment_and_its_arguments_and_nothing_else_that_is_open():
    """A descriptor we were started with must not end up with a helper that lives on."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    code = """
import os
def is_open(number):
    try: return bool(os.fstat(number))
    except OSError: return False
print(sorted(os.environ), [number for number in range(3, 256) if is_open(number)])
"""
    try:
        status, output, _, _ = finished(python(code, reads=False))
    finally:
        os.close(reader)
        os.close(writer)
    environ, numbers = output.decode().strip().rsplit(" ", 1)
    assert (status, numbers) == (0, "[]")
    assert set(eval(environ)) - {"LC_CTYPE"} == {"A"}


def test_without_input_it_reads_an_end_at_once():
    assert finished(python("import sys; print(repr(sys.stdin.read()))", reads=False))[1] == b"''\n"


def test_what_python_ignores_is_back_to_its_default():
    """A helper that writes into a closed pipe must die of it, as it does from a shell."""
    program = Program(["/bin/sh", "-c", 'kill -PIPE $$; echo "SIGPIPE is ignored"'], environ={}, reads=False)
    assert finished(program) == (-signal.SIGPIPE, b"", b"", "")


def test_a_leader_has_a_session_of_its_own_and_another_stays_in_ours():
    code = "import os; print(os.getsid(0), os.getpid())"
    session, pid = finished(python(code))[1].split()
    assert session == pid
    session, _ = finished(python(code, leader=False))[1].split()
    assert int(session) == os.getsid(0)


def test_it_runs_where_it_is_told(tmp_path):
    code = "import os; print(os.getcwd())"
    assert finished(python(code, directory=str(tmp_path)))[1].decode().strip() == str(tmp_path)
    assert finished(python(code, directory=os.getcwd()))[1].decode().strip() == os.getcwd()


@pytest.mark.parametrize(
    ("status", "code"), [(3, "raise SystemExit(3)"), (-15, "import os; os.kill(os.getpid(), 15)")]
)
def test_its_status_is_its_own(status, code):
    assert finished(python(code))[0] == status


def test_what_can_not_be_started_is_an_error_and_leaves_nothing_open(tmp_path):
    (tmp_path / "plain").write_text("#!/bin/sh\n")
    before = opened()
    for name in ("plain", "missing"):
        with pytest.raises(OSError, match=r"denied|No such file"):
            Program([str(tmp_path / name)], environ={})
    assert opened() == before


def test_one_that_hangs_is_over_when_its_time_is():
    code = "import os, time\nos.write(1, b'x')\ntime.sleep(300)"
    program = python(code)
    assert finished(program, end=time.monotonic() + 0.2)[0::3] == (-signal.SIGKILL, "time")


def test_one_that_closes_its_outputs_and_hangs_is_waited_for_no_longer():
    program = python("import os, time\nos.close(1); os.close(2); time.sleep(300)")
    assert program.exchange(b"", None) == (b"", b"", "")
    assert program.wait(time.monotonic() + 0.05) is None
    program.kill()
    assert program.wait(None) == -signal.SIGKILL
    program.close()


def test_a_time_limit_beyond_what_poll_can_count():
    assert finished(python("print('x')"), end=time.monotonic() + 1e9)[:2] == (0, b"x\n")


def test_too_much_is_too_much_and_a_long_complaint_is_cut():
    assert finished(python(f"print('x' * {BIG})"), limit=1000)[1::2] == (b"", "output")
    code = f"import sys; sys.stderr.write('e' * {BIG}); print('done')"
    assert finished(python(code), complaint_limit=10) == (0, b"done\n", b"e" * 10, "")


def test_killing_a_leader_reaches_what_it_started():
    """The output of both ends when the last process that holds it is gone."""
    code = "import os, time\nif os.fork(): os.waitpid(-1, 0)\nelse: os.write(1, b'x'); time.sleep(300)"
    program = python(code)
    assert program.exchange(b"", None, limit=0)[2] == "output"
    program.kill()
    assert program.wait(None) == -signal.SIGKILL
    assert program.exchange(b"", time.monotonic() + 60)[2] == ""
    program.close()


def test_it_is_known_to_run_until_it_has_ended():
    """Who interrupts us ends what still runs."""
    program = python("import time; time.sleep(300)")
    assert program._pid in programs._running
    programs.kill_running()
    assert finished(program)[0] == -signal.SIGKILL
    assert program._pid not in programs._running


def test_many_at_once_hold_nothing_of_each_other():
    """A pipe end that leaked into a neighbour would keep its reader waiting for that neighbour."""
    slow = [python("import sys; sys.stdin.read()") for _ in range(3)]
    answers = []

    def one(number):
        answers.append(finished(python(f"print({number})"), end=time.monotonic() + 60))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert sorted(int(output) for _, output, _, _ in answers) == list(range(20))
    assert {(status, excess) for status, _, _, excess in answers} == {(0, "")}
    for program in slow:
        assert finished(program)[0] == 0
