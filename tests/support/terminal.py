"""The user's side of a terminal, and of a command that is remote-controlled. Waits by polling, never blindly."""

import fcntl
import json
import os
import pty
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time

from support.until import PATIENCE, until

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = [sys.executable, "-I", "-S"]
SECRET = "pr0be-s3cret-V4lue"


def state(pid):
    """The process's state letter as ps shows it, "" when it is gone."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1]


def is_gone(pid):
    return state(pid) in ("", "Z")


def is_stopped(pid):
    return state(pid) == "T"


class Wrapper:
    """How a command is wrapped."""

    def __init__(self, name):
        self.name = name

    def __call__(self, command):
        command = [os.fspath(word) for word in command]
        if self.name == "env":
            return ["env", *command]
        if self.name == "script":
            return ["script", "-qefc", shlex_join(command), "/dev/null"]
        return [sys.executable, "-m", "secretrun", "--", *command]


def shlex_join(words):
    import shlex

    return shlex.join([word if isinstance(word, str) else os.fsdecode(word) for word in words])


class Probe:
    """The other end of probe.py; to be made before the command starts."""

    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="probe")  # short: a socket's path is at most 104 bytes
        path = os.path.join(self.directory, "s")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.settimeout(PATIENCE)
        self.command = [*PYTHON, os.path.join(HERE, "probe.py"), path]
        self.pid = 0

    def ready(self):
        """Wait for the command to be ready; returns self."""
        self.connection, _ = self.listener.accept()
        self.connection.settimeout(PATIENCE)
        self.lines = self.connection.makefile("rw")
        self.pid = json.loads(self.lines.readline())["ready"]
        return self

    def do(self, code):
        """Evaluate there; an OSError's value is the name of its errno."""
        self.order(code)
        return self.answer()

    def order(self, code):
        """Evaluate there, without waiting for the answer."""
        print(json.dumps(code), file=self.lines, flush=True)

    def answer(self):
        """The value of what was ordered."""
        return json.loads(self.lines.readline())["value"]

    def leave(self, code=0):
        """Let it exit."""
        self.order(f"os._exit({code})")

    def seen(self):
        """The signals it got so far."""
        return self.do("seen")

    def close(self):
        if self.pid:
            self.lines.close()
            self.connection.close()
        self.listener.close()
        shutil.rmtree(self.directory)


class Terminal:
    """A terminal with a job in it, run by jobshell.py."""

    def __init__(
        self, command, *, size=(24, 80, 0, 0), streams=(None, None, None), mode="foreground", typed=b"", setup=None,
        env=None,
    ):  # fmt: skip
        self.master, slave = pty.openpty()
        os.set_blocking(self.master, False)
        self.resize(*size)
        if setup:
            attributes = termios.tcgetattr(slave)
            setup(attributes)
            termios.tcsetattr(slave, termios.TCSANOW, attributes)
        self.modes_before = self.modes()
        if typed:
            os.write(self.master, typed)
        self.control, theirs = socket.socketpair()
        self.control.setblocking(False)
        self.screen = b""
        self.events = []
        self.partial = b""
        self.closed = False
        given = [descriptor if descriptor is not None else 0 for descriptor in streams]
        words = [str(theirs.fileno()), mode, *map(str, given), *command]
        self.shell = subprocess.Popen(
            [*PYTHON, os.path.join(HERE, "jobshell.py"), *words],
            stdin=slave, stdout=slave, stderr=slave, pass_fds=[theirs.fileno(), *(set(given) - {0})],
            env=os.environ | {"TERM": "xterm-256color"} | (env or {}),
        )  # fmt: skip
        theirs.close()
        os.close(slave)
        for descriptor in {d for d in streams if d is not None}:
            os.close(descriptor)
        self.pid = self.event("started")["pid"]

    def take(self, timeout=0.02, limit=1 << 16):
        """Take what the terminal shows and what the shell says."""
        watched = [self.control.fileno()] + ([] if self.closed else [self.master])
        readable, _, _ = select.select(watched, [], [], timeout)
        if self.master in readable:
            try:
                data = os.read(self.master, limit)
            except OSError:  # EIO: nobody has it open any more
                data = b""
            self.closed = not data
            self.screen += data
        if self.control.fileno() in readable:
            *lines, self.partial = (self.partial + self.control.recv(4096)).split(b"\n")
            self.events += [json.loads(line) for line in lines]

    def event(self, name):
        """Wait for something to become of the job."""

        def look():
            self.take()
            return next((event for event in self.events if event["event"] == name), None)

        try:
            event = until(look, f"the job to be {name}")
        except AssertionError as error:
            raise AssertionError(f"{error}; events {self.events}, screen {self.screen[-300:]!r}") from None
        self.events.remove(event)
        return event

    def expect(self, text):
        """Wait until the screen shows the text; what is up to it counts as read."""

        def look():
            if text not in self.screen:
                self.take()
            return text in self.screen

        try:
            until(look, repr(text))
        except AssertionError as error:
            raise AssertionError(f"{error}; screen {self.screen[-300:]!r}") from None
        before, _, self.screen = self.screen.partition(text)
        return before

    def type(self, data):
        """Type, taking output meanwhile, as a terminal emulator does."""
        rest = memoryview(data)
        deadline = time.monotonic() + PATIENCE
        while rest:
            assert time.monotonic() < deadline, f"{len(rest)} typed bytes were not taken"
            try:
                rest = rest[os.write(self.master, rest[:4096]) :]
            except BlockingIOError:
                self.take()
            self.take(0)

    def tell(self, word):
        """fg or bg."""
        self.control.send(word.encode() + b"\n")

    def kill(self, number):
        """Send a signal to the job's first process: the wrapper."""
        os.kill(self.pid, number)

    def resize(self, rows, columns, x=0, y=0):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, x, y))

    def modes(self):
        attributes = termios.tcgetattr(self.master)
        attributes[3] &= ~getattr(termios, "PENDIN", 0)  # set by the kernel when modes change
        return attributes

    def is_raw(self):
        self.take(0)
        return not self.modes()[3] & termios.ICANON

    def end(self):
        """Wait for the job's end; returns (exit code, all of the screen not read yet)."""
        code = self.event("ended")["code"]
        self.modes_after = self.modes()
        self.tell("bye")
        self.shell.wait(PATIENCE)
        until(lambda: self.take() or self.closed, "the terminal to be let go")
        return code, self.screen

    def hang_up(self):
        """Close the window."""
        os.close(self.master)
        self.master = -1

    def close(self):
        for pid in descendants(self.shell.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.shell.kill()
        self.shell.wait()
        self.control.close()
        if self.master >= 0:
            os.close(self.master)


def descendants(root):
    """Every process below one, by ps."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True).stdout
    children = {}
    for line in table.splitlines():
        pid, parent = map(int, line.split())
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        new = children.get(todo.pop(), [])
        found += new
        todo += new
    return found
