"""secretrun from a program: `run` and `arun` run a command and give back masked output, `resolve` the values.

A run is a process of its own, as it is from a shell, so that nothing of the program that asks is changed: no
signal handler, no terminal, no environment. What comes back is masked before it gets here. No exception and
no repr holds a value.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from secretrun.key import Key
    from secretrun.model import Secret

GRACE = 5.0  # seconds between SIGTERM and SIGKILL for what is out of time


class Finished:
    """How a command ended.

    Attributes:
        status: its exit status, 128 + n when signal n ended it; 125 when secretrun itself failed.
        stdout, stderr: what it printed, masked; stderr also holds secretrun's own messages.
        timed_out: the limit was over, and the command was ended with its process group.
    """

    __slots__ = ("status", "stderr", "stdout", "timed_out")

    def __init__(self, status: int, stdout: bytes, stderr: bytes, *, timed_out: bool = False) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        self.timed_out = timed_out

    def __repr__(self) -> str:
        return f"<Finished status={self.status}{' timed_out' if self.timed_out else ''}>"


class Resolved:
    """The variables that a command would get: a mapping from name to text that never shows a value by itself.

    Attributes:
        secrets: those of the values that are to be masked, as `secretrun.redact.Redactor` takes them.
    """

    __slots__ = ("_values", "secrets")

    def __init__(self, values: Mapping[str, bytes], secrets: Sequence[Secret]) -> None:
        self._values = {name: value.decode("utf-8", "surrogateescape") for name, value in values.items()}
        self.secrets = tuple(secrets)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def keys(self) -> list[str]:
        """The names, so that `dict(resolved)` and `os.environ | dict(resolved)` work."""
        return list(self._values)

    def __repr__(self) -> str:
        return f"<Resolved {' '.join(self._values)}>"


def run(
    command: Sequence[str | os.PathLike[str]],
    *,
    timeout: float | None = None,
    options: Sequence[str] = (),
    input: bytes = b"",  # noqa: A002  the name that subprocess has made usual
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
    key: Key | None = None,
) -> Finished:
    """Run a command as `secretrun [OPTIONS] -- COMMAND` does, without a terminal, and wait for its end.

    Args:
        command: the command and its arguments.
        timeout: seconds it may take; then it is ended, with its process group, and what it printed is kept.
            Without one, a background process that holds an output open is waited for.
        options: those of `secretrun run`, such as `["-e", "prod.env", "--only", "DB_*"]`; no values, since
            others can read the arguments of a process.
        input: what it reads on stdin.
        cwd: where it runs, and where the template is looked for.
        env: all of the environment that it is started from; that of this process when None.
        on_output: called with "stdout" or "stderr" and masked bytes as they come, from other threads; what
            it raises is raised here once the command has been ended.
        key: opens the store, and does not reach the command.

    Raises:
        SecretrunError: when no process can be had.
    """
    process = _start(command, options, cwd, env, key)
    kept: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    failed: list[BaseException] = []

    def read(name: str) -> None:
        stream = getattr(process, name)
        while data := os.read(stream.fileno(), 65536):
            kept[name].append(data)
            if on_output is not None and not failed:
                try:
                    on_output(name, data)
                except BaseException as error:  # noqa: BLE001  raised where `run` was called
                    failed.append(error)
                    _signal(process.pid, signal.SIGTERM)

    threads = [threading.Thread(target=read, args=(name,), daemon=True) for name in kept]
    threads.append(threading.Thread(target=_feed, args=(process, input), daemon=True))
    for thread in threads:
        thread.start()
    end = None if timeout is None else time.monotonic() + timeout
    try:
        timed_out = not _ended(process, threads, end)
        if timed_out:
            _signal(process.pid, signal.SIGTERM)
            _ended(process, threads, time.monotonic() + GRACE)
    finally:
        # What is left of the group, whatever it does with SIGTERM; and all of it when we are interrupted.
        if process.poll() is None or any(thread.is_alive() for thread in threads):
            _signal(process.pid, signal.SIGKILL)
        process.wait()
        for thread in threads:
            thread.join(GRACE)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    if failed:
        raise failed[0]
    return _finished(process.returncode, kept, timed_out=timed_out)


async def arun(
    command: Sequence[str | os.PathLike[str]],
    *,
    timeout: float | None = None,  # noqa: ASYNC109  ends the command, which cancelling from outside does too
    options: Sequence[str] = (),
    input: bytes = b"",  # noqa: A002  as above
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    on_output: Callable[[str, bytes], None] | None = None,
    key: Key | None = None,
) -> Finished:
    """`run` for asyncio; `on_output` is called in the loop. When it is cancelled, the command is ended too.

    The arguments are those of `run`.

    Raises:
        SecretrunError: when no process can be had.
    """
    import asyncio

    argv = _argv(command, options)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cwd,
            env=env if key is None else key.environment(env),
            pass_fds=() if key is None else key.descriptors(),
            start_new_session=True,
        )
    except OSError as error:
        raise _no_process(error) from None
    kept: dict[str, list[bytes]] = {"stdout": [], "stderr": []}

    async def read(name: str) -> None:
        stream = getattr(process, name)
        while data := await stream.read(65536):
            kept[name].append(data)
            if on_output is not None:
                on_output(name, data)

    async def feed() -> None:
        assert process.stdin is not None  # noqa: S101  it was asked for
        try:
            process.stdin.write(input)
            await process.stdin.drain()
            process.stdin.close()
        except OSError:
            pass  # the command does not read

    timed_out = False
    work = asyncio.gather(read("stdout"), read("stderr"), feed(), process.wait())
    try:
        await asyncio.wait_for(asyncio.shield(work), timeout)
    except TimeoutError:
        timed_out = True
        _signal(process.pid, signal.SIGTERM)
        await asyncio.wait([work], timeout=GRACE)
    finally:
        if timed_out or process.returncode is None:
            _signal(process.pid, signal.SIGKILL)
            await process.wait()
            await asyncio.wait([work], timeout=GRACE)
        work.cancel()
    assert process.returncode is not None  # noqa: S101  waited for
    return _finished(process.returncode, kept, timed_out=timed_out)


def resolve(*, options: Mapping[str, object] | None = None) -> Resolved:
    """What a command started here would get, resolved in this process.

    Args:
        options: settings by their names in secretrun.toml, such as `{"only": ["DB_*"]}`.

    Raises:
        SecretrunError: naming whatever is wrong, or all that could not be resolved; no value is in it.
    """
    from secretrun.launch.prepare import prepare, resolve_all
    from secretrun.messages import Messages

    messages = Messages()
    messages.quiet = True
    found = resolve_all(prepare((options or {}).get, messages), consequence="nothing was resolved")
    return Resolved(found.environment, found.secrets)


def _argv(command: Sequence[str | os.PathLike[str]], options: Sequence[str]) -> list[str]:
    words = [os.fspath(word) for word in command]
    if not words:
        raise ValueError("an empty command")
    return [sys.executable, "-m", "secretrun", "run", *options, "--tty", "never", "--", *words]


def _start(
    command: Sequence[str | os.PathLike[str]],
    options: Sequence[str],
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    key: Key | None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            _argv(command, options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=env if key is None else key.environment(env),
            pass_fds=() if key is None else key.descriptors(),
            start_new_session=True,  # its own group, so that a limit ends all of it and nothing of ours
        )
    except OSError as error:
        raise _no_process(error) from None


def _no_process(error: OSError) -> SecretrunError:
    return SecretrunError(f"secretrun could not be started: {(error.strerror or 'it failed').lower()}")


def _feed(process: subprocess.Popen[bytes], data: bytes) -> None:
    assert process.stdin is not None  # noqa: S101  it was asked for
    try:
        process.stdin.write(data)
        process.stdin.close()
    except OSError:
        pass  # the command does not read


def _ended(process: subprocess.Popen[bytes], threads: Sequence[threading.Thread], end: float | None) -> bool:
    """Whether the process and what reads its output are done before `end`, of the monotonic clock."""
    try:
        process.wait(None if end is None else max(0.0, end - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    for thread in threads:
        thread.join(None if end is None else max(0.0, end - time.monotonic()))
    return not any(thread.is_alive() for thread in threads)


def _signal(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except OSError:
        pass  # it has just ended


def _finished(code: int, kept: Mapping[str, list[bytes]], *, timed_out: bool) -> Finished:
    status = 128 - code if code < 0 else code
    return Finished(status, b"".join(kept["stdout"]), b"".join(kept["stderr"]), timed_out=timed_out)
