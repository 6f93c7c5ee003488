"""What signs in to a store: one table, and what of it the command, the screen and other stores get.

Two columns. *Withheld*: the command does not get it, no template expands it, and only the programs of the
stores that it is for start with it. *Masked*: its value, or what the file it names holds, is a secret as any
other. What opens a store is both; what the command needs itself (the cloud's own keys) is passed and masked;
an id or a path is no secret.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VALUE, FILE, NOTHING = "value", "file", ""  # what is masked
LONGEST = 1 << 16  # bytes of a file of keys
_VAULT = ("vault", "sops", "kubernetes")  # a kubeconfig's plugin may ask Vault for a token
_SOPS = ("sops", "age")
_ONEPASSWORD = ("op",)

# name or PREFIX_*: (withheld, masked, the backends it is for; empty: any)
ROWS: dict[str, tuple[bool, str, tuple[str, ...]]] = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": (False, VALUE, ()),  # gives out tokens of the job's identity
    "AGE_IDENTITY": (True, VALUE, ("age",)),
    "AGE_IDENTITY_FILE": (True, FILE, ("age",)),
    "AGE_KEY": (True, VALUE, ("age",)),
    "AGE_KEY_FILE": (True, FILE, ("age",)),
    "ARM_CLIENT_SECRET": (False, VALUE, ()),
    "AWS_SECRET_ACCESS_KEY": (False, VALUE, ()),
    "AWS_SESSION_TOKEN": (False, VALUE, ()),
    "AWS_WEB_IDENTITY_TOKEN_FILE": (False, FILE, ()),
    "AZURE_CLIENT_SECRET": (False, VALUE, ()),
    "AZURE_PASSWORD": (False, VALUE, ()),
    "BAO_JWT": (True, VALUE, _VAULT),
    "BAO_PASSWORD": (True, VALUE, _VAULT),
    "BAO_SECRET_ID": (True, VALUE, _VAULT),
    "BAO_TOKEN": (True, VALUE, _VAULT),
    "BWS_ACCESS_TOKEN": (True, VALUE, ("bws",)),
    "BW_CLIENTID": (True, NOTHING, ("bw",)),
    "BW_CLIENTSECRET": (True, VALUE, ("bw",)),
    "BW_PASSWORD": (True, VALUE, ("bw",)),
    "BW_SESSION": (True, VALUE, ("bw",)),
    "DOPPLER_TOKEN": (True, VALUE, ("doppler",)),
    "INFISICAL_TOKEN": (True, VALUE, ("infisical",)),
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_ID": (True, NOTHING, ("infisical",)),
    "INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET": (True, VALUE, ("infisical",)),
    "KEEPASSXC_KEY_FILE": (True, FILE, ("keepassxc",)),
    "KEEPASSXC_PASSWORD": (True, VALUE, ("keepassxc",)),
    "OP_CONNECT_TOKEN": (True, VALUE, _ONEPASSWORD),
    "OP_SERVICE_ACCOUNT_TOKEN": (True, VALUE, _ONEPASSWORD),
    "OP_SESSION_*": (True, VALUE, _ONEPASSWORD),
    "SOPS_AGE_KEY": (True, VALUE, _SOPS),
    "SOPS_AGE_KEY_CMD": (True, NOTHING, _SOPS),
    "SOPS_AGE_KEY_FILE": (True, FILE, _SOPS),
    "SOPS_AGE_SSH_PRIVATE_KEY_*": (True, FILE, _SOPS),
    "VAULT_JWT": (True, VALUE, _VAULT),
    "VAULT_PASSWORD": (True, VALUE, _VAULT),
    "VAULT_SECRET_ID": (True, VALUE, _VAULT),
    "VAULT_TOKEN": (True, VALUE, _VAULT),
}
# Programs of the user's own choice, and SDKs that start some (credential_process): they may use all of it.
ANY = ("exec", "aws-sm", "aws-ssm", "env", "http-json", "summon")

SIGN_IN = tuple(name for name, (withheld, _, _) in ROWS.items() if withheld)


def row(name: str) -> tuple[bool, str, tuple[str, ...]] | None:
    """The row of a variable, or None when it has none."""
    found = ROWS.get(name)
    if found is None and name.startswith(_HEADS):
        found = next(said for glob, said in ROWS.items() if glob.endswith("*") and name.startswith(glob[:-1]))
    return found


def is_withheld(name: str) -> bool:
    """Whether a variable of this name opens a store, and so does not reach the command."""
    found = row(name)
    return found is not None and found[0]


def for_store(environ: Mapping[str, str], store: str, own: tuple[str, ...] = ()) -> dict[str, str]:
    """The environment that a store's program starts with: everything but what signs in to other stores.

    Args:
        environ: ours.
        store: the backend's name.
        own: what the backend itself says it signs in with (names or PREFIX_*), for plugins.
    """
    if store in ANY:
        return dict(environ)
    kept = {}
    for name, value in environ.items():
        said = row(name)
        if said is None or not said[0] or store in said[2] or _named(name, own):
            kept[name] = value
    return kept


def masked(environ: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """(variable, secret) of everything that signs in, whether it is withheld or passed."""
    for name, value in environ.items():
        said = row(name)
        if said is None or not value or not said[1]:
            continue
        if said[1] == VALUE:
            yield name, value.encode("utf-8", "surrogateescape")
        else:
            for secret in keys_in(value):
                yield name, secret


def keys_in(path: str) -> list[bytes]:
    """The keys in a file: age identities a line each, else all of it; none when it can't be read."""
    try:
        with open(os.path.expanduser(path), "rb") as file:
            content = file.read(LONGEST)
    except (OSError, ValueError):
        return []
    identities = [line.strip() for line in content.splitlines() if line.startswith(b"AGE-")]
    return identities or [content.strip()]


def _named(name: str, globs: tuple[str, ...]) -> bool:
    return any(name == glob or (glob.endswith("*") and name.startswith(glob[:-1])) for glob in globs)


_HEADS = tuple(name[:-1] for name in ROWS if name.endswith("*"))
