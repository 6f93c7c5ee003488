"""One HTTP(S) request to a store, with the standard library: no SDK to install, nothing that logs.

Redirects are never followed: the request carries a token, which must not go where an answer points.

May import: errors, backend.
"""

from __future__ import annotations

from secretrun.errors import BadAnswer, BadReference, TimedOut, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from http.client import HTTPMessage
    from typing import IO
    from urllib.request import BaseHandler, Request

    from secretrun.backend import BackendInfo
    from secretrun_backends._process import Deadline

LARGEST = 16 * 1024 * 1024  # bytes of an answer; stores allow a value a few MiB at most
CHUNK = 64 * 1024


class Answer:
    """What a server said.

    Attributes:
        status: the HTTP status.
        body: the content; may hold secrets.
    """

    __slots__ = ("body", "status")

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.body = body

    def __repr__(self) -> str:
        return f"<Answer {self.status}>"


class Server:
    """A server at one address.

    Args:
        info: the backend that asks.
        address: `https://host[:port][/path]`, without user or query.
        environ: for HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
        deadline: when an answer is too late.
        variable: what a user sets to change the address, for hints.
        authority: the PEM file of the authority that signed its certificate, or None for the system's.
        authorities: a directory of such files, or None.
        authority_variable: what a user sets to name that file, for hints.
        certificate: PEM files of our own certificate and its key, or None.

    Raises:
        BadReference: the address is not one.
        Unavailable: a certificate file can't be read.
    """

    def __init__(
        self,
        info: BackendInfo,
        address: str,
        *,
        environ: Mapping[str, str],
        deadline: Deadline,
        variable: str,
        authority: str | None = None,
        authorities: str | None = None,
        authority_variable: str = "SSL_CERT_FILE",
        certificate: tuple[str, str] | None = None,
    ) -> None:
        from urllib.parse import urlsplit

        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or "@" in parts.netloc:
            raise BadReference(
                f"{address!r} is not the address of a server",
                hint=f"set {variable} to https://HOST[:PORT]",
            )
        self.address = address.rstrip("/")
        self._info = info
        self._deadline = deadline
        self._variable = variable
        self._authority_variable = authority_variable
        handlers: list[BaseHandler] = [_proxies(environ, parts.hostname), _no_redirect()]
        if parts.scheme == "https":
            from urllib.request import HTTPSHandler

            handlers.append(HTTPSHandler(context=_tls(authority, authorities, certificate)))
        from urllib.request import build_opener

        self._opener = build_opener(*handlers)
        self._opener.addheaders = [("User-Agent", "secretrun")]

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send one request, whatever status comes back but a redirect.

        Args:
            method: GET, POST ...
            path: what follows the address, percent-escaped, with the query.
            headers: may hold the token; they are never part of a message.
            body: what to send.

        Raises:
            Unavailable: it can't be reached, its certificate is not trusted, or it redirects.
            TimedOut: it did not answer in time.
            BadAnswer: it broke off, or the answer is too long.
        """
        import http.client
        from urllib.error import HTTPError, URLError
        from urllib.request import Request

        left = self._deadline.left()
        if left == 0:
            raise self._deadline.passed(self._info)
        request = Request(self.address + path, data=body, headers=dict(headers), method=method)  # noqa: S310  the scheme was checked
        try:
            try:
                reply = self._opener.open(request, timeout=left)
            except HTTPError as error:  # any status from 300 up
                reply = error
            with reply:
                answer = Answer(reply.status, self._read(reply))
                if 300 <= answer.status < 400:
                    raise self._redirected(reply.headers.get("Location") or "")
        except TimeoutError:
            raise self._deadline.passed(self._info) from None
        except URLError as error:
            raise self._unreachable(error.reason) from None
        except http.client.HTTPException:
            raise BadAnswer(f"{self.address} broke off, or does not speak HTTP") from None
        except OSError as error:
            raise self._unreachable(error) from None
        return answer

    def _read(self, reply: IO[bytes]) -> bytes:
        """The whole content, in pieces, so that a server that drips can't outlast the deadline."""
        pieces: list[bytes] = []
        size = 0
        while piece := reply.read(CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST:
                raise BadAnswer(f"the answer of {self.address} is longer than {LARGEST >> 20} MiB")
            if self._deadline.left() == 0:
                raise self._deadline.passed(self._info)
        return b"".join(pieces)

    def _redirected(self, location: str) -> Unavailable:
        from urllib.parse import urljoin, urlsplit

        target = urlsplit(urljoin(self.address, location))
        return Unavailable(
            f"{self.address} redirects to another place, and a token must not follow",
            hint=f"if that place is right, set {self._variable}={target.scheme}://{target.hostname}"
            + (f":{target.port}" if target.port else ""),
        )

    def _unreachable(self, reason: object) -> Unavailable | TimedOut:
        import socket
        import ssl

        if isinstance(reason, TimeoutError):
            return self._deadline.passed(self._info)
        if isinstance(reason, ssl.SSLCertVerificationError):
            return Unavailable(
                f"the certificate of {self.address} is not trusted: {reason.verify_message.rstrip('.')}",
                hint=f"set {self._authority_variable} to the PEM file of the authority that signed it",
            )
        if isinstance(reason, ssl.SSLError):
            return Unavailable(
                f"no TLS connection to {self.address}: {(reason.reason or 'it failed').lower()}",
                hint=f"does it speak plain HTTP? then set {self._variable}=http://...",
            )
        if isinstance(reason, socket.gaierror):
            return Unavailable(
                f"the name of {self.address} can't be looked up",
                hint=f"is {self._variable} right, and the network up?",
            )
        words = reason.strerror if isinstance(reason, OSError) else None
        return Unavailable(
            f"can't reach {self.address}: {(words or str(reason)).lower()}",
            hint=f"is the server up, and {self._variable} right?",
        )

    def __repr__(self) -> str:
        return f"<Server {self.address}>"


def _proxies(environ: Mapping[str, str], host: str) -> BaseHandler:
    """The proxies that the run's environment names, which need not be our own process's."""
    from urllib.request import (
        ProxyHandler,
        proxy_bypass_environment,  # type: ignore[attr-defined]  # in every version, not in typeshed
    )

    found = {
        name[:-6].lower(): value
        for name, value in environ.items()
        if name.lower().endswith("_proxy") and value
    }
    return ProxyHandler({} if proxy_bypass_environment(host, found) else found)


def _no_redirect() -> BaseHandler:
    from urllib.request import HTTPRedirectHandler

    class Stay(HTTPRedirectHandler):
        def redirect_request(
            self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
        ) -> None:
            """None: the redirect is handed to the caller as an answer."""
            del req, fp, code, msg, headers, newurl

    return Stay()


def _tls(
    authority: str | None, authorities: str | None, certificate: tuple[str, str] | None
) -> ssl.SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=authority, capath=authorities)
        if certificate:
            context.load_cert_chain(*certificate)
    except (OSError, ssl.SSLError) as error:
        names = ", ".join(name for name in (authority, authorities, *(certificate or ())) if name)
        raise Unavailable(
            f"can't use the certificate files {names}: {(error.strerror or 'not PEM').lower()}",
            hint="they must be readable PEM files",
        ) from None
    return context
