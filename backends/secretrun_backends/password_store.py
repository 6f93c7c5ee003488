"""pass, the standard Unix password manager, and gopass: entries that gpg decrypts.

Whether an entry is there is looked up in the directory first: of a folder `pass show` prints a tree,
with status 0, which must not become a value.

Facts: man pages of pass 1.7.4 (checked with it); gopass: docs/commands/show.md and docs/exit-codes.md.
"""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.backend.programs import find_program
from secretrun.errors import BackendError, BadReference, NotFound, NotInstalled, NotSignedIn
from secretrun_backends._gnupg import explain_key, gpg_environment
from secretrun_backends._process import Deadline, find, first_line, run
from secretrun_backends._references import absolute, home, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

PROGRAMS = ("pass", "gopass")
GOPASS_NOT_INITIALISED, GOPASS_NOT_FOUND, GOPASS_DECRYPT = 6, 10, 11
PROTON = "Proton's pass://VAULT/ITEM/FIELD is another store, for its own pass-cli"


class PasswordStore:
    """Entries of pass or gopass: `pass://PATH/OF/ENTRY[?line=N|all&cli=gopass][#/FIELD]`.

    `gopass://` is the same by gopass alone; `pass://` takes pass where both are installed. The first line
    is the password. A pointer is a field below it, written `field: value`; `line=2` is another line,
    `line=all` the whole entry as it is.
    """

    info = BackendInfo(
        name="pass",
        title="pass, gopass",
        schemes=("pass", "gopass"),
        example="pass://web/example.org",
        needs="pass or gopass",
        install="apt install pass, brew install pass",
        sign_in="a secret key of gpg, unlocked (pass show ENTRY in a terminal)",
        docs="https://www.passwordstore.org",
        serial=True,  # pinentry
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `pass show` an entry."""
        deadline = Deadline(context.timeout)
        entries: dict[tuple[str, str], bytes | BackendError] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                require_options(reference, ("cli", "line"))
                key = (_program(self.info, reference, context), reference.path.strip("/"))
                if key not in entries:
                    try:
                        entries[key] = self._show(*key, context, deadline)
                    except BackendError as error:
                        entries[key] = error
                entry = entries[key]
                answers[reference] = entry if isinstance(entry, BackendError) else _part(entry, reference)
            except BackendError as error:
                answers[reference] = error
        return answers

    def check(self, context: Context) -> str:
        """Which program would be used, and that its store is there."""
        import re

        program = _find(self.info, None, context)
        name = os.path.basename(program)
        if name == "pass":
            _require_store(context)
        done = run(
            self.info, [program, "--version"], environ=context.environ, deadline=Deadline(context.timeout)
        )
        found = re.search(r"\d+\.\d+[\w.]*", done.output.decode("utf-8", "replace"))
        return Health(f"{name} at {program}", version=found.group() if found else "")

    def _show(self, program: str, entry: str, context: Context, deadline: Deadline) -> bytes:
        if not entry or any(part in ("", ".", "..") for part in entry.split("/")) or entry.startswith("-"):
            raise BadReference(f"{entry!r} is not the name of an entry", hint="write pass://folder/entry")
        gopass = os.path.basename(program) == "gopass"
        if gopass:
            command = [program, "show", "--unsafe", "--noparsing", entry]
        else:
            _require_entry(entry, context)
            command = [program, "show", entry]
        environ = gpg_environment(context)
        # Only gpg's status lines tell a locked key from a missing one.
        options = environ.get("PASSWORD_STORE_GPG_OPTS", "")
        environ["PASSWORD_STORE_GPG_OPTS"] = f"{options} --status-fd 2".lstrip()
        done = run(self.info, command, environ=environ, deadline=deadline, terminal=context.interactive)
        if done.status == 0:
            return done.output
        error = explain_key(done.complaint, f"the entry {entry}")
        if error is not None:
            raise error
        if gopass and done.status == GOPASS_NOT_FOUND:
            raise _missing(entry)
        if gopass and done.status == GOPASS_NOT_INITIALISED:
            raise NotSignedIn("gopass has no store yet", hint="gopass setup, or gopass clone URL")
        if gopass and done.status == GOPASS_DECRYPT:
            raise NotSignedIn(
                f"gopass can't decrypt {entry}", hint=f"try it in a terminal: gopass show {entry}"
            )
        raise BackendError(f"{os.path.basename(program)} can't show {entry}: {first_line(done.complaint)}")


def _program(info: BackendInfo, reference: Reference, context: Context) -> str:
    cli = reference.option("cli", "gopass" if reference.scheme == "gopass" else None)
    if cli is not None and cli not in PROGRAMS:
        raise BadReference(f"cli={cli} is not known", hint=f"one of {', '.join(PROGRAMS)}")
    return _find(info, cli, context)


def _find(info: BackendInfo, cli: str | None, context: Context) -> str:
    if cli or context.options.get("path"):
        return find(info, cli or "pass", context)
    for name in PROGRAMS:
        if found := find_program(name, context.environ):
            return found
    raise NotInstalled("neither pass nor gopass is installed", hint=f"install one: {info.install}")


def _store(context: Context) -> str:
    return absolute(context.environ.get("PASSWORD_STORE_DIR") or "~/.password-store", home(context), context)


def _require_store(context: Context) -> str:
    store = _store(context)
    if not os.path.isdir(store):
        raise NotSignedIn(
            f"there is no password store in {store}",
            hint="pass init YOUR-GPG-ID makes one; PASSWORD_STORE_DIR names another directory",
        )
    return store


def _require_entry(entry: str, context: Context) -> None:
    path = os.path.join(_require_store(context), entry)
    if os.path.isfile(path + ".gpg"):
        return
    if os.path.isdir(path):
        raise NotFound(f"{entry} is a folder of the password store, not an entry", hint=f"pass ls {entry}")
    raise _missing(entry)


def _missing(entry: str) -> NotFound:
    return NotFound(f"the password store has no entry {entry}", hint=f"pass ls shows what there is; {PROTON}")


def _part(content: bytes, reference: Reference) -> bytes:
    """The password, a line, a field or all of an entry."""
    name, line = reference.path.strip("/"), reference.option("line")
    if reference.pointer is not None:
        if line is not None:
            raise BadReference("a field and ?line= can't both be asked for")
        return _field(content, "/".join(reference.pointer), name)
    if line == "all":
        return content
    lines = content.split(b"\n")
    if lines[-1] == b"" and len(lines) > 1:
        del lines[-1]
    if line is None:
        return lines[0]
    if not (line.isascii() and line.isdigit()) or int(line) < 1:
        raise BadReference(f"line={line} is not a number from 1, nor 'all'")
    if int(line) > len(lines):
        raise NotFound(f"the entry {name} has no line {line}", hint=f"it has {len(lines)}")
    return lines[int(line) - 1]


def _field(content: bytes, field: str, name: str) -> bytes:
    """The value of `field: value` below the first line; case matters only if both spellings are there."""
    found: dict[str, bytes] = {}
    for line in content.split(b"\n")[1:]:
        key, colon, value = line.partition(b":")
        if colon and key.strip():
            found.setdefault(key.strip().decode("utf-8", "replace"), value.strip(b" \t\r"))
    if field in found:
        return found[field]
    for other, text in found.items():
        if other.casefold() == field.casefold():
            return text
    names = f"its fields: {', '.join(found)}" if found else "it has no 'field: value' lines"
    raise NotFound(f"the entry {name} has no field {field!r}", hint=names if len(names) < 200 else None)
