"""What the backends that decrypt by GnuPG share: its environment, and what its complaints mean.

Facts: doc/DETAILS of GnuPG for the `[GNUPG:]` lines, checked with gpg 2.2.40.
"""

from __future__ import annotations

from secretrun.errors import NotSignedIn
from secretrun_backends._references import gpg_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.backend import Context

# A key that is there and locked, where nobody can be asked for its passphrase or nobody gave it.
LOCKED = (
    "PINENTRY_LAUNCHED", "Inappropriate ioctl", "Operation cancelled", "No pinentry", "Bad passphrase",
    "Timeout", "get_passphrase",
)  # fmt: skip


def gpg_environment(context: Context) -> dict[str, str]:
    """The environment gpg starts with: messages in English, and the terminal to ask on, if any."""
    environ = english(context)
    if context.interactive and not environ.get("GPG_TTY"):
        environ.update(gpg_terminal())
    return environ


def english(context: Context) -> dict[str, str]:
    """The environment with untranslated messages and the same character set."""
    environ = dict(context.environ)
    everything = environ.pop("LC_ALL", "")
    if everything:
        environ.setdefault("LC_CTYPE", everything)
    return {**environ, "LANGUAGE": "C", "LC_MESSAGES": "C"}


def explain_key(complaint: str, what: str) -> NotSignedIn | None:
    """The error when it is the key that is missing or locked, else None."""
    if any(word in complaint for word in LOCKED):
        return NotSignedIn(
            f"the gpg key for {what} is locked, and its passphrase was not given",
            hint="unlock it for a while in a terminal, with any gpg --decrypt of your own, and run again",
        )
    if "No secret key" in complaint or "NO_SECKEY" in complaint:
        keys = sorted(
            {line.split()[2] for line in complaint.splitlines() if line.startswith("[GNUPG:] ENC_TO")}
        )
        which = f" ({', '.join(keys)})" if keys else ""
        return NotSignedIn(
            f"none of your gpg keys opens {what}{which}",
            hint="import the secret key (gpg --import), or have the file encrypted for yours; "
            "GNUPGHOME names another key ring",
        )
    return None
