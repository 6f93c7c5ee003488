"""Stores that fail in every way: a clear error, status 125, no child, nothing left behind, no value shown.

Each fault is put on for every kind of store there is: one asked over HTTPS in our own process, a store's
program, a plugin's program. Beside it a healthy store gives a value, which must not be seen either.
"""

import os
import time
import uuid

import pytest
from support.store import clean_environ, secretrun
from support.wire import BREAK_OFF, DRIP, GARBAGE, HANG, Server

from secretrun.testing import install_program

HEALTHY = "healthy-value-0123456789"
HALF = "half-a-value-9876543210"  # what the failing store lets out before, or while, it fails
VERBS = {
    "run": ["--", "touch", "started"],
    "inject": ["inject", "-i", "file.tpl", "-o", "written"],
    "check": ["check"],
    "redact": ["redact", "text"],
}


# Each fault is tried with a run; these, which end in different ways, with every verb.
BY_EVERY_VERB = ("hangs", "dies mid-answer", "throttles")


def crossed(faults):
    return [(fault, verb) for fault in faults for verb in VERBS if verb == "run" or fault in BY_EVERY_VERB]


class Place:
    """A directory with a healthy store, everything a run could leave something in, and a mark on its processes."""

    def __init__(self, tmp_path):
        self.work, self.temporary, self.runtime = (tmp_path / name for name in ("work", "tmp", "run"))
        for directory in (self.work, self.temporary, self.runtime):
            directory.mkdir(mode=0o700)
        self.mark = uuid.uuid4().hex
        self.environ = clean_environ(tmp_path) | {
            "TMPDIR": str(self.temporary), "XDG_RUNTIME_DIR": str(self.runtime), "FAULT_MARK": self.mark,
        }  # fmt: skip
        self.bin = tmp_path / "bin"
        (tmp_path / "healthy").write_text(HEALTHY)
        (self.work / "text").write_text("a text\n")
        self.reference("")

    def reference(self, text):
        """What the template asks of the failing store."""
        (self.work / ".env").write_text(f"GOOD=file://../healthy\nBAD={text}\n")
        (self.work / "file.tpl").write_text(f"good: {{{{ file://../healthy }}}}\nbad: {{{{ {text} }}}}\n")

    def program(self, name, source):
        self.environ = install_program(self.bin, name, source, self.environ)

    def files(self):
        """Every file a run could have left (locks of ours are empty, and meant to stay)."""
        roots = (self.work, self.temporary, self.runtime)
        found = {path for root in roots for path in root.rglob("*") if not path.is_dir()}
        return {path for path in found if path.suffix != ".lock" or path.stat().st_size}

    def processes(self):
        """What still runs with our mark in its environment."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/environ", "rb") as file:
                    if f"FAULT_MARK={self.mark}".encode() in file.read():
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def run(self, verb, *options):
        first, *rest = VERBS[verb]
        command = [*options, first, *rest] if first == "--" else [first, *options, *rest]
        return secretrun(*command, env=self.environ, cwd=self.work)

    def fails(self, verb, *options, words=""):
        """Run a verb, and see that it fails as it must."""
        before = self.files()
        done = self.run(verb, *options)
        said = done.stderr.decode()
        assert done.returncode == 125, said
        for shown in (said, done.stdout.decode()):
            assert HEALTHY not in shown
            assert HALF not in shown
        if verb == "check":
            said = done.stdout.decode()
        else:
            assert done.stdout == b""
            assert said
            assert all(
                line.startswith(("secretrun: error: ", "secretrun: hint: ")) for line in said.splitlines()
            )
            assert "internal error" not in said
        assert "BAD" in said or verb == "inject"
        assert words in said.lower(), said
        assert self.files() == before
        self.is_quiet()

    def is_quiet(self):
        """See that no process of ours is left."""
        end = time.monotonic() + 30
        while self.processes():
            assert time.monotonic() < end, "a process is left"
            time.sleep(0.01)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def patience(words):
    """The time limit: a short one only where it is to be over, so that a busy machine is no fault of the store."""
    return "1" if "within 1 seconds" in words else "60"


# What a server does, what the user reads of it, and which verbs it is tried with.
LATE = "late"
SERVERS = {
    "hangs": (HANG, "did not answer within 1 seconds"),
    "answers without an end": (DRIP, "did not answer within 1 seconds"),
    "answers after the timeout": (LATE, "did not answer within 1 seconds"),
    "answers what is not HTTP": (GARBAGE, "did not answer as an http server does"),
    "answers what is not JSON": ((200, HALF.encode()), "does not answer as vault does"),
    "answers other JSON": ((200, {"data": [HALF]}), "does not answer as vault does"),
    "dies mid-answer": (BREAK_OFF, "broke off in the middle"),
    "throttles": ((429, {"errors": [f"not so fast, {HALF}"]}), "asks for fewer requests"),
    "has an expired token": ((403, {"errors": ["permission denied"]}), "not valid at"),
    "fails": ((500, HALF.encode()), "failed with status 500"),
}


def server(tmp_path, said):
    def answer(request):
        if said == LATE:
            time.sleep(2)
            return 200, {"data": {"key": HALF}}
        return said

    return Server(answer, directory=tmp_path)


@pytest.mark.parametrize(("fault", "verb"), crossed(SERVERS))
def test_a_store_asked_over_https(place, tmp_path, fault, verb):
    said, words = SERVERS[fault]
    with server(tmp_path, said) as running:
        place.reference("vault://secret/app?version_kv=1#/key")
        place.environ |= {"VAULT_ADDR": running.url, "VAULT_TOKEN": "token", "VAULT_CACERT": running.ca}
        place.fails(verb, "--timeout", patience(words), words=words)


@pytest.mark.parametrize("verb", VERBS)
def test_a_certificate_nobody_we_trust_has_signed(place, tmp_path, verb):
    with Server(lambda _: (200, {"data": {"key": HALF}}), directory=tmp_path) as running:
        place.reference("vault://secret/app?version_kv=1#/key")
        place.environ |= {"VAULT_ADDR": running.url, "VAULT_TOKEN": "token"}
        place.fails(verb, words="certificate")
        assert running.requests == []  # the token was not sent


def test_a_certificate_of_another_host(place, tmp_path):
    with Server(
        lambda _: (200, {"data": {"key": HALF}}), directory=tmp_path, names=("other.test",)
    ) as running:
        place.reference("vault://secret/app?version_kv=1#/key")
        place.environ |= {"VAULT_ADDR": running.url, "VAULT_TOKEN": "token", "VAULT_CACERT": running.ca}
        place.fails("run", words="certificate")
        assert running.requests == []


# What a store's program does after it has read its input; op is asked as `op read` for one reference. (What
# it leaves running is its own affair: op has a daemon.)
PROGRAMS = {
    "hangs": ("time.sleep(300)", "did not answer within 1 seconds"),
    "answers after the timeout": (f"time.sleep(2); print({HALF!r})", "did not answer within 1 seconds"),
    "hangs in the middle of its answer": (
        f"print({HALF!r}, flush=True); time.sleep(300)", "did not answer within 1 seconds",
    ),
    "dies mid-answer": (f"print({HALF!r}, flush=True); os.kill(os.getpid(), 9)", "op failed"),
    "throttles": ("sys.exit('[ERROR] 2026/01/31 12:00:00 Too many requests')", "throttles"),
    "has an expired token": ("sys.exit('[ERROR] 2026/01/31 12:00:00 (401) Unauthorized: invalid token')", "not signed in"),
    "has a wrong certificate": ("sys.exit('[ERROR] 2026/01/31 12:00:00 x509: certificate signed by unknown authority')", "op failed"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "verb"), crossed(PROGRAMS))
def test_a_stores_program(place, fault, verb):
    act, words = PROGRAMS[fault]
    place.program("op", f"import os, subprocess, sys, time\nsys.stdin.read()\n{act}\n")
    place.reference("op://dev/app/password")
    place.fails(verb, "--timeout", patience(words), words=words)


HELLO = """
import json, os, subprocess, sys, time
messages = [json.loads(line) for line in sys.stdin]
def say(**message): print(json.dumps(message), flush=True)
def answer(text):
    for message in messages[1:]:
        say(type="value", id=message["id"], text=text) if message["type"] == "get" else say(type="unsupported", id=message["id"])
