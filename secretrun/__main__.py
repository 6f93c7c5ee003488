"""Entry point of the `secretrun` command and of `python -m secretrun`."""

import gc
import os
import sys

gc.set_threshold(20_000)  # what is loaded stays: looking through it meanwhile takes a fifteenth of a start


def main() -> int:
    """Run the command line; returns the exit status, and prints no traceback whatever fails."""
    try:
        return _leave(_main())
    except (MemoryError, SystemError, OSError) as error:
        # Not even our own modules could be loaded.
        lack = getattr(error, "strerror", None) or "not enough memory"
        _say(f"error: can't start: {lack.lower()}")
        return 125
    except KeyboardInterrupt:
        return _die()
    except Exception as error:  # noqa: BLE001  a traceback quotes what it was about, which may be a value
        _say(f"error: can't start: {type(error).__name__}, most often a limit (ulimit -a) that is too low")
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
    if _looked_here():
        return 125
    from secretrun import bytecode

    bytecode.install()
    from secretrun.cli.main import main as cli_main

    return cli_main(sys.argv[1:])


def _leave(status: int) -> int:
    """End at once when a store still hangs, past every limit: nobody waits for its answer.

    Also after a failure of ours with threads about: the interpreter's end has them call pthread_exit, for
    which glibc loads a library, and aborts where there is no memory for it.
    """
    threads = sys.modules.get("secretrun.posix.threads")
    if threads is not None and (status == 125 or threads.busy()):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (AttributeError, OSError, ValueError):  # closed, or nobody reads it
                pass
        os._exit(status)
    return status


def _looked_here() -> bool:
    """Whether Python was told to look for modules in the current directory, and may have run one of them."""
    said = os.environ.get("PYTHONPATH", "")
    if not said or sys.flags.ignore_environment or all(map(os.path.isabs, said.split(os.pathsep))):
        return False
    _say("error: PYTHONPATH has an entry that is empty or relative: Python has looked for modules here")
    _say(
        "hint: a sitecustomize.py or usercustomize.py of it may have run already, as you; take the entry out"
    )
    return True


def _say(text: str) -> None:
    try:
        os.write(2, f"secretrun: {text}\n".encode())
    except OSError:
        pass  # there is nobody left to tell


def _die() -> int:
    """End as any program that Ctrl-C ends."""
    try:
        import _signal  # type: ignore[import-not-found]  # `signal` may be what was being imported

        _signal.signal(2, _signal.SIG_DFL)
        os.kill(os.getpid(), 2)
    except BaseException:  # noqa: BLE001  a second one
        return 130
    return 130


if __name__ == "__main__":
    # `python -m` puts the current directory first: a planted ./ahocorasick.py would be imported with
    # secrets at hand. `-P` and PYTHONSAFEPATH do not put it there, so nothing is to be dropped then.
    if not getattr(sys.flags, "safe_path", False) and sys.path:
        del sys.path[0]
    sys.exit(main())
