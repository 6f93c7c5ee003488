"""The embedded store's file: dotenv that sops encrypts, read and changed through the sops program.

Values go to and from sops as JSON over pipes, never in arguments or plain files: sops carries every
text exactly that way, while its plain dotenv form cannot tell a newline from a backslash and an "n"
(`stores/dotenv/store.go` of sops replaces the one by the other).
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager

from secretrun.backend import age_keys, process
from secretrun.backend.sops import Keys, find_sops, sops_environment
from secretrun.backend.sops_servers import require_known
from secretrun.child import scratch
from secretrun.embedded_store import attended, members, store
from secretrun.errors import BackendError, NotSignedIn, Unavailable
from secretrun.posix import atomic_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from secretrun.embedded_store.members import Recipient

# Recipients from the environment overrule .sops.yaml; the store is to follow the file beside it.
OVERRULING = (
    "SOPS_AGE_RECIPIENTS", "SOPS_AZURE_KEYVAULT_URLS", "SOPS_CONFIG", "SOPS_GCP_KMS_IDS",
    "SOPS_HUAWEICLOUD_KMS_IDS", "SOPS_KMS_ARN", "SOPS_PGP_FP", "SOPS_VAULT_URIS",
)  # fmt: skip
DOTENV = ("--input-type", "dotenv", "--output-type", "dotenv")
NO_KEY = 128  # the exit statuses of sops: cmd/sops/codes/codes.go
UNCHANGED, EDITOR_FAILED = 200, 201
# Starts the editor the first time and fails the second.
ONCE = """\
#!/bin/sh
[ ! -e "$0.started" ] || exit 1
: >"$0.started"
exec sh -c "$SECRETRUN_EDITOR \\"\\$1\\"" sh "$1"
"""


def is_encrypted(content: bytes, name: str) -> bool:
    """Whether `name` stands in the dotenv file `content` encrypted (sops leaves an empty value empty)."""
    start = name.encode() + b"="
    values = [line[len(start) :] for line in content.split(b"\n") if line.startswith(start)]
    return bool(values) and all(value.startswith(store.ENCRYPTED) or not value for value in values)


class Sops:
    """The sops program of this environment.

    Raises:
        Unavailable: when there is none.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._program = find_sops(environ)
        self._given = environ
        self._environ = {
            name: value for name, value in sops_environment(environ).items() if name not in OVERRULING
        }

    def encrypt(self, values: Mapping[str, str], path: str, rules: str | None = None) -> bytes:
        """The encrypted file of `values`, by what .sops.yaml (`rules`, else that beside it) has for `path`.

        It is named: sops by itself looks all the way up, and takes anybody's.

        Raises:
            BackendError: when there is no such rule, or it would leave a value plain.
        """
        rules = rules or os.path.join(os.path.dirname(path), ".sops.yaml")
        if os.path.exists(rules):
            require_known(_read(rules), rules, self._environ)
        content = self._run(
            ["encrypt", "--filename-override", path, "--input-type", "json", "--output-type", "dotenv"],
            os.path.dirname(path),
            json.dumps(values).encode(),
            values.values(),
            rules=rules,
        )
        for name in values:
            if not is_encrypted(content, name):
                raise _left_plain(name)
        return content

    def decrypt(self, content: bytes, directory: str) -> dict[str, str]:
        """The values of an encrypted dotenv file."""
        require_known(content, "the store", self._environ)
        output = self._run(["decrypt", "--input-type", "dotenv", "--output-type", "json"], directory, content)
        values: dict[str, str] = json.loads(output)
        return values

    def set(self, path: str, name: str, value: str) -> None:
        """Add or replace one value, at once, the other ones' ciphertexts untouched.

        Raises:
            UsageError: when the file is not a dotenv file of sops.
            BackendError: when sops can't, or would leave the value plain; the file is as it was then.
        """
        with self._copy(path) as (copy, content):
            self._put(copy, content, name, value)

    def unset(self, path: str, name: str) -> None:
        """Take one value out, at once, the other ones' ciphertexts untouched.

        Raises:
            UsageError, BackendError: as `set`; the file is as it was then.
        """
        with self._copy(path) as (copy, _):
            self._take(copy, name)

    def rename(self, path: str, old: str, new: str) -> None:
        """Give one value another name: it is encrypted anew, since its name is part of what is sealed.

        Raises:
            UsageError, BackendError: as `set`; the file is as it was then.
        """
        with self._copy(path) as (copy, content):
            value = self.decrypt(content, os.path.dirname(path))[old]
            self._put(copy, content, new, value)
            self._take(copy, old)

    def recipients_by(self, rules: str, path: str, near: str) -> frozenset[Recipient] | None:
        """Whom a store at `path` would be encrypted for by rules with this text; None by none.

        Args:
            rules: the text of a .sops.yaml.
            path: the store.
            near: the real .sops.yaml, beside which the text is tried, since paths in it start there.
        """
        trial = f"{near}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
        atomic_file.write_atomic(trial, rules.encode("utf-8", "surrogateescape"))
        try:
            content = self._run(
                ["--config", trial, "encrypt", "--filename-override", path, *DOTENV],
                os.path.dirname(path),
                b"PROBE=x\n",
            )
        except BackendError:
            return None
        finally:
            os.unlink(trial)
        return frozenset(members.of_store(content))

    def encrypt_anew(
        self,
        path: str,
        *,
        add: Recipient | None = None,
        remove: Recipient | None = None,
        then: Callable[[], None] = lambda: None,
    ) -> None:
        """Give a store a new data key, which the recipients there are can open, and one more or one less.

        Args:
            path: the store; here one of any kind.
            add: who joins.
            remove: who leaves.
            then: what is to be done before the store takes its place, once nothing can fail any more.

        Raises:
            UsageError, BackendError: as `set`; the file is as it was then.
        """
        changes = [f"--add-{add[0]}", add[1]] if add else []
        changes += [f"--rm-{remove[0]}", remove[1]] if remove else []
        kind = _kind_of(path)
        flags = ("--input-type", kind, "--output-type", kind)
        with self._copy(path, any_kind=True) as (copy, _):
            self._run(["rotate", "--in-place", *flags, *changes, copy], os.path.dirname(path), b"")
            then()

    def change(self, path: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Make a store of `before` hold `after`, at once, the ciphertexts of what is the same untouched.

        Raises:
            UsageError, BackendError: as `set`; the file is as it was then.
        """
        with self._copy(path) as (copy, content):
            for name, value in after.items():
                if before.get(name) != value:
                    self._put(copy, content, name, value)
            for name in before:
                if name not in after:
                    self._take(copy, name)

    def edit(self, path: str) -> int:
        """Open a file of sops of any kind in the user's editor, through sops.

        Without a terminal the editor is opened once: sops would ask for a key to try again, for ever.

        Raises:
            BackendError: the editor fails, or what it leaves can't be kept; the file is as it was.

        Returns:
            0, or 128 + n when signal n ended it.
        """
        require_known(_read(path), path, self._environ)
        # sops writes the plain text to TMPDIR for the editor, and leaves it there when it is killed.
        private = scratch.Directory(self._environ)
        ended: attended.Ended | None = None
        status = 0
        try:
            environ = {**self._environ, "TMPDIR": private.path}
            if not os.isatty(0):
                environ |= _once(environ, private.path)
            status = attended.run([self._program, "edit", path], environ, private)
        except OSError as error:
            raise Unavailable(f"can't start {self._program}: {error.strerror}") from None
        except attended.Ended as error:
            ended = error
        finally:
            private.remove(kill=ended is not None)
        if ended is not None:
            return attended.die(ended)
        if status == NO_KEY:
            raise self._no_key()
        if status == EDITOR_FAILED or 0 < status < NO_KEY:
            raise BackendError(
                f"nothing was changed: the editor failed, or left what is no {_kind_of(path)}",
                hint=None if os.isatty(0) else "on a terminal sops lets you mend it",
            )
        return 0 if status == UNCHANGED else status

    @contextmanager
    def _copy(self, path: str, *, any_kind: bool = False) -> Iterator[tuple[str, bytes]]:
        """A copy of a store to be changed, encrypted as well, that takes its place when all went well."""
        content = _read(path)
        require_known(content, path, self._environ)
        if not (any_kind or store.is_dotenv(path, content)):
            raise store.not_dotenv(path)
        copy = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
        atomic_file.write_atomic(copy, content, mode=os.stat(path).st_mode & 0o777)
        try:
            yield copy, content
            os.replace(copy, path)
        except BaseException:
            os.unlink(copy)
            raise

    def _put(self, copy: str, content: bytes, name: str, value: str) -> None:
        if not is_encrypted(content, name):
            # Which names a file leaves plain is up to its rules, so try it on a harmless value.
            self._set(copy, name, "probe")
            if not is_encrypted(_read(copy), name):
                raise _left_plain(name)
        self._set(copy, name, value)

    def _take(self, copy: str, name: str) -> None:
        self._run(["unset", *DOTENV, copy, json.dumps([name])], os.path.dirname(copy), b"")

    def _set(self, path: str, name: str, value: str) -> None:
        self._run(
            ["set", *DOTENV, "--value-stdin", path, json.dumps([name])],
            os.path.dirname(path),
            json.dumps(value).encode(),
            [value],
        )

    def _run(
        self, arguments: list[str], directory: str, given: bytes, values: Iterable[str] = (), rules: str = ""
    ) -> bytes:
        environ = {**self._environ, "SOPS_CONFIG": rules} if rules else self._environ
        try:
            with Keys(environ) as (theirs, keep):
                done = process.run(
                    [self._program, *arguments],
                    given,
                    environ=theirs,
                    end=None,
                    directory=directory,
                    leader=False,  # a key may ask for its passphrase on our terminal
                    keep=keep,
                )
        except OSError as error:
            raise Unavailable(f"can't start {self._program}: {error.strerror}") from None
        if done.status == 0:
            return done.output
        complaint = done.complaint
        if done.status == NO_KEY:
            raise self._no_key()
        if "flag provided but not defined" in complaint or "No help topic for" in complaint:
            raise Unavailable(
                f"this sops is too old: {self._program}",
                hint="sops 3.11 or later: pip install 'secretrun[sops]'",
            )
        lines = [line.strip() for line in complaint.splitlines() if line.strip()]
        # What an SDK warns of comes first, and is not the reason.
        reasons = [line for line in lines if not re.search(r"\bWARN(ING)?\b|level=warn", line)] or lines
        reason = reasons[0] if reasons else "it gave no reason"
        if any(value and value in complaint for value in values):
            reason = f"status {done.status}, its reason is kept back since it quotes the value"
        raise BackendError(f"sops {arguments[0]} failed: {reason}")

    def _no_key(self) -> NotSignedIn:
        tried, faults = age_keys.said(self._given)
        why = f": {'; '.join(faults)}" if faults else ""
        return NotSignedIn(
            f"none of your keys opens the store{why}{f' ({tried})' if tried else ''}",
            hint="mend it, or take it away"
            if faults
            else "secretrun init makes your key and prints the line for someone who can open it",
        )


def _kind_of(path: str) -> str:
    """The kind of file that sops takes a name for (`stores.FormatForPath` of sops)."""
    end = os.path.splitext(path)[1]
    return {".env": "dotenv", ".ini": "ini", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}.get(
        end, "binary"
    )


def _once(environ: Mapping[str, str], private: str) -> dict[str, str]:
    script = os.path.join(private, "editor")
    atomic_file.write_atomic(script, ONCE.encode(), mode=0o700)
    return {"SECRETRUN_EDITOR": attended.editor(environ), "SOPS_EDITOR": script, "EDITOR": script}


def _left_plain(name: str) -> BackendError:
    return BackendError(
        f"the rules of sops would leave {name} unencrypted",
        hint="look for encrypted_regex, unencrypted_suffix and the like in .sops.yaml, or choose another "
        "name (by default sops leaves names that end in _unencrypted)",
    )


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
