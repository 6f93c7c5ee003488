"""1Password through its `op` program: one `op inject` for a whole batch.

A template with every reference between unguessable markers goes in on standard input and comes out
with the values, so that any text survives exactly. `op read` takes over for what that can't carry:
binary files, and finding out which reference it is that fails a batch.

Sources: "Secret reference syntax", "op inject" and "op read" on developer.1password.com.
"""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    TimedOut,
    Unavailable,
)
from secretrun_backends._process import Deadline, find, first_line, run
from secretrun_backends._references import pick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.backend.process import Completed
    from secretrun.model import Reference

ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. ")
ATTRIBUTES = ("type", "value", "id", "purpose", "otp", "content", "size", "name")
REPLACED = "\N{REPLACEMENT CHARACTER}".encode()  # where op could not carry a byte as text

SIGN_IN = "sign in: eval $(op signin), or set OP_SERVICE_ACCOUNT_TOKEN"
# What op says, and what it means: the first row with a phrase in the complaint decides. Phrases are in
# lower case; the last column is the hint.
COMPLAINTS: tuple[tuple[tuple[str, ...], type[BackendError], str, str], ...] = (
    (
        ("rate limit", "too many requests", "(429)", "throttl"),
        RateLimited,
        "1Password throttles the requests",
        "try again later; op service-account ratelimit shows the limits",
    ),
    (
        ("cannot connect to 1password app", "connecting to desktop app"),
        Unavailable,
        "op can't connect to the 1Password app",
        "unlock the app, turn on its CLI integration; after many calls this is how it throttles: wait",
    ),
    (
        ("authorization timeout", "authorization timed out"),
        TimedOut,
        "no one authorized op in time",
        "approve the prompt of the 1Password app",
    ),
    (
        ("authorization prompt dismissed", "authorization denied"),
        Denied,
        "op was not authorized in the 1Password app",
        "run again and approve the prompt",
    ),
    (
        ("no accounts configured", "found no accounts", "no account found"),
        NotSignedIn,
        "op has no account",
        "add one: op account add, or set OP_SERVICE_ACCOUNT_TOKEN",
    ),
    (
        ("not currently signed in", "not signed in", "session expired", "sign in", "signin", "(401)",
         "invalid token", "invalid bearer", "serviceaccountauthtoken", "authentication required"),
        NotSignedIn,
        "not signed in to 1Password",
        SIGN_IN,
    ),
    (
        ("no such host", "connection refused", "dial tcp", "network is unreachable", "i/o timeout"),
        Unavailable,
        "1Password can't be reached",
        "check the network, or OP_CONNECT_HOST",
    ),
    (
        ("more than one", "multiple ", "ambiguous"),
        BadReference,
        "the name fits more than one vault, item or field",
        "use its unique ID instead of its name: op item get NAME --format json",
    ),
    (
        ("(403)", "forbidden", "permission", "not authorized"),
        Denied,
        "1Password refuses",
        "the account or token may not read this vault: op vault list",
    ),
    (
        ("isn't a vault", "isn't an item", "isn't a field", "isn't a section", "could not find",
         "couldn't find", "not found", "does not have", "doesn't have", "doesn't exist", "does not exist",
         "no item", "(404)"),
        NotFound,
        "1Password has no such vault, item or field",
        "op item get ITEM --vault VAULT shows the fields of an item",
    ),
    (
        ("invalid secret reference", "not a secret reference"),
        BadReference,
        "op does not accept the reference",
        "op://VAULT/ITEM/[SECTION/]FIELD",
    ),
)  # fmt: skip
# Failures that every other reference would meet too; the rest is looked into one by one.
SHARED = (RateLimited, Unavailable, TimedOut, NotSignedIn)


