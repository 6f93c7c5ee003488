"""What the cache remembers a reference's value under: a digest of all that the value depends on.

The reference, the variables that choose accounts, addresses and keys, the files that choose them (the
kubeconfig, the file of profiles, a token that a log-out removes), the backends' options, and, for a
reference into a file, the file's identity, time and size. So another profile, another account, another
cluster, another directory or an edited file never gets an old value.

Where a variable holds what signs in, the digest is a MAC with that as its key: who has not got the
variable can't work out what to ask for. Of files and desktop sessions no more is claimed than that who
can't see them gets another digest.
"""

from __future__ import annotations

import os

from secretrun.cache import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    import hashlib
    from collections.abc import Callable, Container, Iterator, Mapping

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
# The files that say the same, where the stores' own programs keep them: (the variable that names another
# directory or "", the directory, the files in it, "*" for all). A directory counts by its own time, which
# changes when something in it is made or removed. From the pages on configuration of each program.
_AWS = (
    ("", "~/.aws", ("config", "credentials", "sso/cache")),
)  # fmt: skip
_GOOGLE = (
    ("CLOUDSDK_CONFIG", "~/.config/gcloud",
     ("active_config", "configurations/*", "application_default_credentials.json", "credentials.db")),
)  # fmt: skip
_AZURE = (
    ("AZURE_CONFIG_DIR", "~/.azure", ("azureProfile.json", "clouds.config", "config")),
)  # fmt: skip
_VAULT = (
    ("", "~", (".vault-token", ".vault")),
)  # fmt: skip
_AGE = (
    ("XDG_CONFIG_HOME", "~/.config", ("secretrun/age/keys.txt", "sops/age/keys.txt")),
    ("", "~/Library/Application Support", ("sops/age/keys.txt",)),
)  # fmt: skip
_GPG = (
    ("GNUPGHOME", "~/.gnupg", ("private-keys-v1.d",)),
)  # fmt: skip
CHOICES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "age": _AGE,
    "aws-sm": _AWS,
    "aws-ssm": _AWS,
    "azure-kv": _AZURE,
    "bw": (("BITWARDENCLI_APPDATA_DIR", "~/.config/Bitwarden CLI", ("data.json",)),
           ("", "~/Library/Application Support/Bitwarden CLI", ("data.json",))),
    "bws": (("", "~/.config/bws", ("config",)),),
    "doppler": (("DOPPLER_CONFIG_DIR", "~/.doppler", (".doppler.yaml",)),),
    "gcp-sm": _GOOGLE,
    "gopass": (*_GPG, ("XDG_CONFIG_HOME", "~/.config", ("gopass/config", "gopass/config.yml"))),
    "gpg": _GPG,
    "infisical": (("", "~/.infisical", ("infisical-config.json",)),),
    "k8s": (("", "~/.kube", ("config",)),),
    "keyring": (("XDG_CONFIG_HOME", "~/.config", ("python_keyring/keyringrc.cfg",)),
                ("XDG_DATA_HOME", "~/.local/share", ("python_keyring/keyringrc.cfg",))),
    "op": (("OP_CONFIG_DIR", "~/.config/op", ("config",)), ("", "~/.op", ("config",))),
    "pass": (*_GPG, ("XDG_CONFIG_HOME", "~/.config", ("gopass/config", "gopass/config.yml"))),
    "sops": (*_AGE, *_GPG, *_AWS, *_GOOGLE, *_AZURE, *_VAULT),
    "vault": _VAULT,
}  # fmt: skip
# Options of a reference that name a file to sign in with.
FILE_OPTIONS = ("identity", "key_file")  # and every NAME_file
# Programs of the user's choice: nobody knows what those look at.
OPEN = ("exec", "summon")
# What differs from one command line to the next in one shell.
NOISE = ("_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL")


