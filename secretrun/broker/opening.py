"""What has to be there before the command may start; everything else is loaded while it starts.

Rules that hold, an audit that can be written, the authority's certificate in the bundles, and a socket that
listens: who connects meanwhile waits in its queue. asyncio and h11, and with them half of the time until the
first request can be answered, come after that.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import os
import select
import socket
import threading

from secretrun.broker import journal, process, trust
from secretrun.broker.run import Run
from secretrun.errors import SecretrunError
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping

_LOOK = 10  # milliseconds until it is seen that everything is loaded


class Opening:
    """The parts of a broker that its command is told of.

    Attributes:
        authority: of this run's certificates.
        directory: of the bundles; ours alone.
        bundles: variable to path.
        password: of the proxy.
    """

    def __init__(self, run: Run) -> None:
        """Make them.

        Raises:
            OSError: the bundles can't be written.
        """
        self.directory = directories.private(run.environ)
        self._roots: list[ssl.SSLContext | BaseException] = []
        reading = threading.Thread(target=self._read_roots, args=(run.environ,), daemon=True)
        reading.start()  # OpenSSL reads them without Python's lock, 30 ms and more
        try:
            from secretrun.broker import ca

            self.authority = ca.Authority(run.policy.hosts())
            self.bundles = trust.write_bundles(self.directory, run.environ, self.authority.pem)
            self.password = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=")
        except BaseException:
            self.close()
            raise
        finally:
            reading.join()

    def _read_roots(self, environ: Mapping[str, str]) -> None:
        try:
            self._roots.append(trust.way_out(trust.named_roots(environ)))
        except Exception as error:  # noqa: BLE001  told where it is asked for
            self._roots.append(error)

    @property
    def roots(self) -> ssl.SSLContext:
        """What the way out is verified with, as the files were when the run began."""
        (found,) = self._roots
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """Remove the bundles."""
        process.remove(self.directory)

    def __repr__(self) -> str:
        return f"<Opening {self.directory}>"


def main(control: socket.socket) -> int:
    """Serve one run, then clean up; returns the exit status.

    Args:
        control: says what the run is, and when it is over.
    """
    gc.disable()  # nothing that is loaded here becomes garbage
    said, _ = process.receive(control)
    if said is None:
        return 0
    try:
        run = Run(said)
        book = journal.Journal(run.audit, run.session)
    except SecretrunError as error:
        process.send(control, {"error": error.message, "hint": error.hint})
        return 1
    opening = Opening(run)
    try:
        listener, outside = _listener(run)
        handed = () if outside is None else (outside.fileno(),)
        book.write("started", assurance=run.assurance, secrets=[one.name for one in run.placeholders])
        process.send(control, {
            "bundles": opening.bundles,
            "directory": opening.directory,
            "password": opening.password.decode("ascii"),
            "port": 0 if handed else listener.getsockname()[1],
        }, handed)  # fmt: skip
        if outside is not None:
            outside.close()
        with _unless_over(control, lambda: _end(run, opening, book)):
            from secretrun.broker import serve
        gc.freeze()
        gc.enable()
        serve.serve(control, run, book, opening, listener)
    finally:
        _end(run, opening, book)
    return 0


def _end(run: Run, opening: Opening, book: journal.Journal) -> None:
    opening.close()
    with contextlib.suppress(OSError):
        book.write("ended")
        journal.remember(run.audit, run.session, {one.text: one.name for one in run.placeholders})


@contextlib.contextmanager
def _unless_over(control: socket.socket, end: Callable[[], None]) -> Iterator[None]:
    """End this process at once when the run is over while something is loaded: it may be a short one."""
    loaded = threading.Event()

    def watch() -> None:
        waiting = select.poll()
        waiting.register(control, select.POLLIN)
        while not loaded.is_set():
            if waiting.poll(_LOOK):
                if not control.recv(1, socket.MSG_PEEK):
                    end()
                    os._exit(0)
                return  # it says something: the loop will read it

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    try:
        yield
    finally:
        loaded.set()
        watching.join()


def _listener(run: Run) -> tuple[socket.socket, socket.socket | None]:
    """Where the command's connections come in.

    Of a sandboxed run the socket by which the listener comes out of it, and the other end.
    """
    if run.sandboxed:
        return socket.socketpair()
    return socket.create_server(("127.0.0.1", 0), backlog=128), None
