"""The fronts: files and pipes, JSON lines, logging and text streams, as programs use them."""

import contextlib
import io
import json
import logging
import os
import pty
import select
import stat
import subprocess
import sys
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.redact import RedactionError, Redactor
from secretrun.redact.adapters import RedactingFilter, RedactingFormatter, RedactingStream
from secretrun.redact.files import FileError, pump, redact_files, redact_in_place
from secretrun.redact.json_lines import JsonLines

SECRET = 's3cret/"pass"-word-é'
PLAIN = "plain-old-secret-1"
BOTH = {"A": SECRET, "B": PLAIN}


def read_until(descriptor, wanted):
    """Bytes from a descriptor until `wanted` is among them; fails after a minute of silence."""
    out = b""
    while wanted not in out:
        assert select.select([descriptor], [], [], 60)[0], out
        data = os.read(descriptor, 4096)
        assert data, out
        out += data
    return out


@contextlib.contextmanager
def pumping(redactor, target=None):
    """A running pump: the descriptor to write to and the one to read from."""
    source, feeding = os.pipe()
    reading, writing = os.pipe() if target is None else target
    failures = []

    def run():
        try:
            pump(source, writing, redactor)
        except OSError as error:
            failures.append(error)
        finally:
            os.close(source)
            os.close(writing)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield feeding, reading, failures
    finally:
        with contextlib.suppress(OSError):
            os.close(feeding)
        thread.join()
        os.close(reading)


def test_a_line_goes_through_a_pipe_before_the_next_is_written():
    with pumping(Redactor(BOTH)) as (feeding, reading, _):
        for number in range(3):
            line = b"%d plain-old-secret-1 done\n" % number
            os.write(feeding, line)
            assert read_until(reading, b"\n") == line.replace(PLAIN.encode(), b"[REDACTED:B]")


def test_a_terminal_shows_the_beginning_of_what_may_be_a_secret_after_a_pause():
    master, slave = pty.openpty()
    with pumping(Redactor(BOTH), target=(master, slave)) as (feeding, reading, _):
        os.write(feeding, b"typed: plai")
        assert read_until(reading, b"typed: pl") == b"typed: pl"
        os.write(feeding, b"n-old-secret-1.")
        assert read_until(reading, b".") == b"[REDACTED:B]."


def test_any_bytes_go_through_a_file_as_they_are(tmp_path):
    data = bytes(range(256)) * 1000 + b"no line end"
    path, target = tmp_path / "in", tmp_path / "out"
    path.write_bytes(data)
    with target.open("wb") as out:
        redact_files([str(path), str(path)], out.fileno(), Redactor(BOTH))
    assert target.read_bytes() == data * 2


def test_a_reader_that_went_away_ends_the_pump_and_the_held_bytes_stay_unwritten():
    read, write = os.pipe()
    os.close(read)
    spare = os.open(os.devnull, os.O_RDONLY)
    with pumping(Redactor(BOTH), target=(spare, write)) as (feeding, _, failures):
        os.write(feeding, b"x" * 10 + b"plain-old-sec")
    assert [type(error) for error in failures] == [BrokenPipeError]


def test_a_file_is_replaced_at_once_with_its_mode_and_through_its_link(tmp_path):
    path, link = tmp_path / "log", tmp_path / "link"
    path.write_bytes(b"x plain-old-secret-1 y\n")
    path.chmod(0o640)
    link.symlink_to(path)
    before = path.stat()
    assert redact_in_place(str(link), Redactor(BOTH))
    assert path.read_bytes() == b"x [REDACTED:B] y\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino != before.st_ino  # renamed over, never half written
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["link", "log"]


def test_a_file_without_a_secret_is_not_touched(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"nothing here\n")
    before = path.stat()
    assert not redact_in_place(str(path), Redactor(BOTH))
    assert path.stat() == before or path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert os.listdir(tmp_path) == ["log"]


def test_what_can_not_be_replaced_is_named_and_left_alone(tmp_path):
    for path in (tmp_path, tmp_path / "none", os.devnull):
        with pytest.raises(FileError, match=str(path)):
            redact_in_place(str(path), Redactor(BOTH))
    with pytest.raises(FileError, match="is a directory"):
        redact_files([str(tmp_path)], 1, Redactor(BOTH))


def test_a_failure_in_the_middle_leaves_the_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"x plain-old-secret-1 y\n")

    class Failing(Redactor):
        def feed(self, data):
            raise RedactionError("redaction failed")

    with pytest.raises(RedactionError):
        redact_in_place(str(path), Failing(BOTH))
    assert path.read_bytes() == b"x plain-old-secret-1 y\n"
    assert os.listdir(tmp_path) == ["log"]


def test_progress_of_a_big_file_shows_on_the_terminal_and_is_wiped_at_its_end(tmp_path):
    path = tmp_path / "big"
    with path.open("wb") as file:
        file.truncate(40 << 20)
    master, slave = pty.openpty()
    with open(os.devnull, "wb") as out:
        redact_files([str(path)], out.fileno(), Redactor(BOTH), terminal=slave)
    shown = read_until(master, b"\r\x1b[K")
    assert b"50%" in shown
    assert shown.endswith(b"\r\x1b[K")
    os.close(master)
    os.close(slave)


# -- JSON lines


def lines(*texts, redactor=None):
    stream = JsonLines(redactor or Redactor(BOTH))
    return b"".join(stream.feed(text) for text in texts) + stream.flush()


