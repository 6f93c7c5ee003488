"""CPython's private modules are ways to start faster: without one of them, or with one that fails, all works."""

import ctypes
import hashlib
import importlib
import os
import signal
import subprocess
import sys
import threading

import pytest
from support.until import until

from secretrun.cache import key
from secretrun.child import start
from secretrun.errors import BadAnswer
from secretrun.formats import parse
from secretrun.posix import dumpable, signals, sockets, threads
from secretrun.trust import digest


class Unheard(Exception):
    """No error that anybody would think of."""


def fail(*_, **__):
    raise Unheard("this Python is another one")


def test_json_without_the_scanner(monkeypatch):
    """Also where it asks its context for what it did not ask for before, as 3.15's does."""
    import _json

    texts = ['{"a": [1, 1.50, true, null], "b": {"c": "\\u00e9"}}', "[]", '"x"', ' {"a": 1} ']
    expected = [parse.parse(text.encode(), kind="json", what="it") for text in texts]
    monkeypatch.setattr(_json, "make_scanner", fail)
    assert [parse.parse(text.encode(), kind="json", what="it") for text in texts] == expected
    for bad in ('{"a": 1, "a": 2}', '{"a": NaN}', '{"a": }', "{"):
        with pytest.raises(BadAnswer):
            parse.parse(bad.encode(), kind="json", what="it")


@pytest.mark.parametrize("name", ["array_hook", "object_hook", "strict", "parse_float", "parse_int"])
def test_the_scanner_finds_what_it_asks_for(name):
    """3.15 reads `array_hook` of what it is given: there is one, so the fast way stays."""
    assert hasattr(parse._Scanning(list, str), name)


def test_blake2_without_the_private_module(monkeypatch):
    import _blake2

    expected = [key._blake2b(b"data").digest(), key._blake2b(b"data", digest_size=32, key=b"k").digest()]
    monkeypatch.setattr(_blake2, "blake2b", fail)
    assert [
        key._blake2b(b"data").digest(),
        key._blake2b(b"data", digest_size=32, key=b"k").digest(),
    ] == expected


def test_sha256_without_the_private_module(monkeypatch):
    expected = digest.sha256("text")
    module = importlib.import_module("_sha2" if sys.version_info >= (3, 12) else "_sha256")
    monkeypatch.setattr(module, "sha256", fail)
    assert digest.sha256("text") == expected == hashlib.sha256(b"text").hexdigest()


@pytest.mark.parametrize("name", ["dlopen", "dlsym", "call_cdeclfunction"])
def test_prctl_without_the_private_functions(monkeypatch, name):
    """The same call, by ctypes: here PR_GET_DUMPABLE, whose answer is thrown away."""
    import _ctypes

    called = []

    class Library:
        def __init__(self, _):
            pass

        def prctl(self, *arguments):
            called.append(arguments)

    monkeypatch.setattr(_ctypes, name, fail)
    monkeypatch.setattr(ctypes, "CDLL", Library)
    dumpable._prctl(3, 0, 0, 0, 0)
    assert called == [(3, 0, 0, 0, 0)]


@pytest.mark.parametrize("broken", ["module", "function", "nothing"])
def test_a_command_starts_without_what_subprocess_is_made_of(monkeypatch, broken):
    if broken == "module":
        monkeypatch.setitem(sys.modules, "_posixsubprocess", None)
    if broken == "function":
        monkeypatch.setattr("_posixsubprocess.fork_exec", fail)
    ours, theirs = os.pipe()
    streams = (None, theirs, None)
    pid = start.fork([b"echo", b"hello"], os.environb, signals.Signals(), streams)
    os.close(theirs)
    with open(ours, "rb") as file:
        assert file.read() == b"hello\n"
    assert os.waitpid(pid, 0)[1] == 0


def test_threads_without_the_private_functions(monkeypatch):
    monkeypatch.setattr(threads, "start_new_thread", fail)
    monkeypatch.setattr(threads, "allocate_lock", fail)
    done = []
    worker = threads.Worker(lambda: done.append(threading.current_thread() is not threading.main_thread()))
    assert worker.join(60)
    assert done == [True]


def test_what_a_worker_raises_is_printed_nowhere(capsys):
    worker = threads.Worker(fail)
    assert worker.join(60)
    assert capsys.readouterr() == ("", "")


def test_a_worker_that_takes_too_long_is_left_alone():
    go = threading.Event()
    worker = threads.Worker(go.wait)
    assert not worker.join(0.01)
    go.set()
    assert worker.join()


