"""How fast the redactor is on what programs really print, beside raw `pyahocorasick.iter` in the same process.

    python benchmarks/redact.py [CORPUS] [--quick] [--json]

CORPUS is a folder that `benchmarks/corpus.py` has filled; without it the slices kept here are used. Raw
only finds the secrets as they are, and knows no other forms, reads, whitespace or escapes. Both take
turns, and a figure is the median of the ratios. `--quick` runs what stands in the README.

`SECRETRUN_PURE=1` measures the Python engine where a core is built.
"""

import base64
import json
import os
import pathlib
import platform
import random
import statistics
import string
import subprocess
import sys
import time

from corpus import COLOURED, KEPT, PLAIN
from rows import aim, finish, row, say

ALNUM = string.ascii_letters + string.digits
NUMBERS = (1, 10, 100, 1000)
# Multiples of raw. Of Python: 3 times what the engine reached before it had all its readings, and raw itself.
CORE_AIMS = {"coloured": (2, 3.5, 6, 8), "plain": (4, 8, 12, 15)}
PYTHON_AIMS = {"coloured": (0.2, 0.4, 0.7, 1.2), "plain": (1.0, 1.0, 1.0, 1.0)}
AIMS = {
    kind: dict(zip(NUMBERS, map(aim, CORE_AIMS[kind], of), strict=True)) for kind, of in PYTHON_AIMS.items()
}
HITS = aim(2, 0.2)  # the same of coloured text with a secret in 1 % of its lines
HOSTILE = aim(0.25, 0.1)  # of the speed on plain text
ROUNDS = 5
TEXT = 1 << 17


def secrets(number):
    """Values of shapes that are in use."""
    rng = random.Random(4711)

    def of(length, letters=ALNUM):
        return "".join(rng.choices(letters, k=length))

    kinds = [
        lambda: "ghp_" + of(36),
        lambda: "sk_live_" + of(24),
        lambda: "AKIA" + of(16, string.ascii_uppercase + "234567"),
        lambda: of(40, ALNUM + "/+"),
        lambda: of(64, "0123456789abcdef"),
        lambda: of(20, ALNUM + "!@#$%^&*()-_=+"),
        lambda: base64.b64encode(rng.randbytes(32)).decode(),
        lambda: f"postgres://app:{of(24)}@db.internal:5432/app",
        lambda: f"eyJhbGciOiJIUzI1NiJ9.{of(80)}.{of(43)}",
        lambda: of(16),
    ]
    return [kinds[i % len(kinds)]() for i in range(number)]


def pem(rng):
    body = base64.encodebytes(rng.randbytes(1200)).decode()
    return f"-----BEGIN PRIVATE KEY-----\n{body}-----END PRIVATE KEY-----\n"


def seconds(work, chunks):
    """Processor time: one thread, and others may be at work."""
    start = time.process_time()
    for chunk in chunks:
        work(chunk)
    return time.process_time() - start


def compared(work, reference, chunks):
    """(seconds, seconds of the reference, median ratio), taken in turns."""
    pairs = [(seconds(work, chunks), seconds(reference, chunks)) for _ in range(ROUNDS)]
    ours, theirs = zip(*pairs, strict=True)
    return min(ours), min(theirs), statistics.median(b / a for a, b in pairs)


def iterator(values):
    import ahocorasick

    automaton = ahocorasick.Automaton()
    for value in values:
        automaton.add_word(value, 1)
    automaton.make_automaton()

    def work(chunk):
        for _ in automaton.iter(chunk.decode("latin-1")):
            pass

    return work


def cut(data, size):
    return [data[i : i + size] for i in range(0, len(data), size)]


