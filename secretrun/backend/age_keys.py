"""The age identities that sops would try here, by where they lie: their public keys, or what is wrong there.

sops gives up on all of them when one place holds what it can't read, and says of none which it was. Nothing
of an identity itself is in what this module returns.
"""

from __future__ import annotations

import os

from secretrun.backend import bech32
from secretrun.backend.sops import age_key_file
from secretrun.posix import descriptors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PREFIX = "AGE-SECRET-KEY-"
SHOWN = 3  # public keys that are named of one place


class Place:
    """A variable or a file where identities may lie.

    Attributes:
        name: as a person knows it.
        tried: the public keys of what lies there, as far as they can be told.
        fault: what keeps sops from reading it, or "".
    """

    __slots__ = ("fault", "name", "tried")

    def __init__(self, name: str, tried: list[str] | None = None, fault: str = "") -> None:
        self.name = name
        self.tried = tried or []
        self.fault = fault


def places(environ: Mapping[str, str]) -> list[Place]:
    """The places that are set or there, in the order in which sops looks at them."""
    found = []
    text = environ.get("SOPS_AGE_KEY")
    if text is not None:
        found.append(
            of_text("SOPS_AGE_KEY", text) if text.strip() else Place("SOPS_AGE_KEY", fault="it is empty")
        )
    named = environ.get("SOPS_AGE_KEY_FILE")
    if named:
        found.append(of_file(f"SOPS_AGE_KEY_FILE ({named})", named))
    elif named is not None:
        found.append(Place("SOPS_AGE_KEY_FILE", fault="it is empty"))
    home = environ.get("HOME", "")
    configuration = environ.get("XDG_CONFIG_HOME") or (home and f"{home}/.config")
    own = [] if named else [age_key_file(environ)]
    if configuration:
        own.append(f"{configuration}/sops/age/keys.txt")
    return found + [of_file(path, path) for path in own if os.path.isfile(path)]


def said(environ: Mapping[str, str]) -> tuple[str, list[str]]:
    """What to tell somebody whose keys open nothing: see `told`."""
    return told(places(environ))


def told(found: Sequence[Place]) -> tuple[str, list[str]]:
    """What is known of some places: ("tried age1... of SOPS_AGE_KEY" or "", the faults with their places)."""
    tried = [
        f"{', '.join(place.tried[:SHOWN])}{' ...' if len(place.tried) > SHOWN else ''} of {place.name}"
        for place in found
        if place.tried
    ]
    faults = [f"{place.name}: {place.fault}" for place in found if place.fault]
    return f"tried {', '.join(tried)}" if tried else "", faults


def recipient(identity: str) -> str | None:
    """The public key of an identity, or None when that can't be told here.

    Raises:
        ValueError: it is malformed; the text is not quoted.
    """
    raw = bech32.decode(PREFIX, identity)
    if raw is None or len(raw) != 32:
        raise ValueError("malformed")
    try:
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    except ImportError:
        return None
    return bech32.encode("age", X25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw())


def of_file(name: str, path: str) -> Place:
    """What is known of the identities in a file."""
    if path.startswith(descriptors.PATHS):
        return Place(name)  # what was in it may have been read by now
    try:
        with open(path, "rb") as file:
            text = file.read(1 << 20).decode("utf-8", "replace")
    except OSError as error:
        return Place(name, fault=f"can't be read: {(error.strerror or 'it failed').lower()}")
    return of_text(name, text)


def of_text(name: str, text: str) -> Place:
    """What the text of a place says, line by line as age reads it: comments, identities, nothing else."""
    tried, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        at = f"line {number}"
        if word.startswith("age1"):
            faults.append(f"{at} is a public key, not an identity ({PREFIX}1...)")
        elif word.startswith("-----BEGIN"):
            return Place(name)  # encrypted with a passphrase, or another kind
        elif word.startswith("AGE-PLUGIN-"):
            continue
        elif not word.upper().startswith(PREFIX):
            faults.append(f"{at} is no age identity ({PREFIX}1...)")
        else:
            try:
                public = recipient(word)
            except ValueError:
                faults.append(f"{at} is a malformed age identity; is a part of it missing?")
            else:
                tried += [public] if public else []
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        faults.append("it holds no identity")
    more = f"; and {len(faults) - 1} more lines" if len(faults) > 1 else ""
    return Place(name, tried, faults[0] + more if faults else "")
