"""What a value must look like: `type = "port"` in secretrun.toml.

Checked on the resolved value. What is wrong is said without quoting it.
"""

from __future__ import annotations

import re

from secretrun.errors import BadAnswer, ConfigError
from secretrun.posix import limit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn


SECONDS = 1.0  # for a regular expression, which may be somebody else's


def checker(kind: str, pattern: str | None, place: str) -> Callable[[bytes], None] | None:
    """What looks at a resolved value and raises BadAnswer, or None when anything goes.

    Raises:
        ConfigError: `pattern` is no regular expression.
    """
    if kind == "text":
        return None
    if pattern is None:
        return lambda value: CHECKS[kind](value.decode("utf-8", "surrogateescape"))
    try:
        with limit.Time(SECONDS):
            compiled = re.compile(pattern)
    except limit.Passed:
        raise ConfigError(f"{place}: 'pattern' takes too long to be read") from None
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(f"{place}: 'pattern' is no regular expression: {error}") from None

    def matches(value: bytes) -> None:
        try:
            with limit.Time(SECONDS):
                found = compiled.fullmatch(value.decode("utf-8", "surrogateescape"))
        except limit.Passed:
            raise BadAnswer(f"the pattern {pattern!r} takes too long to be matched") from None
        if found is None:
            raise BadAnswer(f"the value does not match the pattern {pattern!r}")

    return matches


def _url(text: str) -> None:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        fine = bool(parts.port is None or parts.port) and bool(parts.netloc or parts.path.strip("/"))
    except ValueError:  # a port that is no number, half an IPv6 address
        fine = False
    scheme, separator, _ = text.partition("://")
    # urlsplit drops line breaks and takes any scheme
    named = (
        separator
        and scheme[:1].isalpha()
        and all(c.isascii() and (c.isalnum() or c in "+-.") for c in scheme)
    )
    if not (fine and named and text.isprintable() and " " not in text):
        raise BadAnswer("the value is not a URL")


def _port(text: str) -> None:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
        raise BadAnswer("the value is not a port (1 to 65535)")


def _json(text: str) -> None:
    import json

    def constant(name: str) -> NoReturn:
        raise ValueError(name)  # NaN and Infinity are Python's

    try:
        json.loads(text, parse_constant=constant, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        raise BadAnswer(f"the value is not JSON (line {error.lineno})") from None
    except (ValueError, RecursionError):
        raise BadAnswer("the value is not JSON") from None


def _pem(text: str) -> None:
    """Blocks of RFC 7468, one or more: a chain of certificates is a value like another."""
    label, blocks, body = "", 0, ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("-----BEGIN ") and line.endswith("-----") and not label:
            label, body = line[11:-5], ""
        elif label and line == f"-----END {label}-----":
            if not _is_base64(body):
                raise BadAnswer(f"block {blocks + 1} of the value is not base64")
            label, blocks = "", blocks + 1
        elif label and ":" not in line:  # RFC 1421: an encrypted key has headers
            body += line
    if label or not blocks:
        raise BadAnswer("the value is not a PEM block")


def _is_base64(text: str) -> bool:
    """Whether there is something, in the alphabet; whoever decodes it says whether it is whole."""
    return bool(text) and re.fullmatch(r"[A-Za-z0-9+/]*={0,2}(?:=[A-Za-z0-9+/]{4})?", text) is not None


CHECKS = {"url": _url, "port": _port, "json": _json, "pem": _pem}