def spellings(value):
    yield json.dumps(value)
    yield json.dumps(value, ensure_ascii=False)
    yield json.dumps(value).replace("/", "\\/")
    yield '"' + "".join(f"\\u{ord(char):04x}" for char in value) + '"'
    yield (
        '"'
        + "".join(f"\\u{ord(char):04X}" if i % 2 else json.dumps(char)[1:-1] for i, char in enumerate(value))
        + '"'
    )


@pytest.mark.parametrize("spelling", list(spellings(SECRET)))
def test_every_json_spelling_of_a_secret_is_masked_and_the_line_stays_json(spelling):
    line = '{"id" :1,  "r":{"k":"x ' + spelling[1:-1] + ' y", "n": 1.50e3 ,' + spelling + ":[true]}}\n"
    out = lines(line.encode())
    assert out == b'{"id" :1,  "r":{"k":"x [REDACTED:A] y", "n": 1.50e3 ,"[REDACTED:A]":[true]}}\n'
    json.loads(out)


def test_a_secret_that_is_a_number_becomes_a_string():
    out = lines(b'{"pin": 12345678901, "other":123}\n', redactor=Redactor({"PIN": "12345678901"}))
    assert out == b'{"pin": "[REDACTED:PIN]", "other":123}\n'


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
@settings(max_examples=300)
def test_a_line_without_a_secret_passes_byte_for_byte(value):
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, separators=(",", ":"))):
        data = text.encode("utf-8", "replace") + b"\n"
        assert lines(data[:5], data[5:]) == data


def test_a_long_line_passes_byte_for_byte():
    data = json.dumps({"blob": "q\\\n" * 400_000}).encode() + b"\n"
    assert len(data) > 1_000_000
    assert lines(*(data[i : i + 65536] for i in range(0, len(data), 65536))) == data


def test_lines_that_are_no_json_are_masked_as_bytes_in_their_place():
    data = b'{"a":1}\nnot json: plain-\n{"b": "plain-old-secret-1"}\n{broken plain-old-secret-1\n'
    assert lines(data) == b'{"a":1}\nnot json: plain-\n{"b": "[REDACTED:B]"}\n{broken [REDACTED:B]\n'


def test_a_secret_over_several_values_leaves_one_string():
    redactor = Redactor({"DOC": '{"x":"a b c","y":1}'}, forms=())
    out = lines(b'{"v":{"x":"a b c","y":1}}\n', redactor=redactor)
    assert json.loads(out) == '{"v":[REDACTED:DOC]}'


# -- inside a program


def test_a_filter_masks_message_arguments_traceback_and_extras():
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s %(token)s"))
    handler.addFilter(RedactingFilter(Redactor(BOTH)))
    logger = logging.getLogger("redacting-filter-test")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        raise ValueError(PLAIN)
    except ValueError:
        logger.exception("failed with %s", SECRET, extra={"token": PLAIN}, stack_info=True)
    logger.removeHandler(handler)
    text = out.getvalue()
    assert text.startswith("ERROR failed with [REDACTED:A] [REDACTED:B]\n")
    assert "ValueError: [REDACTED:B]" in text
    assert PLAIN not in text
    assert SECRET not in text


def test_a_filter_on_a_handler_masks_what_child_loggers_log():
    out = io.StringIO()
    parent, handler = logging.getLogger("redacting-filter-parent"), logging.StreamHandler(out)
    handler.addFilter(RedactingFilter(Redactor(BOTH)))
    parent.addHandler(handler)
    parent.propagate = False
    logging.getLogger("redacting-filter-parent.child.of.it").error("failed with %s", PLAIN)
    parent.removeHandler(handler)
    assert out.getvalue() == "failed with [REDACTED:B]\n"


def test_a_formatter_masks_what_another_one_makes_and_leaves_the_record():
    out, kept = io.StringIO(), []
    handler = logging.StreamHandler(out)
    handler.setFormatter(RedactingFormatter(logging.Formatter("%(message)s!"), Redactor({"K": PLAIN})))
    handler.addFilter(lambda record: kept.append(record) or True)
    logger = logging.getLogger("redacting-formatter-test")
    logger.addHandler(handler)
    logger.propagate = False
    logger.error("failed with %s", PLAIN)
    assert out.getvalue() == "failed with [REDACTED:K]!\n"
    assert kept[0].args == (PLAIN,)


def test_a_text_stream_masks_over_several_writes_and_hides_its_descriptor():
    below = io.StringIO()
    stream = RedactingStream(below, Redactor(BOTH))
    print("one", PLAIN[:7], sep=" ", end="", file=stream)
    assert below.getvalue() == "one "
    print(PLAIN[7:], "é", SECRET, file=stream)
    stream.flush()
    assert below.getvalue() == "one [REDACTED:B] é [REDACTED:A]\n"
    with pytest.raises(io.UnsupportedOperation):
        stream.fileno()
    stream.write("plain")
    stream.close()
    assert below.getvalue().endswith("plain")


def test_the_core_loads_nothing_that_is_slow_to_start():
    code = (
        "import sys\nfrom secretrun.redact import Redactor\n"
        "Redactor({'A': 'a-b-c-d-e-f'}).feed(b'x a-b-c-d-e-f')\n"
        "print(sorted({'typing', 're', 'json', 'dataclasses', 'enum', 'logging', 'base64'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
