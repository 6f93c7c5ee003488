"""Values that are registered while the command runs, and texts shown masked: a socket of the session.

A run of secretrun below another hands over what it has resolved before its own command starts: what that
leaves in a file or a variable, the outer run masks too. The socket's name stands in the command's
environment; each side sees that the other is of our user. An answer means that every byte a stream reads
from then on is masked with it.
"""

from __future__ import annotations

import os
import sys

from secretrun.model import Secret
from secretrun.posix import descriptors, directories, sockets, threads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.redact.masker import Masker

VARIABLE = "SECRETRUN_MASKS"  # the socket: its path, or "@NAME" of one that is in no directory (Linux)
PATIENCE = 2.0  # seconds for one exchange with a process on this machine
_MASK = b"mask"  # instead of four fields a value: show me this
_WAITING = 1024  # runs side by side that wait to be heard: a full queue refuses


class LateMasks:
    """The session's side: takes values and adds them to the redactor.

    Args:
        redactor: of the session; its streams share what is added.
        environ: says where a private directory may lie.

    Attributes:
        address: of the socket, or "" where there can be none: then nothing can be registered.
        asked: becomes readable when somebody has something for us and `start` has not been called; or None.
    """

    def __init__(self, redactor: Masker, environ: Mapping[str, str]) -> None:
        self._redactor = redactor
        self._directory = ""
        self.address = ""
        self.asked: int | None = None
        self._listener: sockets.socket | None = None
        try:
            if sys.platform == "linux":
                address = f"@secretrun-{os.urandom(16).hex()}"  # gone with us, however we end
            else:
                self._directory = directories.private(environ)
                address = os.path.join(self._directory, "masks")
            listener = sockets.unix_socket()
            listener.bind(_place(address))
            listener.listen(_WAITING)
        except Exception:  # noqa: BLE001  no place, no room, a path too long: the run goes on without
            self.close()
            return
        self._listener = listener
        self.asked = listener.fileno()
        self.address = address

    def start(self) -> None:
        """Begin to take values, in a thread; nothing may be forked from now on."""
        listener, self.asked = self._listener, None
        if listener is not None:
            threads.start(lambda: self._serve(listener))

    def close(self) -> None:
        """Remove the socket."""
        if self._directory:
            for remove, path in ((os.unlink, self.address), (os.rmdir, self._directory)):
                try:
                    remove(path)
                except OSError:
                    pass  # it is gone already

    def _serve(self, listener: sockets.socket) -> None:
        while True:
            try:
                connection = sockets.accept(listener)
            except OSError:
                return
            try:
                from secretrun.cache import endpoint  # here: most runs are asked nothing

                connection.settimeout(PATIENCE)
                if endpoint.peer_uid(connection) == os.getuid():
                    self._take(connection)
            except Exception:  # noqa: BLE001, S110  whoever it was is not answered, and takes it as refused
                pass
            finally:
                connection.close()

    def _take(self, connection: sockets.socket) -> None:
        from secretrun.cache import wire

        given = wire.fields(_receive(connection, wire.body_length(_receive(connection, 4))))
        if given[:1] != [wire.VERSION]:
            return
        if given[1:2] == [_MASK] and len(given) == 3:
            masked = self._redactor.probe().mask(given[2])  # a probe: what is looked at counts in no report
            connection.sendall(wire.frame(wire.VERSION, masked))
            return
        secrets = [
            Secret(
                value,
                (os.fsdecode(name),),
                mask=os.fsdecode(mask),
                min_length=int(length) if length else None,
            )
            for name, value, mask, length in zip(*[iter(given[1:])] * 4, strict=True)
        ]
        self._redactor.add(secrets)
        connection.sendall(wire.frame(wire.VERSION, b"ok"))


def register(secrets: Iterable[Secret], environ: Mapping[str, str]) -> bool:
    """Hand values to the session above, where there is one; returns whether it has them."""
    path = environ.get(VARIABLE)
    given: list[bytes] = []
    for secret in secrets:
        length = b"" if secret.min_length is None else b"%d" % secret.min_length
        given += [os.fsencode(secret.name), secret.reveal(), os.fsencode(secret.mask), length]
    answer = _asked(path, given) if given else None
    return answer is not None and answer[1:] == [b"ok"]


def masked(text: bytes, environ: Mapping[str, str]) -> bytes | None:
    """A text as the session above would show it; None where there is none, or it does not answer.

    It knows every form of its values, and hands none of them out.
    """
    answer = _asked(environ.get(VARIABLE), [_MASK, text])
    return answer[1] if answer is not None and len(answer) == 2 else None


def _asked(path: str | None, given: Iterable[bytes]) -> list[bytes] | None:
    """What the session at `path` answers; None when it has ended, or is not ours."""
    from secretrun.cache import endpoint, wire

    if not path:
        return None
    try:
        connection = sockets.unix_socket()
        try:
            connection.settimeout(PATIENCE)
            connection.connect(_place(path))
            if endpoint.peer_uid(connection) != os.getuid():
                return None
            connection.sendall(wire.frame(wire.VERSION, *given))
            return wire.fields(_receive(connection, wire.body_length(_receive(connection, 4))))
        finally:
            connection.close()
    except Exception:  # noqa: BLE001  our own masks hold all the same
        return None


def _place(address: str) -> str:
    return "\0" + address[1:] if address.startswith("@") else address


def _receive(connection: sockets.socket, length: int) -> bytes:
    data = descriptors.read_exactly(connection.recv, length)
    if len(data) < length:
        raise OSError("the other side closed the connection")
    return data
