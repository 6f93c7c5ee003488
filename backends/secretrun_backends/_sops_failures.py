"""What a failure of the sops program means, by its exit status, and what to do about it.

sops's words are not repeated: they can quote the text of the file. The one exception is the list of
recipients it could not use, which is public.

Exit statuses: `cmd/sops/codes` in getsops/sops; words checked with sops 3.11.
"""

from __future__ import annotations

from secretrun.backend import age_keys
from secretrun.backend.sops import age_key_file
from secretrun.errors import BackendError, BadAnswer, NotSignedIn, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from secretrun.backend.process import Completed

NO_KEY = 128  # CouldNotRetrieveKey
DUMPING = 4  # ErrorDumpingTree: what is in the file has no place in the format that was asked for
# How Go's net package and the SDKs say that nobody was reached.
UNREACHED = (
    "no such host", "connection refused", "dial tcp", "i/o timeout", "network is unreachable",
    "no route to host", "deadline exceeded", "could not connect", "tls handshake timeout",
    "server misbehaving", "connection reset",
)  # fmt: skip
TREE, MAC, MAC_MISSING = 25, 51, 52  # a value, or the whole, that does not fit its authentication code


def explain(done: Completed, path: str, kind: str, environ: Mapping[str, str]) -> BackendError:
    """The error for a failed decryption of the file at `path`, taken for a `kind` file."""
    by_hand = f"to see what sops says: sops decrypt {path} > /dev/null"
    if done.status == NO_KEY:
        return _no_key(done.complaint, path, environ)
    if "metadata not found" in done.complaint:
        return BadAnswer(
            f"{path} is not encrypted with sops (no sops metadata)",
            hint=f"encrypt it: sops encrypt --in-place {path}; its plain values may need rotating",
        )
    if done.status == DUMPING:
        return BadAnswer(f"{path} holds what has no place in the format that was asked for", hint=by_hand)
    if done.status in (TREE, MAC, MAC_MISSING):
        return BadAnswer(
            f"{path} was changed after it was encrypted: a wrong MAC, or a value sops did not write",
            hint=f"restore it from version control and change it with: sops edit {path}",
        )
    if any(word in done.complaint.lower() for word in ("unmarshal", "loading", "invalid")):
        return BadAnswer(f"{path} is not {kind} that sops can read", hint="?format=... names another format")
    if done.status < 0:
        return BackendError(f"sops was killed by signal {-done.status} on {path}", hint=by_hand)
    return BackendError(f"sops failed on {path} with exit status {done.status}", hint=by_hand)


def _no_key(complaint: str, path: str, environ: Mapping[str, str]) -> BackendError:
    """No key that opens the file, with the recipients sops lists ("  age1...: FAILED")."""
    recipients = [
        line.strip().removesuffix(": FAILED")
        for line in complaint.splitlines()
        if line.endswith(": FAILED") and not line.startswith("Group")
    ]
    if any(words in complaint.lower() for words in UNREACHED):
        return Unavailable(
            f"the key service that opens {path} can't be reached",
            hint="check the network, and the address of the service; a key of your own would open it without",
        )
    hints = []
    kinds = {_kind_of_key(recipient) for recipient in recipients}
    if "age" in kinds:
        own = age_key_file(environ)
        hints.append(
            f"age: put the identity into {own} or ~/.config/sops/age/keys.txt, "
            "or name its file in SOPS_AGE_KEY_FILE"
        )
    if "pgp" in kinds:
        hints.append(
            "pgp: the secret key is not in gpg --list-secret-keys, or gpg could not ask for its passphrase"
        )
    if "aws" in kinds:
        hints.append("AWS KMS: sign in (aws sso login) with the profile that may use the key")
    if "cloud" in kinds:
        hints.append("cloud key: sign in to the cloud account or Vault that holds it")
    shown = ", ".join(recipients[:3]) + (" ..." if len(recipients) > 3 else "")
    known = [f"it is encrypted for {shown}"] if shown else []
    why = ""
    if "age" in kinds:
        tried, faults = age_keys.said(environ)
        known += [tried] if tried else []
        why = f": {'; '.join(faults)}" if faults else ""
    return NotSignedIn(
        f"no key here opens {path}{why}" + (f" ({', '.join(known)})" if known else ""),
        hint="; ".join(hints) or f"to see what sops says: sops decrypt {path} > /dev/null",
    )


def _kind_of_key(recipient: str) -> str:
    if recipient.startswith(("age1", "ssh-")):
        return "age"
    if recipient.startswith("arn:"):
        return "aws"
    if all(c in "0123456789abcdefABCDEF" for c in recipient):
        return "pgp"
    return "cloud"
