"""Entry point of the `secretrun` command and of `python -m secretrun`."""

import os
import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    from secretrun.posix import coercion, descriptors, dumpable

    coercion.undo()
    dumpable.forbid()  # first of all: what we were started with may open a store, and stands in /proc
    descriptors.plug()  # before anything is opened: a closed stdout must not become some file of ours
    if os.environ.get("LC_CTYPE"):
        from secretrun.posix.locale import undo_coercion

        undo_coercion()
    from secretrun.cli.main import main as cli_main

    return cli_main(sys.argv[1:])


if __name__ == "__main__":
    # `python -m` puts the current directory first: a planted ./ahocorasick.py would be imported with
    # secrets at hand. `-P` and PYTHONSAFEPATH do not put it there, so nothing is to be dropped then.
    if not getattr(sys.flags, "safe_path", False) and sys.path:
        del sys.path[0]
    sys.exit(main())
