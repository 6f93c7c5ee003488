"""Backends that are programs: the protocol kept, every way to break it, and the command line over one."""

from __future__ import annotations

import json
import os
import shutil
import stat
import time
from pathlib import Path

import pytest

from secretrun.backend import Context
from secretrun.errors import (
    BackendError,
    BadAnswer,
    ConfigError,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun.reference import parse
from secretrun.resolution import program_backend
from secretrun.resolution.program_backend import ProgramBackend
from secretrun.resolution.registry import Registry
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program

SHELF = Path(__file__).parents[2] / "examples" / "plugins" / "shell" / "secretrun-backend-shelf"
# A plugin in Python whose answers to `get` a test chooses; it keeps the rest of the protocol.
TOLERANT = """
import json, os, sys
messages = [json.loads(line) for line in sys.stdin]
def say(**message): print(json.dumps(message), flush=True)
say(type="hello", id=0, version=1)
for message in messages:
    if message["type"] == "get":
        {get}
    elif message["type"] != "hello":
        say(type="unsupported", id=message["id"])
{end}
"""
GIVE = 'say(type="value", id=message["id"], text="value-of-" + message["path"])'


def made(tmp_path, source):
    environ = install_program(tmp_path / "bin", "secretrun-backend-odd", source)
    return ProgramBackend("odd", str(tmp_path / "bin" / "secretrun-backend-odd")), Context(
        environ, timeout=60
    )


def tolerant(tmp_path, get=GIVE, end=""):
    return made(tmp_path, TOLERANT.format(get=get, end=end))


class TestShelf(BackendContract):
    """The example that is a shell script keeps the whole contract."""

    @pytest.fixture(autouse=True)
    def shelf(self, tmp_path):
        assert shutil.which("jq"), "the tests need jq: see scripts/debian-packages.sh"
        for name, value in DIFFICULT_VALUES.items():
            (tmp_path / name).write_bytes(value)
        (tmp_path / "json").write_bytes(b'{"a": {"b": "inner"}}')
        self.backend = ProgramBackend("shelf", str(SHELF))
        self.context = Context({"PATH": os.environ["PATH"], "SHELF": str(tmp_path)}, timeout=90)
        self.known = {parse(f"shelf://{name}"): value for name, value in DIFFICULT_VALUES.items()}
        self.known[parse("shelf://json#/a/b")] = b"inner"
        self.missing = [parse("shelf://none"), parse("shelf://json#/none")]

    # Each message starts jq a few times; a few references one at a time are enough.
    def test_a_reference_alone_gives_what_it_gives_in_a_batch(self):
        self.known = dict(list(self.known.items())[-4:])
        super().test_a_reference_alone_gives_what_it_gives_in_a_batch()


def test_the_shell_example_refuses_to_leave_its_directory():
    reference = parse("shelf://../secret")
    context = Context({"PATH": os.environ["PATH"], "SHELF": "/"}, timeout=90)
    error = ProgramBackend("shelf", str(SHELF)).fetch([reference], context)[reference]
    assert isinstance(error, BackendError)
    assert error.code == "backend.bad-reference"


def test_an_error_with_id_0_fails_the_whole_batch():
    with pytest.raises(NotSignedIn, match="SHELF"):
        ProgramBackend("shelf", str(SHELF)).fetch(
            [parse("shelf://a")], Context({"PATH": os.environ["PATH"]}, timeout=90)
        )


def test_a_run_resolves_by_a_plugin_on_the_path_and_masks_it(secretrun, tmp_path):
    (tmp_path / "key").write_text("shelf-value-0123456789")
    (tmp_path / ".env").write_text("API_KEY=shelf://key\n")
    env = {"PATH": f"{SHELF.parent}{os.pathsep}{os.environ['PATH']}", "SHELF": str(tmp_path)}
    done = secretrun("--", "sh", "-c", 'echo "$API_KEY"; test "$API_KEY" = shelf-value-0123456789', env=env)
    assert (done.status, done.out) == (0, "[REDACTED:API_KEY]\n"), done.err


def test_one_process_answers_the_whole_batch_and_equal_places_once(tmp_path):
    log = tmp_path / "log"
    backend, context = tolerant(tmp_path, end=f"open({str(log)!r}, 'a').write(str(len(messages)) + '\\n')")
    references = [parse("odd://a"), parse("odd://b"), parse("odd://a"), parse("odd://b?v=1")]
    answers = backend.fetch(references, context)
    assert answers[references[0]] == b"value-of-a"
    assert log.read_text() == "5\n"  # hello, three gets and the extra message


def test_extra_messages_and_members_are_new_each_time(tmp_path):
    log = tmp_path / "log"
    backend, context = tolerant(tmp_path, end=f"open({str(log)!r}, 'a').write(json.dumps(messages) + '\\n')")
    for _ in range(8):
        backend.fetch([parse("odd://a")], context)
    kinds = set()
    members = set()
    for line in log.read_text().splitlines():
        messages = json.loads(line)
        assert messages[0]["type"] == "hello"
        kinds |= {message["type"] for message in messages}
        members |= {name for message in messages for name in message}
    assert len(kinds - {"hello", "get"}) == 8
    assert len(members - {"type", "id", "path", "options", "base", "version", "scheme", "timeout"}) == 8


def test_it_runs_in_an_empty_directory_that_is_gone_afterwards(tmp_path):
    get = 'say(type="value", id=message["id"], text=os.getcwd() + "|" + "|".join(os.listdir()))'
    backend, context = tolerant(tmp_path, get=get)
    reference = parse("odd://a")
    directory, _, content = backend.fetch([reference], context)[reference].decode().partition("|")
    assert directory != os.getcwd()
    assert content == ""
    assert not os.path.exists(directory)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print('Welcome to my plugin!')", "not JSON"),
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xfe\\n')", "not JSON"),
        ("print('[' * 100000)", "not JSON"),
        ("print('[1, 2]')", "without 'type'"),
        ('print(\'{"type": "hello"}\')', "without 'type'"),
        ('print(\'{"type": "hello", "id": true, "version": 1}\')', "without 'type'"),
        ('print(\'{"type": "hello", "id": 0, "version": 2}\')', "version 2"),
        ('print(\'{"type": "hello", "id": 0}\')', "version None"),
        ('print(\'{"type": "value", "id": 1, "text": "value-1"}\')', "does not begin with 'hello'"),
        ("", "before it had answered"),
        ("import os; os._exit(3)", "status 3"),
        ("import os; os.kill(os.getpid(), 9)", "signal 9"),
        ("import sys; sys.exit('cannot open the vault')", "cannot open the vault"),
        ('import sys; sys.stdout.write(\'{"type": "hel\')', "middle of a line"),
        ("import sys\nwhile True: sys.stdout.write('x' * 65536)", "more than 16 MiB"),
    ],
)
def test_a_program_that_does_not_keep_the_protocol_is_named_with_what_it_did(tmp_path, source, words):
    backend, context = made(tmp_path, source)
    with pytest.raises(BadAnswer) as caught:
        backend.fetch([parse("odd://a")], context)
    assert words in caught.value.message
    assert "secretrun-backend-odd" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("get", "words"),
    [
        (GIVE + "; " + GIVE, "twice"),
        ('say(type="value", id=77, text="x")', "not asked"),
        ('say(type="value", id=message["id"])', "neither one value nor one error"),
        ('say(type="value", id=message["id"], text="a", base64="YQ==")', "neither one value nor one error"),
        ('say(type="value", id=message["id"], base64="not base64!")', "no text or base64"),
        ('say(type="value", id=message["id"], text=7)', "no text or base64"),
        ('say(type="value", id=message["id"], text="\\ud800")', "no text or base64"),
        ('say(type="later", id=message["id"])', "neither one value nor one error"),
        ('say(type="unsupported", id=message["id"])', "'get'"),
        ("pass", "before it had answered"),
    ],
)
def test_an_answer_that_is_none_fails_the_batch(tmp_path, get, words):
    backend, context = tolerant(tmp_path, get=get)
    with pytest.raises(BadAnswer) as caught:
        backend.fetch([parse("odd://a"), parse("odd://b")], context)
    assert words in caught.value.message


