"""How this copy was installed, and so by which command something is added to it.

The package is on no index yet, so what a hint installs are an extra's packages, which are, and they go where
this copy can import them: the environment of pip, of pipx, or of uv's tools.
"""

from __future__ import annotations

import re
import sys

ON_AN_INDEX = False  # the switch for the day of the first release: the documents then name the package
TOOLS = ("pip install", "pipx install", "uv tool install")  # the ways that the documents name
_PIP = re.compile(
    r"pip install (?:--force-reinstall )?('?)(secretrun(?:\[([a-z,]+)\])?|[A-Za-z0-9][\w.-]*)\1"
)


def hint(text: str) -> str:
    """A hint with its `pip install` as it has to be typed for this copy."""
    return _PIP.sub(_typed, text)


def document(text: str) -> str:
    """The same text for a document: from a clone until the package is on an index."""
    return text if ON_AN_INDEX else text.replace("'secretrun[", "'.[")


def _typed(match: re.Match[str]) -> str:
    name, extras = match.group(2), match.group(3)
    packages = _packages(extras.split(",")) if extras else [] if name == "secretrun" else [name]
    if packages and _distributions():
        return f"the packages of your distribution ({', '.join(map(_bare, packages))})"
    return f"{_installer()} {' '.join(packages)}" if packages else match.group()


def _distributions() -> bool:
    """Whether this copy is the system's own: its Python says that pip has to leave it alone (PEP 668)."""
    import os

    marker = os.path.join(os.path.dirname(os.__file__), "EXTERNALLY-MANAGED")
    return sys.prefix == sys.base_prefix and os.path.exists(marker)


def _bare(package: str) -> str:
    """The name of a package without its version and its quotes."""
    found = re.match(r"'?([\w.-]+)", package)
    return found.group(1) if found else package


def _installer() -> str:
    import os
    import shlex

    prefix = sys.prefix
    if os.path.exists(os.path.join(prefix, "pipx_metadata.json")):
        return f"pipx inject {os.path.basename(prefix)}"
    if os.path.exists(os.path.join(prefix, "uv-receipt.toml")):
        return f"uv pip install --python {shlex.quote(prefix)}"
    return f"{shlex.quote(sys.executable or 'python3')} -m pip install"


def _packages(extras: list[str]) -> list[str]:
    """The packages of some of our extras, quoted for a shell; [] when our metadata is not there."""
    import shlex
    from importlib import metadata

    try:
        wanted = metadata.requires("secretrun") or []
    except metadata.PackageNotFoundError:
        return []
    found = []
    for line in wanted:
        package, _, marker = line.partition(";")
        said = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", marker)
        if said and said.group(1) in extras:
            found.append(shlex.quote(package.replace(" ", "").strip()))
    return sorted(found)
