"""What the wrapper costs, as ratios to the plain thing in the same run.

    python benchmarks/relay.py [--megabytes 256] [--repeat 5] [--quick]

Throughput through pipes against `cat BIG | cat`, on a terminal against `script -qec`, both with 0, 1 and
10 secrets; the time from a key to its echo against a bare terminal; start-up against `env`, `script` and
`sudo -n`; peak memory for all of it. Figures are medians of runs in turn, latencies are p50 and p99.
The secrets are random and so are the keys, which come as a fast typist's do: with ten secrets and their
encodings most letters begin some pattern. `--quick` runs what stands in the README: coloured output and lines
one at a time, on a terminal.
"""

import argparse
import os
import pty
import random
import resource
import select
import shlex
import shutil
import statistics
import string
import subprocess
import sys
import tempfile
import time
import tty

from corpus import KEPT
from rows import aim, finish, row, say
from terminal import on_terminal

from secretrun.redact.body import PURE

WRAPPER = [sys.executable, "-m", "secretrun"]
LINE = b"2026-01-01T12:00:00.000Z INFO  [worker-17] request id=8f14e45f path=/v1/items?page=3 status=200 took=12ms\n"


def environment(secrets):
    """Variables with so many secrets, and the setting that has them masked."""
    names = [f"BENCH_{n}" for n in range(secrets)]
    values = {name: os.urandom(16).hex() for name in names}
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("SECRETRUN_") or name == PURE
    }
    return clean | values | {"SECRETRUN_MASK_ENV": "BENCH_*"}


def wrapped(command, secrets):
    """The command line: without secrets nothing is masked, but a report keeps the wrapper there."""
    options = [] if secrets else ["--no-masking", "--report", os.devnull]
    return [*WRAPPER, *options, "--", *command]


def in_turn(repeat, measure, runs):
    """Median seconds of each (command, environment): run in turn, so that a busy moment is unfair to all."""
    times = [[measure(*run) for run in runs] for _ in range(repeat)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def through_pipe(command, env):
    """Seconds for the command's output to go through a pipe into `cat >/dev/null`."""
    began = time.perf_counter()
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"{shlex.join(command)} | cat >/dev/null"], env=env, check=True
    )
    return time.perf_counter() - began


def through_terminal(command, env):
    """Seconds for the command's output to be read from a terminal."""
    began = time.perf_counter()
    assert on_terminal(command, env=env) == 0, command
    return time.perf_counter() - began


def echo(command, env, keys=200):
    """Seconds from each key to its echo by a command in raw mode."""
    pid, master = pty.fork()
    if pid == 0:
        tty.setraw(0)
        os.execvpe(command[0], command, env)
    seen = b""
    while b"READY" not in seen:
        seen += os.read(master, 999)
    took = []
    for _ in range(keys):
        time.sleep(random.uniform(0.03, 0.09))
        key = random.choice(string.ascii_letters + string.digits).encode()
        began = time.perf_counter()
        os.write(master, key)
        got = b""
        while key not in got:
            got += os.read(master, 99)
        took.append(time.perf_counter() - began)
    os.write(master, b"!")
    while select.select([master], [], [], 5)[0]:
        try:
            if not os.read(master, 99):
                break
        except OSError:
            break
    os.close(master)
    os.waitpid(pid, 0)
    return took


LINES = 20_000


def small_writes():
    """Processor time of a command that writes a line at a time on a terminal, with what wraps it."""
    if shutil.which("script") is None:
        return
    code = f"import os\nline = b'x' * 99 + b'\\n'\nfor _ in range({LINES}): os.write(1, line)"
    command = [sys.executable, "-I", "-S", "-c", code]
    runs = [(["script", "-qec", shlex.join(command), os.devnull], environment(0))]
    runs += [(wrapped(command, secrets), environment(secrets)) for secrets in (1, 10)]
    base, *took = in_turn(5, processor_time, runs)
    most = aim(1.5, 3)
    for secrets, seconds in zip((1, 10), took, strict=True):
        ratio = seconds / base
        say(
            f"lines     secretrun, {secrets:2} secrets        {seconds / LINES * 1e6:8.1f} us a line  {ratio:.2f}x of script"
        )
        row(
            f"{LINES:,} lines of 100 bytes, processor time, {secrets} secret{'s' * (secrets > 1)}",
            f"{seconds / LINES * 1e6:.1f} us a line",
            f"`script`, {base / LINES * 1e6:.1f} us",
            ratio,
            f"at most {most}x",
            met=ratio <= most,
        )


def processor_time(command, env):
    """Seconds of processor time of a command on a terminal, and of all that it waited for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    through_terminal(command, env)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def start(command, env, times=15):
    """Median seconds of a whole run without a terminal."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


SECRETS = (0, 1, 10)
ECHO = (
    "import os, tty; tty.setraw(0); os.write(1, b'READY')\nwhile (k := os.read(0, 1)) != b'!': os.write(1, k)"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=256, help="size of BIG for pipes (default: 256)")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--quick", action="store_true", help="what stands in the README")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        coloured(options.repeat, directory)
        small_writes()
        if not options.quick:
            throughput(options, directory)
            latency()
            start_up()
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
    say(f"peak memory of any process: {peak:.0f} {'bytes' if sys.platform == 'darwin' else 'MiB'}")
    finish()


