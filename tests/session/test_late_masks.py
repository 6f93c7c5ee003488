"""Values registered at run time: taken whole or not at all, from our own user, and never shown."""

import _socket
import threading

from secretrun.model import Secret
from secretrun.redact import Redactor
from secretrun.session import late_masks

VALUE = "Kq8Zt2LmWv5x9Rb3"


def started(tmp_path):
    redactor = Redactor({"KNOWN": "Zz7-known-secret"})
    late = late_masks.LateMasks(redactor, {"XDG_RUNTIME_DIR": str(tmp_path)})
    late.start()
    return redactor, {late_masks.VARIABLE: late.address}


def test_what_is_acknowledged_is_masked(tmp_path):
    redactor, environ = started(tmp_path)
    twin = redactor.twin()
    assert twin.feed(f"a {VALUE} b\n".encode()) + twin.flush() == f"a {VALUE} b\n".encode()
    assert late_masks.register([Secret(VALUE.encode(), ("LATE",))], environ)
    assert twin.feed(f"a {VALUE} b\n".encode()) + twin.flush() == b"a [REDACTED:LATE] b\n"


def test_many_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(late_masks, "PATIENCE", 60.0)  # each of the forty waits for all before it
    redactor, environ = started(tmp_path)
    secrets = [Secret(f"{VALUE}-{number:04}".encode(), (f"N{number}",)) for number in range(40)]
    done = []
    threads = [
        threading.Thread(target=lambda s=secret: done.append(late_masks.register([s], environ)))
        for secret in secrets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [True] * 40
    assert b"-00" not in redactor.mask(b"\n".join(secret.reveal() for secret in secrets))


def test_what_is_no_message_changes_nothing_and_ends_nothing(tmp_path):
    redactor, environ = started(tmp_path)
    address = environ[late_masks.VARIABLE]
    for said in (b"", b"\0\0\0\4abcd", b"\xff" * 8, b"\0\0\0\5\0\0\0\1"):
        client = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        client.connect("\0" + address[1:] if address.startswith("@") else address)
        client.sendall(said)
        client.shutdown(_socket.SHUT_WR)
        try:
            assert client.recv(10) == b""
        except ConnectionResetError:
            pass  # it was closed with something unread
        client.close()
    assert late_masks.register([Secret(VALUE.encode(), ("LATE",))], environ)
    assert redactor.mask(VALUE.encode()) == b"[REDACTED:LATE]"


def test_without_a_session_nothing_is_said():
    assert not late_masks.register([Secret(b"x" * 20, ("A",))], {})


def test_a_text_is_shown_as_the_session_would_and_counts_in_no_report(tmp_path):
    redactor, environ = started(tmp_path)
    text = b"a Zz7-known-secret b " + b"x" * (1 << 20)
    assert late_masks.masked(text, environ) == b"a [REDACTED:KNOWN] b " + b"x" * (1 << 20)
    assert late_masks.masked(b"clear", environ) == b"clear"
    assert redactor.report().masks == {}
    assert late_masks.masked(text, {}) is None
    assert late_masks.masked(text, {late_masks.VARIABLE: "@nobody"}) is None
