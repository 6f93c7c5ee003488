"""KeePass databases (.kdbx), read by keepassxc-cli.

A database is unlocked once a batch, by `export`: deriving the key takes a second by design, and `show`
gives one entry. A value that refers to another entry ({REF:...}) is then asked for by `show`, which
follows it, and so is a one-time code. The password goes to the program by a pipe.

Facts: keepassxc-cli(1), checked with KeePassXC 2.7.4.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadAnswer, BadReference, NotFound, NotSignedIn
from secretrun_backends._gnupg import english
from secretrun_backends._process import Deadline, find, first_line, run
from secretrun_backends._references import absolute, ask_terminal, require_file, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.backend.process import Completed
    from secretrun.model import Reference

SUFFIX = ".kdbx"
STANDARD = {"password": "Password", "username": "UserName", "url": "URL", "notes": "Notes", "title": "Title"}


class KeePassXC:
    """Entries of a KeePass database: `keepassxc://FILE.kdbx/GROUP/ENTRY[?key_file=FILE][#/ATTRIBUTE]`.

    The attribute is Password when none is given; TOTP is the present one-time code. `?db=FILE` names a
    database whose name does not end in .kdbx. The password of the database is KEEPASSXC_PASSWORD, or is
    asked for on the terminal; with a key file and no KEEPASSXC_PASSWORD the key file alone unlocks.
    """

    info = BackendInfo(
        name="keepassxc",
        title="KeePassXC",
        schemes=("keepassxc",),
        example="keepassxc://team.kdbx/Servers/db#/Password",
        needs="keepassxc-cli",
        install="apt install keepassxc, brew install keepassxc",
        sign_in="KEEPASSXC_PASSWORD, or a terminal to ask on",
        sign_in_variables=("KEEPASSXC_KEY_FILE", "KEEPASSXC_PASSWORD"),
        docs="https://keepassxc.org/docs/",
        serial=True,  # the database's password is asked for
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One unlocking a database."""
        deadline = Deadline(context.timeout)
        databases: dict[tuple[str, str | None], _Database] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                require_options(reference, ("db", "key_file"))
                file, entry = _split(reference, context)
                key = (file, _key_file(reference, context))
                if key not in databases:
                    databases[key] = _Database(self.info, *key, context, deadline)
                answers[reference] = databases[key].value(entry, _attribute(reference))
            except BackendError as error:
                answers[reference] = error
        return answers

    def check(self, context: Context) -> str:
        """The version of keepassxc-cli."""
        program = find(self.info, "keepassxc-cli", context)
        done = run(
            self.info, [program, "--version"], environ=english(context), deadline=Deadline(context.timeout)
        )
        if done.status != 0:
            raise BackendError(f"{program} does not say its version")
        version = done.output.decode("utf-8", "replace").strip()
        return Health(f"keepassxc-cli {version}", version=version)


