"""When held bytes show: playbooks of keys and output, and a pump that lives by them."""

import os

import pytest
from support.pumped import Notified
from support.terminal import SECRET, until

from secretrun.redact import Redactor
from secretrun.session import key_echo, pump
from secretrun.session.key_echo import PAUSE, KeyEcho

KEY = "a key is typed"
LONG = 10 * PAUSE

# Each scene: KEY, or (bytes that come, seconds of quiet before them, whether what is held shows at once).
PLAYBOOKS = {
    "keys typed one by one": [KEY, (1, LONG, True), KEY, (1, PAUSE, True)],
    "a character of three bytes": [KEY, (3, LONG, True)],
    "a prompt comes by itself": [(1, LONG, False)],
    "the answer to a key is a text": [KEY, (4, LONG, False)],
    "a text a byte at a time, as the answer to a key": [
        KEY,
        (1, LONG, True),
        (1, 0, False),
        (1, LONG, False),
    ],
    "keys in a burst": [KEY, (1, LONG, True), KEY, (1, PAUSE / 2, False), KEY, (1, 0, False)],
    "output goes on while a key is typed": [(900, 0, False), KEY, (1, PAUSE / 2, False), (1, LONG, False)],
    "one key, two outputs": [KEY, (9, LONG, False), (1, LONG, False)],
    "the end": [KEY, (0, LONG, False)],
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_playbook(name):
    machine = KeyEcho()
    for scene in PLAYBOOKS[name]:
        if scene == KEY:
            machine.typed()
        else:
            size, quiet, shows = scene
            assert machine.came(size, quiet) is shows, scene


@pytest.fixture
def held(cleanup, monkeypatch):
    """A pump to a terminal that no pause lets anything out of: (its end to write to, the pump)."""
    monkeypatch.setattr(pump, "PAUSE", 3600)  # before held bytes show
    monkeypatch.setattr(key_echo, "PAUSE", 0)  # before a key
    source, write = os.pipe()
    masker = Redactor({"S": SECRET}).twin()
    pumped = Notified(source, masker, release=masker.release)
    cleanup.append(pumped)
    yield write, pumped
    os.close(write)
    until(lambda: pumped.pump.ended, "the end")
    pumped.pump.join()


def test_the_echo_of_a_key_shows_at_once_and_the_rest_is_masked(held):
    write, pumped = held
    pumped.pump.typed()
    os.write(write, SECRET[:1].encode())
    assert os.read(pumped.out, 99) == SECRET[:1].encode()
    os.write(write, SECRET[1:].encode() + b".")
    assert os.read(pumped.out, 99) == b"[REDACTED:S]."


@pytest.mark.parametrize(
    ("key", "text"),
    [(False, ""), (True, "abc"), (True, "\N{EURO SIGN}")],
    ids=["no key", "a text", "a key's character and more"],
)
def test_the_beginning_of_a_secret_that_is_no_echo_does_not_show(held, key, text):
    """It is seen to wait: when it turns out to be none, it comes in one piece with what follows it."""
    write, pumped = held
    text = text.encode()
    if key:
        pumped.pump.typed()
    os.write(write, text + SECRET[:1].encode())
    if text:
        assert os.read(pumped.out, 99) == text
    until(lambda: pumped.pump.total == len(text) + 1 and not pumped.pump.busy, "it to be read")
    os.write(write, b"!")
    assert os.read(pumped.out, 99) == SECRET[:1].encode() + b"!"