class CacheKeys:
    """The keys of one run.

    Args:
        environ: what the stores are asked with.
        options: the [backend.NAME] tables.
        known: the schemes whose backends look at no variable beside `RELEVANT`; any other may look at all.
        allowed: references that need it are allowed from anywhere (`--allow-exec`).
        signs_in: whether a variable is one that signs in to a store.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        options: Mapping[str, Mapping[str, object]] | None = None,
        *,
        known: Container[str] = (),
        allowed: bool = False,
        signs_in: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._environ = environ
        self._options = options or {}
        self._known = known
        self._allowed = allowed
        self._signs_in = signs_in
        self._begun: dict[str, hashlib.blake2b] = {}
        self._files: dict[str, str | None] = {}
        self._key: bytes | None = None

    def of(self, reference: Reference, *, listing: bool = False) -> bytes | None:
        """The key of a reference, or of all that is below it; None when it is not to be remembered."""
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
            "listing" if listing else "value",
        ]
        if reference.scheme in FILES:
            file = self._file(os.path.join(reference.base, os.path.expanduser(reference.path)))
            if file is None:
                return None  # the store itself has the better error
            parts.append(file)
        for path in self._of_reference(reference):
            parts += [path, self._file(path) or ""]
        if reference.scheme not in self._begun:
            self._begun[reference.scheme] = self._begin(reference.scheme)
        digest = self._begun[reference.scheme].copy()
        digest.update(_framed(parts))
        return digest.digest()

    def _begin(self, scheme: str) -> hashlib.blake2b:
        """The digest of what all references of a scheme have in common."""
        whole = scheme in OPEN or scheme not in self._known
        parts = [repr(sorted((name, sorted(table.items())) for name, table in self._options.items()))]
        for name in sorted(self._environ):
            if name not in NOISE if whole else name.startswith(RELEVANT):
                parts += [name, self._environ[name]]
        for path in self._choosing(scheme):
            parts += [path, self._file(path, entry=False) or ""]
        return _blake2b(_framed(parts), digest_size=32, key=self._held())

    def _held(self) -> bytes:
        """A key made of the variables that sign in, or b"" without any: blake2b takes 64 bytes at most."""
        if self._key is None:
            names = [name for name in sorted(self._environ) if self._signs_in(name)]
            held = [part for name in names for part in (name, self._environ[name])]
            self._key = _blake2b(_framed(held)).digest() if held else b""
        return self._key

    def _choosing(self, scheme: str) -> Iterator[str]:
        """The files that choose what a scheme's references name: its programs', and those of variables."""
        for variable, directory, names in CHOICES.get(scheme, ()):
            base = self._environ.get(variable, "") if variable else ""
            base = base if os.path.isabs(base) else self._at_home(directory)
            for name in names:
                path = os.path.join(base, name)
                if not name.endswith("/*"):
                    yield path
                    continue
                try:
                    found = sorted(os.listdir(path[:-2]))
                except OSError:
                    continue
                yield from (os.path.join(path[:-2], one) for one in found)
        for name in sorted(self._environ):
            if name.startswith(RELEVANT):
                for path in self._environ[name].split(os.pathsep):  # KUBECONFIG names several
                    if os.path.isabs(path) and os.path.isfile(path):  # not the home directory
                        yield path
        for table in self._options.values():
            for value in table.values():
                if isinstance(value, str) and value.startswith(("/", "~/")):
                    yield self._at_home(value)

    def _of_reference(self, reference: Reference) -> Iterator[str]:
        """The files a reference names beside what it is a reference to, and an entry that is a file."""
        for name, value in reference.options:
            if name in FILE_OPTIONS or name.endswith("_file"):
                yield os.path.join(reference.base, self._at_home(value))
        if reference.scheme in ("pass", "gopass"):
            store = self._environ.get("PASSWORD_STORE_DIR") or "~/.password-store"
            yield os.path.join(self._at_home(store), reference.path.strip("/") + ".gpg")
        if reference.scheme == "systemd-creds":
            yield os.path.join(self._environ.get("CREDENTIALS_DIRECTORY") or reference.base, reference.path)
            yield os.path.join(reference.base, reference.path)

    def _at_home(self, path: str) -> str:
        home = self._environ.get("HOME") or os.path.expanduser("~")
        return home + path[1:] if path == "~" or path.startswith("~/") else path

    def _file(self, path: str, *, entry: bool = True) -> str | None:
        """What tells a file from its next version, or None when there is none.

        With `entry` it may be the path of an entry inside a database, FILE.kdbx/GROUP/ENTRY; without, a
        directory.
        """
        key = path if entry else f"{path}\0"
        if key not in self._files:
            file = path
            while entry and len(file) > 1 and not os.path.isfile(file):
                file = os.path.dirname(file)
            try:
                found = os.stat(file)
            except OSError:
                self._files[key] = None
                return None
            state = str((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
            self._files[key] = state if not entry or os.path.isfile(file) else None
        return self._files[key]


def _blake2b(data: bytes, *, digest_size: int = 64, key: bytes = b"") -> hashlib.blake2b:
    """`hashlib.blake2b` without the 5 to 10 ms in which its module loads OpenSSL."""
    try:
        from _blake2 import blake2b

        return blake2b(data, digest_size=digest_size, key=key)
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        import hashlib

        return hashlib.blake2b(data, digest_size=digest_size, key=key)


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
