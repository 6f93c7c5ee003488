"""Variables for the steps or jobs after ours, in the file format of each runner.

- GitHub (`$GITHUB_ENV`, `$GITHUB_OUTPUT`): NAME=VALUE, and NAME<<DELIMITER for a value of several lines
  (actions/runner `FileCommandManager.cs`: split at LF alone, the delimiter a line of its own).
- GitLab (`artifacts:reports:dotenv`): NAME=VALUE, blanks at the ends taken off, `$` expanded unless
  doubled, no value of several lines (gitlabhq `parse_dotenv_artifact_service.rb`; docs.gitlab.com,
  "artifacts:reports:dotenv").
"""

from __future__ import annotations

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

RESERVED = ("GITHUB_", "RUNNER_")  # GitHub's own; it lets no step set them, nor NODE_OPTIONS


def github_env(variables: Mapping[str, bytes], random: Callable[[int], bytes]) -> bytes:
    """The lines to append to `$GITHUB_ENV`.

    Args:
        variables: name to value.
        random: gives that many bytes that nobody can guess; a value must not hold its own delimiter.

    Raises:
        ConfigError: for a name that GitHub refuses.
    """
    for name in variables:
        if name.startswith(RESERVED) or name == "NODE_OPTIONS":
            raise ConfigError(
                f"{name}: GitHub lets no step set this variable", hint=f"--except {name} leaves it out"
            )
    return github_output(variables, random)


def github_output(variables: Mapping[str, bytes], random: Callable[[int], bytes]) -> bytes:
    """The lines to append to `$GITHUB_OUTPUT`; the arguments are those of `github_env`."""
    lines = []
    for name, value in variables.items():
        if b"\n" in value or b"\r" in value:
            delimiter = b"secretrun_" + random(16).hex().encode()
            lines.append(b"%s<<%s\n%s\n%s\n" % (name.encode(), delimiter, value, delimiter))
        else:
            lines.append(b"%s=%s\n" % (name.encode(), value))
    return b"".join(lines)


def gitlab_dotenv(variables: Mapping[str, bytes]) -> bytes:
    """The content of a dotenv report.

    Raises:
        ConfigError: for a value that the format can't carry, naming the variable.
    """
    lines = []
    for name, value in variables.items():
        wrong = ""
        if b"\n" in value or b"\r" in value:
            wrong = "has several lines"
        elif value != value.strip():
            wrong = "begins or ends with a blank"
        if wrong:
            raise ConfigError(
                f"{name} {wrong}, which a GitLab dotenv report can't carry",
                hint=f"--except {name} leaves it out; the next job can ask the store itself",
            )
        lines.append(b"%s=%s\n" % (name.encode(), value.replace(b"$", b"$$")))
    return b"".join(lines)
