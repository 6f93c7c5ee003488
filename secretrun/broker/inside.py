"""The two ends of the sandbox's wall, as one small program of its own: `python -I -S inside.py ...`.

    outer BROKER SECCOMP BWRAP...    starts bubblewrap, stays outside it, hands signals in and the status out
    inner BROKER PORT COMMAND...     first in the sandbox: listens for the broker, then becomes the command

It imports nothing of secretrun: it runs with nothing but the standard library, before and beside everything.
The listening socket is made in the sandbox's own network and handed out, so the broker accepts there without
any relay, and nothing else leads out.
"""

import array
import contextlib
import os
import resource
import select
import signal
import socket
import sys

# What a terminal, or the command with `kill 0`, sends to the whole group.
GROUP = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
_FORWARDED = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGHUP,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCONT,
)
_STOPS = 0.2  # seconds in which the command stops when it is going to
_SI_KERNEL = 0x80  # siginfo(2): a terminal sent it, so the command has it already


def outer(words: list[str]) -> int:
    """Stay in the command's place outside the sandbox; returns its exit status."""
    broker, seccomp, bwrap = int(words[0]), int(words[1]), words[2:]
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    ignored = [number for number in GROUP if signal.getsignal(number) is signal.SIG_IGN]
    signal.pthread_sigmask(signal.SIG_BLOCK, (*_FORWARDED, signal.SIGTSTP, signal.SIGCHLD))
    bubblewrap = os.fork()
    if bubblewrap == 0:
        # bubblewrap's own processes must live as long as the command does, whatever the group is sent
        for number in GROUP:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for descriptor in (broker, seccomp, theirs.fileno()):
            if descriptor >= 0:
                os.set_inheritable(descriptor, True)
        os.environ["SECRETRUN_INSIDE"] = (
            f"{theirs.fileno()} {','.join(str(int(number)) for number in ignored)}"
        )
        with contextlib.suppress(OSError):
            os.execvp(bwrap[0], bwrap)  # noqa: S606  no shell, on purpose
        os._exit(125)
    theirs.close()
    for descriptor in (broker, seccomp):
        if descriptor >= 0:
            os.close(descriptor)
    status = _watch(bubblewrap, _command(ours))
    with ours, contextlib.suppress(OSError):
        ours.setblocking(False)
        for fatal in ours.recv(1):
            _die(fatal)
    return status


def _die(number: int) -> None:
    """End by the signal that has ended the command, without a core of ours."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.kill(os.getpid(), number)


def _command(ours: socket.socket) -> int:
    """The command's process id as we see it: the kernel translates it on the way out of the sandbox."""
    ready, _, _ = select.select([ours], [], [], 20)
    if not ready:
        return 0
    _, said, _, _ = ours.recvmsg(1, socket.CMSG_SPACE(12))
    for level, kind, data in said:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS):
            return array.array("i", data[:12])[0]
    return 0


def _watch(bubblewrap: int, command: int) -> int:
    wanted = (*_FORWARDED, signal.SIGTSTP, signal.SIGCHLD)
    while True:
        said = signal.sigwaitinfo(wanted)
        number = said.si_signo
        if number == signal.SIGCHLD:
            pid, status = os.waitpid(bubblewrap, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        elif number == signal.SIGTSTP:
            _stop_with(command)
        elif said.si_code != _SI_KERNEL and command:
            with contextlib.suppress(OSError):
                os.kill(command, number)


def _stop_with(command: int) -> None:
    """Stop when the command does, so that the shell outside sees a stopped job; an editor may not."""
    for _ in range(20):
        if _stopped(command):
            os.kill(os.getpid(), signal.SIGSTOP)
            return
        select.select([], [], [], _STOPS / 20)


def _stopped(command: int) -> bool:
    try:
        with open(f"/proc/{command}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()[0] == "T"
    except OSError:
        return False


def inner(words: list[str]) -> int:
    """Listen, hand the listener out, become the command; a process stays behind to tell how it ended."""
    broker, port, command = int(words[0]), int(words[1]), words[2:]
    back, _, ignored = os.environ.pop("SECRETRUN_INSIDE").partition(" ")
    outside = socket.socket(fileno=int(back))
    if broker >= 0:
        with socket.socket(fileno=broker) as handed:
            listener = socket.create_server(("127.0.0.1", port), backlog=128)
            socket.send_fds(handed, [b"."], [listener.fileno()])
            listener.close()
    children = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child:
        return _report(child, outside)
    with outside:
        outside.send(b".")  # by the command's process: the kernel tells who that is
    kept = [int(number) for number in ignored.split(",") if number]
    for number in GROUP:
        signal.signal(number, signal.SIG_IGN if number in kept else signal.SIG_DFL)
    for number in (signal.SIGPIPE, getattr(signal, "SIGXFSZ", signal.SIGPIPE)):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them for itself
    signal.signal(signal.SIGCHLD, children if children is not None else signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606  the same
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "command not found" if missing else (error.strerror or "can't be executed").lower()
        os.write(2, f"secretrun: error: {command[0]}: {reason}\n".encode("utf-8", "surrogateescape"))
        return 127 if missing else 126


def _report(child: int, outside: socket.socket) -> int:
    """Wait for the command; bubblewrap makes 128+n of its death by a signal, so that is told beside it.

    Meanwhile nothing of the command's is held open here, and no signal is for us.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    kept = os.dup2(outside.detach(), 3)
    os.closerange(4, max(os.sysconf("SC_OPEN_MAX"), 1024))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status >= 0:
        return status
    with contextlib.suppress(OSError):
        os.write(kept, bytes([-status]))
    return 128 - status


if __name__ == "__main__":
    os._exit({"outer": outer, "inner": inner}[sys.argv[1]](sys.argv[2:]) & 0xFF)
