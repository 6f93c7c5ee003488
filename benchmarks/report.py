"""Run every benchmark and write the README's table of speeds.

    python benchmarks/report.py [--write] [SCRIPT ...]

Takes some ten minutes, best on a machine with nothing else to do; with names of scripts (redact.py) only these
are run. Without `--write` the table is printed. Where the compiled core is built, masking is measured with it
and without.
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys

from secretrun.redact.core import library

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNS = (
    ["startup.py", "30"], ["redact.py", "--quick"], ["relay.py", "--quick"], ["resolve.py"], ["scan.py", "60"]
)  # fmt: skip
OF_A_BODY = ("startup.py", "redact.py", "relay.py")  # what differs with the body of the redactor


def rows(script, *arguments, **environ):
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=os.environ | environ)
    return json.loads(done.stdout)


def measured(script, *arguments):
    """The rows of a script; of masking and starts, those of each body there is."""
    if script not in OF_A_BODY:
        return rows(script, *arguments)
    bodies = {"Python": {"SECRETRUN_PURE": "1"}}
    if os.path.exists(library.path()):
        bodies = {"core": {"SECRETRUN_PURE": ""}} | bodies
    return [
        row | {"what": f"{row['what']} ({name})"}
        for name, environ in bodies.items()
        for row in rows(script, *arguments, **environ)
    ]


def main():
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        f"One run of `python benchmarks/report.py --write` ({python}, {platform.machine()}, {os.cpu_count()} CPUs):",
        "",
        "| what | measured | reference in the same run | ratio | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    named = [word for word in sys.argv[1:] if not word.startswith("-")]
    for run in RUNS:
        for row in measured(*run) if not named or run[0] in named else ():
            cells = (row["what"], row["measured"], row["reference"], row["ratio"], row["aim"])
            lines.append(f"| {' | '.join(cells)} |")
    table = "\n".join(lines)
    if "--write" not in sys.argv:
        print(table)
        return
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- speed -->\n).*?(<!-- /speed -->)", re.DOTALL)
    if not marked.search(text):
        raise SystemExit("README.md has no <!-- speed --> part")
    readme.write_text(marked.sub(lambda part: f"{part[1]}{table}\n{part[2]}", text), encoding="utf-8")


if __name__ == "__main__":
    main()
