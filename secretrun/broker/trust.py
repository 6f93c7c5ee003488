"""What makes programs use the broker and trust its certificates: variables, and bundles of roots.

Each tool has variables of its own (measured: curl, wget, Python's urllib, requests and httpx, pip, botocore,
git, Go, Node). A bundle holds what the tool trusted before, which is the file its variable names or the
system's own, and the run's certificate authority.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping

# The variables that name one file with all roots. NODE_EXTRA_CA_CERTS adds to Node's own.
BUNDLES = (
    "SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "GIT_SSL_CAINFO", "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO", "DENO_CERT", "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)  # fmt: skip
EXTRA = "NODE_EXTRA_CA_CERTS"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "PIP_PROXY",
           "CARGO_HTTP_PROXY")  # fmt: skip
LOCAL = "localhost,127.0.0.1,::1"
_SYSTEM = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)  # fmt: skip
_NOT_A_BUNDLE = 1 << 24  # bytes


def _places() -> tuple[str, str]:
    """The file and the directory in which OpenSSL looks for roots, in our own environment."""
    try:
        # what `ssl` asks too, without the 10 ms that importing it takes
        import _ssl

        file_variable, file, directory_variable, directory = _ssl.get_default_verify_paths()
    except Exception:  # noqa: BLE001  whatever it is: a new Python may cost speed, never the answer
        import ssl

        said = ssl.get_default_verify_paths()
        file_variable, directory_variable = said.openssl_cafile_env, said.openssl_capath_env
        file, directory = said.openssl_cafile, said.openssl_capath
    return os.environ.get(file_variable, file), os.environ.get(directory_variable, directory)


def system_roots() -> str | None:
    """The file with this system's roots, or None."""
    return next((path for path in (_places()[0], *_SYSTEM) if path and os.path.isfile(path)), None)


def roots(environ: Mapping[str, str]) -> list[str]:
    """The files with what the way out trusts: OpenSSL's own, and the bundles that our environment names."""
    named = (environ.get(name, "") for name in (*BUNDLES, EXTRA))
    return [path for path in dict.fromkeys((_places()[0], *named)) if path and _is_bundle(path)]


def way_out(files: Iterable[str]) -> ssl.SSLContext:
    """The client's side of TLS: chain and name verified, with the roots that our own environment names.

    Args:
        files: bundles, besides the certificates in OpenSSL's own directory, each read when it is asked for.
    """
    import ssl

    context = ssl.create_default_context(capath=_places()[1])
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    for file in files:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError):
            continue  # what names no bundle adds no root
    return context


def write_bundles(directory: str, environ: Mapping[str, str], authority: bytes) -> dict[str, str]:
    """Write the bundles into `directory`; returns variable to path.

    Raises:
        OSError: it can't be written.
    """
    system = system_roots()
    made: dict[str | None, str] = {}
    variables: dict[str, str] = {}
    for name in (*BUNDLES, EXTRA):
        given = environ.get(name, "")
        source = given if given and os.path.isfile(given) else None if name == EXTRA else system
        if source not in made:
            path = os.path.join(directory, f"roots-{len(made)}.pem" if source else "authority.pem")
            with open(path, "wb", opener=_private) as bundle:
                bundle.write(_roots(source) + authority)
            made[source] = path
        variables[name] = made[source]
    return variables


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _is_bundle(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) <= _NOT_A_BUNDLE


def _roots(source: str | None) -> bytes:
    if source is None or not _is_bundle(source):
        return b""
    with open(source, "rb") as file:
        return file.read().rstrip(b"\n") + b"\n"


def variables(
    address: str, password: str, bundles: Mapping[str, str], inherited: Mapping[str, str]
) -> dict[str, bytes]:
    """What the command's environment gets besides placeholders.

    Args:
        address: host:port of the proxy.
        password: its.
        bundles: see `write_bundles`.
        inherited: the environment as it was, for what is added to.
    """
    proxy = f"http://sr:{password}@{address}"
    said = dict.fromkeys(PROXIES, proxy) | dict(bundles)
    said["NO_PROXY"] = said["no_proxy"] = LOCAL
    said["NODE_USE_ENV_PROXY"] = "1"
    # libcurl asks a proxy which scheme it likes, at the price of a refused request, unless git says so
    said["GIT_CONFIG_PARAMETERS"] = (
        f"{inherited.get('GIT_CONFIG_PARAMETERS', '')} 'http.proxyAuthMethod=basic'".strip()
    )
    return {name: value.encode("utf-8", "surrogateescape") for name, value in said.items()}


def exempted(inherited: Mapping[str, str]) -> list[str]:
    """What a NO_PROXY of the user's would have kept from the proxy, and does not."""
    said = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    return [part.strip() for part in said.split(",") if part.strip() and part.strip() not in LOCAL.split(",")]
