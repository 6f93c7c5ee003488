"""AWS Systems Manager Parameter Store: `GetParameters` for up to 10 parameters a request."""

from __future__ import annotations

from secretrun.backend import BackendInfo
from secretrun.errors import BackendError, BadReference, NotFound
from secretrun_backends import _aws
from secretrun_backends._references import pick

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

BATCH = 10  # the API's limit for Names
OPTIONS = ("version", "label", "mode", "recursive")


class AwsParameterStore:
    """Parameters: `aws-ssm://NAME[:VERSION|:LABEL][?region=...][#/pointer]`, decrypted.

    Options: `region`, `profile`, `role` (also `role_arn`), `version` and `label` (as after the colon),
    `mode=singleparam` (the pointer looks into the value, which is the default; vals' `ref+awsssm://`
    without it names the parameter PATH/POINTER), `recursive=true` (for `--from`). A name with a slash
    inside is a hierarchy, which AWS writes with a slash before it: `prod/db` is `/prod/db`.
    """

    info = BackendInfo(
        name="aws-ssm",
        title="AWS Parameter Store",
        schemes=("aws-ssm",),
        example="aws-ssm://prod/db/password?region=eu-central-1",
        needs="",  # boto3 comes along
        install="",
        sign_in="aws sso login",
        docs="https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html",
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One request for 10 parameters of an account."""
        accounts: dict[_aws.Account, dict[str, list[Reference]]] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                owner = _aws.account(reference, context, OPTIONS)
                name = _name(reference)
            except BackendError as error:
                answers[reference] = error
            else:
                accounts.setdefault(owner, {}).setdefault(name, []).append(reference)
        for owner, wanted in accounts.items():
            try:
                client = _aws.client("ssm", owner, context)
            except BackendError as error:
                found: dict[str, bytes | BackendError] = dict.fromkeys(wanted, error)
            else:
                found = {}
                for names in _batches(list(wanted)):
                    found.update(_get(client, names, owner, context))
            for name, asked_by in wanted.items():
                for reference in asked_by:
                    pointer = None if _pointer_is_path(reference) else reference.pointer
                    answers[reference] = pick(found[name], pointer, f"parameter {reference.path}")
        return answers

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The parameters below a path, by the rest of their names; with a pointer, keys of one value."""
        from secretrun.formats.pointer import listing

        owner = _aws.account(reference, context, OPTIONS)
        client = _aws.client("ssm", owner, context)
        name = _name(reference)
        if reference.pointer is not None or reference.option("mode") == "singleparam":
            value = _get(client, [name], owner, context)[name]
            if isinstance(value, BackendError):
                raise value
            return listing(value, reference.pointer, what=f"parameter {name}")
        path = "/" + name.strip("/")
        recursive = reference.option("recursive") == "true"
        try:
            pages = client.get_paginator("get_parameters_by_path").paginate(
                Path=path, Recursive=recursive, WithDecryption=True
            )
            values = {
                str(entry["Name"]).removeprefix(path).lstrip("/"): str(entry["Value"]).encode()
                for page in pages
                for entry in page["Parameters"]
            }
        except Exception as error:  # noqa: BLE001  botocore lets its parsers' own exceptions through
            raise _aws.explain(error, f"the parameters below {path}", owner, context) from None
        if not values:
            raise NotFound(
                f"no parameter is below {path}",
                hint=None if recursive else "?recursive=true also looks into the paths below it",
            )
        return values

    def check(self, context: Context) -> str:
        """Who AWS takes us for."""
        return _aws.identity(context)


def _name(reference: Reference) -> str:
    """The name to ask for, with its version or label after a colon."""
    mode = reference.option("mode")
    if mode not in (None, "singleparam", "path"):
        raise BadReference(f"aws-ssm has no mode {mode!r}", hint="one of singleparam, path")
    if reference.option("recursive", "false") not in ("true", "false"):
        raise BadReference("recursive is true or false")
    name = reference.path
    if _pointer_is_path(reference):
        name = "/".join((name.rstrip("/"), *(reference.pointer or ())))
    if "/" in name and not name.startswith(("/", "arn:")):
        name = f"/{name}"
    selector = reference.option("version") or reference.option("label")
    return f"{name}:{selector}" if selector else name


def _pointer_is_path(reference: Reference) -> bool:
    """Whether the pointer is the rest of the name, as vals has it without a mode."""
    if reference.pointer is None:
        return False
    mode = reference.option("mode")
    return mode == "path" or (mode is None and reference.text.startswith(("ref+", "secretref+")))


def _batches(names: list[str]) -> list[list[str]]:
    """At most 10 names each, no parameter twice in one: two versions of it are asked for apart."""
    batches: list[list[str]] = []
    for name in names:
        for batch in batches:
            if len(batch) < BATCH and _bare(name) not in map(_bare, batch):
                batch.append(name)
                break
        else:
            batches.append([name])
    return batches


def _bare(name: str) -> str:
    """A name without its version or label; the colons of an ARN stay."""
    start = name.find("parameter/") if name.startswith("arn:") else 0
    colon = name.find(":", max(start, 0))
    return name if colon < 0 else name[:colon]


def _get(
    client: Any, names: list[str], owner: _aws.Account, context: Context
) -> dict[str, bytes | BackendError]:
    try:
        answer = client.get_parameters(Names=names, WithDecryption=True)
        given: dict[str, bytes] = {}  # no parameter is twice in a request, so its bare name will do
        for entry in answer.get("Parameters", ()):
            for name in (entry.get("Name"), entry.get("ARN")):
                given[str(name)] = str(entry["Value"]).encode()
    except Exception as error:  # noqa: BLE001  botocore lets its parsers' own exceptions through
        code = _aws.code_of(error)
        if len(names) > 1 and code in _aws.MALFORMED | _aws.REFUSED | _aws.ABSENT:
            # One name can spoil the request: find out which.
            found: dict[str, bytes | BackendError] = {}
            for name in names:
                found.update(_get(client, [name], owner, context))
            return found
        what = f"parameter {names[0]}" if len(names) == 1 else f"{len(names)} parameters"
        return dict.fromkeys(names, _aws.explain(error, what, owner, context))
    return {
        name: given[_bare(name)]
        if _bare(name) in given
        else _aws.explain_code("ParameterNotFound", "", f"parameter {name}", owner, context)
        for name in names
    }
