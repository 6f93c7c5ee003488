"""Files that hold secrets, and how they look with the values masked.

They are told by their names, by the shapes of what is in them, and by the run of secretrun that the agent
was started in, if it was: that knows its values.

An agent that is only told "no" tries again in other ways until it has seen that a credential exists: so it
is shown the file, with its values masked, and told how to use them.
"""

from __future__ import annotations

import os

from secretrun.hooks import in_the_clear, plain_env
from secretrun.redact import Redactor
from secretrun.redact.detect.find import Finder
from secretrun.redact.detecting import Detecting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.model import Secret

_LARGEST = 1 << 20  # bytes of a file that is looked at
_MOST_SHOWN = 16_000  # characters of it that an agent is shown
# Names that say what a file holds, whatever it holds.
_KEYS = ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", "_netrc", ".pgpass", ".htpasswd",
         ".vault-token",
         ".git-credentials", ".age-key", "age-key.txt", "keys.txt")  # fmt: skip
_ENDINGS = (".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk", ".kdbx", ".ovpn")
# Files of pairs whose credentials are told by their names: the directory may have to fit too.
_PAIRS = (".npmrc", ".pypirc", "credentials", ".dockercfg", "pip.conf", ".yarnrc.yml", "auth.json",
          "hosts.yml",
          "terraform.tfvars")  # fmt: skip


def shown(
    path: str, directory: str, environ: Mapping[str, str], session: Callable[[bytes], bytes | None]
) -> str | None:
    """The text of a file with its secrets masked, or None when it is not one to keep from an agent.

    Args:
        path: as the agent named it.
        directory: where it works.
        environ: what the agent has, with its own keys.
        session: shows a text as the run above would, with what that has resolved masked.
    """
    full = os.path.join(directory, os.path.expanduser(path))
    try:
        if not os.path.isfile(full) or os.path.getsize(full) > _LARGEST:
            return None
        with open(full, "rb") as file:
            data = file.read(_LARGEST)
    except OSError:
        return None  # the agent will find that out itself
    name = os.path.basename(os.path.realpath(full))
    secrets = values(name, data)
    finder = Finder()
    tokens = finder.all(data)
    if _is_key(name, data) and not secrets and not tokens:
        return f"(a key file of {len(data)} bytes: nothing of it is shown)"
    known = session(data)
    if not secrets and not tokens and known in (None, data):
        return None
    masked = Detecting(Redactor(secrets + in_the_clear.own_keys(environ)), finder).mask(known or data)
    text = masked.decode("utf-8", "replace")
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "\n..."


def values(name: str, data: bytes) -> list[Secret]:
    """The credentials that a file of this name holds."""
    if plain_env.is_plain_env(name) or name in _PAIRS:
        return in_the_clear.credentials(data.decode("utf-8", "surrogateescape"))
    return []


def _is_key(name: str, data: bytes) -> bool:
    """Whether a file is a private key, or one that holds nothing else than credentials."""
    if name in _KEYS:
        return bool(data.strip()) and (name != "keys.txt" or b"AGE-SECRET-KEY-1" in data)
    if b"PRIVATE KEY-----" in data or b"AGE-SECRET-KEY-1" in data:
        return name.endswith(_ENDINGS) or "." not in name
    return False
