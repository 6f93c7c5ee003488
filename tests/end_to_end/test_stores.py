"""Runs as processes: side by side, interrupted, watched on a terminal; what the stores are asked, what is left."""

import os
import pty
import signal
import sys

import pytest
from end_to_end.places import VALUE, lines_of
from support.store import COMMAND, on_terminal, secretrun
from support.until import until
from support.wire import HANG, Server

# As the 1Password app: it asks once, and then knows the session for a while.
PROMPTING = """
import os, sys, time
text = sys.stdin.read()
def note(word):
    with open({log!r}, "a") as log: log.write(word + "\\n")
note("call")
if not os.path.exists({session!r}):
    note("prompt")
    while not os.path.exists({approved!r}): time.sleep(0.01)
    open({session!r}, "w").close()
print({value!r}, end="")
"""


def prompting(place):
    log, session, approved = (place.root / name for name in ("log", "session", "approved"))
    place.program(
        "op", PROMPTING.format(log=str(log), session=str(session), approved=str(approved), value=VALUE)
    )
    return log, approved


RUN = (
    "--set",
    "A=op://dev/app/password",
    "--",
    sys.executable,
    "-c",
    "import os; print(len(os.environ['A']))",
)


def side_by_side(place, count, *options, queued=None):
    """Start runs that all want to ask, approve what the first one asks; returns what was noted."""
    log, approved = prompting(place)
    runs = [place.start(*options, *RUN) for _ in range(count)]
    until(lambda: place.holding("op.lock") >= (queued or count), "all to queue up")
    until(lambda: "prompt" in lines_of(log), "the prompt")
    assert lines_of(log) == ["call", "prompt"]
    approved.touch()
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out) == (0, f"{len(VALUE)}\n".encode()), err
    return lines_of(log)


def test_runs_side_by_side_prompt_once(place):
    assert side_by_side(place, 4) == ["call", "prompt", "call", "call", "call"]


def test_with_a_cache_they_also_ask_once(place):
    cache = place.start("cache", "start", "--foreground")
    try:
        until(
            lambda: secretrun("cache", "status", env=place.environ, cwd=place.root).returncode == 0,
            "the cache",
        )
        assert side_by_side(place, 4, "--cache", "10m", queued=1) == ["call", "prompt"]
    finally:
        cache.terminate()
        cache.communicate(timeout=60)


def test_a_run_killed_at_its_prompt_lets_the_next_one_ask(place):
    log, approved = prompting(place)
    first = place.start(*RUN)
    until(lambda: "prompt" in lines_of(log), "the prompt")
    second = place.start(*RUN)
    until(lambda: place.holding("op.lock") >= 2, "the second to queue up")
    first.kill()
    first.communicate(timeout=60)
    until(lambda: lines_of(log).count("prompt") == 2, "the second prompt")
    approved.touch()
    assert second.communicate(timeout=60)[0] == f"{len(VALUE)}\n".encode()
    until(lambda: not place.running(), "all to end")


