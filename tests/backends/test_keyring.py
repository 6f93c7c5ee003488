"""keyring:// with the real Secret Service: gnome-keyring on a session bus of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from backends.vault_servers import wait_until

from secretrun.backend import Context
from secretrun.errors import BadReference, NotFound, Unavailable
from secretrun.reference import parse
from secretrun.testing import DIFFICULT_VALUES, BackendContract
from secretrun_backends.keyring_store import Keyring

TEXTS = {name: value for name, value in DIFFICULT_VALUES.items() if name not in ("binary", "empty")}


# A session bus that starts no service by itself: it would be another key ring, a locked one.
BUS = """<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>"""


@pytest.fixture
def bus(tmp_path_factory):
    """The address of a session bus where an unlocked key ring answers.

    One for each test: gnome-keyring 42 may end when one of many clients has gone without a word.
    """
    home = tmp_path_factory.mktemp("keyring")
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "LC_ALL": "C.UTF-8",
    }
    (home / "bus.xml").write_text(BUS)
    daemon = subprocess.Popen(
        ["dbus-daemon", f"--config-file={home / 'bus.xml'}", "--nofork", "--nopidfile", "--print-address=1"],
        env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    environ["DBUS_SESSION_BUS_ADDRESS"] = daemon.stdout.readline().decode().strip()
    ring = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        env=environ, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    ring.stdin.write(b"password of the key ring")
    ring.stdin.close()

    def ready():
        """The service answers before it has made the collection, with the password given, and unlocked it."""
        assert ring.poll() is None
        asked = subprocess.run(
            ["dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets",
             "/org/freedesktop/secrets/collection/login", "org.freedesktop.DBus.Properties.Get",
             "string:org.freedesktop.Secret.Collection", "string:Locked"],
            env=environ, capture_output=True, timeout=90,
        )  # fmt: skip
        return b"boolean false" in asked.stdout

    try:
        wait_until(ready, "the key ring is there and open")
        yield environ["DBUS_SESSION_BUS_ADDRESS"]
    finally:
        for process in (ring, daemon):
            process.terminate()
            process.wait(90)
        daemon.stdout.close()


@pytest.fixture
def ring(bus, monkeypatch):
    import keyring
    from keyring.backends.SecretService import Keyring as SecretService

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    before = keyring.core._keyring_backend
    keyring.set_keyring(SecretService())
    yield keyring
    keyring.core._keyring_backend = before


class TestKeyring(BackendContract):
    @pytest.fixture(autouse=True)
    def store(self, ring):
        for name, value in TEXTS.items():
            ring.set_password("secretrun/tests", name, value.decode())
        self.backend, self.context = Keyring(), Context({}, timeout=90)
        self.known = {parse(f"keyring://secretrun/tests/{name}"): value for name, value in TEXTS.items()}
        self.missing = [parse("keyring://secretrun/tests/none"), parse("keyring://nothing/plain")]


def fetch(text):
    reference = parse(text)
    return Keyring().fetch([reference], Context({}, timeout=90))[reference]


def test_a_user_with_a_slash_is_named_by_an_option(ring):
    ring.set_password("service", "group/bob", "of bob")
    assert fetch("keyring://service?username=group/bob") == b"of bob"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("keyring://service", BadReference), ("keyring://service/bob#/x", BadReference),
        ("keyring://service/bob?user=x", BadReference), ("keyring://service/nobody", NotFound),
    ],
)  # fmt: skip
def test_what_a_reference_gets_wrong_has_a_remedy(ring, text, kind):
    error = fetch(text)
    assert type(error) is kind
    assert error.hint


DRIVER = """
from secretrun.backend import Context
from secretrun.reference import parse
from secretrun.errors import SecretrunError
from secretrun_backends.keyring_store import Keyring
reference = parse("keyring://secretrun/tests/plain")
try:
    answer = Keyring().fetch([reference], Context({}))[reference]
    print(type(answer).__name__, Keyring().check(Context({})))
except SecretrunError as error:
    print(type(error).__name__, error.message)
"""


def drive(environ):
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], env={**environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_key_ring_of_the_session_is_chosen_by_itself(ring, bus, tmp_path):
    ring.set_password("secretrun/tests", "plain", "a password")
    environ = {"HOME": str(tmp_path), "DBUS_SESSION_BUS_ADDRESS": bus}
    assert drive(environ) == "bytes keyring with SecretService Keyring"


def test_without_a_session_bus_the_error_says_that_there_is_no_key_ring(tmp_path):
    said = drive({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/nonexistent"})
    assert said.startswith(f"{Unavailable.__name__} there is no key ring")


HANGING = """
import keyring.backend, time
class Ring(keyring.backend.KeyringBackend):
    priority = 9
    def get_password(self, service, username): time.sleep(300)
    def set_password(self, service, username, password): raise NotImplementedError
    def delete_password(self, service, username): raise NotImplementedError
"""


def test_a_key_ring_that_waits_for_somebody_for_ever_is_given_up(secretrun, tmp_path):
    """The SDK takes no time limit, so the run has one."""
    (tmp_path / "hanging_ring.py").write_text(HANGING)
    environ = {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "hanging_ring.Ring"}
    done = secretrun("--timeout", "1", "--set", "A=keyring://a/b", "--", "touch", "started", env=environ)
    assert (done.status, done.out) == (125, "")
    assert "system key ring did not answer within 1 seconds" in done.err
    assert not (tmp_path / "started").exists()


def test_a_ring_that_would_ask_on_standard_input_is_not_asked_without_a_terminal(tmp_path):
    """A session of its own has no controlling terminal."""
    program = (
        "import sys, types, keyring, keyring.backend\n"
        "from secretrun.backend import Context\n"
        "from secretrun.reference import parse\n"
        "from secretrun_backends.keyring_store import Keyring\n"
        "class EncryptedKeyring(keyring.backend.KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, username):\n"
        "        return sys.stdin.readline()\n"
        "    set_password = delete_password = None\n"
        "keyring.set_keyring(EncryptedKeyring())\n"
        "reference = parse('keyring://s/u')\n"
        "try:\n"
        "    Keyring().fetch([reference], Context({}))\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
        "print(sys.stdin.read(), end='')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=b"the command's\n", capture_output=True, start_new_session=True, timeout=90,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == b"NotSignedIn\nthe command's\n", done.stderr
