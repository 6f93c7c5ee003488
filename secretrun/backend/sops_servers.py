"""The servers that a SOPS file, or a .sops.yaml, would have sops ask: its metadata is somebody's text.

sops sends VAULT_TOKEN to whatever address the metadata says, over plain HTTP too. So the addresses, which
stand there in the clear in every format, are held against the user's own before sops starts. Read strictly:
what is written in a way that sops itself never writes, and that could hide one, is refused.
"""

from __future__ import annotations

import re

from secretrun.errors import BadAnswer, BadReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The keys of the metadata (stores/stores.go of sops) and of .sops.yaml (config/config.go) that name a server.
KEYS = rb"vault_address|vault_url|hc_vault_transit_uri|hc_vault_uris|azure_keyvault|vault_uri"
# Key Vault's own domains (azkeys): there a sign-in goes to Microsoft alone, whoever owns the vault.
AZURE = re.compile(
    r"https://[a-z0-9-]+\.(?:vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net)(?:[:/].*)?"
)
_FOUND = re.compile(rb"(?:%b)[\"']?[ \t]*[:=][ \t]*([^\r\n]*)" % KEYS)
_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"',\]}]+")
_HIDES = re.compile(rb"\\[xuU]|^[ \t]*\?|<<[ \t]*:|[:=,\[{-][ \t]*[*&!][A-Za-z]", re.MULTILINE)
_METADATA = re.compile(rb"^[ \t]*[\"']?sops[\"']?[ \t]*:|^\[sops\]|^sops_[a-z]", re.MULTILINE)


def require_known(content: bytes, what: str, environ: Mapping[str, str], more: object = ()) -> None:
    """See that a file names no server but the user's own.

    Args:
        content: of the encrypted file, or of .sops.yaml.
        what: its name in errors.
        environ: VAULT_ADDR and BAO_ADDR are the user's own.
        more: addresses of the user's configuration.

    Raises:
        BadReference: it names another one.
        BadAnswer: it could hide one.
    """
    start = _METADATA.search(content)
    metadata = content[start.start() :] if start else content
    names = len(re.findall(rb"(?:%b)" % KEYS, metadata))
    if not names and not _HIDES.search(metadata):
        return
    found = list(_FOUND.finditer(metadata))
    if _HIDES.search(metadata) or len(found) < names:
        raise BadAnswer(
            f"the metadata of {what} is written in a way that sops does not write, and could hide a server",
            hint="encrypt it anew: sops decrypt, then sops encrypt",
        )
    listed = [str(one) for one in more] if isinstance(more, (list, tuple)) else []
    own = {environ.get(name, "").rstrip("/") for name in ("VAULT_ADDR", "BAO_ADDR")} | {
        one.rstrip("/") for one in listed
    }
    for match in found:
        for raw in _URL.findall(match.group(1)):
            address = raw.decode("utf-8", "backslashreplace").rstrip("/")
            if AZURE.fullmatch(address) or any(_below(address, one) for one in own if one):
                continue
            raise BadReference(
                f"{what} names the server {address}, which is not one you have set, "
                "and your sign-in would be sent there",
                hint=f"if it is right, set VAULT_ADDR={address} or list it under addresses in [backend.sops]",
            )


def _below(address: str, own: str) -> bool:
    """Whether it is that server, or a path of it."""
    return address == own or address.startswith(own + "/")
