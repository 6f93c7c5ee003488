"""Bitwarden's password manager, through its CLI: one listing of the vault, whatever is wanted of it.

`bw get` searches: it would give an item whose name merely holds the text, and costs a second of start-up
an item. `bw list items` costs one second for all, and names are compared here. The vault must be
unlocked (BW_SESSION): asking for the master password is left to `bw unlock`.
What the CLI prints when it is signed out was checked with bw 2026.9; items are as its documentation has
them: https://bitwarden.com/help/cli/
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    NotFound,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun_backends._process import Deadline, find, run
from secretrun_backends._references import answer_each, placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

    Item = dict[str, Any]

# Where the fields of each kind of item stand in the CLI's JSON.
PARTS = ("login", "card", "identity", "sshKey")


class Bitwarden:
    """Fields of items: `bw://ITEM[/FIELD][#/pointer]`; ITEM is a name or id, FIELD `password` if left out.

    FIELD is username, password, totp (the code of now), uri, notes, a field of the card, identity or SSH
    key as `bw get item` names it, or a custom field. Option `sync = true` fetches the server's state
    first; without it the CLI's local copy is read, as of the last `bw sync`.
    """

    info = BackendInfo(
        name="bw",
        title="Bitwarden",
        schemes=("bw",),
        example="bw://GitHub/password",
        needs="the Bitwarden CLI",
        install="npm install -g @bitwarden/cli",
        sign_in="bw login, then: export BW_SESSION=$(bw unlock --raw)",
        sign_in_variables=("BW_SESSION", "BW_CLIENTID", "BW_CLIENTSECRET", "BW_PASSWORD"),
        docs="https://bitwarden.com/help/cli/",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `bw list items`, and a call for each one-time code."""
        wanted, answers = placed(references, _place)
        if not wanted:
            return answers
        deadline = Deadline(context.timeout)
        program = find(self.info, "bw", context)
        if context.options.get("sync") is True:
            _call([program, "sync"], context, deadline)
        items = _items(_call([program, "list", "items"], context, deadline))

        def answer(reference: Reference) -> bytes:
            name, field = wanted[reference]
            item = _find(items, name)
            if field == "totp" and isinstance(item.get("login"), dict) and item["login"].get("totp"):
                value = _call([program, "get", "totp", str(item["id"])], context, deadline).strip()
            else:
                value = _field(item, field, name)
            return select(value, reference.pointer, what=f"{name}/{field}")

        return answers | answer_each(wanted, answer)

    def check(self, context: Context) -> str:
        """Whether the vault is unlocked."""
        import json

        program, deadline = find(self.info, "bw", context), Deadline(context.timeout)
        version = _call([program, "--version"], context, deadline).decode("utf-8", "replace").strip()
        output = _call([program, "status"], context, deadline)
        try:
            status = json.loads(output)["status"]
        except (ValueError, KeyError, TypeError):
            raise BadAnswer("bw status is not the JSON it documents") from None
        if status != "unlocked":
            raise NotSignedIn(f"the Bitwarden vault is {status}", hint=self.info.sign_in)
        return Health(f"bw {version}, unlocked", version=version, signed_in=True)


def _place(reference: Reference) -> tuple[str, str]:
    """(item, field). An item whose name holds a slash is written with its id."""
    if reference.options:
        raise BadReference(f"bw has no option {reference.options[0][0]!r}")
    item, slash, field = reference.path.partition("/")
    if not item or (slash and not field):
        raise BadReference(f"{reference.text} is not ITEM[/FIELD]", hint=f"like {Bitwarden.info.example}")
    return item, field or "password"


def _call(command: list[str], context: Context, deadline: Deadline) -> bytes:
    done = run(
        Bitwarden.info, [*command, "--nointeraction", "--raw"], environ=context.environ, deadline=deadline
    )
    if done.status != 0:
        raise _explain(done.complaint + done.output.decode("utf-8", "replace"))
    return done.output


def _explain(complaint: str) -> BackendError:
    """What a failure of the CLI means; its words are not repeated."""
    said = complaint.lower()
    hint = Bitwarden.info.sign_in
    if "not logged in" in said:
        return NotSignedIn("not signed in to Bitwarden", hint=hint)
    if "locked" in said or "session" in said or "master password" in said:
        return NotSignedIn("the Bitwarden vault is locked, or BW_SESSION is out of date", hint=hint)
    if "rate limit" in said or "too many requests" in said or "slow down" in said:
        return RateLimited("Bitwarden throttles", hint="wait a little, or use --cache")
    if any(word in said for word in ("fetch", "econn", "enotfound", "certificate", "network")):
        return Unavailable(
            "Bitwarden's server can't be reached", hint="is it the right one? bw config server"
        )
    return BackendError("bw failed", hint="to see what it says: bw sync")


def _items(output: bytes) -> list[Item]:
    import json

    try:
        items = json.loads(output)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer("bw list items is not the JSON it documents", hint="update it: bw update")
    return items


def _find(items: Sequence[Item], name: str) -> Item:
    found = [item for item in items if item.get("id") == name] or [i for i in items if i.get("name") == name]
    if not found:
        raise NotFound(f"Bitwarden has no item {name}", hint="new on the server? bw sync fetches it")
    if len(found) > 1:
        ids = ", ".join(str(item.get("id")) for item in found)
        raise BadReference(f"{len(found)} Bitwarden items are called {name}", hint=f"write an id: {ids}")
    return found[0]


def _field(item: Item, field: str, name: str) -> bytes:
    """The value of a field: the item's own ones first, then the custom ones."""
    login = item.get("login")
    found: list[object] = []
    if field == "notes":
        found.append(item.get("notes"))
    elif field == "uri" and isinstance(login, dict):
        found += [uri.get("uri") for uri in (login.get("uris") or [])[:1] if isinstance(uri, dict)]
    else:
        found += [part.get(field) for key in PARTS if isinstance(part := item.get(key), dict)]
    found = [value for value in found if isinstance(value, str)]
    if not found:
        custom = [c for c in item.get("fields") or [] if isinstance(c, dict) and c.get("name") == field]
        if len(custom) > 1:
            raise BadReference(f"{name} has {len(custom)} fields called {field}")
        found = [custom_field.get("value") or "" for custom_field in custom]
    if not found or not isinstance(found[0], str):
        raise NotFound(f"the Bitwarden item {name} has no {field}", hint=_names(item))
    try:
        return found[0].encode()
    except UnicodeEncodeError:
        raise BadAnswer(f"{field} of {name} is not valid Unicode") from None


def _names(item: Item) -> str:
    """The fields an item has, by name only."""
    names = [key for part in PARTS if isinstance(item.get(part), dict) for key, v in item[part].items() if v]
    names += ["notes"] if item.get("notes") else []
    names += [str(field.get("name")) for field in item.get("fields") or [] if isinstance(field, dict)]
    shown = ["uri" if name == "uris" else name for name in names if not name.endswith("Date")]
    return f"its fields: {', '.join(shown) or 'none'}"
