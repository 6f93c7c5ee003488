"""What the cache remembers a reference's value under: a digest of all that the value depends on.

The reference, the variables that choose accounts, addresses and keys, the backends' options, and, for a
reference into a file, the file's identity, time and size. So another profile, another account, another
directory or an edited file never gets an old value.
"""

from __future__ import annotations

import os

try:
    from _blake2 import blake2b  # hashlib's wrapper module loads OpenSSL: 5 to 10 ms
except ImportError:  # another interpreter than CPython
    from hashlib import blake2b

from secretrun.cache import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from secretrun.model import Reference

# Read anew each time: they cost nothing, and are the command's own input.
NEVER = ("env", "file")
# References into a file: an edited file is another file.
FILES = ("age", "gpg", "keepassxc", "sops")
# What chooses accounts, addresses and keys for a store.
RELEVANT = (
    "AGE_", "AWS_", "AZURE_", "BAO_", "BITWARDENCLI_", "BW_", "BWS_", "CLOUDSDK_", "CREDENTIALS_", "DBUS_",
    "DOPPLER_", "GNUPGHOME", "GOOGLE_", "GOPASS_", "HOME", "INFISICAL_", "KEEPASSXC_", "KUBE", "OP_",
    "PASSWORD_STORE_", "PYTHON_KEYRING", "SOPS_", "VAULT_", "XDG_CONFIG", "XDG_DATA",
)  # fmt: skip
# Programs of the user's choice: nobody knows what those look at.
OPEN = ("exec", "summon")
# What differs from one command line to the next in one shell.
NOISE = ("_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL")


class Keys:
    """The keys of one run.

    Args:
        environ: what the stores are asked with.
        options: the [backend.NAME] tables.
        known: the schemes whose backends look at no variable beside `RELEVANT`; any other may look at all.
        allowed: references that need it are allowed from anywhere (`--allow-exec`).
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        options: Mapping[str, Mapping[str, object]] | None = None,
        *,
        known: Container[str] = (),
        allowed: bool = False,
    ) -> None:
        self._environ = environ
        self._options = options or {}
        self._known = known
        self._allowed = allowed
        self._begun: dict[bool, blake2b] = {}
        self._files: dict[str, str | None] = {}

    def of(self, reference: Reference) -> bytes | None:
        """The key of a reference, or None when it is not to be remembered."""
        if reference.scheme in NEVER or _one_time(reference):
            return None
        parts = [
            reference.scheme,
            reference.path,
            repr(reference.options),
            repr(reference.pointer),
            reference.base,
            # what one may not ask for, one may not get from memory either
            repr(reference.trusted or self._allowed),
        ]
        if reference.scheme in FILES:
            file = self._file(os.path.join(reference.base, os.path.expanduser(reference.path)))
            if file is None:
                return None  # the store itself has the better error
            parts.append(file)
        whole = reference.scheme in OPEN or reference.scheme not in self._known
        if whole not in self._begun:
            self._begun[whole] = self._begin(whole=whole)
        digest = self._begun[whole].copy()
        digest.update(_framed(parts))
        return digest.digest()

    def _begin(self, *, whole: bool) -> blake2b:
        """The digest of what all references have in common."""
        parts = [repr(sorted((name, sorted(table.items())) for name, table in self._options.items()))]
        for name in sorted(self._environ):
            if name not in NOISE if whole else name.startswith(RELEVANT):
                parts += [name, self._environ[name]]
        return blake2b(_framed(parts), digest_size=32)

    def _file(self, path: str) -> str | None:
        """What tells a file from its next version, or None when there is none."""
        if path not in self._files:
            file = path
            while len(file) > 1 and not os.path.isfile(file):
                file = os.path.dirname(file)  # an entry inside a database: FILE.kdbx/GROUP/ENTRY
            try:
                found = os.stat(file)
            except OSError:
                return None
            state = str((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
            self._files[path] = state if os.path.isfile(file) else None
        return self._files[path]


def _framed(parts: list[str]) -> bytes:
    return wire.frame(*(part.encode("utf-8", "surrogateescape") for part in parts))


def _one_time(reference: Reference) -> bool:
    """Whether it is a one-time code, which is another one half a minute later."""
    names = {
        "op": reference.option("attribute") or reference.option("attr") or "",
        "bw": reference.path.rpartition("/")[2],
        "keepassxc": "/".join(reference.pointer or ()),
    }
    return names.get(reference.scheme, "").casefold() in ("otp", "totp")
