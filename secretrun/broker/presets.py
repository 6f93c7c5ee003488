"""Rules for well-known APIs, as data files: hosts, places, and the paths that store what they get."""

from __future__ import annotations

import os

from secretrun import hints
from secretrun.broker.policy import from_said
from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.broker.policy import Rule

_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "preset_files")

# The APIs of models: what a model is sent is masked, not refused, so that an agent can go on.
MODELS = (
    "api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com", "api.mistral.ai",
    "api.deepseek.com", "api.groq.com", "api.x.ai", "openrouter.ai", "api.githubcopilot.com",
)  # fmt: skip


def names() -> list[str]:
    """The presets there are."""
    return sorted(name.removesuffix(".toml") for name in os.listdir(_DIRECTORY) if name.endswith(".toml"))


def rules(preset: str, secret: str, place: str) -> list[Rule]:
    """The rules of a preset, for one secret.

    Raises:
        ConfigError: there is no such preset; with the place that asks for it.
    """
    import tomllib

    if preset not in names():
        raise ConfigError(f"{place}: no preset {preset!r}", hint=hints.one_of(preset, names()))
    with open(os.path.join(_DIRECTORY, f"{preset}.toml"), "rb") as file:
        said = tomllib.load(file)
    return [
        from_said(table, deny=key == "deny", secret=secret, label=f"preset {preset}: {key}")
        for key in ("allow", "deny")
        for table in said.get(key, [])
    ]
