"""The broker's audit: a JSON line an event; names, hosts and rules, never a value and never a placeholder."""

from __future__ import annotations

import json
import os
import time

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# what `event` may be, and what it means: the docs' table is made from it
EVENTS = {
    "started": "the broker is ready: its assurance, the names it brokers",
    "allowed": "a request went out, `secrets` in it",
    "tunnel": 'an opaque tunnel to a host without rules (egress = "tunnel")',
    "refused": "a request was refused; no placeholder was in it",
    "misuse": "a request was refused that held a placeholder, or a real value, where no rule allows one",
    "leak_masked": "a real value was masked in a request to a model's API",
    "canary": "a placeholder was sent to a model's API, as text",
    "echo_masked": "an answer held a value, which was hidden",
    "echo_blocked": "an answer held a value, and the rule says block-on-echo",
    "auth_failed": "somebody without the proxy's password asked",
    "printed": "the command printed a placeholder",
    "ended": "the run is over",
}

_RUNS = 1000  # whose placeholders are kept


class Journal:
    """An append-only file of events.

    Args:
        path: where; created 0600 in a directory of ours.
        session: stands in every line.
        clean: masks what is quoted from a request.
    """

    def __init__(self, path: str, session: str, clean: Callable[[str], str] = str) -> None:
        self.session = session
        self.clean = clean
        self._file = -1
        try:
            os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
            self._file = os.open(path, flags, 0o600)
            if os.fstat(self._file).st_uid == os.getuid():
                os.fchmod(self._file, 0o600)
        except OSError as error:
            raise ConfigError(
                f"the broker's audit {path}: {(error.strerror or 'not writable').lower()}"
            ) from None

    def write(self, event: str, **facts: object) -> None:
        """Append one event; what is None is left out.

        Raises:
            OSError: it could not be written: the request it is about must not go on.
        """
        record: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "session": self.session,
            "event": event,
        }
        record.update((key, value) for key, value in facts.items() if value is not None)
        os.write(self._file, json.dumps(record).encode() + b"\n")

    def close(self) -> None:
        os.close(self._file)


def remember(audit: str, session: str, texts: Mapping[str, str]) -> None:
    """Keep the placeholders of a run that is over, good for nothing any more: `scan` looks for them.

    Args:
        audit: path of the journal; they are kept beside it.
        session: of the run.
        texts: placeholder to the name of its secret.
    """
    path = _placeholders(audit)
    kept = [line for line in _lines(path)[1 - _RUNS :] if line]
    kept.append(json.dumps({"session": session, "placeholders": dict(texts)}))
    from secretrun.posix.atomic_file import write_atomic

    write_atomic(path, ("\n".join(kept) + "\n").encode(), mode=0o600, replace=True)


def remembered(audit: str) -> dict[str, str]:
    """The placeholders of earlier runs, each to the name of its secret."""
    found: dict[str, str] = {}
    for line in _lines(_placeholders(audit)):
        try:
            found.update({str(text): str(name) for text, name in json.loads(line)["placeholders"].items()})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # half a line of a run that was killed
    return found


def _placeholders(audit: str) -> str:
    return os.path.join(os.path.dirname(audit), "placeholders.jsonl")


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except (OSError, ValueError):
        return []


def default_path(environ: Mapping[str, str]) -> str:
    """Where the audit is kept when nothing else is said: the user's state directory."""
    state = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(state, "secretrun", "broker.jsonl")
