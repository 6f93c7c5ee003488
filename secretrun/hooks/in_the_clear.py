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


def is_credential(name: str, value: str) -> bool:
    """Whether a variable's name or value says credential, as for the parts of a resolved secret."""
    from secretrun.redact.forms import credential, structure

    data = value.strip().encode("utf-8", "surrogateescape")
    if len(data) < policy.MIN_LENGTH or policy.is_common(data):
        return False
    # a URL with a password in it, a private key, a key file: told by what is in it
    return credential.is_credential(name, data) or next(iter(structure.credentials(data)), None) is not None
