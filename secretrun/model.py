"""The nouns of resolution: Secret and Reference. Frozen, and safe to show.

Plain classes with slots, not dataclasses: `dataclasses` costs 11 ms of start-up, a third of the
whole budget of `secretrun -- true`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

LONGEST_TIMEOUT = 1e9  # seconds; what waits for a store can't wait for infinity


class Frozen:
    """A value: attributes are set once, in `__init__`, through `_set`."""

    __slots__ = ()

    def _set(self, **attributes: object) -> None:
        for name, value in attributes.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable")


class Secret(Frozen):
    """A resolved value with the names it goes by; nothing but `reveal()` ever shows it.

    Args:
        value: the bytes as the store gave them.
        names: variable or key names, the first is the one a mask shows.
        mask: "auto" (the length and commonness rules decide), "always" or "never".
        min_length: bytes below which the value is not masked in free text; None is the default.
    """

    __slots__ = ("_value", "mask", "min_length", "names")

    names: tuple[str, ...]
    mask: str
    min_length: int | None
    _value: bytes

    def __init__(
        self,
        value: bytes,
        names: tuple[str, ...] = (),
        *,
        mask: str = "auto",
        min_length: int | None = None,
    ) -> None:
        self._set(_value=bytes(value), names=tuple(names), mask=mask, min_length=min_length)

    @property
    def name(self) -> str:
        """The first name, or "secret" when it has none."""
        return self.names[0] if self.names else "secret"

    def reveal(self) -> bytes:
        """The value itself. Every call of this is a place to look at in a review."""
        return self._value

    def __repr__(self) -> str:
        return f"<Secret {self.name}>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return self._value == other._value and self.names == other.names

    def __hash__(self) -> int:
        return hash(self.names)  # never of the value: hashes end up in debuggers and sort orders

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled")


class Reference(Frozen):
    """A URI naming one value in one store; equal when it names the same value.

    Attributes:
        text: the reference as written, variables expanded; safe to print.
        scheme: lower case, `sops`, `aws-sm`, `op` ...
        path: between `scheme://` and `?` or `#`, percent-escapes decoded (but for `op`).
        options: the query as ((name, value), ...), in the order written.
        pointer: the tokens after `#/` (RFC 6901 escapes decoded), or None when there is no `#`.
        base: the directory a relative path in it starts from, absolute.
        trusted: written by the user for this run or in their own config, not found in a template.
        nested: the value of another reference is part of its path or options, so that these must be in no
            argument of a program, which all users of the machine can read.
    """

    __slots__ = ("base", "nested", "options", "path", "pointer", "scheme", "text", "trusted")

    text: str
    scheme: str
    path: str
    options: tuple[tuple[str, str], ...]
    pointer: tuple[str, ...] | None
    base: str
    trusted: bool
    nested: bool

    def __init__(
        self,
        text: str,
        scheme: str,
        path: str,
        *,
        options: tuple[tuple[str, str], ...] = (),
        pointer: tuple[str, ...] | None = None,
        base: str = ".",
        trusted: bool = False,
        nested: bool = False,
    ) -> None:
        self._set(
            text=text,
            scheme=scheme,
            path=path,
            options=tuple(options),
            pointer=pointer,
            base=base,
            trusted=trusted,
            nested=nested,
        )

    def option(self, name: str, default: str | None = None) -> str | None:
        """The value of query option `name`, the last one when it is repeated."""
        for key, value in reversed(self.options):
            if key == name:
                return value
        return default

    def _key(self) -> tuple[object, ...]:
        return (self.scheme, self.path, self.options, self.pointer, self.base, self.trusted)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reference):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __repr__(self) -> str:
        return f"<Reference {self.text}>"


class Resolved:
    """What resolution gives.

    Attributes:
        environment: the assigned variables, name to value.
        secrets: what must not be shown, each value once, with all names it goes by.
        left_out: optional variables whose reference names nothing.
        kept_out: what an import would have set and may not, since it decides what runs.
        deliver: variables that do not hold their value: name to "file", "fd" or "stdin".
    """

    __slots__ = ("deliver", "environment", "kept_out", "left_out", "secrets")

    def __init__(
        self,
        environment: dict[str, bytes],
        secrets: list[Secret],
        left_out: list[str],
        deliver: dict[str, str],
        kept_out: Sequence[str] = (),
    ) -> None:
        self.kept_out = list(kept_out)
        self.deliver = deliver
        self.environment = environment
        self.secrets = secrets
        self.left_out = left_out

    def __repr__(self) -> str:
        return f"<Resolved {len(self.environment)} variables, {len(self.secrets)} secrets>"
