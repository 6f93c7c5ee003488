"""The servers that a SOPS file, or a .sops.yaml, would have sops ask: its metadata is somebody's text.

sops sends VAULT_TOKEN to whatever address the metadata says, over plain HTTP too. So the addresses, which
stand there in the clear in every format, are held against the user's own before sops starts. Read strictly:
what is written in a way that sops itself never writes, and that could hide one, is refused.
"""

from __future__ import annotations

from secretrun.errors import BadAnswer, BadReference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# The keys of the metadata (stores/stores.go of sops) and of .sops.yaml (config/config.go) that name a server.
KEYS = (
    b"vault_address", b"vault_url", b"hc_vault_transit_uri", b"hc_vault_uris", b"azure_keyvault",
    b"vault_uri",
)  # fmt: skip
# Without one of these nothing can be hidden: no escape, no alias, no tag, no key that is not plain.
ODD = (b"\\x", b"\\u", b"\\U", b"? ", b"<<", b"*", b"&", b"!")


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
    if not any(mark in content for mark in (*KEYS, *ODD)):
        return  # as nearly every file; without the expressions below, which take their time to load
    import re

    keys = b"|".join(KEYS)
    hides = re.compile(rb"\\[xuU]|^[ \t]*(?:- )?\?|<<[ \t]*:|[:=,\[{-][ \t]*[*&!][A-Za-z]", re.MULTILINE)
    start = re.search(rb"^[ \t]*[\"']?sops[\"']?[ \t]*:|^\[sops\]|^sops_[a-z]", content, re.MULTILINE)
    metadata = content[start.start() :] if start else content
    names = len(re.findall(rb"(?:%b)" % keys, metadata))
    if not names and not hides.search(metadata):
        return
    found = re.findall(rb"(?:%b)[\"']?[ \t]*[:=][ \t]*([^\r\n]*)" % keys, metadata)
    if hides.search(metadata) or len(found) < names:
        raise BadAnswer(
            f"the metadata of {what} is written in a way that sops does not write, and could hide a server",
            hint="encrypt it anew: sops decrypt, then sops encrypt",
        )
    # Key Vault's own domains (azkeys): there a sign-in goes to Microsoft alone, whoever owns the vault.
    azure = r"https://[a-z0-9-]+\.(?:vault\.azure\.net|vault\.azure\.cn|vault\.usgovcloudapi\.net)(?:[:/].*)?"
    listed = [str(one) for one in more] if isinstance(more, (list, tuple)) else []
    own = {environ.get(name, "").rstrip("/") for name in ("VAULT_ADDR", "BAO_ADDR")} | {
        one.rstrip("/") for one in listed
    }
    for said in found:
        for raw in re.findall(rb"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"',\]}]+", said):
            address = raw.decode("utf-8", "backslashreplace").rstrip("/")
            if re.fullmatch(azure, address) or any(_below(address, one) for one in own if one):
                continue
            raise BadReference(
                f"{what} names the server {address}, which is not one you have set, "
                "and your sign-in would be sent there",
                hint=f"if it is right, set VAULT_ADDR={address} or list it under addresses in [backend.sops]",
            )


def _below(address: str, own: str) -> bool:
    """Whether it is that server, or a path of it."""
    return address == own or address.startswith(own + "/")