say(type="hello", id=0, version=1)
"""
PLUGINS = {
    "hangs": ("time.sleep(300)", "did not end within 1 seconds"),
    "answers after the timeout": (f"time.sleep(2); answer({HALF!r})", "did not end within 1 seconds"),
    "answers and never ends": (f"answer({HALF!r}); time.sleep(300)", "did not end within 1 seconds"),
    "answers garbage": (f"print({HALF!r})", "not json"),
    "answers binary garbage": ("sys.stdout.buffer.write(bytes(range(256)) * 9)", "not json"),
    "dies mid-answer": (f"answer({HALF!r}); sys.stdout.write('{{\"type\": \"val'); sys.stdout.flush(); os._exit(0)", "middle of a line"),
    "is killed": (f"answer({HALF!r}); os.kill(os.getpid(), 9)", "signal 9"),
    "quotes the value as it fails": (f"answer({HALF!r}); sys.exit('no use for {HALF}')", "status 1"),
    "throttles": ("say(type='error', id=0, code='rate-limited', message='slow down')", "slow down"),
    "has an expired token": ("say(type='error', id=0, code='not-signed-in', message='the token has expired')", "has expired"),
    "has a wrong certificate": ("say(type='error', id=0, code='unavailable', message='certificate not trusted')", "certificate"),
    "leaves a child": ("subprocess.Popen(['sleep', '300']); sys.exit(1)", "did not end within 1 seconds"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "verb"), crossed(PLUGINS))
def test_a_plugins_program(place, fault, verb):
    act, words = PLUGINS[fault]
    place.program("secretrun-backend-odd", f"{HELLO}\n{act}\n")
    place.reference("odd://app")
    place.fails(verb, "--timeout", patience(words), words=words)


def test_the_value_of_a_failing_store_is_shown_by_no_verb_that_reads_it(place):
    place.program("secretrun-backend-odd", f"{HELLO}\nanswer({HALF!r}); sys.exit('no use for {HALF}')\n")
    done = secretrun("read", "odd://app", env=place.environ, cwd=place.work)
    assert (done.returncode, done.stdout) == (125, b"")
    assert HALF.encode() not in done.stderr
