"""Variables of the environment that secretrun was started with."""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadReference, Denied, NotFound
from secretrun.sign_in import row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference


class Environment:
    """An inherited variable: `env://NAME[#/pointer]`; masked like any other secret."""

    info = BackendInfo(
        name="env",
        title="Environment variables",
        schemes=("env",),
        example="env://DATABASE_URL",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """Look each variable up in the context's environment."""
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in references:
            try:
                answers[reference] = _value(reference, context.environ)
            except BackendError as error:
                answers[reference] = error
        return answers

    def check(self, context: Context) -> str:
        """Nothing is needed."""
        return Health(f"{len(context.environ)} variables")


def _value(reference: Reference, environ: Mapping[str, str]) -> bytes:
    name = reference.path
    if reference.options:
        raise BadReference(f"env has no option {reference.options[0][0]!r}")
    signs_in = row(name)
    if signs_in is not None and signs_in[0]:
        raise Denied(
            f"{name} signs in to a store, and is no value for the command",
            hint=f"if the command is meant to have it: --pass {name}",
        )
    if name not in environ:
        raise NotFound(f"the variable {name} is not set", hint=f"set it: export {name}=...")
    value = environ[name].encode("utf-8", "surrogateescape")
    if reference.pointer is None:
        return value
    from secretrun.formats.pointer import select

    return select(value, reference.pointer, what=f"the variable {name}")
