"""`secretrun inject`: fill a file template with values, or write the environment in another format.

With `-i` a file is filled: `{{ reference }}`, unenclosed `op://` references and `{{ NAME }}` of a variable of
the env template are replaced; `$VAR` is read only inside a reference (an nginx or shell file is full of
dollars that are not ours). A name that the env template lacks is another language's, unless it is a slip of
one that it has. Without `-i` the variables of the env template are written, in `--format`.
"""

from __future__ import annotations

import os
import sys

from secretrun import hints
from secretrun.cli import plain_options
from secretrun.errors import ConfigError, ReferenceSyntaxError, SecretrunError, TemplateError, UsageError
from secretrun.formats import render
from secretrun.launch import below
from secretrun.launch.prepare import Prepared, prepare, resolve_all
from secretrun.model import Reference
from secretrun.posix import atomic_file
from secretrun.resolution.gather import answer, gather
from secretrun.resolution.resolve import compose, report
from secretrun.template import value
from secretrun.template.entry import ENVIRONMENT, Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from secretrun.resolution.gather import Gathered, Values
    from secretrun.template.plan import Plan

PLACE = "here"  # where a variable stands, until the file's own place is put instead


def run(options: argparse.Namespace) -> int:
    """Write the result to `-o` or stdout, whole or not at all."""
    from secretrun.posix import dumpable

    dumpable.forbid()
    below.refuse("secretrun inject", os.environ)
    if options.in_file and options.format:
        raise UsageError("--format writes the env template's variables, -i fills a file: use one of them")
    mode = _mode(options.file_mode)
    into = bool(options.out_file) and atomic_file.takes_bytes(options.out_file)
    if options.out_file and not into and not options.force and os.path.lexists(options.out_file):
        raise ConfigError(f"{options.out_file} exists already", hint="--force replaces it")
    prepared = prepare(plain_options.reader(options), options.messages)
    if options.in_file:
        data = fill(
            sys.stdin.buffer.read() if options.in_file == "-" else atomic_file.read(options.in_file),
            options.in_file,
            prepared,
        )
    else:
        data = _variables(prepared, options.format or "dotenv")
    prepared.warn_about_cache(options.messages)
    if into:
        atomic_file.write_into(options.out_file, data)
    elif options.out_file:
        atomic_file.write_atomic(options.out_file, data, mode=mode, replace=options.force)
    else:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    return 0


def _variables(prepared: Prepared, form: str) -> bytes:
    """The template's variables in a format; GitHub's runner is told of them, since other steps get them."""
    resolved = resolve_all(prepared, consequence="nothing was written")
    if not form.startswith(("github-", "gitlab-")):
        return render.render(resolved.environment, form)
    from secretrun.launch import masking, registration
    from secretrun.runners import detect, variables

    if form == "gitlab-dotenv":
        return variables.gitlab_dotenv(resolved.environment)
    if detect.detect(prepared.environ) == "github":
        registration.register("github", masking.secrets_of(prepared, resolved), prepared.environ)
    write = variables.github_env if form == "github-env" else variables.github_output
    return write(resolved.environment, os.urandom)


def fill(raw: bytes, shown: str, prepared: Prepared) -> bytes:
    """Replace every reference in a file's bytes.

    Raises:
        TemplateError: for a malformed reference or a slip of a variable's name, with file, line and column.
        ResolutionError: naming all that failed.
    """
    text = raw.decode("utf-8", "surrogateescape")
    regular = shown != "-" and os.path.isfile(shown)
    base = os.path.dirname(os.path.realpath(shown)) if regular else prepared.directory
    shown = "<stdin>" if shown == "-" else shown
    places: list[int] = []
    wrong: list[ReferenceSyntaxError] = []
    variables = _Variables(prepared)
    found = value.split(
        text,
        prepared.registry.known,
        base=base,
        expand=lambda inner: _expand(inner, prepared.plan),
        places=places,
        faults=wrong,
        names=variables.has,
    )
    faults = [_placed(error, text, shown) for error in wrong]
    wanted = [piece for piece in found if isinstance(piece, Reference)]
    named = {str(piece) for piece in found if isinstance(piece, value.Named)}
    answers, values = variables.resolve(named, wanted)
    failures: list[tuple[str, str, SecretrunError]] = []
    chunks: list[bytes] = []
    at = iter(places)
    for piece in found:
        if isinstance(piece, Reference):
            what, said = piece.text, answers[piece]
        elif isinstance(piece, value.Named):
            what, said = str(piece), values[piece]
        else:
            chunks.append(str(piece).encode("utf-8", "surrogateescape"))
            continue
        line, column = _position(text, next(at))
        if isinstance(said, bytes):
            chunks.append(said)
        else:
            failures.append((f"{shown}:{line}:{column}", what, said))
    if failures or faults:
        raise report(failures, "nothing was written", faults)
    return b"".join(chunks)


