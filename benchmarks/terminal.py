"""A command on a terminal of its own."""

import os
import pty


def on_terminal(command, *, directory=".", env=None, take=len):
    """Run a command, give what it shows to `take`; return its exit status, negative for a signal."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(directory)
            os.execvpe(command[0], command, os.environ if env is None else env)
        finally:
            os._exit(127)
    while True:
        try:
            chunk = os.read(master, 1 << 16)
        except OSError:  # EIO: the end
            break
        if not chunk:
            break
        take(chunk)
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
