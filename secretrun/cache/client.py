"""The cache as resolution sees it: a cache of references, and the verbs of `secretrun cache`.

Without a cache every lookup is a miss, and `problem` says why; what fails a run is only a cache that
another user has put there.
"""

from __future__ import annotations

import os

from secretrun.cache import endpoint, wire
from secretrun.errors import ConfigError
from secretrun.posix import descriptors, directories, sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.cache.key import CacheKeys
    from secretrun.model import Reference

PATIENCE = 5.0  # seconds for one exchange with a process on this machine, which may be a busy one


class Connection:
    """A connection to the cache, made on first use."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._path = endpoint.socket_path(environ)

    def ask(self, verb: bytes, *fields: bytes) -> list[bytes]:
        """One exchange; returns the fields of an "ok" answer.

        Raises:
            ConfigError: when there is no cache, it is not ours, or it refuses.
        """
        if not os.path.lexists(os.path.dirname(self._path)):  # none has ever been started
            raise self._no_answer("no such file or directory")
        endpoint.check_directory(self._path)
        connection = sockets.unix_socket()
        try:
            connection.settimeout(PATIENCE)
            connection.connect(self._path)
            endpoint.check_peer(connection, self._path)
            connection.sendall(wire.frame(wire.VERSION, verb, *fields))
            head = _receive(connection, 4)
            answer = wire.fields(_receive(connection, wire.body_length(head)))
        except (OSError, wire.WireError) as error:
            raise self._no_answer(_reason(error)) from None
        finally:
            connection.close()
        if answer[:2] != [wire.VERSION, b"ok"]:
            reason = answer[2].decode("utf-8", "replace") if len(answer) > 2 else "an answer we don't know"
            raise ConfigError(f"the secretrun cache refused: {reason}", hint="secretrun cache unlock")
        return answer[2:]

    def _no_answer(self, reason: str) -> ConfigError:
        return ConfigError(
            f"no secretrun cache answers at {self._path}: {reason}", hint="secretrun cache start"
        )


class Cache:
    """Resolved references, remembered by the cache.

    Args:
        environ: says where the cache is.
        ttl: seconds for which it is to remember a value, and beyond which an answer of it is not taken;
            None takes and gives nothing, but for what stands in when a store can't be reached.
        keys: what each reference is remembered under.

    Attributes:
        problem: why the cache could not be used, or None.
        stale: references that were answered from beyond their TTL, with their age in seconds.
    """

    def __init__(self, environ: Mapping[str, str], ttl: float | None, keys: CacheKeys) -> None:
        self._ttl = ttl
        self._limits: dict[str, float] = {}
        self._keys = keys
        self._cache = Connection(environ)
        self._asked: set[bytes] = set()
        self.problem: ConfigError | None = None
        self.stale: dict[Reference, int] = {}

    def limit(self, references: Iterable[str], seconds: float) -> None:
        """Have these (by their text) remembered no longer than that; 0 is never."""
        for text in references:
            self._limits[text] = min(seconds, self._limits.get(text, seconds))

    def _ttl_of(self, reference: Reference) -> float:
        ttl = self._ttl or 0.0
        return min(ttl, self._limits.get(reference.text, ttl))

    def get(self, wanted: Iterable[Reference], *, stale: bool = False) -> dict[Reference, bytes]:
        """The values the cache has; with `stale` also those past their TTL, noted in `stale`."""
        keys = {r: key for r in wanted if self._usable(r, stale=stale) and (key := self._keys.of(r))}
        return self._get(keys, stale=stale)

    def get_listing(self, wanted: Reference, *, stale: bool = False) -> dict[str, bytes] | None:
        """What the cache has of a whole store, or None; `stale` as for `get`."""
        key = self._keys.of(wanted, listing=True) if self._usable(wanted, stale=stale) else None
        packed = self._get({wanted: key}, stale=stale).get(wanted) if key else None
        if packed is None:
            return None
        parts = wire.fields(packed)
        names = (name.decode("utf-8", "surrogateescape") for name in parts[::2])
        return dict(zip(names, parts[1::2], strict=True))

    def put(self, values: Mapping[Reference, bytes]) -> None:
        """Have the cache remember these values, each for its TTL."""
        batches: dict[float, list[bytes]] = {}
        for reference, value in values.items():
            ttl = self._ttl_of(reference)
            key = self._keys.of(reference) if ttl > 0 else None
            if key:
                batches.setdefault(ttl, []).extend((key, value))
        for ttl, pairs in batches.items():
            self._put(ttl, pairs)

    def put_listing(self, reference: Reference, listing: Mapping[str, bytes]) -> None:
        """Have the cache remember all that a store has: names and values."""
        ttl = self._ttl_of(reference)
        key = self._keys.of(reference, listing=True) if ttl > 0 else None
        if key:
            parts = [
                p for name, value in listing.items() for p in (name.encode("utf-8", "surrogateescape"), value)
            ]
            self._put(ttl, [key, wire.body(*parts)])

    def claims(self, values: Iterable[Reference], listings: Iterable[Reference]) -> list[bytes]:
        """What tells these from others for every run: the keys of all that is going to be remembered."""
        if self.problem is not None:
            return []
        wanted = [(r, False) for r in values] + [(r, True) for r in listings]
        found = [self._keys.of(r, listing=whole) for r, whole in wanted if self._ttl_of(r) > 0]
        return [key for key in found if key]

    def _usable(self, reference: Reference, *, stale: bool) -> bool:
        return self._limits.get(reference.text) != 0 and (stale or self._ttl_of(reference) > 0)

    def _get(self, keys: Mapping[Reference, bytes], *, stale: bool) -> dict[Reference, bytes]:
        if not keys or (self.problem is not None and not stale):
            return {}
        try:
            flags = b"s" * stale + b"a" * self._asked.issuperset(keys.values())
            self._asked.update(keys.values())
            parts = self._cache.ask(b"get", flags, *keys.values())
            if len(parts) != 3 * len(keys):
                raise ConfigError("the cache gave an answer we don't know")
        except directories.NotOurs:
            raise
        except ConfigError as error:
            self.problem = error
            return {}
        found = {}
        for number, reference in enumerate(keys):
            state, age, value = parts[number * 3 : number * 3 + 3]
            if state == wire.MISSING or not age.isdigit():
                continue
            if state == wire.STALE or int(age) >= self._ttl_of(reference):
                if not stale:  # fresh for whoever had it remembered, not for us
                    continue
                self.stale[reference] = int(age)
            found[reference] = value
        return found

    def _put(self, ttl: float, pairs: Iterable[bytes]) -> None:
        if self.problem is not None:
            return
        try:
            self._cache.ask(b"put", b"%g" % ttl, *pairs)
        except directories.NotOurs:
            raise
        except ConfigError as error:
            self.problem = error


def _receive(connection: sockets.socket, length: int) -> bytes:
    """Exactly `length` bytes."""
    data = descriptors.read_exactly(connection.recv, length)
    if len(data) < length:
        raise wire.WireError("it hung up")
    return data


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or "no answer in time").lower()
    return str(error)
