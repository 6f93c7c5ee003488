"""How fast `secretrun scan` looks through files, beside `grep -rF -f` for the same values in the same run.

    python benchmarks/scan.py [MEGABYTES] [--json]

A hundred secrets, a tree of sources (this Python's own) and logs, 100 MB of them; the two commands take turns, and
the ratio is the median of the rounds'. The secrets stand in some of the files, as they are and encoded: what each
of the two finds is told.
"""

import base64
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

from rows import finish, row, say

ROUNDS = 3
SECRETS = 100
FILE = 200_000  # bytes of a log


def log_lines(rng):
    """What a server says of its requests."""
    while True:
        stamp = f"2026-11-{rng.randrange(1, 29):02d}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}Z"
        path = rng.choice(("/api/v1/users", "/health", "/static/app.js", "/orders"))
        words = f"status={rng.choice((200, 200, 200, 304, 404, 500))} duration={rng.randrange(900)}ms id={rng.getrandbits(64):016x}"
        yield f"{stamp} {rng.choice(('INFO', 'WARN', 'DEBUG'))} request handled {rng.choice(('GET', 'POST'))} {path} {words}\n"


def secrets(rng):
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
    return ["".join(rng.choices(alphabet, k=rng.choice((20, 32, 40)))) for _ in range(SECRETS)]


def tree(place, rng, size, values):
    """Write `size` bytes, half of them sources; returns how many were written."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py"))
    lines, written, number = log_lines(rng), 0, 0
    while written < size:
        folder = place / f"part{number // 50}"
        folder.mkdir(parents=True, exist_ok=True)
        if number % 2:
            text = "".join(next(lines) for _ in range(FILE // 120)).encode()
            if number % 40 == 1:
                value = rng.choice(values).encode()
                text += b"plain " + value + b"\nbase64 " + base64.b64encode(b"user:" + value) + b"\n"
            name = f"{number}.log"
        else:
            text = b""
            while len(text) < FILE and sources:
                text += sources[rng.randrange(len(sources))].read_bytes()
            name = f"{number}.py"
        (folder / name).write_bytes(text)
        written += len(text)
        number += 1
    return written


def timed(command, **more):
    """Seconds of the wall clock, seconds of processor time, lines of output."""
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, **more)
    after = os.times()
    if done.returncode not in (0, 1):
        raise SystemExit(f"{command[0]} failed with {done.returncode}")
    busy = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - begun, busy, done.stdout.count(b"\n")


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    rng = random.Random(7)
    with tempfile.TemporaryDirectory(prefix="secretrun-scan-") as name:
        place = Path(name)
        values = secrets(rng)
        store = place / "store"
        store.mkdir()
        for number, value in enumerate(values):
            (store / str(number)).write_text(value)
        template = place / "template.env"
        template.write_text("".join(f"S{number}=file://{store}/{number}\n" for number in range(SECRETS)))
        (place / "patterns").write_text("\n".join(values) + "\n")
        written = tree(place / "tree", rng, size * 1_000_000, values) / 1e6
        environ = {**os.environ, "LC_ALL": "C", "HOME": name, "SECRETRUN_TRUST": "all"}
        # from a directory without env files: `scan` looks for their credentials too
        ours = [sys.executable, "-m", "secretrun", "scan", "-q", "-e", str(template), str(place / "tree")]
        grep = [shutil.which("grep") or "grep", "-rF", "-f", str(place / "patterns"), str(place / "tree")]
        found = {"scan": [], "grep": []}
        for _ in range(ROUNDS):
            found["scan"].append(timed(ours, env=environ, cwd=store))
            found["grep"].append(timed(grep, env=environ, cwd=store))
        wall, busy = (
            statistics.median(
                theirs[at] / mine[at] for mine, theirs in zip(found["scan"], found["grep"], strict=True)
            )
            for at in (0, 1)
        )
        rates = {who: written / statistics.median(one[0] for one in rounds) for who, rounds in found.items()}
        say(f"{written:.0f} MB, {SECRETS} secrets")
        say(f"secretrun scan   {rates['scan']:6.0f} MB/s, {found['scan'][0][2]} finds")
        say(f"grep -rF -f      {rates['grep']:6.0f} MB/s, {found['grep'][0][2]} lines")
        say(f"ratio {wall:.2f}x by the clock, {busy:.2f}x by processor time")
        row(f"`secretrun scan`, {SECRETS} secrets, {written:.0f} MB, MB/s", f"{rates['scan']:.0f}",
            f"`grep -rF -f` {rates['grep']:.0f}", wall, "0.5x", met=wall >= 0.5)  # fmt: skip
    finish()


if __name__ == "__main__":
    main()
