"""A real agent under `--broker --sandbox`: its model and an API stand behind TLS, its own key is brokered.

What is played is told in words (`Session.lines`), so that a recording can be made of it.
"""

import json
import os
import pathlib
import shutil
import ssl
import subprocess
import tempfile

from agents.model import Model
from agents.runs import write
from support.broker_world import KEY, World
from support.store import secretrun

OWN = "sk-ant-api03-" + "Zq8" * 27 + "xAA"  # the agent's own key, which only the model's host may see


def claude(session, url):
    settings = {"permissions": {"allow": ["Bash"]}}
    if session.sandboxed_by_itself:
        settings["sandbox"] = {"enabled": True, "autoAllowBashIfSandboxed": True,
                               "network": {"allowedDomains": ["*.test"]}}  # fmt: skip
    write(session.world.home, ".claude/settings.json", settings)
    words = "exec claude -p 'Do it.' --output-format json"
    if session.sandboxed_by_itself:
        port = """'{"sandbox":{"network":{"httpProxyPort":'"${HTTPS_PROXY##*:}"'}}}'"""
        words += f" --settings {port}"
    return ["sh", "-c", f"ANTHROPIC_API_KEY=$MODEL ANTHROPIC_BASE_URL={url} {words}"]


def codex(session, url):
    write(session.world.home, ".codex/config.toml", "\n".join([
        'model = "fake-model"', 'model_provider = "fake"', "check_for_update_on_startup = false",
        'approval_policy = "never"', 'sandbox_mode = "danger-full-access"', "[analytics]", "enabled = false",
        "[model_providers.fake]", 'name = "fake"', f'base_url = "{url}/v1"', 'wire_api = "responses"',
        'env_key = "MODEL"', f"[projects.{json.dumps(str(session.world.project))}]", 'trust_level = "trusted"',
        *session.more,
    ]) + "\n")  # fmt: skip
    return ["codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-hook-trust", "Do it."]


AGENTS = {"claude": claude, "codex": codex}


class Session:
    """One run of an agent.

    Args:
        agent: its program's name.
        tmp_path: for everything.
        hook: `secretrun hook install` has been run before.
        more: lines of Codex's settings.
        name: of the variable with the token.
        sandboxed_by_itself: Claude Code's own sandbox instead of ours, with the broker as its proxy.
        files: of the project, name to text.
        steps: shell commands; `{api}` and `{evil}` in them are the hosts with their ports.
    """

    def __init__(self, agent, tmp_path, steps, *, hook=False, more=(), files=None, name="KEY",
                 sandboxed_by_itself=False):  # fmt: skip
        self.more = more
        self.sandboxed_by_itself = sandboxed_by_itself
        self.name = name
        self.token, self.own = KEY, OWN
        self.world = world = World(tmp_path)
        for name, text in (files or {}).items():
            (world.project / name).write_text(text)
        try:
            self._play(agent, steps, hook=hook)
        finally:
            world.close()

    def _play(self, agent, steps, *, hook):
        world = self.world
        hosts = {
            "api": f"api.test:{world.up.port}",
            "evil": f"evil.test:{world.evil.port}",
            "store": world.path,
        }
        self.commands = [step.format(**hosts) for step in steps]
        self.model = Model([{"shell": command} for command in self.commands])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        world.ca.issue_cert("model.test").configure_cert(context)
        self.model.socket = context.wrap_socket(self.model.socket, server_side=True)
        port = self.model.server_address[1]
        world.hosts.write_text(world.hosts.read_text().rstrip("\n") + " model.test\n")
        (world.path / "own").write_text(OWN)
        world.config(f"""[broker]
addresses = ["127.0.0.0/8"]
inspect = ["model.test"]
[secrets.MODEL]
ref = "file://{world.path}/own"
[[secrets.MODEL.allow]]
host = "model.test"
port = {port}
in = ["header:x-api-key", "header:authorization"]
on_leak = "mask"
[secrets.{self.name}]
ref = "file://{world.path}/key"
[[secrets.{self.name}.allow]]
host = "api.test"
port = {world.up.port}
paths = ["/v1/**"]
""")
        (world.project / ".git").mkdir()
        (world.project / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        command = AGENTS[agent](self, f"https://model.test:{port}")
        quiet = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_AUTOUPDATER", "DISABLE_TELEMETRY",
                 "DISABLE_ERROR_REPORTING")  # fmt: skip
        env = world.environ | dict.fromkeys(quiet, "1") | {"SHELL": "/bin/bash"}
        if hook:
            done = secretrun("hook", "install", agent, env=env, cwd=world.project)
            assert done.returncode == 0, done.stderr
        ours = ("--broker",) if self.sandboxed_by_itself else ("--broker", "--sandbox")
        with tempfile.TemporaryDirectory(
            prefix="sr"
        ) as short:  # sockets of its own sandbox have a longest path
            env |= {"TMPDIR": short} if self.sandboxed_by_itself else {}
            self.done = subprocess.run(
                world.command(*ours, "--", *command), env=env, cwd=world.project, capture_output=True,
                stdin=subprocess.DEVNULL, timeout=150, check=False,
            )  # fmt: skip
        self.model.shutdown()
        self.model.server_close()
        self.results = self.model.results()
        self.requests = world.up.requests()
        self.refused = world.evil.log()
        self.events = world.events()

    def holds(self, *values):
        """Where a value stands: what the model was sent in bodies, what was printed, and every file left."""
        texts = {"the model": b"".join(self.model.sent), "the output": self.done.stdout + self.done.stderr}
        for place in (self.world.home, self.world.project, self.world.path / "tmp"):
            for path in pathlib.Path(place).rglob("*"):
                if path.is_file() and not path.is_symlink():
                    texts[str(path)] = path.read_bytes()
        return sorted(
            where for where, data in texts.items() if any(value.encode() in data for value in values)
        )


def missing(agent):
    """Why an agent can't be played here, or None."""
    found = shutil.which(agent)
    if found is None:
        return f"{agent} is not installed: npm install its package; see docs/agents/{agent}.md"
    if os.path.realpath(found).startswith(("/tmp/", "/run/", "/var/tmp/")):
        return f"{agent} is installed below a directory that a sandbox has of its own"
    return None


def version(agent):
    """What the agent says of itself."""
    said = subprocess.run([agent, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip().splitlines()[0]


__all__ = ["AGENTS", "KEY", "OWN", "Session", "missing", "version"]
