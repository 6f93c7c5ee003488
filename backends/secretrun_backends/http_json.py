"""A value out of the JSON that an HTTPS URL answers.

`httpjson://HOST/PATH[?QUERY][#/pointer]` is `GET https://HOST/PATH?QUERY`. The reference names the host,
so it works only where the user wrote it (`trusted_only`): a template from elsewhere must not make the
machine ask its internal network.
"""

from __future__ import annotations

from secretrun.backend import BackendInfo, Health
from secretrun.errors import BackendError, BadAnswer, BadReference, NotSignedIn
from secretrun.formats.pointer import select
from secretrun_backends._https import ask, each, explain
from secretrun_backends._process import Deadline
from secretrun_backends._references import answer_each, given, placed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.backend import Context
    from secretrun.model import Reference


class HttpJson:
    """`httpjson://HOST[:PORT]/PATH[?QUERY][#/pointer]`; without a pointer the whole body.

    Headers come from `[backend.http-json.headers."HOST"]` of the user's own config and go to that host
    alone. `${NAME}` in them is a variable of the environment, so that no token need stand in a file.
    """

    info = BackendInfo(
        name="http-json",
        title="JSON over HTTPS",
        schemes=("httpjson",),
        example="httpjson://config.example.com/v1/app?stage=prod#/db/password",
        sign_in='headers in [backend.http-json.headers."HOST"] of your own config.toml',
        docs="https://www.rfc-editor.org/rfc/rfc6901",
        trusted_only=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One request a URL, side by side."""
        deadline = Deadline(context.timeout)
        wanted, answers = placed(references, _url)

        def get(place: tuple[str, str]) -> bytes:
            host, rest = place
            what = rest.partition("?")[0]
            headers = {"Accept": "application/json", **_headers(host, context)}
            answer = ask(
                self.info, f"https://{host}{rest}", context=context, deadline=deadline, headers=headers
            )
            if not 200 <= answer.status < 300:
                raise explain(self.info, answer.status, f"{what} on {host}")
            return answer.body

        bodies = each(wanted.values(), get)

        def answer(reference: Reference) -> bytes:
            place = wanted[reference]
            what = f"the answer of {place[0]}"
            return select(given(bodies[place]), reference.pointer, kind="json", what=what)

        return answers | answer_each(wanted, answer)

    def check(self, context: Context) -> str:
        """Nothing is needed; which hosts have headers."""
        headers = context.options.get("headers")
        hosts = sorted(str(host) for host in headers) if isinstance(headers, dict) else []
        return Health(f"headers for {', '.join(hosts)}" if hosts else "nothing is needed")


def _url(reference: Reference) -> tuple[str, str]:
    """(host[:port], path?query), percent-encoded anew."""
    from urllib.parse import quote, urlencode

    host, slash, path = reference.path.partition("/")
    name, colon, port = host.partition(":")
    ascii_host = name.replace(".", "").replace("-", "").isalnum() and name.isascii()
    if not ascii_host or (colon and not port.isdigit()):
        raise BadReference(
            f"{reference.text} does not name a host", hint="write httpjson://HOST[:PORT]/PATH; IPv4 or a name"
        )
    query = f"?{urlencode(reference.options)}" if reference.options else ""
    return host.lower(), quote(slash + path, safe="/-._~!$&'()*+,;=:@") + query


def _headers(host: str, context: Context) -> dict[str, str]:
    """The headers configured for a host, variables filled in."""
    import re

    tables = context.options.get("headers", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise BadReference(
            "[backend.http-json] headers must hold a table for each host",
            hint='write [backend.http-json.headers."config.example.com"]',
        )
    filled: dict[str, str] = {}
    for name, text in tables.get(host, {}).items():
        if not isinstance(text, str):
            raise BadReference(f'[backend.http-json.headers."{host}"] {name} must be a text')

        def variable(match: re.Match[str], name: str = name) -> str:
            value = context.environ.get(match[1])
            if not value:
                raise NotSignedIn(
                    f"the header {name} for {host} needs ${match[1]}, which is not set",
                    hint=f"set {match[1]}",
                )
            return value

        value = re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", variable, text)
        if not value.isascii() or not value.isprintable() or not re.fullmatch(r"[A-Za-z0-9-]+", name):
            raise BadAnswer(f"the header {name!r} for {host} holds what HTTP does not allow")
        filled[name] = value
    return filled