class OnePassword:
    """1Password's own references: `op://VAULT/ITEM/[SECTION/]FIELD[?attribute=...|ssh-format=openssh]`.

    Names are of letters, digits, `-`, `_`, `.` and blanks, case does not matter; for any other name the
    object's unique ID. A file attachment is named in the field's place. The variables of op apply:
    `OP_ACCOUNT`, `OP_SERVICE_ACCOUNT_TOKEN`, `OP_CONNECT_HOST` with `OP_CONNECT_TOKEN`. A pointer
    (`#/key`) looks into a field that holds JSON or YAML.
    """

    info = BackendInfo(
        name="op",
        title="1Password",
        schemes=("op",),
        example="op://Private/Stripe/publishable-key",
        needs="the 1Password CLI (op)",
        install="see https://developer.1password.com/docs/cli/get-started/",
        sign_in="op signin, or OP_SERVICE_ACCOUNT_TOKEN",
        sign_in_variables=("OP_SERVICE_ACCOUNT_TOKEN", "OP_SESSION_*", "OP_CONNECT_TOKEN"),
        docs="https://developer.1password.com/docs/cli/secret-references/",
        serial=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `op inject` for all; references that differ in case alone are one."""
        answers: dict[Reference, bytes | BackendError] = {}
        wanted: dict[str, str] = {}  # folded for comparing, as written
        keys: dict[Reference, str] = {}
        for reference in dict.fromkeys(references):
            try:
                address, _ = _address(reference)
            except BackendError as error:
                answers[reference] = error
            else:
                keys[reference] = address.casefold()
                wanted.setdefault(keys[reference], address)
        if not wanted:
            return answers
        try:
            hidden = {wanted[key] for reference, key in keys.items() if reference.nested}
            found = _Op(context, hidden).values(list(wanted.values()))
        except BackendError as error:  # of all that could be asked for; the rest keep their own
            return answers | dict.fromkeys(keys, error)
        for reference, key in keys.items():
            answers[reference] = pick(found[wanted[key]], _address(reference)[1], f"op://{reference.path}")
        return answers

    def check(self, context: Context) -> str:
        """The version of op; with a token or session in the environment, also whether it is accepted.

        The desktop app's own sign-in is not asked about: that would make the app prompt.
        """
        return _Op(context).check()


class _Op:
    """The op program, for one batch."""

    def __init__(self, context: Context, hidden: Collection[str] = ()) -> None:
        self._hidden = hidden  # addresses that hold values of other stores: never an argument
        self._program = find(OnePassword.info, "op", context)
        self._deadline = Deadline(context.timeout)
        self._environ = dict(context.environ)
        account = context.options.get("account")
        if isinstance(account, str) and account:
            self._environ["OP_ACCOUNT"] = account

    def values(self, addresses: list[str]) -> dict[str, bytes | BackendError]:
        """The value or error of each address: one call, and one more for each that op complains of."""
        if len(addresses) == 1 and addresses[0] not in self._hidden:
            return {addresses[0]: self._read(addresses[0])}
        return self._settle(addresses, *self._inject(addresses))

    def _settle(
        self, addresses: list[str], result: dict[str, bytes | BackendError] | BackendError, complaint: str
    ) -> dict[str, bytes | BackendError]:
        """What a call gave, or what more calls give when it failed for some of the addresses."""
        if not isinstance(result, BackendError):
            return result
        shared = isinstance(result, SHARED) or (isinstance(result, Denied) and "authorized" in result.message)
        if len(addresses) == 1 or shared:
            return dict.fromkeys(addresses, result)
        named = _named(complaint, addresses)
        if named:
            rest = [address for address in addresses if address not in named]
            told: dict[str, bytes | BackendError] = {one: _explain(complaint, one) for one in named}
            return told | (self.values(rest) if rest else {})
        # op does not say which: halved, until the culprits stand alone.
        middle = len(addresses) // 2
        again, said = self._inject(addresses[:middle])
        unknown = type(again) is type(result) is BackendError
        if unknown and _words(said) == _words(complaint):  # of any of them: it has to do with all
            return dict.fromkeys(addresses, result)
        found = self._settle(addresses[:middle], again, said)
        for value in found.values():
            if isinstance(value, SHARED):  # say, throttled by now: more calls would make it worse
                return dict.fromkeys(addresses, value) | found
        return found | self.values(addresses[middle:])

    def check(self) -> str:
        done = self._run("--version")
        version = done.output.decode("utf-8", "replace").strip()
        if done.status != 0 or not version or "\n" in version:
            raise BackendError(f"{self._program} does not say which version of op it is")
        signed = [
            name
            for name, value in self._environ.items()
            if value and (name == "OP_SERVICE_ACCOUNT_TOKEN" or name.startswith("OP_SESSION_"))
        ]
        if signed:
            done = self._run("whoami")
            if done.status != 0:
                raise _explain(done.complaint, f"the sign-in by {signed[0]}")
            said = f"op {version}, signed in by {signed[0]}"
            return Health(said, version=version, reachable=True, signed_in=True)
        return Health(f"op {version}", version=version)

    def _inject(self, addresses: list[str]) -> tuple[dict[str, bytes | BackendError] | BackendError, str]:
        """All values from one call, or why the call failed; and op's complaint."""
        mark = os.urandom(16).hex()
        template = "".join(
            f"{mark}<{number}<{{{{ {address} }}}}>{number}>{mark}\n"
            for number, address in enumerate(addresses)
        )
        done = self._run("inject", text=template.encode())
        if done.status != 0:
            what = addresses[0] if len(addresses) == 1 else f"one of {len(addresses)} references"
            return _explain(done.complaint, what), done.complaint
        found: dict[str, bytes | BackendError] = {}
        position = 0
        for number, address in enumerate(addresses):
            opening, closing = f"{mark}<{number}<".encode(), f">{number}>{mark}".encode()
            start = done.output.find(opening, position)
            end = done.output.find(closing, start + len(opening))
            if start < 0 or end < 0:
                return BadAnswer("op inject did not give back the template it was given"), ""
            value = done.output[start + len(opening) : end]
            position = end
            found[address] = self._read(address) if REPLACED in value else value
        return found, ""

    def _read(self, address: str) -> bytes | BackendError:
        if address in self._hidden:
            return BadReference(
                "a binary value is read by an argument of op, which no value of another store may be part of"
            )
        done = self._run("read", "--no-newline", address)
        return done.output if done.status == 0 else _explain(done.complaint, address)

    def _run(self, *arguments: str, text: bytes | None = None) -> Completed:
        # In our own session, on our own terminal: op authorizes each terminal once.
        return run(
            OnePassword.info,
            [self._program, *arguments],
            environ=self._environ,
            deadline=self._deadline,
            text=text,
            terminal=True,
        )


def _address(reference: Reference) -> tuple[str, tuple[str, ...] | None]:
    """What op is asked for, and the pointer that is left to walk.

    Raises:
        BadReference: naming what is wrong with it.
    """
    segments = reference.path.split("/")
    pointer = reference.pointer
    connect = reference.text.startswith(("ref+onepasswordconnect:", "secretref+onepasswordconnect:"))
    if connect and len(segments) == 2 and pointer and len(pointer) == 1:
        segments += pointer[0].split(".", 1)  # vals: VAULT/ITEM#/[SECTION.]FIELD
        pointer = None
    if len(segments) not in (3, 4) or "" in segments:
        raise BadReference(
            f"{reference.text} has {len([s for s in segments if s])} parts, not 3 or 4",
            hint="op://VAULT/ITEM/FIELD, or op://VAULT/ITEM/SECTION/FIELD",
        )
    for segment in segments:
        wrong = sorted(set(segment) - ALLOWED)
        if wrong:
            raise BadReference(
                f"{wrong[0]!r} can't stand in a name of an op:// reference: {segment!r}",
                hint="use the object's unique ID instead of its name",
            )
    query = []
    for name, value in reference.options:
        if name in ("attribute", "attr"):
            if value.lower() not in ATTRIBUTES:
                raise BadReference(
                    f"1Password has no attribute {value!r}", hint=f"one of {', '.join(ATTRIBUTES)}"
                )
            query.append(f"attribute={value.lower()}")
        elif name == "ssh-format" and value.lower() == "openssh":
            query.append("ssh-format=openssh")
        else:
            raise BadReference(
                f"op does not know {name}={value}", hint="one of attribute=NAME, ssh-format=openssh"
            )
    return f"op://{'/'.join(segments)}" + (f"?{'&'.join(query)}" if query else ""), pointer


def _named(complaint: str, addresses: list[str]) -> list[str]:
    """The addresses that a complaint is about: those it has, else those in the vault it does not know."""
    import re

    lower = complaint.casefold()
    found = [
        address
        for address in addresses
        if re.search(re.escape(address.casefold()) + r"(?![\w./?-])", lower) is not None
    ]
    unknown = re.search(r"[\"']([^\"']+)[\"'] isn't a vault", lower)
    vaults = {address: address.split("/")[2].casefold() for address in addresses}
    missing = {vaults[address] for address in found} if unknown and found else set()
    if unknown and not found:
        missing = {unknown.group(1)}
    return [address for address in addresses if address in found or vaults[address] in missing]


def _words(complaint: str) -> str:
    """A complaint without its names and numbers."""
    import re

    return re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "", first_line(complaint))


def _explain(complaint: str, what: str) -> BackendError:
    """What op's complaint means; `what` is the reference, or what else failed."""
    import re

    # Without the names it quotes: an item may be called "rate limit".
    lower = re.sub(r"'[^']*'|\"[^\"]*\"|op://\S+", "", complaint.lower())
    for phrases, kind, message, hint in COMPLAINTS:
        if any(phrase in lower for phrase in phrases):
            return kind(f"{message} ({what})", hint=hint)
    return BackendError(f"op failed for {what}: {first_line(complaint)}".rstrip("."))
