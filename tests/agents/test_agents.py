"""The real coding agents, set up by `secretrun hook install`, against a model that plays a script.

Whatever an agent sends, keeps on disk or prints must hold no secret. An agent that is not installed is skipped: CI
installs them (`.github/workflows/agents.yml`), each of a version that docs/agents names.
"""

import base64
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from agents.model import Model
from agents.runs import AGENTS
from support.store import secretrun

SECRET = "Zq9/Kq8Zt2LmWv5x9Rb3Aa+w="
PLAIN = "p@ss-Zz71-other-secret"
TIMEOUT = 170

pytestmark = pytest.mark.timeout(TIMEOUT + 60)


def forms(value):
    yield value.encode()
    yield value.encode().hex().encode()
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + value.encode())
        yield coded[-(-before * 4 // 3) : (before + len(value)) * 4 // 3]


FORBIDDEN = [form for value in (SECRET, PLAIN, "sk-dummy-own-key-1") for form in forms(value)]


class Played:
    """One run of an agent: what the model was sent, and what was left behind."""

    def __init__(self, agent, tmp_path, steps, *, masking=True):
        if shutil.which(agent) is None:
            pytest.skip(f"{agent} is not installed: npm install its package; see docs/agents/{agent}.md")
        self.root = tmp_path
        self.home, self.project, store = tmp_path / "home", tmp_path / "project", tmp_path / "store"
        for folder in (self.home, self.project, store, tmp_path / "tmp"):
            folder.mkdir()
        (store / "key").write_text(SECRET)
        (self.project / ".env.secretrun").write_text(f"API_KEY=file://{store}/key\n")
        (self.project / ".env").write_text(f"DB_PASSWORD={PLAIN}\nPORT=3000\n")
        self.model = Model([step(self) if callable(step) else step for step in steps])
        argv, more = AGENTS[agent](self.home, self.project, self.model.url)
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env = {
            **kept,
            "HOME": str(self.home),
            "TMPDIR": str(tmp_path / "tmp"),
            "TERM": "dumb",
            "SECRETRUN_TRUST": "all",
        }
        if masking:
            done = secretrun("hook", "install", agent, env=env, cwd=self.project)
            assert done.returncode == 0, done.stderr
        child = subprocess.Popen(argv, cwd=self.project, env=env | {"CLAUDE_CODE_TMPDIR": str(tmp_path / "tmp")} | more,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 start_new_session=True)  # fmt: skip
        try:
            self.printed = child.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        self.model.shutdown()
        self.model.server_close()
        self.results = self.model.results()

    def leaks(self):
        """Where something stands that must not."""
        ours = {self.project / ".env", self.root / "store" / "key"}
        texts = {"the model": b"".join(self.model.sent), "the agent's output": self.printed}
        for path in self.root.rglob("*"):
            if path.is_file() and not path.is_symlink() and path not in ours:
                with contextlib.suppress(OSError):
                    texts[str(path.relative_to(self.root))] = path.read_bytes()
        settings = ("home/.config/opencode/opencode.json", "home/.codex/config.toml")
        return sorted(
            where
            for where, data in texts.items()
            if where not in settings and any(map(data.__contains__, FORBIDDEN))
        )


@pytest.mark.slow
@pytest.mark.parametrize("agent", AGENTS)
def test_nothing_leaves(agent, tmp_path):
    steps = [
        {"shell": 'echo "key $API_KEY ${#API_KEY}"; printf %s "$API_KEY" | base64; exit 3'},
        # in Codex a rule names `cat`, and nobody can tell what Copilot's rules make of a loop: both are left to them
        {"shell": "for file in .env; do cat $file; done" if agent == "copilot" else "cat .env"},
        {"shell": "env | grep -i key"},
        {"shell": "touch denied"},
        {
            "shell": 'printf %s "$API_KEY" | head -c 9; sleep 1; printf %s "$API_KEY" | tail -c +10; echo; bash -c \'echo in $API_KEY\''
        },
    ]
    if agent != "codex":  # it has no tool for reading files
        steps.append(lambda run: {"read": str(run.project / ".env")})
    run = Played(agent, tmp_path, steps)
    told = "\n".join(run.results)
    assert len(run.results) == len(steps), run.printed[-2000:]
    assert f"key [REDACTED:API_KEY] {len(SECRET)}" in told
    assert "DB_PASSWORD=[REDACTED:DB_PASSWORD]" in told
    assert "in [REDACTED:API_KEY]" in told
    assert not (run.project / "denied").exists()
    if agent not in ("codex", "gemini"):  # Gemini CLI itself keeps its file tool from .env here
        assert "PORT=3000" in run.results[-1]
        assert "holds secrets" in run.results[-1]
    assert run.leaks() == []


@pytest.mark.slow
@pytest.mark.parametrize("agent", [agent for agent in AGENTS if agent != "codex"])
def test_a_mask_is_not_written_over_a_value(agent, tmp_path):
    text = "API_KEY=[REDACTED:API_KEY]\n"
    run = Played(
        agent, tmp_path, [lambda run: {"write": [str(run.project / "copy.env"), text]}, {"shell": "echo on"}]
    )
    assert not (run.project / "copy.env").exists()
    assert "on" in run.results[-1]


@pytest.mark.slow
@pytest.mark.parametrize("agent", ["claude", "codex"])
def test_without_us_it_would_have_been_seen(agent, tmp_path):
    run = Played(agent, tmp_path, [{"shell": "cat .env"}], masking=False)
    assert "the model" in run.leaks()


def test_the_documents_name_the_versions():
    pages = pathlib.Path(__file__).resolve().parents[2] / "docs" / "agents"
    for agent in AGENTS:
        assert "Tried with" in (pages / f"{agent}.md").read_text(encoding="utf-8")
