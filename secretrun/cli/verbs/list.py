"""`secretrun list`: the names in the store, which anybody can read; no value, and no key is needed."""

from __future__ import annotations

import json
import os
import sys

from secretrun.embedded_store import store, template_lines
from secretrun.messages import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Print a name a line, in the order of the store; returns 0.

    Raises:
        SecretrunError: when there is no store, or it is not one of ours.
    """
    path = store.locate(options.store, os.getcwd())
    names = store.names(path)
    if options.json:
        used = template_lines.Template(path).names()
        rows = [{"name": name, "in_template": name in used} for name in names]
        json.dump({"version": 1, "store": path, "names": rows}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("".join(f"{printable(name)}\n" for name in names))
    return 0