def coloured(repeat, directory):
    """A test runner's output on a terminal, with ten secrets."""
    if shutil.which("script") is None:
        return
    path = os.path.join(directory, "jest")
    block = (KEPT / "jest.txt").read_bytes()
    with open(path, "wb") as file:
        file.write(block * ((16 << 20) // len(block)))
    size = os.path.getsize(path) / 1e6
    runs = [
        (["script", "-qec", f"cat {path}", os.devnull], environment(0)),
        (wrapped(["cat", path], 10), environment(10)),
    ]
    base, took = in_turn(2 * repeat + 1, through_terminal, runs)
    ratio, least = base / took, aim(0.9, 0.6)
    say(f"coloured  secretrun, 10 secrets        {size / took:8.1f} MB/s  {ratio:.2f}x of script")
    row(
        "jest's output on a terminal, 10 secrets",
        f"{size / took:.0f} MB/s",
        f"`script`, {size / base:.0f} MB/s",
        ratio,
        f"{least}x",
        met=ratio >= least,
    )


def throughput(options, directory):
    big, small = os.path.join(directory, "big"), os.path.join(directory, "small")
    for path, size in ((big, options.megabytes << 20), (small, options.megabytes << 18)):
        with open(path, "wb") as file:
            block = LINE * 10_000
            file.writelines([block] * (size // len(block) + 1))
    size = os.path.getsize(big) / 1e6
    runs = [(["cat", big], environment(0))]
    runs += [(wrapped(["cat", big], secrets), environment(secrets)) for secrets in SECRETS]
    base, *took = in_turn(options.repeat, through_pipe, runs)
    say(f"pipe      cat BIG | cat                {size / base:8.0f} MB/s  1.00x")
    compare("pipe", "`cat BIG` into a pipe", size, base, took, "`cat BIG \\| cat`", 0.25)
    if shutil.which("script") is None:
        say("terminal  script is not installed")
        return
    size = os.path.getsize(small) / 1e6
    runs = [
        (["script", "-qec", f"cat {small}", os.devnull], environment(0)),
        (["cat", small], environment(0)),
    ]
    runs += [(wrapped(["cat", small], secrets), environment(secrets)) for secrets in SECRETS]
    base, bare, *took = in_turn(options.repeat, through_terminal, runs)
    say(f"terminal  script -qec                  {size / base:8.1f} MB/s  1.00x")
    say(f"terminal  bare                         {size / bare:8.1f} MB/s  {base / bare:.2f}x")
    compare("terminal", "`cat BIG` on a terminal", size, base, took, "`script -qec`", 0.7)


def compare(kind, what, size, base, took, reference, aim):
    for secrets, seconds in zip(SECRETS, took, strict=True):
        ratio = base / seconds
        say(f"{kind:9} secretrun, {secrets:2} secrets        {size / seconds:8.1f} MB/s  {ratio:.2f}x")
        if secrets:
            row(
                f"{what}, {secrets} secret{'s' * (secrets > 1)}",
                f"{size / seconds:.0f} MB/s",
                f"{reference}, {size / base:.0f} MB/s",
                ratio,
                f"{aim}x",
                met=ratio >= aim,
            )


def latency():
    command = [sys.executable, "-I", "-S", "-c", ECHO]
    for name, words, env in (
        ("bare", command, environment(0)),
        ("secretrun, 1 secret", wrapped(command, 1), environment(1)),
        ("secretrun, 10 secrets", wrapped(command, 10), environment(10)),
    ):
        took = sorted(echo(words, env))
        median = took[len(took) // 2] * 1e3
        say(f"key echo  {name:28} p50 {median:.2f} ms  p99 {took[len(took) * 99 // 100] * 1e3:.2f} ms")
        if name == "bare":
            bare = median
        else:
            row(
                f"echo of a random key, median, {name.rpartition(', ')[2]}",
                f"{median - bare:.2f} ms more",
                f"a bare terminal, {bare:.2f} ms",
                None,
                "under 1 ms more",
                met=median - bare < 1,
            )


def start_up():
    base = start(["true"], environment(0))
    for name, words, secrets in (
        ("env true", ["env", "true"], 0),
        ("python -I -S -c pass", [sys.executable, "-I", "-S", "-c", "pass"], 0),
        ("secretrun, nothing to mask", [*WRAPPER, "--no-masking", "--", "true"], 0),
        ("secretrun, 1 secret", wrapped(["true"], 1), 1),
        ("script -qec true", ["script", "-qec", "true", os.devnull], 0),
        ("sudo -n true", ["sudo", "-n", "true"], 0),
    ):
        if shutil.which(words[0]) is None:
            say(f"start     {name:28} is not installed")
            continue
        took = start(words, environment(secrets))
        say(f"start     {name:28} {took * 1e3:8.1f} ms    {took / base:.1f}x of true")


if __name__ == "__main__":
    main()
