"""What a coding agent has in the clear.

Its own keys, and the credentials of the project's plain env files.
"""

from __future__ import annotations

import os

from secretrun.hooks import agents, plain_env
from secretrun.model import Secret
from secretrun.redact import policy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def secrets(environ: Mapping[str, str], directory: str, words: Iterable[str] = ()) -> list[Secret]:
    """All of it, to be masked in what a command prints.

    `words` are the command's, for the files that they name.
    """
    return own_keys(environ) + [
        secret
        for path in plain_env.files(directory, words)
        for secret in credentials(plain_env.read(path) or "")
    ]


def own_keys(environ: Mapping[str, str]) -> list[Secret]:
    """The agent's own keys among the inherited variables, by the variables' names."""
    agent = agents.detected(environ) or agents.OTHER
    configured = agents.codex_keys(environ) if agent.name == "codex" else ()
    return [
        Secret(os.fsencode(environ[name]), (name,))
        for name in agents.key_variables(agent, environ, configured)
    ]


def credentials(text: str) -> list[Secret]:
    """The values of a file of variables that are credentials, under their names."""
    found: dict[str, Secret] = {}
    for name, value in plain_env.assignments(text):
        if value and value not in found and is_credential(name, value):
            found[value] = Secret(value.encode("utf-8", "surrogateescape"), (name,))
    return list(found.values())


_NAMES = ("KEY", "TOKEN", "SECRET", "PASS", "PWD", "CREDENTIAL", "AUTH", "PRIVATE", "DSN",
          "SALT", "SIGNATURE",
          "WEBHOOK", "COOKIE", "CERT", "_PW", "PIN")  # fmt: skip
_PUBLIC = (
    "PUBLIC",
    "PUBLISHABLE",
    "_ID",
    "_URL_PREFIX",
    "_FILE",
    "_PATH",
    "_DIR",
    "_LENGTH",
    "_TTL",
    "_EXPIR",
)


def is_credential(name: str, value: str) -> bool:
    """Whether a variable's name or value says that it is a credential."""
    stripped = value.strip()
    if len(stripped) < policy.MIN_LENGTH or policy.is_common(stripped.encode("utf-8", "surrogateescape")):
        return False
    upper = name.upper()
    if any(word in upper for word in _NAMES) and not any(word in upper for word in _PUBLIC):
        return True
    if "://" in stripped:
        return "@" in stripped and ":" in stripped.partition("://")[2].partition("@")[0]
    if "PRIVATE KEY-----" in stripped:
        return True
    mixed = any(c.isdigit() for c in stripped) and any(c.isalpha() for c in stripped)
    return len(stripped) >= 20 and mixed and not any(c in " /." for c in stripped)
