"""What the masking verbs have in common: which values, the redactor, the report."""

from __future__ import annotations

import os
import sys

from secretrun import sign_in
from secretrun.child import environment
from secretrun.errors import SecretrunError
from secretrun.hooks import agents
from secretrun.model import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.launch.prepare import Prepared
    from secretrun.messages import Messages
    from secretrun.model import Resolved
    from secretrun.redact.masker import Masker


class LeakError(SecretrunError):
    """The command succeeded, but `--fail-on-leak` was asked for and something had to be masked."""

    code = "leak"


def secrets_of(prepared: Prepared, resolved: Resolved) -> list[Secret]:
    """What was resolved, the inherited values that --mask-env names, and what an agent has in the clear."""
    globs = prepared.settings.items("mask_env")
    found = resolved.secrets + [
        Secret(os.fsencode(value), (name,))
        for name, value in prepared.environ.items()
        if globs and environment.matches(name, globs) and name not in resolved.environment
    ]
    found += [Secret(value, (name,)) for name, value in sign_in.masked(prepared.environ)]
    if prepared.agent:
        from secretrun.hooks import in_the_clear

        found += in_the_clear.secrets(prepared.environ, prepared.directory, prepared.words)
    return found


def make_redactor(prepared: Prepared, secrets: list[Secret], messages: Messages) -> Masker | None:
    """The redactor of a run, or None when there is nothing to mask; says what it can't mask.

    Raises:
        SecretrunError: it could not be made.
    """
    looking = detect(prepared)
    if not secrets and looking == "off":
        return None
    from secretrun.redact import policy
    from secretrun.redact.lazy import LazyRedactor, Maker

    settings = prepared.settings
    common = common_values(prepared)
    policies, warnings = policy.decide(secrets, min_length=policy.MIN_LENGTH, common=frozenset(common))
    for warning in warnings:
        messages.warn(warning)
    if not policies and looking == "off":
        return None
    if not installed("ahocorasick"):
        from secretrun.redact import body

        if not body.core_at_hand():  # known now, it keeps the command from being started
            raise SecretrunError(
                "the package ahocorasick is missing, without which nothing can be masked",
                hint="pip install pyahocorasick",
            )

    def make() -> Masker:
        from secretrun.redact import Redactor

        made: Masker = Redactor(
            secrets, mask=settings.text("mask"), paranoid=settings.flag("paranoid"), common=common
        )
        if looking == "off":
            return made
        from secretrun.redact.detect.find import Finder, exempt_by
        from secretrun.redact.detecting import Detecting

        finder = Finder(exempt_by(settings.items("detect_exempt")))
        return Detecting(made, finder, mask=settings.text("mask"), show=looking == "warn")

    return LazyRedactor(Maker(make, said=warnings))


def common_values(prepared: Prepared) -> list[bytes]:
    """Values of the user's own surroundings, which are never masked."""
    environ = prepared.environ
    return [
        os.fsencode(text) for text in (environ.get("USER", ""), environ.get("HOME", ""), prepared.directory)
    ]


def doubts(prepared: Prepared, secrets: list[Secret]) -> list[str]:
    """What a run would warn of: values and parts that are short or common, by name."""
    from secretrun.redact import policy
    from secretrun.redact.forms.derive import part_doubts

    policies, warnings = policy.decide(
        secrets, min_length=policy.MIN_LENGTH, common=frozenset(common_values(prepared))
    )
    for one in policies:
        if one.anywhere:
            warnings += [f"{one.name or 'an unnamed secret'}: its {note}" for note in part_doubts(one.value)]
    return list(dict.fromkeys(warnings))


def detect(prepared: Prepared) -> str:
    """What is done about secrets nobody told us of: as --detect says, else "mask" below an agent."""
    return prepared.settings.text("detect") or ("mask" if agents.detected(prepared.environ) else "off")


def installed(module: str) -> bool:
    """Whether a module can be found; importing it is for when it is needed."""
    return any(finder.find_spec(module, None) is not None for finder in sys.meta_path)


def report(prepared: Prepared, redactor: Masker | None, status: int, messages: Messages) -> None:
    """Write the report that was asked for, and fail if something was masked and that is a failure.

    Raises:
        LeakError: with --fail-on-leak, when `status` is 0 and something was masked.
    """
    from secretrun.redact.report import Report

    settings = prepared.settings
    said = redactor.report() if redactor is not None else Report({})
    masks, detected = said.masks, said.detected
    if redactor is not None:
        for warning in redactor.warnings:  # those that only a redactor at work can know
            messages.warn(warning)
    if detected and detect(prepared) == "warn":
        kinds = ", ".join(f"{name} ({number})" for name, number in sorted(detected.items()))
        messages.warn(f"what looks like a secret was printed: {kinds}")
        messages.hint("--detect mask masks it; put it into a store, and it is masked by its name")
    if settings.text("report"):
        from secretrun.launch import audit

        audit.write_report(settings.text("report"), masks, status, detected)
        if settings.text("register") != "none" and prepared.environ.get("GITHUB_STEP_SUMMARY"):
            audit.summary(prepared.environ["GITHUB_STEP_SUMMARY"], masks)
    if settings.flag("fail_on_leak") and masks and status == 0:
        raise LeakError(f"secrets were printed, and masked: {', '.join(sorted(masks))}")
