"""What the broker knows by heart: which text stands for which secret, and how it is found and replaced."""

from __future__ import annotations

import re

from secretrun.broker import attenuation
from secretrun.broker.refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from secretrun.broker.attenuation import Token
    from secretrun.broker.placeholders import Placeholder


class Mention:
    """A placeholder, or a token made from one, as it stands in a text.

    Attributes:
        secret: the name of the secret.
        text: as written.
        placeholder: it, or the one that the token was made from.
        token: what narrows it, or None for the placeholder itself.
    """

    __slots__ = ("placeholder", "secret", "text", "token")

    def __init__(self, secret: str, text: bytes, placeholder: str, token: Token | None) -> None:
        self.secret = secret
        self.placeholder = placeholder
        self.text = text
        self.token = token

    def __repr__(self) -> str:
        return f"<Mention of {self.secret}>"


class Known:
    """All placeholders of a session."""

    def __init__(self, placeholders: Iterable[Placeholder]) -> None:
        self._known = {placeholder.text.encode("ascii"): placeholder for placeholder in placeholders}
        self._ids = attenuation.identities(placeholder.text for placeholder in self._known.values())
        # longest first, so that a text is never taken for the beginning of another
        texts = sorted(self._known, key=len, reverse=True)
        alternatives = [re.escape(text) for text in texts]
        self._pattern = re.compile(b"|".join([*alternatives, attenuation.TOKEN.pattern]))
        self._starts = (*texts, attenuation.PREFIX.encode("ascii"))
        self._longest = max((len(text) for text in texts), default=0)

    def mentioned(self, text: bytes) -> list[Mention]:
        """Every mention in a text, in order.

        Raises:
            Refused: a token that no placeholder of this session leads to.
        """
        if not self._may_be_in(text):
            return []
        return [self._mention(match.group()) for match in self._pattern.finditer(text)]

    def _may_be_in(self, text: bytes) -> bool:
        return any(start in text for start in self._starts)

    def _mention(self, text: bytes) -> Mention:
        placeholder = self._known.get(text)
        if placeholder is not None:
            return Mention(placeholder.name, text, placeholder.text, None)
        owner = attenuation.owner(text.decode("ascii"), self._ids)
        if owner is None:
            raise Refused("unknown_placeholder", misuse=True)
        known = self._known[owner[0].encode("ascii")]
        return Mention(known.name, text, known.text, owner[1])

    def filled(
        self, text: bytes, encode: Callable[[bytes], bytes], *, other: Callable[[bytes], bytes] | None = None
    ) -> bytes:
        """`text` with every mention replaced by the real value.

        Args:
            text: what was judged before.
            encode: how the value is written there.
            other: how the rest is written, where it was decoded for this.
        """
        if not self._may_be_in(text):
            return text if other is None else other(text)
        out, at = [], 0
        for match in self._pattern.finditer(text):
            rest = text[at : match.start()]
            out += [rest if other is None else other(rest), encode(self._value(match.group()))]
            at = match.end()
        rest = text[at:]
        return b"".join([*out, rest if other is None else other(rest)])

    def _value(self, text: bytes) -> bytes:
        placeholder = self._known.get(text)
        if placeholder is None:
            owner = attenuation.owner(text.decode("ascii"), self._ids)
            assert owner is not None  # noqa: S101  it was judged before
            placeholder = self._known[owner[0].encode("ascii")]
        return placeholder.reveal()

    def unfinished(self, text: bytes) -> int:
        """How many bytes at the end of `text` may be the beginning of a mention that goes on."""
        at = text.rfind(attenuation.PREFIX.encode("ascii"))
        if at >= 0 and len(text) - at <= attenuation.LONGEST:
            tail = text[at:]
            if not tail.translate(None, _TOKEN_BYTES):
                return len(tail)
        for size in range(min(self._longest, len(text)), 0, -1):
            tail = text[-size:]
            for start in self._starts:
                if len(start) > size and start.startswith(tail):
                    return size
        return 0

    def same_length(self, encode: Callable[[bytes], bytes]) -> bool:
        """Whether every value, as `encode` writes it, has the length of its placeholder."""
        return all(len(text) == len(encode(known.reveal())) for text, known in self._known.items())

    def __repr__(self) -> str:
        return f"<Known of {len(self._known)} placeholders>"


_TOKEN_BYTES = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
