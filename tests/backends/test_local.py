"""The backends that need no store: variables, files, programs."""

from __future__ import annotations

import base64
import os
import sys
import threading

import pytest

from secretrun.backend import Context
from secretrun.errors import BadAnswer, BadReference, Denied, NotFound, TimedOut, Unavailable
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract, install_program
from secretrun_backends.command import Command
from secretrun_backends.environment import Environment
from secretrun_backends.file import File


def get(backend, text, base=".", timeout=100.0, **environ):
    reference = parse(text, base=str(base))
    environ.setdefault("PATH", os.environ["PATH"])
    return backend.fetch([reference], Context(environ, timeout=timeout))[reference]


class TestEnvironment(BackendContract):
    @pytest.fixture(autouse=True)
    def variables(self):
        # A variable can't hold a NUL; any other byte can come in one.
        values = {name: value.replace(b"\0", b"") for name, value in DIFFICULT_VALUES.items()}
        self.backend = Environment()
        self.context = Context({k: v.decode("utf-8", "surrogateescape") for k, v in values.items()})
        self.known = {parse(f"env://{name}"): value for name, value in values.items()}
        self.missing = [parse("env://NOT_SET")]


def test_a_pointer_looks_into_a_variable():
    assert get(Environment(), "env://V#/a/0", V='{"a": ["b"]}') == b"b"


def test_an_option_of_env_is_refused():
    assert isinstance(get(Environment(), "env://V?x=y", V="1"), BadReference)


class TestFile(BackendContract):
    @pytest.fixture(autouse=True)
    def files(self, tmp_path):
        for name, value in DIFFICULT_VALUES.items():
            (tmp_path / name).write_bytes(value)
        self.backend = File()
        self.context = Context({}, timeout=100)
        self.known = {
            parse(f"file://{name}?trim=false", base=str(tmp_path)): v for name, v in DIFFICULT_VALUES.items()
        }
        self.missing = [parse("file://none", base=str(tmp_path)), parse("file://plain/x", base=str(tmp_path))]
        self.listing = (parse(f"file://{tmp_path}?trim=false"), DIFFICULT_VALUES)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"word\n", b"word"),
        (b"word\r\n", b"word"),
        (b"word\n\n", b"word\n\n"),
        (b"word", b"word"),
        (b"word\r", b"word\r"),
        (b"two\nlines\n", b"two\nlines\n"),
        (b"\n", b""),
        (b"", b""),
    ],
)
def test_the_newline_of_a_single_line_is_trimmed_and_nothing_else(tmp_path, content, value):
    (tmp_path / "f").write_bytes(content)
    assert get(File(), "file://f", tmp_path) == value
    assert get(File(), "file://f?trim=false", tmp_path) == content


def test_encode_gives_every_byte_as_text(tmp_path):
    (tmp_path / "f").write_bytes(b"\x00\xff\n")
    assert get(File(), "file://f?encode=base64", tmp_path) == base64.b64encode(b"\x00\xff\n")
    assert get(File(), "file://f?encode=hex", tmp_path) == b"00ff0a"


def test_a_pointer_looks_into_a_file_of_any_format(tmp_path):
    (tmp_path / "f.json").write_text('{"a": {"b": 1.50}}')
    (tmp_path / "f.env").write_text("A='x y' # said\n")
    (tmp_path / "f.ini").write_text("[s]\na = 1\n")
    (tmp_path / "f").write_text("a = [1]\n")
    assert get(File(), "file://f.json#/a/b", tmp_path) == b"1.50"
    assert get(File(), "file://f.env#/A", tmp_path) == b"x y"
    assert get(File(), "file://f.ini#/s/a", tmp_path) == b"1"
    assert get(File(), "file://f?format=ini#/a", tmp_path) == b"[1]"


def test_a_path_may_start_in_the_home_directory(tmp_path):
    (tmp_path / "f").write_text("x")
    assert get(File(), "file://~/f", HOME=str(tmp_path)) == b"x"


def test_a_fifo_is_read_once_for_all_its_references(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=('{"a": "1", "b": "2"}',))
    writer.start()
    references = [parse(f"file://{path}#/{key}") for key in "ab"]
    answers = File().fetch(references, Context({}, timeout=100))
    writer.join()
    assert list(answers.values()) == [b"1", b"2"]