def with_hits(data, values):
    """The text with a secret in one line of a hundred."""
    lines = data.split(b"\n")
    for i in range(0, len(lines), 100):
        lines[i] += b" token=" + values[i // 100 % len(values)].encode()
    return b"\n".join(lines)


def on_text(folder, quick):
    from secretrun.redact import Redactor

    say("secrets  text      chunk  hits   MB/s  raw MB/s  ratio")
    for number in NUMBERS:
        values = secrets(number)
        redactor, raw = Redactor(values), iterator(values)
        for kind, names in (("plain", PLAIN), ("coloured", COLOURED)):
            found = {}
            for name in names:
                whole = (folder / f"{name}.txt").read_bytes()
                whole = (whole * (TEXT // len(whole) + 1))[:TEXT]
                for size in (4096,) if quick else (4096, 65536):
                    for hits in (False,) if quick and number != 10 else (False, True):
                        data = with_hits(whole, values) if hits else whole
                        ours, theirs, ratio = compared(redactor.twin().feed, raw, cut(data, size))
                        speed, reference = len(data) / ours / 1e6, len(data) / theirs / 1e6
                        say(
                            f"{number:7d}  {name:8s} {size:6d}  {'1 %' if hits else '  -'}  {speed:6.1f}  "
                            f"{reference:8.0f}  {ratio:5.2f}"
                        )
                        found[name, size, hits] = ratio, speed, reference
            tell(
                number, kind, {name: r for (name, size, hit), r in found.items() if size == 4096 and not hit}
            )
            if number == 10 and kind == "coloured":
                tell(
                    number,
                    kind,
                    {name: r for (name, size, hit), r in found.items() if size == 4096 and hit},
                    hits=True,
                )


def tell(number, kind, found, *, hits=False):
    """The row of the worst and the best text; its ratio is that of the worst."""
    worst, best = min(found, key=found.get), max(found, key=found.get)
    ratio, wanted = found[worst][0], HITS if hits else AIMS[kind][number]
    row(
        f"{kind} text, {number} secret{'s' * (number > 1)}{', one in 1 % of lines' * hits}",
        f"{found[worst][1]:.0f} ({worst}) to {found[best][1]:.0f} ({best}) MB/s",
        f"raw `pyahocorasick.iter`, {found[worst][2]:.0f} and {found[best][2]:.0f} MB/s",
        ratio,
        f"{wanted}x",
        met=ratio >= wanted,
    )


def hostile():
    """Texts that look like secrets, or like sequences, all the time."""
    from secretrun.redact import Redactor

    rng = random.Random(3)
    key = pem(rng)
    account = json.dumps(
        {"type": "service_account", "private_key_id": f"{rng.getrandbits(160):040x}", "private_key": key},
        indent=2,
    )
    plain = b"INFO 200 GET /api/v1/users in 13 ms commit ok\n" * 1000
    texts = {
        "dashes": (b"+" + b"-" * 70 + b"+\n| n | n |\n") * 600,
        "near misses of a key": key.encode()[:60] * 700,
        "ESC": b"\x1b" * 45000,
        "SO/SI": b"\x0e\x0f" * 22500,
        "OSC": b"\x1b]0;t" * 9000,
    }
    redactor = Redactor([key, account, "sk_live_9aF3kQ7zXc2Vb8NmKq"])

    def speed(data):
        return len(data) / seconds(redactor.twin().feed, cut(data, 4096))

    found = {
        name: statistics.median(speed(text) / speed(plain) for _ in range(ROUNDS))
        for name, text in texts.items()
    }
    say("; ".join(f"{name} {ratio:.2f}x" for name, ratio in found.items()) + " of plain text")
    worst = min(found, key=found.get)
    row(
        "hostile text, a private key and a service account",
        f"{worst}, the worst of {len(found)}",
        "a log of the same size",
        found[worst],
        f"{HOSTILE}x",
        met=found[worst] >= HOSTILE,
    )


BUILDS = (
    ("1000 secrets", "secrets(1000)", aim(200, 300)),
    (
        "1 MiB of text",
        "[' '.join('%08x' % random.getrandbits(32) for _ in range(116508))[:1 << 20]]",
        aim(500, 3000),
    ),
    ("100 private keys", "[pem(random.Random(i)) for i in range(100)]", aim(100, 400)),
    ("5000 secrets", "secrets(5000)", None),
)


def build(values):
    """(milliseconds, MiB) in a process of its own, so that nothing is warm or allocated."""
    code = f"""
import random, resource, sys, time
sys.path[:0] = {[str(pathlib.Path(__file__).resolve().parent), *sys.path]!r}
from redact import pem, secrets
from secretrun.redact import Redactor
values = {values}
Redactor(["warm-up-1234567"])
def most():  # MiB at any time
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    with open("/proc/self/status") as file:  # getrusage counts what the parent had before exec
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) / 1024
before, start = most(), time.process_time()
redactor = Redactor(values)
print((time.process_time() - start) * 1000, most() - before)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return map(float, done.stdout.split())


def building(quick):
    for what, values, wanted in BUILDS[: 3 if quick else 4]:
        milliseconds, memory = build(values)
        say(f"building {what}: {milliseconds:.0f} ms, {memory:.0f} MiB")
        if wanted is not None:
            row(
                f"building the patterns of {what}",
                f"{milliseconds:.0f} ms, {memory:.0f} MiB",
                "",
                None,
                f"{wanted} ms, 64 MiB",
                met=milliseconds < wanted and memory < 64,
            )


def main():
    quick = "--quick" in sys.argv
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    say(
        f"# {platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {os.cpu_count()} CPUs"
    )
    on_text(pathlib.Path(folders[0]) if folders else KEPT, quick)
    hostile()
    building(quick)
    finish()


if __name__ == "__main__":
    main()
