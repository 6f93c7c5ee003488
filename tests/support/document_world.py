"""What the documents' command blocks are run in: a project with a store, a home, and the programs they name.

Programs that are not ours are stand-ins: each prints its name, its arguments and every variable it was given, so
that a value which is not masked shows.
"""

import base64
import json
import os
import pathlib
import pty
import select
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
OP = ROOT / "tests" / "backends" / "op_stand_in.py"
PYTHON = sys.executable

VALUES = {
    name: f"sk-live-{number}b7d9e41c05f4a8{number}"
    for number, name in enumerate(("API_KEY", "DB_PASSWORD", "DEPLOY_TOKEN", "STAGE_URL", "STRIPE_KEY"), 1)
}
TYPED = "sk-live-7f00e41c05f4a8b2d1"  # what a person gives when asked for a value
OP_VALUES = {
    "op://dev/anthropic/key": "sk-ant-api03-R0mXq7Lw2Zt9",
    "op://dev/github/token": "ghp_Zk3vR8pQ1tYx6LmN0aBc4dEf",
    "op://dev/openai/key": "sk-proj-Vt5Yb2Nq8Hs1",
    "op://app/api/key": "op-value-4kD81jsPq0",
}
SECRETS = [*VALUES.values(), TYPED, *OP_VALUES.values()]
OTHERS = [
    "claude", "code", "codex", "copilot", "cursor-agent", "direnv", "docker", "gemini", "kubectl", "make", "npm",
    "npx", "opencode", "pip", "pipx", "podman", "qwen", "systemctl", "terraform", "uv", "vim",
]  # fmt: skip
SHOWS = '#!/bin/sh\nprintf "%s ran:" "${0##*/}"; printf " %s" "$@"; echo; env\n'


class World:
    """One document's: its directory is `project`, its variables are `environ`."""

    def __init__(self, place: pathlib.Path) -> None:
        self.place = place
        self.project = place / "project"
        self.home = place / "home"
        self.environ = {
            "HOME": str(self.home),
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "USER": "ada",
            "XDG_RUNTIME_DIR": str(place / "run"),
            "SECRETRUN_TRUST": "all",
            "EDITOR": str(place / "bin" / "editor"),
            "OP_STORE": str(place / "op"),
            "GITHUB_ENV": str(place / "github-env"),
            "GITHUB_OUTPUT": str(place / "github-output"),
            "GIT_CONFIG_GLOBAL": str(place / "gitconfig"),
            "PYTHONSAFEPATH": "1",
        }

    def write(self, name, text, mode=0o644):
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def program(self, name, text):
        path = self.place / "bin" / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def run(self, block, given=TYPED + "\n"):
        """Run a block as a person's shell would, on pipes; returns (status, what was printed)."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=self.project, env=self.environ, input=given.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
        )  # fmt: skip
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def on_terminal(self, block, answers):
        """Run it on a terminal: each of `answers` is (what is waited for, what is typed then)."""
        pid, master = pty.fork()
        if pid == 0:
            os.chdir(self.project)
            os.execvpe("bash", ["bash", "-euo", "pipefail", "-c", block], self.environ)
        shown, answers, deadline = "", list(answers), time.monotonic() + 60
        try:
            while time.monotonic() < deadline:
                if not select.select([master], [], [], 1)[0]:
                    continue
                try:
                    data = os.read(master, 65536)
                except OSError:
                    break
                shown += data.decode("utf-8", "replace")
                if answers and answers[0][0] in shown:
                    os.write(master, answers.pop(0)[1].encode())
        finally:
            os.close(master)
        assert not answers, f"was never asked for {answers[0][0]!r}: {shown}"
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def git(self, *words):
        subprocess.run(["git", *words], cwd=self.project, env=self.environ, check=True, capture_output=True)


def make(place: pathlib.Path) -> World:
    """A new world with an empty project in it."""
    world = World(place)
    for directory in ("project", "home/.config", "bin", "run", "op"):
        (place / directory).mkdir(parents=True)
    (place / "run").chmod(0o700)
    (place / "gitconfig").write_text(
        "[user]\nname = Ada\nemail = ada@example.org\n[init]\ndefaultBranch = main\n"
    )
    for name in OTHERS:
        world.program(name, SHOWS)
    for name in ("kubectl", "systemd-creds"):
        world.program(name, SHOWS + "cat > /dev/null\n")
    world.program("secretrun", f'#!/bin/sh\nexec "{PYTHON}" -m secretrun "$@"\n')
    world.program("python3", f'#!/bin/sh\nexec "{PYTHON}" "$@"\n')
    world.program("op", f'#!/bin/sh\nexec "{PYTHON}" "{OP}" "$@"\n')
    world.program(
        "editor", '#!/bin/sh\nsed -i "s/^DB_PASSWORD=.*/DB_PASSWORD=sk-live-9e00e41c05f4a8b2d9/" "$1"\n'
    )
    values = {name: base64.b64encode(value.encode()).decode() for name, value in OP_VALUES.items()}
    (place / "op" / "values.json").write_text(json.dumps(values))
    world.git("init", "-q")
    return world


def with_store(world: World) -> World:
    """Give it a store with `VALUES` in it, a commit, and a remote that has it."""
    plain = world.write("plain.env", "".join(f"{name}={value}\n" for name, value in VALUES.items()))
    status, shown = world.run("secretrun init --import plain.env -q && rm plain.env")
    assert status == 0, shown
    assert not plain.exists()
    for name in ("deploy.sh", "migrate.sh", "server"):
        world.write(name, SHOWS, 0o755)
    world.write("app.log", f"connected with {VALUES['DEPLOY_TOKEN']}\n")
    world.write("config.py", "KEY = None\n")
    world.write("your/project/package.json", "{}\n")
    world.write(".gitignore", "app.log\n*.pem\nnginx.conf\n")
    world.git("add", ".")
    world.git("commit", "-qm", "a project")
    subprocess.run(["git", "clone", "-q", "--bare", world.project, world.place / "origin.git"], check=True)
    world.git("remote", "add", "origin", str(world.place / "origin.git"))
    world.git("fetch", "-q", "origin")
    return world


def copy(world: World, place: pathlib.Path) -> World:
    """The same world in another place."""
    shutil.copytree(world.place, place, symlinks=True)
    for script in ("secretrun", "op", "python3"):  # they name no place of the world's
        assert str(world.place) not in (place / "bin" / script).read_text()
    made = World(place)
    made.git("remote", "set-url", "origin", str(place / "origin.git"))
    return made
