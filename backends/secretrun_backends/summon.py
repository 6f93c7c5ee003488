"""summon's providers, unchanged: a program that is given an id and prints the value.

`summon://PROVIDER/ID`. One scheme with the provider in the path, rather than a scheme for each, since
the name of a provider may hold what a scheme can't.
Source: https://cyberark.github.io/summon/#providers, and summon's provider package, which takes the
output with the blanks around it removed.
"""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.backend.programs import find_program
from secretrun.errors import BackendError, BadReference, NotInstalled, Unavailable
from secretrun.formats.pointer import select
from secretrun_backends._https import each
from secretrun_backends._process import Deadline, run
from secretrun_backends._references import answer_each, given, placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

# Where summon's own packages and Homebrew put them.
DIRECTORIES = ("/usr/local/lib/summon", "/opt/homebrew/lib/summon")


class Summon:
    """`summon://PROVIDER/ID[#/pointer]`; a `#` or `?` that is part of the id is written %23 or %3F."""

    info = BackendInfo(
        name="summon",
        title="summon providers",
        schemes=("summon",),
        example="summon://summon-conjur/prod/db/password",
        needs="the provider",
        install="see https://cyberark.github.io/summon/#providers",
        sign_in="as the provider describes",
        docs="https://cyberark.github.io/summon/#providers",
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One run of the provider an id, side by side."""
        deadline = Deadline(context.timeout)
        wanted, answers = placed(references, _place)

        def call(place: tuple[str, str]) -> bytes:
            provider, secret = place
            program = _find(provider, context)
            done = run(self.info, [program, secret], environ=context.environ, deadline=deadline)
            if done.status != 0:
                # Its own words are not repeated: nothing says what a provider quotes.
                raise BackendError(
                    f"the provider {provider} has no value for {secret} (exit status {done.status})",
                    hint=f"to see what it says: {program} '{secret}' > /dev/null",
                )
            return done.output.strip()

        values = each(wanted.values(), call)
        return answers | answer_each(
            wanted, lambda r: select(given(values[wanted[r]]), r.pointer, what=wanted[r][1])
        )

    def check(self, context: Context) -> str:
        """Which providers there are."""
        directories = _directories(context)
        names: set[str] = set()
        for directory in directories:
            if os.path.isdir(directory):
                names.update(n for n in os.listdir(directory) if find_program(f"{directory}/{n}", {}))
        if not names:
            raise NotInstalled(
                f"there is no summon provider in {' or '.join(directories)}", hint=self.info.install
            )
        return Health(f"providers {', '.join(sorted(names))}")


def _place(reference: Reference) -> tuple[str, str]:
    provider, _, secret = reference.path.partition("/")
    if reference.options:
        raise BadReference(
            f"summon has no option {reference.options[0][0]!r}", hint="a '?' in the id is written %3F"
        )
    if not provider or provider.startswith(".") or not secret:
        raise BadReference(f"{reference.text} is not PROVIDER/ID", hint=f"like {Summon.info.example}")
    if secret.startswith("-"):
        raise BadReference(f"the id in {reference.text} looks like an option")
    return provider, secret


def _directories(context: Context) -> tuple[str, ...]:
    """Where providers are looked for; a relative directory would be whoever's we stand in.

    Raises:
        Unavailable: SUMMON_PROVIDER_PATH is one.
    """
    said = context.environ.get("SUMMON_PROVIDER_PATH")
    if said and not os.path.isabs(said):
        raise Unavailable(f"SUMMON_PROVIDER_PATH is not an absolute path: {said}")
    return (said,) if said else DIRECTORIES


def _find(provider: str, context: Context) -> str:
    directories = _directories(context)
    for directory in directories:
        found = find_program(os.path.join(directory, provider), context.environ)
        if found:
            return found
    raise NotInstalled(
        f"there is no summon provider {provider} in {' or '.join(directories)}",
        hint="SUMMON_PROVIDER_PATH names another directory, by its absolute path",
    )
