"""Keyed fingerprints of secrets: a text can be looked through for them by who does not have the values.

A fingerprint of a spelling is its length, 24 bits of a keyed hash of its first eight bytes, by which places
are found, and a keyed BLAKE2 of the whole, by which they are judged. Who has fingerprints and key can test
guesses, as with any hash of a password; of a value that can't be guessed they tell 24 bits. Exact spellings
only: what is broken by line ends or colours is found by the values alone.
"""

from __future__ import annotations

import json
from hashlib import blake2b

from secretrun.errors import ConfigError
from secretrun.scan.find import Find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

VERSION = 1
HEAD = 8  # bytes of a spelling that its place is found by; shorter ones have no fingerprint
KEY = "SECRETRUN_SCAN_KEY"
_PRIME = (1 << 61) - 1


class Fingerprints:
    """Fingerprints of some secrets, and the search for them.

    Args:
        key: at least 16 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._factor = int.from_bytes(blake2b(b"head", key=key[:64], digest_size=7).digest(), "little") | 1
        self.entries: list[tuple[str, str, int, int, bytes]] = []  # name, form, length, head, digest
        self._heads: dict[int, list[tuple[str, str, int, bytes]]] = {}

    def _head(self, data: bytes) -> int:
        return int.from_bytes(data[:HEAD], "little") * self._factor % _PRIME & 0xFFFFFF

    def _digest(self, data: bytes) -> bytes:
        return blake2b(data, key=self._key[:64], digest_size=16).digest()

    def add(self, name: str, spellings: Iterable[tuple[str, bytes]]) -> None:
        """Take the spellings, (form, bytes), of one secret."""
        for form, text in spellings:
            if len(text) >= HEAD:
                self._put(name, form, len(text), self._head(text), self._digest(text))

    def _put(self, name: str, form: str, length: int, head: int, digest: bytes) -> None:
        self.entries.append((name, form, length, head, digest))
        self._heads.setdefault(head, []).append((name, form, length, digest))

    def to_json(self) -> str:
        """As a file: names, forms and fingerprints, never a value and never the key."""
        rows = [
            {"name": name, "form": form, "length": length, "head": head, "digest": digest.hex()}
            for name, form, length, head, digest in self.entries
        ]
        return json.dumps({"version": VERSION, "fingerprints": rows}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, key: bytes, shown: str) -> Fingerprints:
        """Read such a file.

        Raises:
            ConfigError: it is none.
        """
        made = cls(key)
        try:
            said = json.loads(text)
            if said["version"] != VERSION:
                raise ValueError
            for row in said["fingerprints"]:
                made._put(
                    str(row["name"]),
                    str(row["form"]),
                    int(row["length"]),
                    int(row["head"]),
                    bytes.fromhex(row["digest"]),
                )
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                f"{shown}: not a file of fingerprints", hint="secretrun scan --write-fingerprints"
            ) from None
        return made

    def find(self, where: str, data: bytes) -> Iterator[Find]:
        """The places in one text."""
        places: list[int] = []
        heads, factor = self._heads, self._factor
        for shift in range(HEAD):
            end = len(data) - (len(data) - shift) % HEAD
            if end - shift < HEAD:
                continue
            words = memoryview(data)[shift:end].cast("Q")
            places += [
                shift + at * HEAD
                for at, word in enumerate(words)
                if word * factor % _PRIME & 0xFFFFFF in heads
            ]
        told: set[tuple[int, str]] = set()
        for at in sorted(places):
            for name, form, length, digest in heads[self._head(data[at : at + HEAD])]:
                text = data[at : at + length]
                if len(text) == length and self._digest(text) == digest and (at, name) not in told:
                    told.add((at, name))
                    yield Find(where, data.count(b"\n", 0, at) + 1, name, form)

    def __repr__(self) -> str:
        return f"<Fingerprints {len(self.entries)}>"