class _Variables:
    """The variables of the env template, for `{{ NAME }}`; an import is asked for its own when it has to be.

    Args:
        prepared: the run.
    """

    def __init__(self, prepared: Prepared) -> None:
        self._plan = prepared.plan
        self._stores = prepared.stores
        self._gathered: Gathered | None = None

    def has(self, name: str) -> bool:
        """Whether it is one of them.

        Raises:
            ReferenceSyntaxError: it is none, and one letter away from one.
        """
        if name in self._plan.entries or name in self._imported():
            return True
        near = hints.slip(name, [*self._plan.entries, *self._imported()])
        if near is not None:
            raise ReferenceSyntaxError(
                f"{name} is no variable of the template", hint=f"did you mean {near}? {value.LITERAL % '{{'}"
            )
        return False

    def _imported(self) -> dict[str, bytes]:
        if not self._plan.imports:
            return {}
        if self._gathered is None:
            self._gathered = gather(self._plan, self._stores)
            for listing in self._gathered.listings.values():
                if isinstance(listing, SecretrunError):
                    raise listing
        found: dict[str, bytes] = {}
        for reference, _ in self._plan.imports:
            listing = self._gathered.listings[reference]
            found.update({} if isinstance(listing, SecretrunError) else listing)
        return found

    def resolve(
        self, named: Iterable[str], wanted: Sequence[Reference]
    ) -> tuple[Values, dict[str, bytes | SecretrunError]]:
        """The answers to references, and the values of variables, in one pass over the stores."""
        entries = {name: self._plan.entries[name] for name in named if name in self._plan.entries}
        imported = self._imported() if named else {}
        for name in imported.keys() & entries.keys():
            if entries[name].place == ENVIRONMENT and not self._plan.keep_env:
                del entries[name]
        answers = answer([*entries.values(), Entry("", list(wanted), "")], self._stores)
        values: dict[str, bytes | SecretrunError] = {}
        for name in named:
            if name not in entries:
                values[name] = imported[name]
                continue
            composed, wrong = compose(entries[name], answers)
            values[name] = b"" if composed is None else composed
            if wrong:
                values[name] = wrong[0][1]
        return answers, values


def _placed(error: ReferenceSyntaxError, text: str, shown: str) -> TemplateError:
    line, column = _position(text, error.column - 1)
    return TemplateError(error.message, file=shown, line=line, column=column, hint=error.hint)


def _position(text: str, at: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset."""
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _expand(text: str, plan: Plan) -> str:
    """Variables of a reference, from the environment and `--set`; what signs in expands nowhere."""
    from secretrun.template.plan import Plan as Fresh

    made = Fresh(plan.inherited, lambda _: False, withheld=plan.withheld)
    made.chosen = {
        name: pieces
        for name, pieces in plan.chosen.items()
        if all(isinstance(piece, str) for piece in pieces)
    }
    try:
        return made.expand("a reference", text, PLACE)
    except TemplateError as error:
        lines_above = sum(len(line) for line in text.splitlines(keepends=True)[: error.line - 1])
        message = error.message.removeprefix(f"{PLACE}:{error.line}:{error.column}: ")
        raise ReferenceSyntaxError(message, column=lines_above + error.column, hint=error.hint) from None


def _mode(text: str) -> int:
    try:
        mode = int(text, 8)
    except ValueError:
        mode = -1
    if not 0 <= mode <= 0o777:
        raise UsageError(f"--file-mode {text!r} is not an octal mode such as 0600")
    return mode