def test_values_before_a_bad_end_are_not_used(tmp_path):
    backend, context = tolerant(tmp_path, end="sys.exit('leaving with value-of-a in hand')")
    with pytest.raises(BadAnswer) as caught:
        backend.fetch([parse("odd://a")], context)
    assert "status 1" in caught.value.message
    assert "value-of-a" not in caught.value.message


def test_a_plugin_that_passes_over_unknown_messages_is_told_so(tmp_path):
    source = TOLERANT.format(get=GIVE, end="").replace('say(type="unsupported", id=message["id"])', "pass")
    backend, context = made(tmp_path, source)
    with pytest.raises(BadAnswer, match="before it had answered everything"):
        backend.fetch([parse("odd://a")], context)


def test_errors_keep_their_code_message_and_hint_and_spoil_no_other(tmp_path):
    get = """
        if message["path"] == "good": say(type="value", id=message["id"], text="good-value")
        else: say(type="error", id=message["id"], code=message["path"], message="because.\\x1b[31m\\nso", hint="do it")"""
    backend, context = tolerant(tmp_path, get=get)
    good, throttled, unknown = (parse(f"odd://{name}") for name in ("good", "rate-limited", "brand-new"))
    answers = backend.fetch([throttled, good, unknown], context)
    assert answers[good] == b"good-value"
    assert type(answers[throttled]) is RateLimited
    assert answers[throttled].message == "secretrun-backend-odd: because. [31m so"
    assert answers[throttled].hint == "do it"
    assert type(answers[unknown]) is BackendError


