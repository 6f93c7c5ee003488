"""What to look for and what stands in its place: secrets, their patterns and their masks.

Shared by the streams of one run. Adding to it replaces the compiled patterns in one assignment, so a
stream in another thread sees all of the new secrets or none.
"""

from __future__ import annotations

from secretrun.redact import body
from secretrun.redact.forms.derive import DEFAULT_FORMS, TERMINAL, WRAPPED, derive
from secretrun.redact.policy import decide, mask_texts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from secretrun.model import Secret
    from secretrun.redact.body import Patterns, Table


class SecretSet:
    """Every secret of a run.

    Attributes:
        names: of every secret, or None; a pattern's `owner` is an index into it.
        masks: of every secret.
        table: every pattern.
        patterns: compiled, or None when there is nothing to mask.
        warnings: about values not masked everywhere.
        terminal: text is read without its terminal escapes too.
    """

    def __init__(
        self,
        *,
        mask: str,
        forms: Iterable[str],
        min_length: int,
        paranoid: bool,
        common: Iterable[bytes | str],
    ) -> None:
        self.mask = mask
        self.forms = frozenset(forms)
        unknown = set(self.forms).difference(DEFAULT_FORMS)
        if unknown:
            known = ", ".join(DEFAULT_FORMS)
            raise ValueError(f"no such form: {', '.join(sorted(unknown))} (there are: {known})")
        self.min_length = min_length
        self.paranoid = paranoid
        self.common = frozenset(
            value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
            for value in common
        )
        self.squeeze = WRAPPED in self.forms
        self.terminal = TERMINAL in self.forms
        self.names: list[str | None] = []
        self.masks: list[bytes] = []
        self.table = self._empty()
        self.patterns: Patterns | None = None
        self.warnings: list[str] = []

    def add(self, secrets: Mapping[str, bytes | str] | Iterable[bytes | str | Secret]) -> None:
        policies, warnings = decide(secrets, min_length=self.min_length, common=self.common)
        self.warnings += [text for text in warnings if text not in self.warnings]
        table = self.table.copy()
        for policy in policies:
            self.names.append(policy.name)
            notes: list[str] = []
            found = derive(
                policy.value, self.forms, anywhere=policy.anywhere, paranoid=self.paranoid, notes=notes
            )
            table.add(found)
            for note in dict.fromkeys(notes):
                warning = f"{policy.name or 'an unnamed secret'}: its {note}"
                if warning not in self.warnings:
                    self.warnings.append(warning)
        patterns = self._compiled(table) if len(table) else None
        self._choose_masks(patterns)
        self.table = table
        # one assignment, last: another thread sees all of the new set or none of it
        self.patterns = patterns

    def _empty(self) -> Table:
        return body.chosen().table(squeeze=self.squeeze)

    def _compiled(self, table: Table) -> Patterns:
        # a least length of 1 asks for values as they are, whole: nothing that policy adds
        return body.chosen().compiled(
            table, screen=self.terminal, shortened=bool(self.forms) and self.min_length > 1
        )

    def _choose_masks(self, patterns: Patterns | None) -> None:
        """A mask that holds a secret would be one more place to read it, so take the next."""
        known: dict[str | None, bytes] = {}
        holds: dict[bytes, bool] = {}
        for name in dict.fromkeys(self.names):
            choices = mask_texts(self.mask, name)
            for mask in choices:
                if mask not in holds:
                    holds[mask] = patterns is not None and patterns.holds(mask)
                if not holds[mask]:
                    break
            if mask != choices[0]:
                warning = f"the mask of {name or 'an unnamed secret'} holds a secret, so another is used"
                if warning not in self.warnings:
                    self.warnings.append(warning)
            known[name] = mask
        self.masks = [known[name] for name in self.names]
