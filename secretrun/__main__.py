"""Entry point of the `secretrun` command and of `python -m secretrun`."""

import os
import sys


def main() -> int:
    """Run the command line; returns the exit status."""
    try:
        return _main()
    except (MemoryError, SystemError, OSError) as error:
        # Not even our own modules could be loaded.
        lack = getattr(error, "strerror", None) or "not enough memory"
        os.write(2, b"secretrun: error: can't start: %s\n" % lack.lower().encode("ascii", "replace"))
        return 125


def _main() -> int:
    from secretrun.posix import coercion, descriptors, dumpable

    coercion.undo()
    dumpable.forbid()  # first of all: what we were started with may open a store, and stands in /proc
    try:
        descriptors.plug()  # before anything is opened: a closed stdout must not become some file of ours
    except OSError as error:
        from secretrun.cli.main import failed
        from secretrun.messages import Messages

        return failed(error, Messages())
    from secretrun.cli.main import main as cli_main

    return cli_main(sys.argv[1:])


if __name__ == "__main__":
    # `python -m` puts the current directory first: a planted ./ahocorasick.py would be imported with
    # secrets at hand. `-P` and PYTHONSAFEPATH do not put it there, so nothing is to be dropped then.
    if not getattr(sys.flags, "safe_path", False) and sys.path:
        del sys.path[0]
    sys.exit(main())
