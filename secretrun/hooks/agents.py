"""Which coding agent started us, and which inherited variables are its own keys: one row an agent.

Told by variables that the agents set in the commands they run (seen with Claude Code 2.1.332, Codex 0.169.0,
Gemini CLI 0.61.0, opencode 1.18.33, Copilot CLI 1.0.102; Cursor and qwen-code by their documents). A program
of the same user can take them away: they keep an agent from a mistake, not from a fight (SECURITY.md).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SESSION = "SECRETRUN_SESSION"  # what a run that masks sets for its command: the process id that masks
BROKERED = "SECRETRUN_BROKERED"  # what a run with --broker sets for its command: its name in the audit

# Keys of the services that models are bought from: an agent that can use several is given several.
PROVIDERS = (
    "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "AWS_BEARER_TOKEN_BEDROCK", "AZURE_OPENAI_API_KEY",
    "CEREBRAS_API_KEY", "COHERE_API_KEY", "DASHSCOPE_API_KEY", "DEEPSEEK_API_KEY", "FIREWORKS_API_KEY",
    "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GROQ_API_KEY", "HF_TOKEN",
    "MISTRAL_API_KEY", "MOONSHOT_API_KEY", "OPENAI_API_KEY", "OPENROUTER_API_KEY", "PERPLEXITY_API_KEY",
    "TOGETHER_API_KEY", "XAI_API_KEY", "ZAI_API_KEY",
)  # fmt: skip


class Agent:
    """One coding agent.

    Attributes:
        name: as on our command line.
        title: as its makers write it.
        program: its executable's name.
        markers: (variable, value or None for any): one of them is set in what it starts.
        session: variables that name the agent's session, the best first.
        keys: variables that hold its own credentials, besides `PROVIDERS`.
    """

    __slots__ = ("keys", "markers", "name", "program", "session", "title")

    def __init__(
        self,
        name: str,
        title: str,
        program: str,
        *,
        markers: tuple[tuple[str, str | None], ...],
        session: tuple[str, ...] = (),
        keys: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.title = title
        self.program = program
        self.markers = markers
        self.session = session
        self.keys = keys

    def __repr__(self) -> str:
        return f"<Agent {self.name}>"


AGENTS = (
    Agent("claude", "Claude Code", "claude", markers=(("CLAUDECODE", "1"),),
          session=("CLAUDE_CODE_SESSION_ID",),
          keys=("CLAUDE_CODE_MESSAGING_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN")),
    Agent("codex", "Codex CLI", "codex",
          markers=(("CODEX_CI", None), ("CODEX_THREAD_ID", None), ("CODEX_SANDBOX", None)),
          session=("CODEX_THREAD_ID", "CODEX_SESSION_ID"), keys=("CODEX_API_KEY", "CODEX_ACCESS_TOKEN")),
    Agent("gemini", "Gemini CLI", "gemini", markers=(("GEMINI_CLI", "1"),), session=("GEMINI_SESSION_ID",)),
    Agent("opencode", "opencode", "opencode", markers=(("OPENCODE", "1"),), session=("OPENCODE_PID",),
          keys=("OPENCODE_API_KEY", "OPENCODE_SERVER_PASSWORD")),
    Agent("copilot", "GitHub Copilot CLI", "copilot",
          markers=(("COPILOT_CLI", "1"), ("COPILOT_AGENT_SESSION_ID", None)),
          session=("COPILOT_AGENT_SESSION_ID",),
          keys=("COPILOT_GITHUB_TOKEN", "COPILOT_PROVIDER_API_KEY", "COPILOT_PROVIDER_BEARER_TOKEN")),
    Agent("cursor", "Cursor", "cursor-agent", markers=(("CURSOR_AGENT", None),), keys=("CURSOR_API_KEY",)),
    Agent("qwen", "Qwen Code", "qwen", markers=(("QWEN_CODE", "1"),)),
)  # fmt: skip
BY_NAME = {agent.name: agent for agent in AGENTS}
# An agent that is none of them, but says that it is one.
OTHER = Agent("other", "a coding agent", "", markers=(("AI_AGENT", None),))


def detected(environ: Mapping[str, str]) -> Agent | None:
    """The agent that started us, or None.

    Where one runs in another, the markers of both are set: the first row that fits counts.
    """
    for agent in (*AGENTS, OTHER):
        for variable, value in agent.markers:
            found = environ.get(variable)
            if found and (value is None or found == value):
                return agent
    return None


def session_of(agent: Agent | None, environ: Mapping[str, str]) -> str:
    """The name that the agent gives its session, or ""."""
    for variable in agent.session if agent is not None else ():
        if environ.get(variable):
            return environ[variable]
    return ""


def key_variables(agent: Agent, environ: Mapping[str, str], configured: Iterable[str] = ()) -> list[str]:
    """The variables of `environ` that hold the agent's own keys.

    `configured`: those that its settings name.
    """
    names = dict.fromkeys((*agent.keys, *PROVIDERS, *configured))
    return [name for name in names if environ.get(name)]


def codex_keys(environ: Mapping[str, str]) -> list[str]:
    """The variables that Codex's `config.toml` names as holding a provider's key (`env_key`).

    Read line by line: a TOML parser would cost every command of an agent more than all the rest.
    """
    import os

    home = environ.get("CODEX_HOME") or os.path.join(environ.get("HOME", ""), ".codex")
    names = []
    try:
        with open(os.path.join(home, "config.toml"), encoding="utf-8", errors="replace") as file:
            for line in file:
                key, equals, value = line.partition("=")
                if equals and key.strip() in (
                    "env_key",
                    "bearer_token_env_var",
                    "experimental_bearer_token_env",
                ):
                    names.append(value.split("#")[0].strip().strip("\"'"))
    except OSError:
        pass  # it has no settings, or they are not for us to read
    return names
