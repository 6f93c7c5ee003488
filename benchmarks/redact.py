"""How fast the redactor is, beside raw `pyahocorasick.iter` over the same patterns in the same process.

    python benchmarks/redact.py [--quick] [--json]

For every number of secrets, text and chunk size: MB/s, and the ratio to `iter`, which only finds and
knows no chunks, whitespace or escapes. Then the time and memory that building the patterns takes.
`SECRETRUN_PURE=1` measures the Python engine where a core is built, `--quick` runs the rows that have a bar.
"""

import base64
import os
import platform
import random
import string
import subprocess
import sys
import time

from rows import finish, row, say

SIZE = 1 << 20
WORDS = [
    "the", "quick", "request", "handled", "GET", "POST", "/api/v1/users", "status=200", "duration", "connection",
    "pool", "INFO", "WARN", "DEBUG", "worker", "started", "listening", "port", "retry", "attempt", "cache", "miss",
    "queue", "flushed", "timeout", "upstream", "closed", "by", "peer",
]  # fmt: skip
BARS = {1: 3.0, 10: 2.0, 100: 1.0, 1000: 1.0}  # clean log text, 4 KiB chunks


def log_lines(rng):
    while True:
        stamp = f"2026-11-23T{rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d}.{rng.randrange(1000):03d}Z"
        yield f"{stamp} {' '.join(rng.choices(WORDS, k=8))} id={rng.getrandbits(32):08x} {' '.join(rng.choices(WORDS, k=4))}\n"


def base64_lines(rng):
    while True:
        yield base64.b64encode(rng.randbytes(57)).decode() + "\n"


def ansi_lines(rng):
    for line in log_lines(rng):
        words = line.split()
        yield (
            " ".join(
                f"\x1b[{rng.randrange(30, 38)}m{word}\x1b[0m" if rng.random() < 0.5 else word
                for word in words
            )
            + "\n"
        )


def text(kind, rng, secrets):
    out, size = [], 0
    source = {"log": log_lines, "base64": base64_lines, "ansi": ansi_lines, "secrets": log_lines}[kind](rng)
    while size < SIZE:
        line = next(source)
        if kind == "secrets":
            line = f"{line[:40]} token={rng.choice(secrets)} {line[40:]}"
        out.append(line)
        size += len(line)
    return "".join(out).encode()[:SIZE]


def pem(rng):
    body = base64.encodebytes(rng.randbytes(1500)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n"


def best(work, chunks, rounds=5):
    """Seconds of the fastest round: the others were disturbed."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for chunk in chunks:
            work(chunk)
        times.append(time.perf_counter() - start)
    return min(times)


def iterator(patterns):
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for pattern in patterns:
        automaton.add_word(pattern.decode("latin-1"), 1)
    automaton.make_automaton()

    def work(chunk):
        for _ in automaton.iter(chunk.decode("latin-1")):
            pass

    return work


def rows(quick):
    for number in BARS:
        for key in (False,) if quick else (False, True):
            for kind in ("log",) if quick else ("log", "base64", "ansi", "secrets"):
                for size in (4096,) if quick else (4096, 65536):
                    yield number, key, kind, size


def build(number):
    """(patterns, milliseconds, MiB) in a process of its own, so that nothing is warm or allocated."""
    code = f"""
import random, resource, string, sys, time
sys.path[:0] = {sys.path!r}
from secretrun.redact import Redactor
rng = random.Random(1)
secrets = {{f"S{{i}}": "".join(rng.choices(string.ascii_letters + string.digits, k=32)) for i in range({number})}}
Redactor(["warm-up-1234567"])
def used():  # in KiB
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024
before, start = used(), time.perf_counter()
redactor = Redactor(secrets)
print((time.perf_counter() - start) * 1000, (used() - before) / 1024, repr(redactor).split()[-2])
"""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def measured(quick):
    """A dict for each row: MB/s of ours and of `iter`, and the bar where there is one."""
    from secretrun.redact import Redactor

    for number, key, kind, size in rows(quick):
        rng = random.Random(number)
        secrets = ["".join(rng.choices(string.ascii_letters + string.digits, k=32)) for _ in range(number)]
        redactor = Redactor([*secrets, *([pem(rng)] if key else [])])
        data = text(kind, rng, secrets)
        chunks = [data[i : i + size] for i in range(0, len(data), size)]
        raw = iterator([pattern.text for pattern in redactor._secrets.patterns.patterns])
        ours, theirs = best(redactor.feed, chunks), best(raw, chunks, 3)
        yield {
            "secrets": number,
            "pem": key,
            "text": kind,
            "chunk": size,
            "speed": len(data) / ours / 1e6,
            "reference": len(data) / theirs / 1e6,
            "ratio": theirs / ours,
            "bar": BARS[number] if (key, kind, size) == (False, "log", 4096) else None,
        }


def main():
    say(
        f"# {platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs"
    )
    say("secrets  pem  text     chunk   MB/s  iter MB/s  ratio  bar")
    for found in measured("--quick" in sys.argv):
        number, bar = found["secrets"], found["bar"]
        say(
            f"{number:7d}  {'yes' if found['pem'] else 'no ':3s}  {found['text']:7s} {found['chunk']:6d} "
            f"{found['speed']:6.0f}  {found['reference']:9.0f}  {found['ratio']:5.2f}  {f'{bar:.0f}' if bar else ''}"
        )
        if bar:
            what = (
                "masking clean log text, 4 KiB chunks, 1 secret"
                if number == 1
                else f"the same, {number} secrets"
            )
            row(
                what,
                f"{found['speed']:.0f} MB/s",
                f"{'raw `pyahocorasick.iter`, ' if number == 1 else ''}{found['reference']:.0f} MB/s",
                found["ratio"],
                f"{bar:.0f}x",
                met=found["ratio"] >= bar,
            )
    say("secrets  patterns  build ms   MiB")
    for number in BARS:
        milliseconds, memory, patterns = map(float, build(number))
        say(f"{number:7d}  {patterns:8.0f}  {milliseconds:8.1f}  {memory:4.1f}")
        if number == 1000:
            row(
                "building the patterns of 1000 secrets",
                f"{milliseconds:.0f} ms, {memory:.0f} MiB",
                "",
                None,
                "200 ms, 64 MiB",
                met=milliseconds < 200 and memory < 64,
            )
    finish()


if __name__ == "__main__":
    main()
