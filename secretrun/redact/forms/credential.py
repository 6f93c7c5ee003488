"""Whether a part of a structured secret is a credential, by the name of its key or by its shape.

A service account's key file holds a private key, and also `googleapis.com`, `service_account` and the
project's name. To mask all of its strings would make every log of that project unreadable, so a part
is masked when its key says credential, or its shape does: random letters and digits. A word, a host,
a path, a region or a URL without credentials is neither.
"""

from __future__ import annotations

SHORTEST = 6  # bytes a part needs to be masked inside words
_SHORTEST_SHAPE = 8  # characters below which a shape says nothing
_LONG = 16

# The last word of a key that holds a credential. A plural counts too.
_STRONG = frozenset((
    "password", "passwd", "passphrase", "passcode", "pass", "pwd", "pw", "secret", "token", "apikey",
    "authtoken", "accesskey", "secretkey", "privatekey", "credential", "cred", "bearer", "jwt", "pat",
    "cookie", "session", "sessionid", "signature", "sig", "mnemonic", "otp", "totp", "pin",
    "requirepass", "masterauth", "authkey", "connectionstring", "salt", "seed", "sas", "csrftoken",
))  # fmt: skip
# The same where words are run together: `dbpassword`, `sharedaccesskey`.
_ENDINGS = (
    "password", "passwd", "passphrase", "secret", "token", "apikey", "accesskey", "secretkey", "privatekey",
    "accountkey", "credential", "authkey", "sessionid",
)  # fmt: skip
# What makes a `key` a credential: `api_key`, `AccountKey`.
_KEYS = frozenset((
    "api", "access", "private", "secret", "encryption", "signing", "master", "account", "shared", "ssh",
    "consumer", "deploy", "client", "app", "auth", "storage", "subscription", "hmac", "session", "admin",
    "service", "root", "rsa", "dsa", "ec", "ecdsa", "ed25519", "tls", "ssl", "license", "webhook",
    "cipher", "aes", "decryption", "instrumentation", "integration", "write", "read", "primary",
    "secondary", "data",
))  # fmt: skip
_MAYBE = frozenset(("auth", "authorization", "dsn"))

# The last word of a key that names something else, whatever stands before it: `token_uri`, `secretName`.
_PLAIN = frozenset((
    "id", "name", "type", "url", "uri", "host", "hostname", "endpoint", "region", "zone", "path", "file",
    "filename", "dir", "directory", "port", "version", "email", "mail", "user", "username", "login",
    "domain", "project", "account", "issuer", "iss", "audience", "aud", "scope", "scopes", "expires",
    "expiry", "expire", "expiration", "exp", "iat", "ttl", "age", "timeout", "algorithm", "alg", "kid",
    "format", "mode", "enabled", "provider", "method", "count", "length", "size", "policy", "prefix",
    "suffix", "label", "kind", "public", "cert", "certificate", "ca", "fingerprint", "digest",
    "checksum", "sha256", "sha1", "md5", "environment", "env", "stage", "description", "comment",
    "title", "server", "address", "location", "date", "time", "timestamp", "created", "updated",
    "status", "state", "command", "cmd", "args", "image", "tag", "branch", "ref", "commit", "rev",
    "revision", "cluster", "context", "namespace", "arn",
))  # fmt: skip

# Beginnings that say credential by themselves; each issuer documents its own.
_PREFIXES = (
    b"ghp_", b"gho_", b"ghu_", b"ghs_", b"ghr_", b"github_pat_", b"glpat-", b"gldt-", b"glrt-", b"npm_",
    b"pypi-", b"sk_live_", b"sk_test_", b"rk_live_", b"rk_test_", b"sk-", b"xoxb-", b"xoxp-", b"xoxa-",
    b"xapp-", b"AKIA", b"ASIA", b"AIza", b"ya29.", b"GOCSPX-", b"SG.", b"dop_v1_", b"hf_", b"shpat_",
    b"sq0atp-", b"eyJ", b"AGE-SECRET-KEY-1", b"hvs.", b"hvb.", b"whsec_", b"lin_api_", b"dckr_pat_",
    b"rubygems_", b"ATATT3", b"PMAK-", b"nvapi-", b"dapi", b"key-",
)  # fmt: skip

_LOWER, _UPPER, _DIGIT, _OTHER = 1, 2, 3, 0
_CLASS = bytes(
    _LOWER if 97 <= byte <= 122 else _UPPER if 65 <= byte <= 90 else _DIGIT if 48 <= byte <= 57 else _OTHER
    for byte in range(256)
)
# Two bytes in a row that words do not have: a capital after a small letter, a digit next to a letter.
_TURNS = tuple(bytes(pair) for pair in ((1, 2), (1, 3), (2, 3), (3, 1), (3, 2)))
_TOKEN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.~"


def by_key(key: str) -> bool | None:
    """Whether a key names a credential: True, False if it names something else, None if it says nothing."""
    words = _words(key)
    if not words:
        return None
    last = words[-1]
    if last == "id" and words[-2:-1] in (["key"], ["secret"], ["token"]):
        return True  # `private_key_id`, `aws_access_key_id`: half of a pair, and useless to a reader
    if last in _PLAIN:
        return False
    if last in ("data", "value", "raw", "text", "base64", "b64", "pem", "file", "content") and len(words) > 1:
        said = _names(words[:-1])  # `client-key-data`
        return said if said is not None else (False if words[-2] in _PLAIN or "authority" in words else None)
    return _names(words)


