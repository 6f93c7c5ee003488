"""Placeholders: what the command holds instead of a secret. Random for each run and secret, of the same kind.

A placeholder keeps what programs look at before they use a token (its prefix, length, alphabet, a JWT that
parses, a checksum's length though not its value), and has at least 128 random bits all the same. It is
made of letters, digits, `_`, `-` and `.`, so no encoding changes it.
"""

from __future__ import annotations

import base64
import re
import zlib

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Random = Callable[[int], bytes]

KINDS = ("shape", "opaque")
SHORTEST = (
    8  # bytes of a secret that the broker takes: a shorter one would be found by chance in what goes out
)
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_HEX = "0123456789abcdef"
_RANDOM = {_BASE62: 22, _BASE32: 16, _HEX: 32}  # characters: 128 bits, but for AKIA's 80
_OPAQUE = "srph_"

# (what the value looks like, prefix of the placeholder, alphabet of the rest). The first that matches counts.
# A live key's placeholder says test, where the issuer has such a word: nobody should take it for real.
SHAPES: tuple[tuple[str, str, str], ...] = (
    (r"gh[pousr]_[A-Za-z0-9]{36,}", "", _BASE62),
    (r"github_pat_[A-Za-z0-9_]{60,}", "github_pat_", _BASE62),
    (r"sk_live_\w+", "sk_test_", _BASE62),
    (r"rk_live_\w+", "rk_test_", _BASE62),
    (r"(?:AKIA|ASIA)[A-Z2-7]{16}", "", _BASE32),
    (r"sk-ant-(?:api|oat)[0-9]{2}-[\w-]{20,}", "", _BASE62),
    (r"sk-(?:proj-|svcacct-|admin-)?[\w-]{20,}", "", _BASE62),
    (r"xox[abeoprs]-[\w-]{20,}", "", _BASE62),
    (r"glpat-[\w.-]{20,}", "glpat-", _BASE62),
    (r"npm_[A-Za-z0-9]{36}", "npm_", _BASE62),
    (r"pypi-[\w-]{50,}", "pypi-", _BASE62),
    (r"[0-9a-f]{32,}", "", _HEX),
)
_HEADS = re.compile(
    r"gh[pousr]_|(?:AKIA|ASIA)|sk-ant-(?:api|oat)[0-9]{2}-|sk-(?:proj-|svcacct-|admin-)?|xox[abeoprs]-"
)
_JWT = re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Placeholder:
    """A secret and what stands for it.

    Attributes:
        name: the secret's.
        text: the placeholder.
    """

    __slots__ = ("_value", "name", "text")

    def __init__(self, name: str, text: str, value: bytes) -> None:
        self.name = name
        self.text = text
        self._value = value

    def reveal(self) -> bytes:
        """The real value. Every call of this is a place to look at in a review."""
        return self._value

    def __repr__(self) -> str:
        return f"<Placeholder of {self.name}>"


def mint(name: str, value: bytes, kind: str, taken: Iterable[str], random: Random) -> Placeholder:
    """A placeholder for one secret.

    Args:
        name: the secret's, for messages.
        value: what the store gave.
        kind: one of `KINDS`.
        taken: placeholders and texts that this one must not be found in, nor hold.
        random: gives so many random bytes.

    Raises:
        ConfigError: nothing could stand for such a value.
    """
    check(name, value)
    others = tuple(taken)
    for _ in range(8):
        text = _opaque(random) if kind == "opaque" else _shaped(value, random)
        raw = text.encode("ascii")
        if (
            not any(other in text or text in other for other in others)
            and raw not in value
            and value not in raw
        ):
            return Placeholder(name, text, value)
    raise ConfigError(
        f"{name}: no placeholder could be made that is not part of another"
    )  # 128 bits say: never


