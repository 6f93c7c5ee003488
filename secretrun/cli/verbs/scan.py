"""`secretrun scan`: where values of the stores stand, in files, git or agents' transcripts; never what."""

from __future__ import annotations

import os
import sys

from secretrun.cli import plain_options
from secretrun.errors import ConfigError, UsageError
from secretrun.scan import sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from secretrun.messages import Messages
    from secretrun.model import Secret
    from secretrun.scan.find import Find
    from secretrun.scan.sources import Text

    Finder = Callable[[str, bytes], Iterator[Find]]

PLACEHOLDER = "placeholder:"  # before the name of the secret that one stood for: a find, but no leak
_SHOWN_EACH = 0.1  # seconds between two words about the progress


def run(options: argparse.Namespace) -> int:
    """Look through what was asked for; returns 1 when something was found, 0 when not.

    Raises:
        SecretrunError: the values can't be had, or what was to be looked through.
    """
    from secretrun.posix import dumpable

    dumpable.forbid()
    chosen = [bool(options.paths), options.staged, bool(options.range), options.transcripts]
    if sum(chosen) > 1:
        raise UsageError("paths, --staged, --range and --transcripts each say what to look through",
                         hint="use one of them")  # fmt: skip
    if options.write_fingerprints:
        return _write_fingerprints(options)
    find = _finder(options)
    finds: list[Find] = []
    progress = Progress(options)
    for where, data in _texts(options, options.messages):
        progress.show(where, len(data))
        for one in find(where, data):
            finds.append(one)
            if not (options.json or options.sarif):
                progress.hide()
                sys.stdout.write(f"{_printable(one.where)}:{one.line}: {one.name} ({one.form})\n")
    progress.hide()
    _report(options, finds, progress)
    return 1 if any(not one.name.startswith(PLACEHOLDER) for one in finds) else 0


def _texts(options: argparse.Namespace, messages: Messages) -> Iterator[Text]:
    here = "."
    if options.staged:
        return sources.staged(here)
    if options.range:
        return sources.commits(here, options.range)
    if options.transcripts:
        from secretrun.scan import transcripts

        return transcripts.texts(dict(os.environ), os.getcwd(), messages.warn)
    return sources.files(options.paths or [here], messages.warn, everything=options.all)


def _finder(options: argparse.Namespace) -> Finder:
    """What finds: fingerprints that were given, or the values themselves."""
    if options.fingerprints:
        from secretrun.scan.fingerprints import Fingerprints

        try:
            with open(options.fingerprints, encoding="utf-8") as file:
                text = file.read()
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{options.fingerprints}: {getattr(error, 'strerror', None) or 'not text'}".lower()
            ) from None
        return Fingerprints.from_json(text, _key(), options.fingerprints).find
    from secretrun.redact import Redactor
    from secretrun.scan.find import Search

    secrets = _secrets(options)
    if options.transcripts:
        secrets += _placeholders()
    if not secrets and not options.tokens:
        raise ConfigError(
            "there is nothing to look for: no template names a secret here",
            hint="-e FILE names a template; --tokens looks for tokens by their shape",
        )
    masker: object = Redactor(secrets)
    if options.tokens:
        from secretrun.redact.detect.find import Finder, exempt_by
        from secretrun.redact.detecting import Detecting

        masker = Detecting(Redactor(secrets), Finder(exempt_by(options.detect_exempt or [])))
    return Search(masker, [secret.reveal() for secret in secrets]).find  # type: ignore[arg-type]


def _secrets(options: argparse.Namespace) -> list[Secret]:
    """What the template here resolves to, and what stands in plain env files."""
    from secretrun.hooks import in_the_clear
    from secretrun.launch import masking
    from secretrun.launch.prepare import prepare, resolve_all
    from secretrun.redact import policy

    prepared = prepare(plain_options.reader(options), options.messages)
    resolved = resolve_all(prepared, consequence="nothing was looked at")
    secrets = [*resolved.secrets, *in_the_clear.secrets(prepared.environ, prepared.directory)]
    policies, warnings = policy.decide(
        secrets, min_length=policy.MIN_LENGTH, common=frozenset(masking.common_values(prepared))
    )
    for warning in warnings:
        options.messages.warn(warning)
    wanted = {one.value for one in policies}
    return [secret for secret in secrets if secret.reveal() in wanted]


def _placeholders() -> list[Secret]:
    """What earlier runs with a broker gave their commands in place of values."""
    from secretrun.broker import journal
    from secretrun.model import Secret

    kept = journal.remembered(journal.default_path(dict(os.environ)))
    return [Secret(text.encode(), (PLACEHOLDER + name,)) for text, name in kept.items()]


def _key() -> bytes:
    from secretrun.scan.fingerprints import KEY

    key = os.environ.get(KEY, "").encode()
    if len(key) < 16:
        raise ConfigError(
            f"{KEY} has to hold the key of the fingerprints, 16 characters or more",
            hint="make one, and keep it as a secret of your CI: openssl rand -hex 32",
        )
    return key


def _write_fingerprints(options: argparse.Namespace) -> int:
    from secretrun.posix.atomic_file import write_atomic
    from secretrun.redact import DEFAULT_FORMS
    from secretrun.redact.forms.derive import derive
    from secretrun.scan.fingerprints import Fingerprints

    made = Fingerprints(_key())
    for secret in _secrets(options):
        spellings = derive(secret.reveal(), DEFAULT_FORMS, anywhere=True, paranoid=False)
        made.add(secret.name, [(form, text) for form, text, _ in spellings])
    write_atomic(options.write_fingerprints, made.to_json().encode(), mode=0o644, replace=True)
    return 0


def _report(options: argparse.Namespace, finds: list[Find], progress: Progress) -> None:
    import json

    if options.json:
        rows = [{"where": one.where, "line": one.line, "name": one.name, "form": one.form} for one in finds]
        json.dump(
            {"version": 1, "finds": rows, "texts": progress.texts, "bytes": progress.bytes},
            sys.stdout,
            indent=2,
        )
        sys.stdout.write("\n")
    if options.sarif:
        from secretrun import __version__
        from secretrun.scan.sarif import sarif

        text = json.dumps(sarif(finds, __version__), indent=2) + "\n"
        if options.sarif == "-":
            sys.stdout.write(text)
        else:
            from secretrun.posix.atomic_file import write_atomic

            write_atomic(options.sarif, text.encode(), mode=0o644, replace=True)
    if not options.quiet and not (options.json or options.sarif == "-"):
        looked = f"{progress.texts} texts, {progress.bytes / 1e6:.1f} MB"
        options.messages.note(f"{len(finds)} found in {looked}" if finds else f"nothing found in {looked}")


class Progress:
    """One line of a terminal about what is looked at now."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._shows = not options.quiet and os.isatty(2)
        self._next = 0.0
        self._visible = False
        self.texts = 0
        self.bytes = 0

    def show(self, where: str, size: int) -> None:
        import time

        self.texts += 1
        self.bytes += size
        if self._shows and time.monotonic() >= self._next:
            self._next = time.monotonic() + _SHOWN_EACH
            line = f"\r\x1b[Kscanning {self.bytes / 1e6:.0f} MB: {_printable(where)[-60:]}"
            sys.stderr.write(line)
            sys.stderr.flush()
            self._visible = True

    def hide(self) -> None:
        if self._visible:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._visible = False


def _printable(text: str) -> str:
    from secretrun.messages import printable

    return printable(text)