def _names(words: list[str]) -> bool | None:
    last = words[-1]
    if last in _PLAIN:
        return False
    single = last[:-1] if last.endswith("s") and last not in _STRONG and not last.endswith("ss") else last
    if single in _STRONG or single.endswith(_ENDINGS):
        return "public" not in words
    if single == "key":
        return True if len(words) > 1 and words[-2] in _KEYS else None
    return None


def _words(key: str) -> list[str]:
    """`clientSecret`, `client-secret`, `//host/:_clientSecret` as [..., client, secret]."""
    words: list[str] = []
    current = ""
    for char in key:
        if not char.isalnum():
            if current:
                words.append(current)
            current = ""
        elif char.isupper() and current and not current[-1].isupper():
            words.append(current)
            current = char
        elif char.islower() and len(current) > 1 and current.isupper():
            words.append(current[:-1])  # `APIKey`
            current = current[-1] + char
        else:
            current += char
    if current:
        words.append(current)
    return [word.lower() for word in words]


def by_shape(text: bytes) -> bool:
    """Whether a text without blanks looks random rather than written by a person."""
    if len(text) < _SHORTEST_SHAPE:
        return False
    if text.startswith(_PREFIXES) and len(text) >= _LONG:
        return not text.translate(None, _TOKEN)
    if text.translate(None, _TOKEN) and not _is_password(text):
        return False
    if _is_host(text) or _is_path(text) or _is_time(text):
        return False
    return _is_random(text)


def _is_random(text: bytes) -> bool:
    """By how often its letters change to digits, or to capitals: random text at every second byte or so."""
    classes = text.translate(_CLASS)
    kinds = set(classes)
    turns = _turns(classes)
    if _DIGIT not in kinds:
        # letters alone: long, of both cases, and no words in camel case, which has no capitals in a row
        in_a_row = classes.count(b"\2\2") - classes.count(b"\2\2\2")
        return len(text) >= 24 and turns * 6 >= len(text) and in_a_row * 12 >= len(text)
    if kinds <= {_DIGIT, _OTHER}:
        return False
    pairs = max(1, len(text) - 1 - 2 * classes.count(0))
    signs = frozenset(b"!@#$%^&*?").intersection(text)
    if len(signs) > 1 and len(text) >= 10:
        return True
    if len(text) < _LONG:
        return turns >= 3 and turns * 20 >= 7 * pairs
    return turns >= 4 and turns * 100 >= 22 * pairs


def _turns(classes: bytes) -> int:
    return sum(map(classes.count, _TURNS))


def _is_password(text: bytes) -> bool:
    """Signs among random letters: one word, and no markup, code or sentence around it."""
    return len(text) <= 128 and text.isascii() and not text.translate(None, _TOKEN + b"!@#$%^&*?|,:;").strip()


def _is_host(text: bytes) -> bool:
    """`db-1.eu-west-1.example.com:5432`, and `name@example.com`."""
    name = text.rsplit(b"@", 1)[-1].split(b":")[0]
    labels = name.rstrip(b".").split(b".")
    last = labels[-1]
    return (
        len(labels) > 1
        and (name.islower() or last.isdigit())
        and (last.isalpha() or all(map(bytes.isdigit, labels)))
        and not name.translate(None, b"abcdefghijklmnopqrstuvwxyz0123456789-._")
    )


def _is_path(text: bytes) -> bool:
    """`/usr/lib/python3.11`, `C:/x`, `projects/p-1/secrets/x`: no piece of it is random."""
    pieces = text.replace(b"\\", b"/").split(b"/")
    return (
        len(pieces) > 1
        and not any(len(piece) >= 12 and _is_random(piece) for piece in pieces)
        and (text.startswith((b"/", b"./", b"../", b"~/")) or all(map(_is_wordy, pieces)))
    )


def _is_wordy(piece: bytes) -> bool:
    return _turns(piece.translate(_CLASS)) * 6 <= len(piece)


def _is_time(text: bytes) -> bool:
    """`2026-11-25T18:05:00Z`."""
    return len(text) >= 8 and text[:4].isdigit() and not text.translate(None, b"0123456789-:.TZ+/ ")


def is_credential(key: str, text: bytes, inherited: bool | None = None) -> bool:
    """Whether to mask a part.

    Args:
        key: what names it, empty when nothing does.
        text: without the blanks and quotes around it.
        inherited: what `by_key` says to the key of the table it stands in.
    """
    if not text or 0x0A in text or is_place(text):
        return False
    said = by_key(key) if key else None
    if said is None:
        said = inherited
    if said:
        return text.lower() not in _NOTHING and not _is_reference(text)
    if said is False:
        return False
    if is_header(key) and not text.isalpha():
        return len(text) >= SHORTEST and 0x20 not in text
    return by_shape(text)


_NOTHING = frozenset(
    b"true false yes no on off null nil none undefined default basic bearer required optional".split()
)


def is_header(key: str) -> bool:
    """`Authorization`, `_auth`: a credential, or the way it is given."""
    words = _words(key)
    return bool(words) and words[-1] in _MAYBE


def _is_reference(text: bytes) -> bool:
    """`${TOKEN}`, `$TOKEN`, `{{ token }}`: somebody else's place for a value."""
    name = text[1:].replace(b"_", b"")
    return text.startswith((b"${", b"{{", b"<%")) or (text[:1] == b"$" and name.isalnum() and name.isupper())


def is_place(text: bytes) -> bool:
    """A URL: its parts are looked at one by one."""
    scheme, mark, _rest = text.partition(b"://")
    return bool(mark) and len(scheme) < 32 and not scheme.translate(None, _TOKEN + b":")


def is_plain(text: bytes) -> bool:
    """A word, a host, a path, a URL: what every log is full of."""
    return text.isalpha() or is_place(text) or _is_host(text) or _is_path(text) or _is_time(text)