HANGING = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "300"])
open({ready!r}, "w").close()
time.sleep(300)
"""


def hang(place, kind, tmp_path):
    """A store that never answers; returns (reference, whether it is being asked)."""
    ready = place.root / "ready"
    if kind == "plugin":
        place.program("secretrun-backend-odd", HANGING.format(ready=str(ready)))
        return "odd://app", ready.exists
    if kind == "op":
        place.program(
            "op", HANGING.format(ready=str(ready)).replace('child = subprocess.Popen(["sleep", "300"])', "")
        )
        return "op://dev/app/password", ready.exists
    if kind == "summon":
        place.program("provider", HANGING.format(ready=str(ready)))
        place.environ["SUMMON_PROVIDER_PATH"] = str(place.root / "bin")
        return "summon://provider/app", ready.exists
    server = Server(lambda _: HANG, directory=tmp_path)
    server.__enter__()
    place.environ |= {"VAULT_ADDR": server.url, "VAULT_TOKEN": "t", "VAULT_CACERT": server.ca}
    place.server = server
    return "vault://secret/app#/key", lambda: bool(server.requests)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("kind", ["plugin", "op", "summon", "https"])
def test_an_interrupt_while_a_store_is_asked_leaves_nothing_behind(place, tmp_path, kind, number):
    reference, asked = hang(place, kind, tmp_path)
    before = set(place.root.rglob("*"))
    try:
        run = place.start("--set", f"A={reference}", "--", "touch", "started")
        until(asked, "the store to be asked")
        run.send_signal(number)
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out, err) == (-number, b"", b"")
        until(lambda: not place.running(), "every process to be gone")
    finally:
        if kind == "https":
            place.server.__exit__()
    left = {
        path for path in set(place.root.rglob("*")) - before if not path.is_dir() or path.parent.name == "tmp"
    }
    assert {path.name for path in left} <= {"ready", "op.lock"}


@pytest.mark.parametrize("kind", ["plugin", "op", "summon", "https"])
def test_ctrl_c_at_the_terminal_leaves_nothing_behind(place, tmp_path, kind):
    reference, asked = hang(place, kind, tmp_path)
    before = set((place.root / "tmp").iterdir())
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(place.root)
            os.execve(
                COMMAND[0],
                [*COMMAND, "-q", "--set", f"A={reference}", "--", "touch", "started"],
                place.environ,
            )
        finally:
            os._exit(99)
    try:
        until(asked, "the store to be asked")
        os.write(master, b"\x03")
        shown = b""
        try:
            while piece := os.read(master, 1 << 16):
                shown += piece
        except OSError:  # Linux's end of file
            pass
        _, status = os.waitpid(pid, 0)
        assert (os.waitstatus_to_exitcode(status), shown) == (-signal.SIGINT, b"^C")
        until(lambda: not place.running(), "every process to be gone")
    finally:
        os.close(master)
        if kind == "https":
            place.server.__exit__()
    assert not (place.root / "started").exists()
    assert set((place.root / "tmp").iterdir()) == before


THROTTLING = """
import json, os, sys
messages = [json.loads(line) for line in sys.stdin]
print(json.dumps({{"type": "hello", "id": 0, "version": 1}}))
open({log!r}, "a").write("call\\n")
for message in messages[1:]:
    if message["type"] != "get":
        print(json.dumps({{"type": "unsupported", "id": message["id"]}}))
    elif len(open({log!r}).readlines()) < 2:
        print(json.dumps({{"type": "error", "id": message["id"], "code": "rate-limited", "message": "slow down"}}))
    else:
        print(json.dumps({{"type": "value", "id": message["id"], "text": {value!r}}}))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["read", "odd://app"],
        ["--set", "A=odd://app", "--", "printenv", "A"],
        ["inject", "--set", "A=odd://app"],
        ["check", "--set", "A=odd://app"],
    ],
)
def test_a_store_that_throttles_is_asked_again_by_every_verb(place, arguments):
    log = place.root / "log"
    place.program("secretrun-backend-odd", THROTTLING.format(log=str(log), value=VALUE))
    done = secretrun(*arguments, env=place.environ, cwd=place.root)
    assert done.returncode == 0, done.stderr
    assert lines_of(log) == ["call", "call"]


def test_the_line_of_progress_names_the_store_that_is_waited_for_and_no_other(place):
    place.program("op", f"import sys, time; sys.stdin.read(); time.sleep(2.5); print({VALUE!r}, end='')")
    (place.root / "quick").write_text("quick-value-0123456789")
    shown, status = on_terminal(
        "--set", "A=op://dev/app/password", "--set", "B=file://quick", "--", "true",
        env=place.environ, cwd=place.root,
    )  # fmt: skip
    assert status == 0
    assert shown.count(b"waiting for ") == 1
    assert b"waiting for 1Password (it may be asking for you)\r\n" in shown
    assert b"Files" not in shown


def test_the_line_of_progress_says_that_another_run_is_asked_first(place):
    log, approved = prompting(place)
    first = place.start(*RUN)
    until(lambda: "prompt" in lines_of(log), "the prompt")
    shown, status = on_terminal(
        "--timeout", "3", "--set", "A=op://dev/app/password", "--", "true", env=place.environ, cwd=place.root
    )
    assert b"waiting for 1Password (another run is asking it)\r\n" in shown
    assert status == 125  # nobody approves
    approved.touch()
    first.communicate(timeout=60)


@pytest.mark.parametrize("options", [("-q",), ()])
def test_a_quiet_run_and_one_without_a_terminal_say_nothing_while_they_wait(place, options):
    place.program("op", f"import sys, time; sys.stdin.read(); time.sleep(1.5); print({VALUE!r}, end='')")
    arguments = (*options, "--set", "A=op://dev/app/password", "--", "true")
    if options:
        shown, status = on_terminal(*arguments, env=place.environ, cwd=place.root)
    else:
        done = secretrun(*arguments, env=place.environ, cwd=place.root)
        shown, status = done.stderr, done.returncode
    assert (status, shown) == (0, b"")
