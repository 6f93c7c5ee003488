"""Real parts for the end-to-end tests: a SOPS + age store, the CLI as a process, a terminal."""

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time

import pyrage
from support.trust import unsaid

from secretrun.backend.sops import find_sops

COMMAND = [sys.executable, "-m", "secretrun"]


def age_key(tmp_path):
    """A new age key file; returns (path, recipient)."""
    identity = pyrage.x25519.Identity.generate()
    path = tmp_path / "age-key.txt"
    path.write_text(f"{identity}\n")
    path.chmod(0o600)
    return str(path), str(identity.to_public())


class Store:
    """A SOPS file made on the fly by the real sops, and an environment that can open it."""

    def __init__(self, tmp_path, values, name="secrets.enc.yaml"):
        self.directory = tmp_path
        self.key, recipient = age_key(tmp_path)
        self.path = tmp_path / name
        plain = tmp_path / ("plain-" + name)
        if name.endswith(".env"):
            plain.write_text("".join(f"{k}={v}\n" for k, v in values.items()))
        else:
            plain.write_text(json.dumps(values))  # JSON is YAML
        done = subprocess.run(
            [find_sops(os.environ), "encrypt", "--age", recipient, "--filename-override", name, str(plain)],
            capture_output=True,
            check=True,
        )
        self.path.write_bytes(done.stdout)
        plain.unlink()
        self.environ = clean_environ(tmp_path) | {"SOPS_AGE_KEY_FILE": self.key}


def clean_environ(home):
    """An environment with nothing of the developer's own in it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "PYTHONPATH") if name in os.environ}
    return kept | {"HOME": str(home), "TERM": "xterm-256color", "SECRETRUN_TRUST": "all"}


def secretrun(*arguments, env, cwd, **options):
    """Run the CLI on pipes."""
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(
        [*COMMAND, *arguments], env=env, cwd=cwd, capture_output=True, timeout=60, check=False, **options
    )
    done.stderr = unsaid(done.stderr)
    return done


def on_terminal(*arguments, env, cwd, size=(24, 80), stdin=None):
    """Run the CLI as a shell would on a terminal of its own; returns (everything shown, exit status)."""
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(cwd)
            os.execvpe(COMMAND[0], [*COMMAND, *arguments], env)
        finally:
            os._exit(99)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    shown, deadline = b"", time.monotonic() + 60
    if stdin is not None:
        os.write(master, stdin)
    try:
        while time.monotonic() < deadline:
            if not select.select([master], [], [], 1)[0]:
                continue
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        else:
            raise AssertionError(f"still running after a minute, shown so far: {shown!r}")
        _, status = os.waitpid(pid, 0)
        return unsaid(shown), os.waitstatus_to_exitcode(status)
    finally:
        os.close(master)
