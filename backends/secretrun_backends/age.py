"""Files encrypted with age, decrypted by the age program, or by pyrage where it is not installed.

Identities are tried from everywhere they are kept, as sops does: the reference's own, variables, the
key of secretrun's embedded store, that of sops. One that is in a variable goes to age by a pipe.

Facts: github.com/FiloSottile/age, README and `cmd/age`; checked with age 1.1.1 and pyrage 1.4.
"""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health, age_keys
from secretrun.backend.programs import find_program
from secretrun.backend.sops import age_key_file
from secretrun.errors import BackendError, BadAnswer, BadReference, NotInstalled, NotSignedIn
from secretrun_backends._decrypted import fetch_files, list_file
from secretrun_backends._process import Deadline, find, first_line, run
from secretrun_backends._references import absolute, file_of, read_sign_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

IN_VARIABLES = ("AGE_IDENTITY", "AGE_KEY", "SOPS_AGE_KEY")
IN_FILES = ("AGE_IDENTITY_FILE", "AGE_KEY_FILE", "SOPS_AGE_KEY_FILE")
SAFE = [1, 2, 1]
NO_IDENTITY = "set AGE_IDENTITY_FILE=KEYS.txt, or ?identity=KEYS.txt in the reference"


class Age:
    """Files encrypted with age: `age://PATH[?identity=FILE&format=FORMAT&trim=false][#/pointer]`.

    `identity` is a file of age identities or an SSH private key. A file encrypted with a passphrase is
    asked for on the terminal. The newline of a single line is trimmed unless `trim=false`.
    """

    info = BackendInfo(
        name="age",
        title="age files",
        schemes=("age",),
        example="age://secrets.json.age#/db/password",
        needs="the age CLI, or pyrage",
        install="apt install age, brew install age, or pip install 'secretrun[age]'",
        sign_in="AGE_IDENTITY_FILE=~/keys.txt (age-keygen makes one)",
        sign_in_variables=(*IN_VARIABLES, *IN_FILES),
        docs="https://age-encryption.org",
        serial=True,  # a passphrase, or a plugin that wants its token touched
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One decryption a file."""
        deadline = Deadline(context.timeout)
        return fetch_files(
            references,
            context,
            lambda path, reference: self._decrypt(path, reference, context, deadline),
            options=("identity",),
            together=len(references) > 1 and not self.may_prompt(references, context),
        )

    def may_prompt(self, references: Sequence[Reference], context: Context) -> bool:
        """Not for files encrypted for keys, where every identity to try is a plain one of age."""
        try:
            for reference in references:
                if _by_passphrase(file_of(reference, context)):
                    return True
                texts = [] if reference.option("identity") else _identity_texts(context)
                for file in _identity_files(reference, context):
                    with open(file, encoding="utf-8") as opened:
                        texts.append(opened.read())
                lines = [line.strip() for text in texts for line in text.splitlines()]
                if any(line and not line.startswith(("#", "AGE-SECRET-KEY-1")) for line in lines):
                    return True
        except (OSError, ValueError, BackendError):
            return True
        return False

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The keys of a file, or of the mapping at the pointer, that hold single values."""
        deadline = Deadline(context.timeout)
        return list_file(
            reference,
            context,
            lambda path, reference: self._decrypt(path, reference, context, deadline),
            options=("identity",),
        )

    def check(self, context: Context) -> str:
        """The version of what would decrypt."""
        if self._program(context) is None:
            from importlib.metadata import version

            return Health(f"{_pyrage(self.info).__name__} {version('pyrage')}", version=version("pyrage"))
        program = find(self.info, "age", context)
        done = run(
            self.info, [program, "--version"], environ=context.environ, deadline=Deadline(context.timeout)
        )
        if done.status != 0:
            raise BackendError(f"{program} does not say its version")
        said = done.output.decode("utf-8", "replace").strip()
        number = said.removeprefix("v")
        old = [int(part) for part in number.split(".") if part.isdigit()] < SAFE
        warning = (
            f" (before {'.'.join(map(str, SAFE))} a plugin's name can start any program: CVE-2024-56327)"
        )
        return Health(f"age {said}{warning if old else ''}", version=number)

    def _program(self, context: Context) -> str | None:
        if context.options.get("path"):
            return find(self.info, "age", context)
        return find_program("age", context.environ)

    def _decrypt(self, path: str, reference: Reference, context: Context, deadline: Deadline) -> bytes:
        if _by_passphrase(path):
            if not context.interactive:
                raise NotSignedIn(
                    f"{path} is encrypted with a passphrase, and there is no terminal to ask for it",
                    hint="encrypt it for a key instead: age --encrypt --recipient age1...",
                )
            return self._run([], None, path, context, deadline, list)
        files = _identity_files(reference, context)
        texts = [] if reference.option("identity") else _identity_texts(context)
        if not files and not texts:
            empty = [name for name in (*IN_VARIABLES, *IN_FILES) if context.environ.get(name) == ""]
            why = f": {', '.join(empty)} {'is' if len(empty) == 1 else 'are'} empty" if empty else ""
            raise NotSignedIn(f"there is no age identity to decrypt {path} with{why}", hint=NO_IDENTITY)

        def places() -> list[age_keys.Place]:
            found = [age_keys.of_file(file, file) for file in files]
            named = [(name, context.environ.get(name)) for name in IN_VARIABLES if texts]
            return found + [age_keys.of_text(name, text) for name, text in named if text]

        if self._program(context) is None:
            return _in_process(self.info, path, files, texts, places)
        arguments = [word for file in files for word in ("--identity", file)]
        if texts:
            arguments += ["--identity", "-"]
        text = "\n".join(texts).encode() if texts else None
        return self._run(arguments, text, path, context, deadline, places)

    def _run(
        self,
        arguments: list[str],
        text: bytes | None,
        path: str,
        context: Context,
        deadline: Deadline,
        places: Callable[[], list[age_keys.Place]],
    ) -> bytes:
        program = find(self.info, "age", context)
        done = run(
            self.info,
            [program, "--decrypt", *arguments, "--", path],
            environ=context.environ,
            deadline=deadline,
            text=text,
            terminal=context.interactive,
        )
        if done.status == 0:
            return done.output
        raise _explain(done.complaint, path, places)


def _identity_files(reference: Reference, context: Context) -> list[str]:
    """The files of identities to try, each once.

    Raises:
        NotSignedIn: one that was asked for can't be read.
    """
    chosen = reference.option("identity")
    if chosen:
        asked = [absolute(chosen, reference.base, context)]
    else:
        configured = context.options.get("identity")
        named = [configured] if isinstance(configured, str) and configured else []
        named += [context.environ[name] for name in IN_FILES if context.environ.get(name)]
        asked = [absolute(name, os.getcwd(), context) for name in named]
    for file in asked:
        if not os.access(file, os.R_OK):
            raise NotSignedIn(f"can't read the age identities in {file}", hint=NO_IDENTITY)
        if chosen and not reference.trusted and "AGE-PLUGIN-" in read_sign_in(file, "the age identities"):
            raise BadReference(
                f"{file} holds the identity of a plugin, which no template may choose: age would start it",
                hint="name the file in AGE_IDENTITY_FILE, or give the reference with --set",
            )
    kept = [] if chosen else [age_key_file(context.environ), _sops_key_file(context)]
    return list(dict.fromkeys((*asked, *(file for file in kept if os.access(file, os.R_OK)))))


def _sops_key_file(context: Context) -> str:
    base = context.environ.get("XDG_CONFIG_HOME") or absolute("~/.config", "/", context)
    return os.path.join(base, "sops", "age", "keys.txt")


def _identity_texts(context: Context) -> list[str]:
    return [context.environ[name] for name in IN_VARIABLES if context.environ.get(name)]


def _by_passphrase(path: str) -> bool:
    """Whether the header says so; an armoured file's does not until it is decoded."""
    with open(path, "rb") as file:
        head = file.read(1024)
    if head.startswith(b"-----BEGIN AGE"):
        import base64
        import binascii

        try:
            head = base64.b64decode(head.split(b"\n")[1])
        except (binascii.Error, IndexError):
            return False
        return b"\n-> scrypt" in head
    return head.startswith(b"age-encryption.org/") and b"\n-> scrypt " in head


def _in_process(
    info: BackendInfo,
    path: str,
    files: list[str],
    texts: list[str],
    places: Callable[[], list[age_keys.Place]],
) -> bytes:
    pyrage = _pyrage(info)
    identities: list[Any] = []
    for text in (*(read_sign_in(file, "the age identities") for file in files), *texts):
        try:
            if "PRIVATE KEY-----" in text:
                identities.append(pyrage.ssh.Identity.from_buffer(text.encode() + b"\n"))
            else:
                lines = [line.strip() for line in text.splitlines()]
                identities += [pyrage.x25519.Identity.from_str(line) for line in lines if line[:4] == "AGE-"]
        except (pyrage.IdentityError, ValueError):
            raise _explain("an identity can't be read", path, places) from None
    with open(path, "rb") as file:
        content = file.read()
    try:
        decrypted: bytes = pyrage.decrypt(content, identities)
    except pyrage.DecryptError as error:
        raise _explain(str(error), path, places) from None
    return decrypted


def _pyrage(info: BackendInfo) -> Any:
    try:
        import pyrage
    except ImportError:
        raise NotInstalled(
            "neither age nor pyrage is installed", hint=f"install one: {info.install}"
        ) from None
    return pyrage


def _explain(complaint: str, path: str, places: Callable[[], list[age_keys.Place]]) -> BackendError:
    """What a failure means; which place holds what can't be used is looked up, since age names none."""
    said = complaint.lower()
    tried, faults = age_keys.told(places())
    if "no identity matched" in said or "no matching keys" in said:
        shown = (f": {'; '.join(faults)}" if faults else "") + (f" ({tried})" if tried else "")
        return NotSignedIn(f"none of the age identities opens {path}{shown}", hint=NO_IDENTITY)
    if faults:
        return NotSignedIn(f"age can't use an identity: {'; '.join(faults)}", hint=NO_IDENTITY)
    if "passphrase" in said:
        return NotSignedIn(f"{path} wants a passphrase, which was not given or is wrong")
    if "identity" in said or "identities" in said:
        words = first_line(complaint).removeprefix("age: error: ")
        return NotSignedIn(f"age can't use an identity: {words}", hint=NO_IDENTITY)
    return BadAnswer(
        f"{path} is not encrypted with age, or is damaged",
        hint=f"to see what age says: age --decrypt -i KEYS.txt {path} > /dev/null",
    )
