"""`--register`: a CI runner is told every value before the command prints; the steps after it mask them too.

The lines hold the values in clear, for the runner to take out of the log. So they are written only where a
runner can be reading: never into a file, nor onto a terminal. To stderr for GitHub and GitLab, which read
both streams and where stdout is what a script captures; to stdout for Azure, whose documents name no other.
"""

from __future__ import annotations

import os
import stat

from secretrun import sign_in
from secretrun.errors import BackendError, ConfigError
from secretrun.redact import policy
from secretrun.runners import detect, masks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Secret

STREAMS = {"github": 2, "gitlab": 2, "azure": 1}


def runner(chosen: str, environ: Mapping[str, str]) -> str:
    """The runner that `--register` means here, or "none".

    On GitLab `auto` is none: only a runner with `proxy_exec` takes the lines out of the log.
    """
    if chosen != "auto":
        return chosen or "none"
    found = detect.detect(environ)
    return "none" if found == "gitlab" else found


def register(name: str, secrets: Iterable[Secret], environ: Mapping[str, str]) -> None:
    """Tell a runner what is to be masked: what is masked wherever it stands, and not what may be seen.

    Nor what opens a store: no later step gets it from us, so there is no reason to write it anywhere.

    Raises:
        ConfigError: when its stream is a file or a terminal, which would show the values.
        BackendError: when buildkite-agent does not take them.
    """
    told = [
        secret for secret in secrets if not (secret.names and all(map(sign_in.is_withheld, secret.names)))
    ]
    policies, _ = policy.decide(told, min_length=policy.MIN_LENGTH)
    values = [one.value for one in policies if one.anywhere]
    if name == "none" or not values:
        return
    if name == "buildkite":
        _buildkite(values, environ)
        return
    descriptor = STREAMS[name]
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise ConfigError(
            f"--register {name}: {'stdout' if descriptor == 1 else 'stderr'} is no pipe of a runner, "
            "and what is written to it would be seen",
            hint="leave that stream to the runner, or use --register none",
        )
    lines = {"github": masks.github, "gitlab": masks.gitlab, "azure": masks.azure}[name](values)
    view = memoryview(lines)
    while view:
        view = view[os.write(descriptor, view) :]


def _buildkite(values: list[bytes], environ: Mapping[str, str]) -> None:
    import subprocess

    from secretrun.backend.programs import find_program

    program = find_program(masks.BUILDKITE[0], environ)
    if program is None:
        raise ConfigError("--register buildkite: there is no buildkite-agent on the PATH")
    try:
        done = subprocess.run(
            [program, *masks.BUILDKITE[1:]],
            input=masks.buildkite(values),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # it may quote what it was given
            env=dict(environ),
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BackendError(f"--register buildkite: {program} failed with {type(error).__name__}") from None
    if done.returncode != 0:
        raise BackendError(
            f"--register buildkite: {program} failed with status {done.returncode}",
            hint="buildkite-agent 3.73 or later, in a job with the job API",
        )
