"""Which values are masked, where in the text, and under what label.

Short and common values would shred the text they appear in, so they are masked only as whole words
or not at all; a warning names the variable, never the value.
"""

from __future__ import annotations

from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MIN_LENGTH = 6  # bytes from which a value is masked wherever it stands
_COMMON_LENGTH = 12  # bytes from which a value is never called common

# Values that every log is full of: settings, account names that are defaults, environment names.
COMMON = frozenset(
    b"true false yes no on off enabled disabled null nil none undefined default localhost 127.0.0.1 0.0.0.0"
    b" admin root user username password passwd secret token test testing dev develop development prod"
    b" production stage staging local debug info warn warning error guest postgres mysql redis utf-8".split()
)


class Policy:
    """Where a value is masked.

    Attributes:
        anywhere: in the middle of words too; else only between bytes that are not letters, digits or `_`.
    """

    __slots__ = ("anywhere", "name", "value")

    def __init__(self, value: bytes, name: str | None, *, anywhere: bool) -> None:
        self.value = value
        self.name = name
        self.anywhere = anywhere

    def __repr__(self) -> str:
        return f"<Policy {self.name}>"


def named(
    secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret],
) -> list[tuple[str | None, bytes, str, int | None]]:
    """Bring any way to give secrets into one shape: (name, value, mask, minimum length)."""
    entries: list[tuple[str | None, bytes, str, int | None]] = []
    if isinstance(secrets, (bytes, str)):
        raise TypeError("secrets must be a mapping or an iterable of values, not one value")
    if hasattr(secrets, "items"):
        for name, value in secrets.items():
            entries.append((str(name), *_opened(value)))
        return entries
    for value in secrets:
        name = value.names[0] if isinstance(value, Secret) and value.names else None
        entries.append((name, *_opened(value)))
    return entries


def _opened(value: object) -> tuple[bytes, str, int | None]:
    if isinstance(value, Secret):
        return value.reveal(), value.mask, value.min_length
    if isinstance(value, str):
        # surrogateescape: how Python itself carries bytes that are not UTF-8 in an environment
        return value.encode("utf-8", "surrogateescape"), "auto", None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), "auto", None
    raise TypeError(f"a secret must be bytes, str or Secret, not {type(value).__name__}")


def is_common(value: bytes, extra: frozenset[bytes] = frozenset()) -> bool:
    """Whether masking `value` would hide ordinary words and numbers rather than a secret."""
    if value in extra:
        return True
    if len(value) >= _COMMON_LENGTH:
        return False
    return (value.isdigit() and len(value) <= 4) or value.lower() in COMMON


def decide(
    secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret],
    *,
    min_length: int,
    common: frozenset[bytes] = frozenset(),
) -> tuple[list[Policy], list[str]]:
    """The values to mask, in the order given, and warnings about the others.

    A `min_length` below the default asks for short values on purpose, so common ones are masked too.
    """
    policies: list[Policy] = []
    warnings: list[str] = []
    for name, value, mask, own_length in named(secrets):
        label = name or "an unnamed secret"
        limit = min_length if own_length is None else own_length
        if mask == "never" or not value.strip():
            continue
        if mask == "always":
            policies.append(Policy(value, name, anywhere=True))
        elif limit >= MIN_LENGTH and is_common(value.strip(), common):
            warnings.append(f"{label} has a common value, which is not masked")
        elif len(value.strip()) < limit:
            policies.append(Policy(value, name, anywhere=False))
            warnings.append(f"{label} is shorter than {limit} bytes and is masked only as a whole word")
        else:
            policies.append(Policy(value, name, anywhere=True))
    return policies, warnings


def label(name: str) -> str:
    """`name` with what could break a line of JSON, shell, YAML or XML replaced by `_`."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "_.-" else "_" for c in name)


def mask_texts(mask: str, name: str | None) -> list[bytes]:
    """The mask of a secret called `name`, then those to fall back on when it holds a secret itself."""
    if name is None:
        text = mask.replace(":{name}", "").replace("{name}", "secret")
    else:
        text = mask.replace("{name}", label(name))
    return [text.encode(), b"[REDACTED]", b"<hidden>", b"********", b"#" * 8, b"." * 8]