def check(name: str, value: bytes) -> None:
    """Whether a value can stand in a request at all.

    Raises:
        ConfigError: naming the secret and what is wrong with its value.
    """
    if len(value) < SHORTEST:
        raise ConfigError(
            f"{name} has fewer than {SHORTEST} bytes: too short to be brokered",
            hint=f'give it to the command as it is: as = "env" in [secrets.{name}]',
        )
    if any(byte < 32 or byte == 127 for byte in value):
        raise ConfigError(
            f"{name} holds a line end or another control character, which no header can carry",
            hint="store it without, or name the part that is the secret by 'extract'",
        )


def extracted(name: str, value: bytes, expression: str) -> tuple[int, int]:
    """Where the secret stands in a structured value: the first group of a regular expression.

    Raises:
        ConfigError: the expression is none, has no group, or matches nothing. A value that was not
            taken apart would go to the command as it is.
    """
    try:
        compiled = re.compile(expression.encode("utf-8"))
    except re.error as error:
        raise ConfigError(f"{name}: 'extract' is not a regular expression: {error}") from None
    if compiled.groups != 1:
        raise ConfigError(f"{name}: 'extract' must have exactly one group, round the secret")
    match = compiled.search(value)
    if match is None or match.start(1) == match.end(1):
        raise ConfigError(f"{name}: 'extract' matches nothing in the value, so the command was not started")
    return match.span(1)


def _opaque(random: Random) -> str:
    return _OPAQUE + random(16).hex()


def _shaped(value: bytes, random: Random) -> str:
    try:
        text = value.decode("ascii")
    except UnicodeDecodeError:
        return _filled(_OPAQUE, len(value), _BASE62, random)
    if _JWT.fullmatch(text):
        return _jwt(len(text), random)
    if _UUID.fullmatch(text):
        digits = bytearray(random(16))
        digits[6], digits[8] = (
            digits[6] & 0x0F | 0x40,
            digits[8] & 0x3F | 0x80,
        )  # version 4, as RFC 9562 has it
        hexed = digits.hex()
        return "-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:]))
    for shape, prefix, alphabet in SHAPES:
        if re.fullmatch(shape, text, re.ASCII):
            head = _HEADS.match(text)
            made = _filled(prefix or (head.group() if head else ""), len(text), alphabet, random)
            return _unchecked(made) if re.match(r"gh[pousr]_|npm_", made) else made
    return _filled(_OPAQUE, len(text), _BASE62, random)


def _filled(prefix: str, length: int, alphabet: str, random: Random) -> str:
    """Prefix and random characters, as long as the value, or as long as 128 bits need."""
    count = max(length - len(prefix), _RANDOM[alphabet])
    return prefix + "".join(drawn(alphabet, count, random))


def drawn(alphabet: str, count: int, random: Random) -> list[str]:
    """So many characters, each as likely as the others."""
    limit = 256 - 256 % len(alphabet)
    found: list[str] = []
    while len(found) < count:
        found += [alphabet[byte % len(alphabet)] for byte in random(count) if byte < limit]
    return found[:count]


def _unchecked(token: str) -> str:
    """A token whose last six characters are surely not the CRC-32 that GitHub's and npm's tokens end with."""
    head, said = token.partition("_")[2][:-6], token[-6:]
    number, right = zlib.crc32(head.encode()), ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        right = _BASE62[digit] + right
    return token if said != right else token[:-1] + ("0" if token[-1] != "0" else "1")


def _jwt(length: int, random: Random) -> str:
    """Three parts that parse, HS256, valid till 2100, its signature of nobody."""
    header = _url64(b'{"alg":"HS256","typ":"JWT"}')
    signature = _url64(random(32))
    claims = f'{{"exp":4102444800,"jti":"{random(16).hex()}","sub":"secretrun"'
    room = length - len(header) - len(signature) - 2
    pad = room * 3 // 4 - len(claims) - len(',"pad":""}')
    claims += f',"pad":"{"x" * pad}"}}' if pad > 0 else "}"
    return f"{header}.{_url64(claims.encode())}.{signature}"


def _url64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
