"""Run every benchmark and write the README's table of speeds.

    python benchmarks/report.py [--write]

Takes a few minutes, best on a machine with nothing else to do. Without `--write` the table is printed.
"""

import json
import os
import pathlib
import platform
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNS = (["startup.py", "30"], ["redact.py", "--quick"], ["relay.py"], ["resolve.py"], ["scan.py", "60"])


def rows(script, *arguments):
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments, "--json"]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT).stdout)


def main():
    python = f"{platform.python_implementation()} {platform.python_version()}"
    lines = [
        f"One run of `python benchmarks/report.py --write` ({python}, {platform.machine()}, {os.cpu_count()} CPUs):",
        "",
        "| what | measured | reference in the same run | ratio | aim |",
        "| --- | --- | --- | --- | --- |",
    ]
    for run in RUNS:
        for row in rows(*run):
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