def test_a_message_that_shows_a_value_of_the_batch_is_withheld(tmp_path):
    get = """
        if message["path"] == "good": say(type="value", id=message["id"], text="good-value")
        else: say(type="error", id=message["id"], code="not-found", message="not good-value", hint="try good-value")"""
    backend, context = tolerant(tmp_path, get=get)
    good, bad = parse("odd://good"), parse("odd://bad")
    error = backend.fetch([good, bad], context)[bad]
    assert type(error) is NotFound
    assert "good-value" not in f"{error.message}{error.hint}"


def gone(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_a_hanging_plugin_is_killed_at_the_time_limit_with_all_it_started(tmp_path):
    pids = tmp_path / "pids"
    source = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
time.sleep(300)
"""
    backend, context = made(tmp_path, source)
    with pytest.raises(TimedOut, match="within 5 seconds"):
        backend.fetch([parse("odd://a")], Context(context.environ, timeout=5))
    end = time.monotonic() + 60
    while not all(gone(pid) for pid in pids.read_text().split()):
        assert time.monotonic() < end, "it left a process behind"


def test_a_batch_larger_than_any_pipe_and_much_stderr_do_not_deadlock(tmp_path):
    get = GIVE + '; sys.stderr.write("noise " * 200)'
    backend, context = tolerant(tmp_path, get=get)
    references = [parse(f"odd://{number}-{'x' * 300}") for number in range(1000)]
    answers = backend.fetch(references, context)
    assert all(answers[reference] == b"value-of-" + reference.path.encode() for reference in references)


def test_what_can_not_be_started_says_why(tmp_path):
    program = tmp_path / "secretrun-backend-odd"
    program.write_text("no #! line, and no format the kernel knows\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(Unavailable, match="exec format error"):
        ProgramBackend("odd", str(program)).fetch([parse("odd://a")], Context(dict(os.environ), timeout=60))


@pytest.mark.parametrize("name", ["../odd", "a/b", "", "-x", "a b", "é"])
def test_a_name_that_is_no_scheme_never_becomes_a_path(name):
    with pytest.raises(ConfigError):
        program_backend.find(name, dict(os.environ))


def test_a_plugin_in_a_relative_path_entry_is_not_run(tmp_path, monkeypatch):
    install_program(tmp_path, "secretrun-backend-odd", "")
    monkeypatch.chdir(tmp_path)
    assert program_backend.find("odd", {"PATH": f".{os.pathsep}"}) is None
    assert program_backend.installed({"PATH": f".{os.pathsep}"}) == []


def test_the_registry_knows_programs_and_lists_them(tmp_path):
    environ = install_program(tmp_path / "bin", "secretrun-backend-odd", "", {"PATH": ""})
    registry = Registry(environ)
    assert registry.known("odd")
    assert not registry.known("peculiar")
    assert isinstance(registry.backend("odd"), ProgramBackend)
    assert "odd" in [backend.info.name for backend in registry.everything()]


def test_a_program_for_a_scheme_that_has_a_backend_is_an_error_naming_both(tmp_path):
    environ = install_program(tmp_path / "bin", "secretrun-backend-env", "", {"PATH": ""})
    with pytest.raises(ConfigError) as caught:
        Registry(environ).backend("env")
    assert "secretrun-backend-env" in caught.value.message
    assert "secretrun_backends.environment" in caught.value.message
