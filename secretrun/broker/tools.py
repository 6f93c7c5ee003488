"""Programs of this machine that the broker's variables do not reach, the sandbox, and what mends either."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec

from secretrun.broker import process, sandbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PATIENCE = 5.0  # seconds for a program to say its version


class Finding:
    """One thing that was looked at.

    Attributes:
        name: "node", "sandbox" ...
        ok: nothing is to be mended.
        detail: what was found.
        hint: what mends it, or None.
    """

    __slots__ = ("detail", "hint", "name", "ok")

    def __init__(self, name: str, detail: str, hint: str | None = None) -> None:
        self.name = name
        self.ok = hint is None
        self.detail = detail
        self.hint = hint

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail, "hint": self.hint}

    def __repr__(self) -> str:
        return f"<Finding {self.name} {'ok' if self.ok else 'to mend'}>"


def _node(said: str) -> tuple[str, str | None]:
    found = re.search(r"v(\d+)\.(\d+)", said)
    version = tuple(map(int, found.groups())) if found else (0, 0)
    if version >= (22, 21):
        return said, None
    return (
        f"{said}: its fetch and https go past a proxy, NODE_USE_ENV_PROXY or not",
        "use Node 22.21 or newer: older ones can't be told by a variable",
    )


def _wget(said: str) -> tuple[str, str | None]:
    if "gnutls" not in said.lower():
        return "OpenSSL", None
    return "built with GnuTLS: it reads no variable for its roots", 'wget --ca-certificate="$SSL_CERT_FILE"'


def _java(said: str) -> tuple[str, str | None]:
    return (
        f"{said}: it reads no variable for proxy and roots",
        "set JAVA_TOOL_OPTIONS: -Dhttps.proxyHost -Dhttps.proxyPort -Djavax.net.ssl.trustStore (keytool)",
    )


# program: (its version's option, what that says)
TOOLS: Mapping[str, tuple[str, Callable[[str], tuple[str, str | None]]]] = {
    "node": ("--version", _node),
    "wget": ("--version", _wget),
    "java": ("-version", _java),
}


def findings(path: str) -> list[Finding]:
    """What a person should know before a run with --broker; `path` is where programs are looked for."""
    missing = [name for name in process.NEEDED if find_spec(name) is None]
    found = [
        Finding("broker", f"needs {' and '.join(missing)}", "pip install 'secretrun[broker]'")
        if missing
        else Finding("broker", "installed")
    ]
    bwrap = sandbox.find(path)
    trouble = sandbox.problem(bwrap)
    found.append(Finding("sandbox", *trouble) if trouble else Finding("sandbox", str(bwrap)))
    for name, (option, judge) in TOOLS.items():
        program = shutil.which(name, path=path)
        if program is not None:
            found.append(Finding(name, *judge(_said(program, option))))
    return found


def _said(program: str, option: str) -> str:
    try:
        done = subprocess.run(
            [program, option], capture_output=True, text=True, timeout=_PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "does not say its version"
    text = done.stdout + done.stderr
    return text if "GNU Wget" in text else text.partition("\n")[0].strip()
