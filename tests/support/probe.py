"""A command to be wrapped: does what the test says over a socket of its own, whatever its stdio is.

    python probe.py SOCKET

Each line that comes in is Python to evaluate (or to execute), each line that goes out the JSON of its
value. `count(SIGNAL...)` installs handlers whose calls `seen` lists. The first line says that it is
ready.
"""

import errno
import fcntl
import json
import os
import signal
import socket
import sys
import termios
import time  # noqa: F401

seen = []


def count(*names):
    for name in names:
        signal.signal(getattr(signal, name), lambda number, _: seen.append(signal.Signals(number).name))


def size(descriptor):
    return list(memoryview(fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8))).cast("H"))


def modes(descriptor):
    *words, table = termios.tcgetattr(descriptor)
    return [*words, [int.from_bytes(c, "big") if isinstance(c, bytes) else c for c in table]]


def spawn(code):
    """A background process that outlives us, with our streams."""
    if os.fork() == 0:
        connection.close()
        exec(code, globals())
        os._exit(0)


connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
lines = connection.makefile("rw")
print(json.dumps({"ready": os.getpid()}), file=lines, flush=True)
for line in lines:
    code = json.loads(line)
    try:
        try:
            program = compile(code, "test", "eval")
        except SyntaxError:
            exec(code)
            answer = {"value": None}
        else:
            answer = {"value": eval(program)}
    except OSError as error:
        answer = {"value": errno.errorcode[error.errno]}
    print(json.dumps(answer, default=repr), file=lines, flush=True)
