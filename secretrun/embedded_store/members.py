"""Who can open a store: the recipients in its file, and in the rule of .sops.yaml that it was made by.

The rule is text that people wrote, with comments, and sops alone knows what it means. So a change is made to
the text, in each way that it may be spelt, and the first one counts by which sops would encrypt for just the
recipients that are wanted. Nothing is written before one is found and the store is encrypted anew.
"""

from __future__ import annotations

import os
import re

from secretrun.backend import bech32
from secretrun.errors import ConfigError, UsageError
from secretrun.posix import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    Recipient: TypeAlias = "tuple[str, str]"  # "age" or "pgp", and the key

RULES = ".sops.yaml"
# As sops writes it into a dotenv file; into YAML, JSON and INI.
_IN_A_STORE = re.compile(
    r"^sops_\w*?(?:age__list_\d+__map_recipient|pgp__list_\d+__map_fp)=(\S+)$"
    r"|^[ \t]+(?:- )?\"?(?:recipient|fp)\"?: \"?([A-Za-z0-9 +/@._-]+?)\"?,?$"
    r"|^\w*(?:age__list_\d+__map_recipient|pgp__list_\d+__map_fp) *= *(\S+)$",
    re.MULTILINE,
)
_SPELLINGS = 40  # of a change that are tried


def parse(text: str) -> Recipient:
    """A recipient as somebody typed or sent it: `age1...`, or the fingerprint of a PGP key.

    Raises:
        UsageError: when it is neither, or malformed; a private key is not quoted.
    """
    key = re.sub(r"\s", "", text)
    if key.upper().startswith("AGE-SECRET-KEY-"):
        raise UsageError(
            "that is a private key, which nobody else may have",
            hint="its public one begins with age1: age-keygen -y prints it",
        )
    if key.startswith("age1"):
        plain = bech32.decode("age", key)
        if (plain is not None and len(plain) == 32) or re.fullmatch(r"age1[a-z0-9]+1[a-z0-9]{20,}", key):
            return "age", key  # the second kind is a plugin's, such as age1yubikey1...
        raise UsageError("a malformed age recipient", hint="is a part of it missing? it begins with age1")
    if re.fullmatch(r"(?i)(0x)?[0-9a-f]{40}", key):
        return "pgp", key[-40:].upper()
    raise UsageError(
        "neither an age recipient nor the fingerprint of a PGP key",
        hint="age1..., as secretrun init prints it, or 40 hexadecimal digits",
    )


def of_store(content: bytes) -> list[Recipient]:
    """The recipients that a store is encrypted for, in its order."""
    text = content.decode("utf-8", "replace")
    found = [next(filter(None, match.groups())) for match in _IN_A_STORE.finditer(text)]
    return [("age" if key.startswith(("age1", "ssh-")) else "pgp", key) for key in dict.fromkeys(found)]


def rules_of(store: str) -> str | None:
    """The .sops.yaml that sops looks at for a store, or None."""
    for place in directories.up_to_repository(os.path.dirname(store)):
        path = os.path.join(place, RULES)
        if os.path.isfile(path):
            return path
    return None


def with_recipient(text: str, new: Recipient, there: list[Recipient]) -> Iterator[str]:
    """The rules with one more recipient, in each way that may be meant."""
    kind, key = new
    for _, known in [known for known in there if known[0] == kind]:
        for match in re.finditer(re.escape(known), text):
            start, end = _line(text, match.start())
            item = re.match(r"(\s*-\s+)([\"']?)", text[start:end])
            if item and start + item.end() == match.start():
                yield f"{text[:end].rstrip(chr(10))}\n{item.group(1)}{key}\n{text[end:]}"
            yield f"{text[: match.end()]},{key}{text[match.end() :]}"
    for match in re.finditer(r"(?m)^([ \t]*(?:- )?)(?:age|pgp):", text):
        _, end = _line(text, match.start())
        blank = " " * len(match.group(1))
        yield f"{text[:end].rstrip(chr(10))}\n{blank}{kind}: {key}\n{text[end:]}"


def without_recipient(text: str, old: Recipient) -> Iterator[str]:
    """The rules without one recipient, in each way that may be meant."""
    key = re.escape(old[1])
    for pattern in (
        rf"(?m)^[ \t]*-[ \t]+[\"']?{key}[\"']?[ \t]*(?:#.*)?\n",  # an item of a list
        rf",\s*{key}",
        rf"{key}\s*,[ \t]*",
        rf"(?m)^[ \t]*(?:age|pgp):[ \t]*[\"']?{key}[\"']?[ \t]*(?:#.*)?\n",
    ):
        for match in re.finditer(pattern, text):
            yield text[: match.start()] + text[match.end() :]


def changed_rules(
    text: str,
    spellings: Iterator[str],
    wanted: frozenset[Recipient],
    probe: Callable[[str], frozenset[Recipient] | None],
) -> str:
    """The first of the spellings by which sops encrypts for just those who are wanted.

    Args:
        text: the rules as they are.
        spellings: what they may become.
        wanted: whom the store is to be encrypted for by them.
        probe: whom sops would encrypt for by some rules, None when they are no rules for the store.

    Raises:
        ConfigError: when none of them does; a person has to do it.
    """
    for number, spelling in enumerate(dict.fromkeys(spellings)):
        if number == _SPELLINGS:
            break
        if spelling != text and probe(spelling) == wanted:
            return spelling
    hint = "change its rule for this store by hand, then give the same command again"
    if any(kind == "pgp" for kind, _ in wanted):
        hint = f"gpg has to know the PGP keys (gpg --list-keys); else {hint}"
    raise ConfigError(f"the rule of {RULES} can't be changed here, so nothing was changed", hint=hint)


def _line(text: str, at: int) -> tuple[int, int]:
    """Where the line of a character begins and ends, its newline included."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end + 1