class Stranger:
    """A socket whose private method fails."""

    _accept = staticmethod(fail)

    def __init__(self, listener):
        self.fileno = listener.fileno


@pytest.mark.parametrize("broken", ["nothing", "module", "accept"])
def test_sockets_without_the_private_functions(monkeypatch, tmp_path, broken):
    listener = sockets.unix_socket()
    monkeypatch.chdir(tmp_path)
    listener.bind("s")
    listener.listen(1)
    if broken == "module":
        monkeypatch.setitem(sys.modules, "_socket", None)
    client = sockets.unix_socket()
    client.connect("s")
    served = sockets.accept(Stranger(listener) if broken == "accept" else listener)
    client.sendall(b"hello")
    assert served.recv(5) == b"hello"
    if sys.platform == "linux":
        assert int.from_bytes(sockets.credentials(served)[4:8], sys.byteorder) == os.getuid()
    for one in (client, served, listener):
        one.close()


@pytest.mark.parametrize(
    ("private", "module"), [("_signal", "secretrun.posix.signals"), ("_thread", "secretrun.posix.threads")]
)
def test_a_module_that_is_not_there(private, module):
    """Python's own module stands in for it."""
    code = f"""
import sys
import signal, threading
sys.modules[{private!r}] = None
import {module} as tried
{"assert tried.SIGTERM == 15 and tried.block_all() is not None" if private == "_signal" else "assert tried.Worker(lambda: None).join(60)"}
"""
    path = os.pathsep.join(p for p in sys.path if p)
    subprocess.run(
        [sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": path}, timeout=60
    )


def test_a_signal_is_taken_where_nobody_has_it():
    before = signal.getsignal(signal.SIGUSR1)
    came = []
    try:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        assert signals.take(signal.SIGUSR1, lambda number, _: came.append(number))
        assert not signals.take(signal.SIGUSR1, lambda *_: None)
        os.kill(os.getpid(), signal.SIGUSR1)
        until(lambda: came == [signal.SIGUSR1], "the signal")
        signals.leave(signal.SIGUSR1)
        assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        assert not signals.take(signal.SIGUSR1, lambda *_: None)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_an_interrupt_before_anything_is_loaded_has_its_status_without_the_private_module():
    code = "import sys; sys.modules['_signal'] = None\nfrom secretrun.__main__ import _die\nprint(_die())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "130\n"), done.stderr


def test_the_roots_are_where_ssl_says_too(monkeypatch):
    import ssl

    from secretrun.broker import trust

    expected = trust._places()
    monkeypatch.setitem(sys.modules, "_ssl", None)
    assert trust._places() == expected
    monkeypatch.setattr(ssl, "get_default_verify_paths", fail)
    with pytest.raises(Unheard):
        trust._places()


@pytest.mark.parametrize("private", ["_frozen_importlib", "_frozen_importlib_external"])
def test_a_library_is_loaded_by_what_importlib_gives(private):
    code = (
        "import importlib.machinery as m, sys\nfrom secretrun.redact.core import library\n"
        f"sys.modules[{private!r}] = None\nassert library._machinery() == (m.ModuleSpec, m.ExtensionFileLoader)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("private", ["_frozen_importlib_external", "_imp"])
def test_modules_are_found_by_python_itself(private):
    code = (
        "import sys\nfrom secretrun import bytecode\nfinders = list(sys.meta_path)\n"
        f"sys.modules[{private!r}] = None\nbytecode.install()\nassert sys.meta_path == finders"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_no_other_private_module_is_used_anywhere():
    """What is new here gets a way out, and its test above."""
    import ast
    import pathlib

    root = pathlib.Path(importlib.import_module("secretrun").__file__).parent
    used = set()
    for file in [*root.rglob("*.py"), *(root.parent / "backends").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            used.update((name, file.name) for name in names if name.startswith("_") and name[1] != "_")
    assert used == {
        ("_sha2", "digest.py"), ("_sha256", "digest.py"),
        ("_blake2", "key.py"), ("_ctypes", "dumpable.py"), ("_json", "parse.py"), ("_signal", "signals.py"),
        ("_signal", "__main__.py"),
        ("_posixsubprocess", "start.py"), ("_socket", "sockets.py"), ("_thread", "threads.py"), ("_ssl", "trust.py"),
        ("_frozen_importlib", "library.py"), ("_frozen_importlib_external", "library.py"),
        ("_frozen_importlib_external", "bytecode.py"), ("_imp", "bytecode.py"),
    }  # fmt: skip
