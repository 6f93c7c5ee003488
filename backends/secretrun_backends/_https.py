"""Asking a store over HTTPS: one request, bounded in time and size, every failure an error of ours.

Redirects are never followed (they would carry the token to wherever the answer points), and no answer
is ever quoted in a message. `urllib` costs 30 ms of import, so it is loaded by the first request.
"""

from __future__ import annotations

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping
    from http.client import HTTPResponse
    from typing import Any, TypeVar
    from urllib.request import OpenerDirector

    from secretrun.backend import BackendInfo, Context
    from secretrun_backends._process import Deadline

    Key = TypeVar("Key", bound=Hashable)
    Result = TypeVar("Result")

LIMIT = 16 << 20  # bytes of one answer; a store that sends more is not sending secrets
WORKERS = 8  # requests of one batch at a time


class Answer:
    """What a store said.

    Attributes:
        status: the HTTP status.
        body: may hold secrets.
    """

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"

    def json(self, what: str) -> Any:
        """The body as Python objects.

        Raises:
            BadAnswer: it is not JSON.
        """
        import json

        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer(f"{what} answered something that is not JSON") from None


def ask(
    info: BackendInfo,
    url: str,
    *,
    context: Context,
    deadline: Deadline,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """GET a URL, or POST `body` to it.

    Args:
        info: the backend that asks.
        url: http or https; its query is never shown.
        context: proxies come from its environment, a private CA from its option `ca`.
        deadline: the answer must be complete when it passes.
        headers: sent as they are.
        body: what to POST.

    Returns:
        Any answer with a status outside 300-399.

    Raises:
        TimedOut: when the deadline passes first.
        Unavailable: no connection, or a certificate that is not trusted.
        BadAnswer: a redirect, more than `LIMIT` bytes, or not HTTP.
    """
    import http.client
    import ssl
    import urllib.error
    import urllib.parse
    import urllib.request

    host = urllib.parse.urlsplit(url).netloc.rpartition("@")[2]
    left = deadline.left()
    if left is not None and left <= 0:
        raise deadline.passed(info)
    try:
        request = urllib.request.Request(url, data=body, headers=dict(headers or {}))  # noqa: S310
        try:
            response = _opener(context, host).open(request, timeout=left)
        except urllib.error.HTTPError as error:
            if 300 <= error.code < 400:
                error.close()
                raise BadAnswer(
                    f"{host} redirects elsewhere, which is not followed",
                    hint="configure the address it redirects to, if you trust that",
                ) from None
            with error:
                return Answer(error.code, _read(error, host, info, deadline))
        with response:
            return Answer(response.status, _read(response, host, info, deadline))
    except TimeoutError:
        raise deadline.passed(info) from None
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, TimeoutError):
            raise deadline.passed(info) from None
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise Unavailable(
                f"the certificate of {host} is not trusted: {reason.verify_message}",
                hint=f'a private CA: [backend.{info.name}] ca = "/path/to/ca.pem"',
            ) from None
        detail = reason.strerror if isinstance(reason, OSError) and reason.strerror else "no connection"
        raise Unavailable(f"can't reach {host}: {detail.lower()}", hint=_reach(info)) from None
    except (http.client.HTTPException, UnicodeError):
        raise BadAnswer(f"{host} did not answer as an HTTP server does") from None
    except OSError as error:
        detail = (error.strerror or "the connection broke").lower()
        raise Unavailable(f"can't reach {host}: {detail}", hint=_reach(info)) from None


def explain(info: BackendInfo, status: int, what: str) -> BackendError:
    """What an HTTP status other than 2xx means for `what`."""
    if status == 401:
        return NotSignedIn(f"{info.title} does not accept the sign-in", hint=info.sign_in or None)
    if status == 403:
        return Denied(f"{info.title} refuses access to {what}", hint="ask its owner for read access")
    if status in (404, 410):
        return NotFound(f"{info.title} has no {what}")
    if status == 429:
        return RateLimited(f"{info.title} throttles", hint="wait a little, or use --cache")
    if status >= 500:
        return Unavailable(f"{info.title} failed with HTTP status {status} on {what}", hint="try again later")
    return BackendError(f"{info.title} answered HTTP status {status} for {what}")


def text_option(context: Context, name: str, info: BackendInfo) -> str | None:
    """A text of the backend's table of secretrun.toml, or None.

    Raises:
        BadReference: it is something else.
    """
    value = context.options.get(name)
    if value is not None and not isinstance(value, str):
        raise BadReference(f"[backend.{info.name}] {name} must be a text")
    return value or None


def each(keys: Iterable[Key], call: Callable[[Key], Result]) -> dict[Key, Result | BackendError]:
    """`call` of every distinct key, side by side; all threads have ended when it returns.

    Daemon threads, which an executor's are not: the run gives up on a store that hangs past its time, and
    must be able to end.

    Raises:
        BaseException: whatever `call` raises that is no BackendError.
    """
    distinct = list(dict.fromkeys(keys))
    results: dict[Key, Result | BackendError] = {}
    bugs: list[BaseException] = []

    def work(mine: Iterable[Key]) -> None:
        for key in mine:
            try:
                results[key] = call(key)
            except BackendError as error:
                results[key] = error
            except BaseException as error:  # noqa: BLE001  raised again on the caller's thread
                bugs.append(error)

    if len(distinct) < 2:
        work(distinct)
    else:
        import queue
        import threading

        left: queue.SimpleQueue[Key | None] = queue.SimpleQueue()
        count = min(WORKERS, len(distinct))
        for key in (*distinct, *[None] * count):
            left.put(key)
        threads = [
            threading.Thread(target=work, args=(iter(left.get, None),), daemon=True) for _ in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if bugs:
        raise bugs[0]
    return {key: results[key] for key in distinct}


def _opener(context: Context, host: str) -> OpenerDirector:
    import ssl
    import urllib.request

    class Refuse(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    ca = context.options.get("ca")
    try:
        trust = ssl.create_default_context(cafile=ca if isinstance(ca, str) and ca else None)
    except OSError:
        raise Unavailable(f"the CA file {ca} can't be read, or holds no certificate") from None
    environ = context.environ
    proxies = {}
    for scheme in ("http", "https", "no"):
        value = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme}_proxy".upper())
        # HTTP_PROXY in capitals is what a CGI program finds for a request's "Proxy:" header.
        if value and not (scheme == "http" and "REQUEST_METHOD" in environ):
            proxies[scheme] = value
    # In every version of Python, but not in typeshed.
    if urllib.request.proxy_bypass_environment(host, proxies):  # type: ignore[attr-defined]
        proxies = {}
    proxies.pop("no", None)
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=trust), Refuse
    )


def _read(response: HTTPResponse | Any, host: str, info: BackendInfo, deadline: Deadline) -> bytes:
    """The whole body. The socket's own limit is for each read, so the deadline is looked at too."""
    chunks: list[bytes] = []
    size = 0
    while chunk := response.read1(1 << 16):
        size += len(chunk)
        if size > LIMIT:
            raise BadAnswer(f"{host} sends more than {LIMIT >> 20} MiB")
        if deadline.left() == 0:
            raise deadline.passed(info)
        chunks.append(chunk)
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and size < int(announced):
        raise BadAnswer(f"{host} broke off in the middle of its answer", hint="try again")
    return b"".join(chunks)


def _reach(info: BackendInfo) -> str:
    return f"is the network up, and the address right? {info.docs}"