class _Database:
    """One database during one batch: unlocked once, a failure to unlock is kept."""

    def __init__(
        self, info: BackendInfo, file: str, key_file: str | None, context: Context, deadline: Deadline
    ) -> None:
        self._info = info
        self._file = file
        self._key_file = key_file
        self._context = context
        self._deadline = deadline
        self._password: str | None = None
        self._entries: dict[str, list[dict[str, str]]] | BackendError | None = None

    def value(self, path: str, attribute: str) -> bytes:
        entry = self._entry(path)
        name = _name_of(attribute, entry)
        if name is None and attribute.casefold() == "totp" and "otp" in entry:
            return self._show(path, "--totp")
        if name is None:
            raise NotFound(
                f"the entry {path} in {self._file} has no attribute {attribute!r}",
                hint=f"it has {', '.join(sorted(entry))}",
            )
        text = entry[name]
        if "{REF:" in text.upper():
            return self._show(path, "--attributes", name, "--show-protected")
        return text.encode()

    def _entry(self, path: str) -> dict[str, str]:
        if self._entries is None:
            try:
                require_file(self._file)
                self._entries = _read(self._run("export", self._file).output, self._file)
            except BackendError as error:
                self._entries = error
        if isinstance(self._entries, BackendError):
            raise self._entries
        found = self._entries.get(path, [])
        if not found:
            groups = sorted({one.rpartition("/")[0] or "/" for one in self._entries})
            raise NotFound(f"{self._file} has no entry {path}", hint=f"its groups: {', '.join(groups[:8])}")
        if len(found) > 1:
            raise BadReference(
                f"{self._file} has {len(found)} entries {path}", hint="give them different titles"
            )
        return found[0]

    def _show(self, path: str, *options: str) -> bytes:
        return self._run("show", *options, "--", self._file, path).output.removesuffix(b"\n")

    def _run(self, verb: str, *arguments: str) -> Completed:
        program = find(self._info, "keepassxc-cli", self._context)
        command = [program, verb]
        if self._key_file:
            command += ["--key-file", self._key_file]
        if self._password is None:
            self._password = self._find_password()
        if not self._password:
            command.append("--no-password")
        done = run(
            self._info,
            [*command, *arguments],
            environ={**english(self._context), "QT_QPA_PLATFORM": "offscreen"},
            deadline=self._deadline,
            text=self._password.encode() + b"\n" if self._password else b"",
        )
        if done.status != 0:
            raise self._explain(done.complaint)
        return done

    def _find_password(self) -> str:
        password = self._context.environ.get("KEEPASSXC_PASSWORD")
        if password:
            return password
        if self._key_file:
            return ""
        hint = "set KEEPASSXC_PASSWORD, or unlock by ?key_file=FILE"
        what = f"the password of {self._file}"
        if not self._context.interactive:
            raise NotSignedIn(f"{what} is not given, and there is no terminal to ask for it", hint=hint)
        return ask_terminal(f"password of {self._file}: ", what, hint)

    def _explain(self, complaint: str) -> BackendError:
        if "Invalid credentials" in complaint:
            return NotSignedIn(
                f"{self._file} does not open with this password or key file",
                hint="check KEEPASSXC_PASSWORD, and the key file",
            )
        if "ailed to load key file" in complaint or "key file" in complaint.lower():
            return NotSignedIn(f"the key file {self._key_file} can't be used")
        if "Not a KeePass" in complaint or "Error while reading the database" in complaint:
            return BadAnswer(f"{self._file} is not a KeePass database, or is damaged")
        password = self._password or ""
        words = first_line(complaint.rpartition(": ")[2])
        shown = "it gave no reason" if password and password in words else words
        return BackendError(f"keepassxc-cli can't read {self._file}: {shown}")


def _read(output: bytes, file: str) -> dict[str, list[dict[str, str]]]:
    """The entries of an exported database by path from the top group; the history is left out."""
    from xml.etree import ElementTree  # noqa: ICN001

    try:
        root = ElementTree.fromstring(output)  # noqa: S314  it comes from the program we started
    except ElementTree.ParseError:
        raise BadAnswer(f"keepassxc-cli gave something unreadable for {file}") from None
    found: dict[str, list[dict[str, str]]] = {}

    def walk(group: ElementTree.Element, above: str) -> None:
        for node in group.findall("Entry"):
            fields = {
                string.findtext("Key", ""): string.findtext("Value", "") for string in node.findall("String")
            }
            found.setdefault(above + fields.get("Title", ""), []).append(fields)
        for node in group.findall("Group"):
            walk(node, f"{above}{node.findtext('Name', '')}/")

    top = root.find("Root/Group")
    if top is None:
        raise BadAnswer(f"keepassxc-cli gave no groups for {file}")
    walk(top, "")
    return found


def _split(reference: Reference, context: Context) -> tuple[str, str]:
    """The database's path, and the entry's in it."""
    path, file = reference.path, reference.option("db")
    if file is None:
        end = path.lower().find(SUFFIX + "/")
        if end < 0:
            raise BadReference(
                f"{reference.text} does not name a database and an entry",
                hint="write keepassxc://FILE.kdbx/GROUP/ENTRY, or keepassxc://GROUP/ENTRY?db=FILE",
            )
        file, path = path[: end + len(SUFFIX)], path[end + len(SUFFIX) :]
    return absolute(file, reference.base, context), path.strip("/")


def _key_file(reference: Reference, context: Context) -> str | None:
    chosen = reference.option("key_file")
    if chosen:
        return absolute(chosen, reference.base, context)
    configured = context.options.get("key_file") or context.environ.get("KEEPASSXC_KEY_FILE")
    return absolute(configured, "/", context) if isinstance(configured, str) and configured else None


def _attribute(reference: Reference) -> str:
    return "Password" if reference.pointer is None else "/".join(reference.pointer)


def _name_of(attribute: str, entry: Mapping[str, str]) -> str | None:
    """The attribute's name as the entry has it; case matters only for attributes of one's own."""
    if attribute in entry:
        return attribute
    standard = STANDARD.get(attribute.casefold())
    return standard if standard in entry else None
