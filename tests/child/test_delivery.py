"""`as = "file"`, "fd" and "stdin": the command gets the exact bytes, and nothing stays behind."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from support.store import COMMAND, clean_environ, secretrun

VALUE = bytes(range(256)) * 3 + b"-----BEGIN KEY-----\nabc\n"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "value").write_bytes(VALUE)
    (tmp_path / "run").mkdir(mode=0o700)
    return tmp_path


def config(place, way, extra=""):
    (place / "secretrun.toml").write_text(
        f'[secrets]\nKEY = {{ ref = "file://value?trim=false", as = "{way}" }}\n{extra}'
    )


def environ(place):
    return clean_environ(place) | {"XDG_RUNTIME_DIR": str(place / "run")}


def run(place, code, **options):
    return secretrun("--", sys.executable, "-c", code, env=environ(place), cwd=place, **options)


CHECK = f"import os, sys; data = open(os.environ['KEY'], 'rb').read(); sys.exit(data != {VALUE!r})"


def test_a_file_has_the_exact_bytes_and_is_gone_afterwards(place):
    config(place, "file")
    code = CHECK.replace("sys.exit", "print(oct(os.stat(os.environ['KEY']).st_mode & 0o777)); sys.exit")
    done = run(place, code)
    assert (done.returncode, done.stdout) == (0, b"0o600\n"), done.stderr
    assert list((place / "run").iterdir()) == []


def test_a_descriptor_has_the_exact_bytes_at_every_open(place):
    config(place, "fd")
    code = f"import os, sys; p = os.environ['KEY']; r = [open(p, 'rb').read() for _ in range(3)]; sys.exit(r != [{VALUE!r}] * 3)"
    done = run(place, code)
    assert done.returncode == 0, done.stderr


def test_a_named_pipe_has_one_exact_copy_for_each_open(place):
    config(place, "fifo")
    code = (
        "import os, stat, sys; p = os.environ['KEY']; assert stat.S_ISFIFO(os.stat(p).st_mode)\n"
        f"sys.exit([open(p, 'rb').read() for _ in range(5)] != [{VALUE!r}] * 5)"
    )
    done = run(place, code)
    assert done.returncode == 0, done.stderr
    assert list((place / "run").iterdir()) == []


def test_a_named_pipe_that_nobody_opens_holds_nobody_up(place):
    config(place, "fifo")
    assert run(place, "pass").returncode == 0
    assert list((place / "run").iterdir()) == []


def test_stdin_has_the_exact_bytes_and_the_variable_is_not_set(place):
    config(place, "stdin")
    code = f"import os, sys; sys.exit(sys.stdin.buffer.read() != {VALUE!r} or 'KEY' in os.environ)"
    done = run(place, code)
    assert done.returncode == 0, done.stderr


def test_what_is_delivered_is_masked_all_the_same(place):
    (place / "value").write_bytes(b"delivered-secret-0123456789")
    config(place, "file")
    done = run(place, "import os; print(open(os.environ['KEY']).read())")
    assert done.stdout == b"[REDACTED:KEY]\n"


def test_two_for_stdin_are_an_error_and_nothing_starts(place):
    config(place, "stdin", 'B = { ref = "file://value", as = "stdin" }\n')
    done = run(place, "open('started', 'w')")
    assert done.returncode == 125
    assert b"both want to be the command's stdin" in done.stderr
    assert not (place / "started").exists()


def test_a_failing_command_leaves_no_file(place):
    config(place, "file")
    assert run(place, "import sys; sys.exit(9)").returncode == 9
    assert list((place / "run").iterdir()) == []
    done = secretrun("--", "no-such-command", env=environ(place), cwd=place)
    assert done.returncode == 127
    assert list((place / "run").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_wrapper_leaves_no_file(place, number):
    config(place, "file")
    code = "import os, time; open('seen', 'w').write(os.environ['KEY']); os.rename('seen', 'ready'); time.sleep(60)"
    process = subprocess.Popen([*COMMAND, "--", sys.executable, "-c", code], env=environ(place), cwd=place)
    ready = place / "ready"
    end = time.monotonic() + 60
    while not ready.exists():
        assert time.monotonic() < end, "the command never said ready"
        time.sleep(0.01)
    path = pathlib.Path(ready.read_text())
    assert path.read_bytes() == VALUE
    process.send_signal(number)
    process.wait(60)
    while path.parent.exists():
        assert time.monotonic() < end, "the file stayed behind"
        time.sleep(0.01)


def test_no_value_reaches_argv_or_a_variable(place):
    (place / "value").write_bytes(b"delivered-secret-0123456789")
    config(place, "file")
    code = "import os; print(any('delivered' in v for v in os.environ.values()), open('/proc/self/cmdline').read().count('delivered-s'))"
    assert os.path.exists("/proc/self/cmdline")
    assert run(place, code).stdout == b"False 1\n"  # the one is this code itself


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("url", b"https://user@host/x", b"not a url"),
        ("port", b"8080", b"70000"),
        ("json", b'{"a": 1}', b"{"),
        ("pem", b"-----BEGIN KEY-----\nabc\n-----END KEY-----\n", b"-----BEGIN KEY-----\nabc\n"),
        ("regex", b"ab-12", b"12-ab"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_that_does_not_quote_it(place, kind, good, bad):
    pattern = ", pattern = '[a-z]+-[0-9]+'" if kind == "regex" else ""
    (place / "secretrun.toml").write_text(
        f'[secrets]\nKEY = {{ ref = "file://value", type = "{kind}"{pattern} }}\n'
    )
    (place / "value").write_bytes(good)
    assert run(place, "pass").returncode == 0
    (place / "value").write_bytes(bad)
    done = run(place, "open('started', 'w')")
    assert done.returncode == 125
    assert b"KEY" in done.stderr
    assert bad not in done.stderr
    assert not (place / "started").exists()


@pytest.mark.parametrize(
    ("rule", "present", "status"),
    [
        ("at_least_one", (), 125), ("at_least_one", ("A",), 0), ("at_least_one", ("A", "B"), 0),
        ("exactly_one", (), 125), ("exactly_one", ("B",), 0), ("exactly_one", ("A", "B"), 125),
    ],
)  # fmt: skip
def test_a_group_says_how_many_of_it_must_have_a_value(place, rule, present, status):
    (place / "secretrun.toml").write_text(
        "[secrets]\n"
        + "".join(f'{n} = {{ ref = "env://HAVE_{n}", required = {{ {rule} = "login" }} }}\n' for n in "AB")
    )
    env = environ(place) | {f"HAVE_{name}": "value-of-it-123" for name in present}
    done = secretrun("--", "true", env=env, cwd=place)
    assert done.returncode == status
    if status:
        assert b"group login" in done.stderr


@pytest.mark.parametrize(
    "entry",
    [
        '{ ref = "env://X", as = "pipe" }', '{ ref = "env://X", type = "uuid" }', '{ ref = "env://X", colour = 1 }',
        '{ ref = "env://X", required = "no" }', '{ ref = "env://X", type = "regex" }', "{ required = true }",
        '{ ref = "env://X", min_length = 0 }', '{ ref = "env://X", pattern = "(", type = "regex" }',
    ],
)  # fmt: skip
def test_an_entry_that_means_nothing_is_refused_by_name(place, entry):
    (place / "secretrun.toml").write_text(f"[secrets]\nKEY = {entry}\n")
    done = secretrun("--", "true", env=environ(place), cwd=place)
    assert done.returncode == 125
    assert b"secretrun.toml: [secrets] KEY: " in done.stderr
