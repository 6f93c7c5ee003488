"""What a project's files reach, as lines a person can read; and the digest of those lines.

Everything the files say is in the lines except the values of plain literals. Of a literal the value is in
them too when a reference uses it, when its name is a loader variable, and when it is an address: a changed
`APP_ENV` must not open another vault, nor a changed base URL send a key elsewhere. References stand as they
are expanded; what a literal takes from the inherited environment stands as it is written, since that is the
reader's own.
"""

from __future__ import annotations

import sys

from secretrun.lazy_pattern import LazyPattern
from secretrun.trust import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.template.dotenv import Parts

VERSION = "secretrun allow 1"  # first line of what is digested: other rules, another digest
# Kinds of lines, and what `secretrun allow` says of them.
KINDS = {
    "read": "reads",
    "import": "imports",
    "loader": "decides what runs",
    "address": "sends to",
    "store": "chooses in a store",
    "setting": "setting",
    "plain": "plain",
}
ASKING = ("read", "import", "loader", "store")  # a file without such a line needs no agreement
UNSAID = ("description", "ref", "value")  # keys of a table that are not repeated beside its text

_HOST = LazyPattern(
    r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.[A-Za-z][A-Za-z0-9-]+|\d{1,3}(?:\.\d{1,3}){3}|\[?[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\]?"
    r"|localhost|[A-Za-z][A-Za-z0-9_.-]*(?=:\d))(?::\d{1,5})?(?:/\S*)?"
)
# A name that says that its value is a host, whatever it looks like.
_NAMED = LazyPattern(
    r"(?i)(?:^|_)(?:HOSTS?|HOSTNAME|ADDR|ADDRESS|ENDPOINTS?|SERVERS?|BROKERS?|DOMAIN|DSN|UR[LI]S?|BASE|ORIGIN|"
    r"REGISTRY|MIRROR|REMOTE|WEBHOOK)$"
)
_PASSWORD = LazyPattern(r"(://[^/\s:@]*:)[^/\s]*@", needs="@")


_APART = dict.fromkeys(map(ord, ",;|"), " ")  # beside blanks, what stands between hosts


class Reach:
    """What the discovered files of one run say.

    Attributes:
        lines: (kind, text), in the order in which the files say it.
    """

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._written: dict[str, str] = {}

    @property
    def asks(self) -> bool:
        """Whether anything in it needs an agreement."""
        return any(kind in ASKING for kind, _ in self.lines)

    def add(self, kind: str, text: str) -> None:
        self.lines.append((kind, _line(text)))

    def setting(self, name: str, value: object, *, asks: bool) -> None:
        """One key of a project's secretrun.toml, such as "[run] timeout"."""
        self.add("store" if asks else "setting", f"{name} = {_shown(value)}")

    def variable(
        self, name: str, parts: Parts, references: Iterable[str], said: Mapping[str, object] | None = None
    ) -> None:
        """One variable.

        Args:
            name: its name.
            parts: its text as it is written.
            references: those in it, expanded.
            said: the table it is in, without its text.
        """
        text = self._text(parts)
        self._written[name] = text
        rest = "".join(
            f"; {key} = {_shown(value)}" for key, value in sorted((said or {}).items()) if key not in UNSAID
        )
        found = list(references)
        if found:
            expanded = [reference for reference in dict.fromkeys(found) if reference not in text]
            into = f" -> {', '.join(expanded)}" if expanded else ""
            self.add("read", f"{name}: {_hidden(text)}{into}{rest}")
        elif table.is_loader(name):
            self.add("loader", f"{name}={_hidden(text)}{rest}")
        elif is_address(name, text):
            self.add("address", f"{name}={_hidden(text)}{rest}")
        else:
            self.add("plain", f"{name}{rest}")

    def _text(self, parts: Parts) -> str:
        """A text with the files' own variables filled in, and the reader's as they are written."""
        made = []
        for part in parts:
            if isinstance(part, str):
                made.append(part)
                continue
            known = self._written.get(part.name)
            kind = part.operator[-1:]
            empty = part.operator.startswith(":") and not known
            if known is None:
                made.append(part.written)
            elif kind == "+":
                made.append("" if empty else self._text(part.word))
            elif kind == "-" and empty:
                made.append(self._text(part.word))
            else:
                made.append(known)
        return "".join(made)

    def texts(self) -> list[str]:
        """The lines as they are digested and remembered."""
        return [f"{kind} {text}" for kind, text in self.lines]

    def digest(self) -> str:
        """`sha256:` and the hexadecimal digest of all lines."""
        return digest(self.texts())

    def __repr__(self) -> str:
        return f"<Reach {len(self.lines)} lines>"


def digest(texts: Iterable[str]) -> str:
    """`sha256:` and the hexadecimal digest of some lines."""
    return "sha256:" + sha256("\n".join((VERSION, *texts)))


def sha256(text: str) -> str:
    """Its hexadecimal digest, without hashlib: that one loads OpenSSL, 5 to 10 ms."""
    data = text.encode("utf-8", "surrogateescape")
    try:
        if sys.version_info >= (3, 12):
            from _sha2 import sha256 as make
        else:
            from _sha256 import sha256 as make  # type: ignore[import-not-found]
        return str(make(data).hexdigest())
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        from hashlib import sha256 as public

        return public(data).hexdigest()


def is_address(name: str, text: str) -> bool:
    """Whether a literal says where something is sent: a URL, a host, or a name that stands for one."""
    if "://" in text or text.startswith("//") or (text and _NAMED.search(name)):
        return True
    words = text.translate(_APART).split()
    return any(
        _HOST.fullmatch(word) for word in words if "." in word or ":" in word or word[:9] == "localhost"
    )


def _hidden(text: str) -> str:
    """A URL without the password in it: it is a value, and not where something goes."""
    return _PASSWORD.compiled.sub(r"\1***@", text) if _PASSWORD.search(text) else text


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_shown(value[key])}" for key in sorted(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _line(text: str) -> str:
    """One line of it, whatever it holds, and no two texts the same line."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") if _odd(text) else text


def _odd(text: str) -> bool:
    return "\\" in text or "\n" in text or "\r" in text
