"""Credentials of systemd: what a unit was given, and files encrypted with systemd-creds. Linux only.

Facts: systemd.io/CREDENTIALS and systemd-creds(1), checked with systemd 252.
"""

from __future__ import annotations

import os
import sys

from secretrun.backend import BackendInfo, Health
from secretrun.backend.programs import find_program
from secretrun.errors import BackendError, BadAnswer, BadReference, Denied, NotFound, NotSignedIn, Unavailable
from secretrun_backends._gnupg import english
from secretrun_backends._process import Deadline, find, first_line, run
from secretrun_backends._references import answer_each, file_of, require_file, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

UNIT_HINT = "in the unit file: LoadCredential=NAME:/path or LoadCredentialEncrypted=NAME:/path"


class SystemdCreds:
    """Credentials of systemd: `systemd-creds://NAME`, or `systemd-creds://./FILE[?name=NAME]`.

    A path without "/" is a credential of the unit we run in, read from $CREDENTIALS_DIRECTORY. A path
    with one is a file that `systemd-creds encrypt` made; `name` is the name it was encrypted under, when
    that is not the file's own. The exact bytes are given.
    """

    info = BackendInfo(
        name="systemd-creds",
        title="systemd credentials",
        schemes=("systemd-creds",),
        example="systemd-creds://db_password",
        docs="https://systemd.io/CREDENTIALS/",
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """The file of each credential; one `systemd-creds decrypt` for each encrypted file."""
        deadline = Deadline(context.timeout)

        def answer(reference: Reference) -> bytes:
            require_options(reference, ("name",))
            if reference.pointer is not None:
                raise BadReference("systemd-creds:// takes no #/pointer: a credential is one value")
            if "/" in reference.path:
                return _decrypt(self.info, reference, context, deadline)
            return _of_unit(reference.path, context)

        return answer_each(references, answer)

    def check(self, context: Context) -> str:
        """Where the credentials of this unit are."""
        directory = _directory(context)
        program, version = find_program("systemd-creds", context.environ), ""
        if program:  # needed for encrypted files alone
            deadline = Deadline(context.timeout)
            done = run(self.info, [program, "--version"], environ=english(context), deadline=deadline)
            version = done.output.decode("utf-8", "replace").partition("systemd ")[2].partition(" ")[0]
        return Health(f"credentials in {directory}", version=version, reachable=True)


def _directory(context: Context) -> str:
    directory = context.environ.get("CREDENTIALS_DIRECTORY", "")
    if not os.path.isabs(directory):
        why = "" if sys.platform == "linux" else ", which is there on Linux only"
        raise Unavailable(f"no credentials were handed over by systemd{why}", hint=UNIT_HINT)
    return directory


def _of_unit(name: str, context: Context) -> bytes:
    directory = _directory(context)
    path = os.path.join(directory, name)
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(f"systemd handed over no credential {name!r}", hint=UNIT_HINT) from None
    except OSError as error:
        raise Denied(f"can't read the credential {path}: {(error.strerror or 'it failed').lower()}") from None


def _decrypt(info: BackendInfo, reference: Reference, context: Context, deadline: Deadline) -> bytes:
    path = file_of(reference, context)
    require_file(path)
    if sys.platform != "linux":
        raise Unavailable("encrypted credentials of systemd can be opened on Linux only")
    name = reference.option("name")
    try:
        program = find(info, "systemd-creds", context)
    except Unavailable as error:
        error.hint = "it comes with systemd 250 and later"
        raise
    done = run(
        info,
        [program, "decrypt", *([f"--name={name}"] if name is not None else []), "--", path, "-"],
        environ=english(context),
        deadline=deadline,
    )
    if done.status == 0:
        return done.output
    said = done.complaint
    if "does not match" in said:
        raise BadReference(f"{path} was encrypted under another name", hint="give that name with ?name=NAME")
    if "ermission denied" in said or "ccess denied" in said or "Operation not permitted" in said:
        raise Denied(
            f"no permission to use the key that opens {path}", hint="the host's key is for root only"
        )
    if "TPM" in said or "decrypt with host key" in said or "not available" in said:
        raise NotSignedIn(
            f"this machine does not have the key for {path}",
            hint="encrypt it here: systemd-creds encrypt --name=NAME - FILE",
        )
    raise BadAnswer(f"{path} can't be decrypted by systemd-creds: {first_line(said)}")
