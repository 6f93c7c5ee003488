"""The system's key ring (Secret Service, KWallet, macOS Keychain) by the keyring package."""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadReference, NotFound, NotInstalled, NotSignedIn, Unavailable
from secretrun_backends._quiet import quiet
from secretrun_backends._references import answer_each, has_terminal, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference


class Keyring:
    """Passwords of the key ring: `keyring://SERVICE/USERNAME`, or `keyring://SERVICE?username=NAME`.

    What is before the last "/" is the service. The session bus and the key ring's own choice of backend
    (`keyringrc.cfg`, PYTHON_KEYRING_BACKEND) come from this process's environment.
    """

    info = BackendInfo(
        name="keyring",
        title="system key ring",
        schemes=("keyring",),
        example="keyring://example.org/bob",
        needs="the keyring package",
        install="pip install 'secretrun[keyring]'",
        sign_in="unlock the key ring (log in to the desktop)",
        docs="https://keyring.readthedocs.io",
        serial=True,  # it may ask to be unlocked
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One look-up a reference; the key ring has no batch."""
        del context
        if not references:
            return {}
        ring = _ring()

        def answer(reference: Reference) -> bytes:
            service, username = _names(reference)
            value = _ask(ring, service, username)
            if value is None:
                raise NotFound(
                    f"the key ring has no password of {username!r} for {service!r}",
                    hint=f"store it: keyring set {service} {username}",
                )
            return value.encode()

        return answer_each(references, answer)

    def check(self, context: Context) -> str:
        """Which key ring is used."""
        del context
        from importlib.metadata import version

        ring = _ring()
        return Health(f"keyring with {ring.name}", version=version("keyring"), reachable=True)


def _ring() -> Any:
    quiet("jeepney", "keyring", "secretstorage")
    try:
        import keyring
        import keyring.backends.fail
    except ImportError:
        raise NotInstalled(
            "the keyring package is not installed", hint="pip install 'secretrun[keyring]'"
        ) from None
    try:
        ring = keyring.get_keyring()
    except Exception as error:  # noqa: BLE001  whatever its plugins raise while they load
        raise Unavailable(f"the key ring can't be used: {type(error).__name__}") from None
    if isinstance(ring, keyring.backends.fail.Keyring):
        raise Unavailable(
            "there is no key ring on this system",
            hint="it needs a desktop session, or dbus-run-session with gnome-keyring-daemon --unlock",
        )
    if "Encrypted" in type(ring).__name__ and not has_terminal():
        # keyrings.alt asks by getpass, which turns to standard input: that is the command's.
        raise NotSignedIn(
            "the key ring asks for its password, and there is no terminal to ask at",
            hint="PYTHON_KEYRING_BACKEND names another one",
        )
    return ring


def _names(reference: Reference) -> tuple[str, str]:
    require_options(reference, ("username",))
    if reference.pointer is not None:
        raise BadReference("keyring:// takes no #/pointer", hint="write keyring://SERVICE/USERNAME")
    username = reference.option("username")
    service, _, last = reference.path.rpartition("/")
    if username is not None:
        return reference.path, username
    if not service or not last:
        raise BadReference(
            f"{reference.text} does not name a service and a user", hint="write keyring://SERVICE/USERNAME"
        )
    return service, last


def _ask(ring: Any, service: str, username: str) -> str | None:
    import keyring.errors

    try:
        password: str | None = ring.get_password(service, username)
    except keyring.errors.KeyringLocked:
        raise NotSignedIn("the key ring is locked", hint="unlock it, then run again") from None
    except (keyring.errors.InitError, keyring.errors.NoKeyringError):
        raise Unavailable("the key ring can't be reached", hint="is there a session bus?") from None
    except keyring.errors.KeyringError as error:
        raise BackendError(f"the key ring failed: {type(error).__name__}") from None
    except Exception as error:  # noqa: BLE001  the bus's own errors, which may quote what was sent
        raise Unavailable(f"the key ring broke off: {type(error).__name__}") from None
    return password
