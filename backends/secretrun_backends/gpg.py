"""Files encrypted with OpenPGP, decrypted by gpg and the keys of its agent.

What gpg prints counts only if it also says that the decryption went well: a file that is signed and
not encrypted, or one that was cut short, would give text too.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadAnswer
from secretrun_backends._decrypted import fetch_files, list_file
from secretrun_backends._gnupg import explain_key, gpg_environment
from secretrun_backends._process import Deadline, find, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

DECRYPT = ("--batch", "--quiet", "--no-tty", "--status-fd", "2", "--decrypt")


class Gpg:
    """Files encrypted with gpg: `gpg://PATH[?format=FORMAT&trim=false][#/pointer]`, binary or armoured.

    The newline of a single line is trimmed unless `trim=false`.
    """

    info = BackendInfo(
        name="gpg",
        title="GnuPG files",
        schemes=("gpg",),
        example="gpg://secrets.json.gpg#/db/password",
        needs="gpg",
        install="apt install gnupg, brew install gnupg",
        sign_in="a secret key in the key ring (gpg --list-secret-keys)",
        docs="https://gnupg.org/documentation/",
        serial=True,  # pinentry
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `gpg --decrypt` a file."""
        deadline = Deadline(context.timeout)
        return fetch_files(references, context, lambda path, _: self._decrypt(path, context, deadline))

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The keys of a file, or of the mapping at the pointer, that hold single values."""
        deadline = Deadline(context.timeout)
        return list_file(reference, context, lambda path, _: self._decrypt(path, context, deadline))

    def check(self, context: Context) -> str:
        """The version of gpg."""
        program = find(self.info, "gpg", context)
        done = run(
            self.info,
            [program, "--version"],
            environ=gpg_environment(context),
            deadline=Deadline(context.timeout),
        )
        if done.status != 0:
            raise BackendError(f"{program} does not say its version")
        first = done.output.decode("utf-8", "replace").partition("\n")[0]
        return Health(first, version=first.rpartition(" ")[2])

    def _decrypt(self, path: str, context: Context, deadline: Deadline) -> bytes:
        done = run(
            self.info,
            [find(self.info, "gpg", context), *DECRYPT, "--", path],
            environ=gpg_environment(context),
            deadline=deadline,
            terminal=context.interactive,
        )
        complaint = done.complaint
        if "DECRYPTION_OKAY" in complaint and done.status == 0:
            return done.output
        if "NODATA" in complaint or "DECRYPTION_FAILED" not in complaint:
            raise BadAnswer(
                f"{path} is not encrypted for gpg, or is damaged",
                hint=f"to see what gpg says: gpg --decrypt {path} > /dev/null",
            )
        raise explain_key(complaint, path) or BackendError(
            f"gpg can't decrypt {path}", hint=f"to see what it says: gpg --decrypt {path} > /dev/null"
        )