def test_a_fifo_that_no_one_writes_to_ends_with_the_time_limit(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    error = get(File(), "file://fifo", tmp_path, timeout=0.2)
    assert isinstance(error, TimedOut)
    os.close(os.open(tmp_path / "fifo", os.O_RDWR))  # lets the reader that was left behind go


def test_an_open_descriptor_can_be_named(tmp_path):
    read_end, write_end = os.pipe()
    os.write(write_end, b"from a pipe\n")
    os.close(write_end)
    try:
        assert get(File(), f"file:///dev/fd/{read_end}") == b"from a pipe"
    finally:
        os.close(read_end)


def test_what_is_no_readable_file_is_an_error(tmp_path):
    assert isinstance(get(File(), f"file://{tmp_path}"), BadReference)
    assert isinstance(get(File(), "file://f?encode=rot13", tmp_path), BadReference)
    assert isinstance(get(File(), "file://f?colour=red", tmp_path), BadReference)
    error = get(File(), "file://f#/a", tmp_path)
    assert isinstance(error, NotFound)
    assert "f" in error.message


def test_a_file_without_permission_is_denied(tmp_path, monkeypatch):
    """The system's answer is given by hand: as root no file is without permission."""
    path = tmp_path / "f"
    path.write_text("x")
    path.chmod(0)
    if os.geteuid() == 0:
        real = open

        def refusing(file, *arguments, **options):
            if os.fspath(file) == str(path):
                raise PermissionError(13, "Permission denied", str(path))
            return real(file, *arguments, **options)

        monkeypatch.setattr("builtins.open", refusing)
    assert isinstance(get(File(), f"file://{path}"), Denied)


def test_a_file_or_a_directory_is_imported_whole(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "A").write_text("1\n")
    (tmp_path / "secrets" / ".hidden").write_text("2\n")
    (tmp_path / "f.env").write_text("A=1\nB=2\n")
    context = Context({}, timeout=100)
    assert File().fetch_all(parse("file://secrets", base=str(tmp_path)), context) == {"A": b"1"}
    assert File().fetch_all(parse("file://f.env", base=str(tmp_path)), context) == {"A": b"1", "B": b"2"}
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadAnswer):
        File().fetch_all(parse("file://empty", base=str(tmp_path)), context)


STORE = """
import os, sys
sys.stdout.buffer.write(open(os.path.join(os.environ["STORE"], *sys.argv[1:]), "rb").read())
"""


class TestCommand(BackendContract):
    @pytest.fixture(autouse=True)
    def program(self, tmp_path):
        for name, value in DIFFICULT_VALUES.items():
            (tmp_path / name).write_bytes(value)
        environ = install_program(tmp_path / "bin", "store", STORE)
        self.backend = Command()
        self.context = Context({**environ, "STORE": str(tmp_path)}, timeout=100)
        self.known = {
            parse(f"exec://store/{name}?trim=false", base=str(tmp_path)): value
            for name, value in DIFFICULT_VALUES.items()
        }
        self.missing = [parse("exec://store/none", base=str(tmp_path))]


PRINT = f"exec://{sys.executable}?args=-c,"


def test_no_shell_touches_the_arguments():
    assert (
        get(Command(), PRINT + "import sys\\,os; print(sys.argv[1:]),$HOME,a b,") == b"['$HOME', 'a b', '']"
    )


def test_variables_and_directory_are_those_of_the_reference(tmp_path):
    code = "import os;print(os.environ['KEY']+os.getcwd())&env_KEY=va=l"
    assert get(Command(), PRINT + code, tmp_path) == b"va=l" + os.fsencode(tmp_path)


def test_a_program_that_gives_json_runs_once_for_all_its_pointers(tmp_path):
    log = tmp_path / "calls"
    source = f"open({str(log)!r}, 'a').write('x')\nprint('{{\"a\": 1, \"b\": [2]}}')"
    environ = install_program(tmp_path / "bin", "store", source)
    references = [parse(f"exec://store#/{pointer}") for pointer in ("a", "b/0")]
    answers = Command().fetch(references, Context(environ, timeout=100))
    assert list(answers.values()) == [b"1", b"2"]
    assert log.read_text() == "x"


def test_failures_of_a_program_are_told_apart_and_its_words_kept_back():
    assert isinstance(get(Command(), "exec://no-such-program-here"), Unavailable)
    error = get(Command(), PRINT + "import sys;sys.exit('hunter2hunter2')")
    assert isinstance(error, NotFound)
    assert "exit status 1" in error.message
    assert "hunter2" not in f"{error.message}{error.hint}"
    killed = get(Command(), PRINT + "import os;os.kill(os.getpid()\\,9)")
    assert "signal 9" in killed.message
    assert not isinstance(killed, NotFound)  # an optional value is not simply left out


def test_the_sooner_of_two_time_limits_holds():
    for option, limit in (("0.3", 100.0), ("100", 0.3)):
        text = PRINT + f"import signal;signal.pause()&timeout={option}"
        assert isinstance(get(Command(), text, timeout=limit), TimedOut)


@pytest.mark.parametrize(
    "option", ["timeout=soon", "timeout=-1", "timeout=nan", "trim=maybe", "x=y", "env_=1"]
)
def test_bad_options_of_exec_are_refused(option):
    assert isinstance(get(Command(), f"exec://true?{option}"), BadReference)
