"""What has to be there before the command may start; everything else is loaded while it starts.

Rules that hold, an audit that can be written, the authority's certificate in the bundles, and a socket that
listens: who connects meanwhile waits in its queue. asyncio and h11, and with them half of the time until the
first request can be answered, come after that; or before, while the stores let us wait for the values.
"""

from __future__ import annotations

import base64
import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import threading

from secretrun.broker import control, journal, process, trust
from secretrun.broker.roots import Roots
from secretrun.broker.run import Run
from secretrun.errors import SecretrunError
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from secretrun.broker import ca

_AT_ONCE = 1e-5  # seconds for which whoever has Python's lock may keep it
_LOOK = 10  # milliseconds until it is seen that everything is loaded


class Opening:
    """The parts of a broker that its command is told of.

    Attributes:
        authority: of this run's certificates.
        roots: of the way out.
        directory: of the bundles; ours alone.
        bundles: variable to path.
        password: of the proxy.
    """

    def __init__(self, run: Run, roots: Roots, key: ca.Key | None = None) -> None:
        """Make them.

        Args:
            run: the run.
            roots: of the way out.
            key: the authority's; None makes one.

        Raises:
            OSError: the bundles can't be written.
        """
        self.roots = roots
        self.directory = directories.private(run.environ)
        try:
            from secretrun.broker import ca

            self.authority = ca.Authority(run.policy.hosts(), key)
            self.bundles = trust.write_bundles(self.directory, run.environ, self.authority.pem)
            self.password = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Remove the bundles."""
        process.remove(self.directory)

    def __repr__(self) -> str:
        return f"<Opening {self.directory}>"


def main(wrapper: socket.socket) -> int:
    """Serve one run, then clean up; returns the exit status.

    Args:
        wrapper: says what the run is, and when it is over.
    """
    gc.disable()  # nothing that is loaded here becomes garbage; `serve.settle` has it again
    roots = Roots(os.environ)
    from secretrun.broker import ca

    key = ca.Key()
    key.sign(b"")  # the first signature takes 8 ms, for what it loads
    _load_while_waiting(wrapper, roots)
    said, _ = control.receive(wrapper)
    if said is None:
        return 0
    try:
        run = Run(said)
        book = journal.Journal(run.audit, run.session)
    except SecretrunError as error:
        control.send(wrapper, {"error": error.message, "hint": error.hint})
        return 1
    opening = Opening(run, roots, key)
    try:
        with _unless_over(wrapper, lambda: _end(run, opening, book)):
            listener, outside = _listener(run)
            handed = () if outside is None else (outside.fileno(),)
            book.write("started", assurance=run.assurance, secrets=[one.name for one in run.placeholders])
            control.send(wrapper, {
                "bundles": opening.bundles,
                "directory": opening.directory,
                "password": opening.password.decode("ascii"),
                "port": 0 if handed else listener.getsockname()[1],
            }, handed)  # fmt: skip
            roots.read()
            if outside is not None:
                outside.close()
            from secretrun.broker import serve

            session = serve.session_of(run, book, opening, serve.end_on_misuse(run))
        serve.serve(wrapper, run, book, session, listener)
    finally:
        _end(run, opening, book)
    return 0


def _end(run: Run, opening: Opening, book: journal.Journal) -> None:
    opening.close()
    with contextlib.suppress(OSError):
        book.write("ended")
        journal.remember(run.audit, run.session, {one.text: one.name for one in run.placeholders})


def _load_while_waiting(wrapper: socket.socket, roots: Roots) -> None:
    """Load what the requests need, in steps, as long as the values are not there."""
    waiting = select.poll()
    waiting.register(wrapper, select.POLLIN)
    for name in ("concurrent.futures", "asyncio", "h11", "secretrun.broker.serve"):
        if waiting.poll(0):
            return
        roots.read()
        importlib.import_module(name)


@contextlib.contextmanager
def _unless_over(wrapper: socket.socket, end: Callable[[], None]) -> Iterator[None]:
    """End this process at once when the run is over while something is loaded: it may be a short one."""
    loaded = threading.Event()
    once = threading.Lock()

    def over(*_: object) -> None:
        if once.acquire(blocking=False):
            sys.setswitchinterval(_AT_ONCE)
            end()
            os._exit(0)

    def watch() -> None:
        waiting = select.poll()
        waiting.register(wrapper, select.POLLIN)
        while not loaded.is_set():
            if waiting.poll(_LOOK):
                if not wrapper.recv(1, socket.MSG_PEEK):
                    over()
                return  # it says something: the loop will read it

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, over)  # the kernel's word that the wrapper is gone; the loop will have its own
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
