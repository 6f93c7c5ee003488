"""`secretrun member add KEY|list|remove KEY`: who can open the store; re-encrypted by our own sops."""

from __future__ import annotations

import os
import sys

from secretrun.embedded_store import age_key, members, store
from secretrun.embedded_store.sops_file import Sops
from secretrun.errors import NotFound, SecretrunError, UsageError
from secretrun.posix import atomic_file, dumpable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from secretrun.embedded_store.members import Recipient
    from secretrun.messages import Messages


def run(options: argparse.Namespace) -> int:
    """Do what the first word says; returns 0.

    Raises:
        SecretrunError: for a malformed key, or a store or rules that can't be changed; all stays then.
    """
    dumpable.forbid()
    messages: Messages = options.messages
    path = store.locate(options.store, os.getcwd())
    if options.action == "list":
        if options.key:
            raise UsageError("member list takes no key")
        return _list(path, as_json=options.json)
    if not options.key:
        raise UsageError(f"member {options.action} needs a key", hint="secretrun member list shows them")
    recipient = members.parse(options.key)
    with store.locked(
        os.path.dirname(path), lambda: messages.note("waiting for another secretrun to finish")
    ):
        if options.action == "add":
            return _add(path, recipient, messages)
        return _remove(path, recipient, messages)


def _list(path: str, *, as_json: bool) -> int:
    mine = _mine()
    there = members.of_store(atomic_file.read(path))
    if as_json:
        import json

        rows = [{"kind": kind, "key": key, "you": key == mine} for kind, key in there]
        json.dump({"version": 1, "store": path, "members": rows}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        sys.stdout.write("".join(f"{key}{'  (you)' if key == mine else ''}\n" for _, key in there))
    return 0


def _add(path: str, recipient: Recipient, messages: Messages) -> int:
    there = members.of_store(atomic_file.read(path))
    rules = _changed_rules(path, recipient, there, joins=True)
    if recipient in there and rules is None:
        messages.note(f"{recipient[1]} can open the store already")
        return 0
    Sops(os.environ).encrypt_anew(
        path, add=None if recipient in there else recipient, then=lambda: _write(rules)
    )
    messages.note(f"{recipient[1]} can open the store now: commit {_files(path, rules)}")
    return 0


def _remove(path: str, recipient: Recipient, messages: Messages) -> int:
    there = members.of_store(atomic_file.read(path))
    if recipient not in there:
        raise NotFound(
            f"{recipient[1]} can't open the store anyway", hint="secretrun member list shows who can"
        )
    if len(there) == 1:
        raise UsageError("that is the only key there is: nobody could open the store any more")
    rules = _changed_rules(path, recipient, there, joins=False)
    Sops(os.environ).encrypt_anew(path, remove=recipient, then=lambda: _write(rules))
    messages.note(f"{recipient[1]} can't open what is written from now on: commit {_files(path, rules)}")
    if not store.is_dotenv(path, atomic_file.read(path)):
        messages.warn("they have seen every value in it: change each where it is used, and then here:")
        messages.hint(f"secretrun edit --store {os.path.relpath(path)}")
        return 0
    names = store.names(path)
    if names:
        messages.warn("they have seen these values: change each where it is used, and then here:")
        for name in names:
            messages.hint(f"secretrun set {name}")
    return 0


def _changed_rules(
    path: str, recipient: Recipient, there: list[Recipient], *, joins: bool
) -> tuple[str, str] | None:
    """The .sops.yaml of a store and its new text; None when there is nothing to change in it."""
    rules = members.rules_of(path)
    if rules is None:
        return None
    sops = Sops(os.environ)
    text = atomic_file.read(rules).decode("utf-8", "surrogateescape")
    now = sops.recipients_by(text, path, rules)
    if now is None or (recipient in now) == joins:
        return None  # the store was not made by it, or a person was faster
    spellings = (
        members.with_recipient(text, recipient, there)
        if joins
        else members.without_recipient(text, recipient)
    )
    wanted = now | {recipient} if joins else now - {recipient}
    return rules, members.changed_rules(
        text, spellings, wanted, lambda spelling: sops.recipients_by(spelling, path, rules)
    )


def _write(rules: tuple[str, str] | None) -> None:
    if rules is not None:
        path, text = rules
        mode = os.stat(path).st_mode & 0o777
        atomic_file.write_atomic(path, text.encode("utf-8", "surrogateescape"), mode=mode, replace=True)


def _files(path: str, rules: tuple[str, str] | None) -> str:
    shown = [os.path.relpath(path)] + ([os.path.relpath(rules[0])] if rules else [])
    return " and ".join(shown)


def _mine() -> str | None:
    """Our own recipient, as far as it can be known without making one."""
    try:
        return age_key.read_recipient(age_key.identity_file(os.environ), os.environ)
    except SecretrunError:
        return None
