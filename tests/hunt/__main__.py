"""The hunt: real programs print secrets of real shapes, and what is left of them is looked for in every reading.

    python tests/hunt [--part N] [--seed N] [--cli]

What it looks with shares no code with the redactor. Each find is a line: program, shape, width, reading, and what
is seen. `--part N` takes each Nth of the cases; `--cli` goes through `secretrun` itself rather than a redactor in
this process (slower by the start of a process each).
"""

import argparse
import collections
import fcntl
import http.server
import os
import pathlib
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from hunt.programs import DRAWN, PIPED
from hunt.readings import finds
from hunt.shapes import shapes

from secretrun.redact import Redactor

WIDTHS = (20, 80, 132)
NEEDS = (
    "bash",
    "zsh",
    "dash",
    "mksh",
    "busybox",
    "fish",
    "jq",
    "node",
    "perl",
    "sqlite3",
    "less",
    "vim",
    "nano",
    "git",
    "curl",
    "tmux",
)


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with the request's own line and headers."""

    def do_GET(self):
        lines = [self.requestline, *(f"{name}: {text}" for name, text in self.headers.items()), ""]
        body = "\n".join(lines).encode("latin-1")
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


class Hunt:
    """One run over programs and shapes.

    Args:
        cli: through `secretrun`, else through a redactor in this process.
        seed: of the secrets and of the cuts.
    """

    def __init__(self, *, cli=False, seed=0):
        self.cli = cli
        self.shapes = shapes(seed)
        self.rng = random.Random(seed)
        self.finds = []
        self.tried = collections.Counter()
        self.silent = set()
        self.directory = tempfile.TemporaryDirectory(prefix="hunt-")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.directory.cleanup()

    def cases(self):
        """(where, program, shape, width) of all there is to try, in an order of the seed."""
        both = [("pipe", name) for name in PIPED] + [("terminal", name) for name in DRAWN]
        every = [(*one, shape, self.rng.choice(WIDTHS)) for shape in self.shapes for one in both]
        self.rng.shuffle(every)
        return every

    def environment(self, shape, width):
        path = pathlib.Path(self.directory.name) / "secret"
        path.write_text(shape.value, encoding="utf-8")
        beside = os.path.dirname(sys.executable)
        return {
            "PATH": os.environ["PATH"], "HOME": self.directory.name, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color",
            "V": shape.value, "F": str(path), "W": str(width), "COLUMNS": str(width), "PYTHON": sys.executable,
            "URL": f"http://127.0.0.1:{self.server.server_port}", "GIT_CONFIG_GLOBAL": "/dev/null", "PAGER": "less",
            "KUBECTL": shutil.which("kubectl", path=f"{beside}{os.pathsep}{os.environ['PATH']}") or "kubectl",
        }  # fmt: skip

    def one(self, where, name, shape, width):
        environment = self.environment(shape, width)
        if where == "pipe":
            told = self.piped(PIPED[name], environment, shape)
        else:
            told = self.drawn(*DRAWN[name], environment, shape, width)
        masked = told if self.cli else self.masked(told, shape)
        if masked == told and b"[REDACTED" not in told:
            self.silent.add((name, shape.name))
        self.tried[name] += 1
        found = finds(shape.hidden, masked, width)
        if found:
            self.finds.append(
                (where, name, shape.name, width, [reading for reading, _ in found], found[0][1])
            )

    def masked(self, told, shape):
        redactor, out, at = Redactor({"S": shape.value}), [], 0
        while at < len(told):
            size = self.rng.choice((1, 7, 64, 1000, 4096))
            out.append(redactor.feed(told[at : at + size]))
            at += size
        return b"".join(out) + redactor.flush()

    def command(self, command, environment, shape):
        if not self.cli:
            return ["sh", "-c", command]
        path = pathlib.Path(self.directory.name) / "value"
        path.write_text(shape.value, encoding="utf-8")
        del environment["V"]
        environment["SECRETRUN_TRUST"] = "all"
        return [sys.executable, "-m", "secretrun", "--set", f"V=file://{path}", "--", "sh", "-c", command]

    def piped(self, command, environment, shape):
        words = self.command(command, environment, shape)
        done = subprocess.run(
            words, env=environment, cwd=self.directory.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=300, check=False,
        )  # fmt: skip
        return done.stdout

    def drawn(self, command, typed, environment, shape, width):
        """What a program writes to a terminal of its own; keys are typed when it has been quiet for a while."""
        words = self.command(command, environment, shape)
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.directory.name)
            os.execvpe(words[0], words, environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
        keys = typed.replace("{V}", shape.value.split("\n")[0])
        out, until = b"", time.monotonic() + 30
        while time.monotonic() < until:
            ready, _, _ = select.select([terminal], [], [], 0.4)
            if ready:
                try:
                    data = os.read(terminal, 65536)
                except OSError:
                    break
                if not data:
                    break
                out += data
            elif keys:
                os.write(terminal, keys.encode())
                keys = ""
            elif typed:
                os.write(terminal, b"q\x1b:q!\r\x04")  # whatever it waits for
                typed = ""
            elif os.waitpid(pid, os.WNOHANG) != (0, 0):
                pid = 0
                break
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)
        return out


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--part", type=int, default=1, metavar="N")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--cli", action="store_true")
    parser.add_argument("--only", metavar="PROGRAM", help="a program, or pipe, or terminal")
    options = parser.parse_args(arguments)
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if missing:
        print(f"not here, and not tried: {', '.join(missing)}", file=sys.stderr)
    hunt = Hunt(cli=options.cli, seed=options.seed)
    try:
        for number, case in enumerate(hunt.cases()):
            if number % options.part == 0 and options.only in (None, *case[:2]):
                hunt.one(*case)
    finally:
        hunt.close()
    for where, name, shape, width, found, seen in sorted(hunt.finds, key=str):
        print(where, name, shape, width, ", ".join(found), repr(seen), sep=" | ")
    print(
        f"seed {options.seed}: {len(hunt.tried)} programs, {len(hunt.shapes)} shapes, {sum(hunt.tried.values())} runs,"
        f" 14 readings: {len(hunt.finds)} finds; {len(hunt.silent)} runs printed no secret",
        file=sys.stderr,
    )
    return 1 if hunt.finds else 0


if __name__ == "__main__":
    sys.exit(main())
