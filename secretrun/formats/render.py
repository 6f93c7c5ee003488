"""An environment as text in the formats other programs read: dotenv, JSON, YAML, shell and more.

Each format is a function from (name, value) pairs to text; what a format can't carry is an error that
names the variable. Pure.
"""

from __future__ import annotations

import re

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Pairs = Sequence[tuple[str, str]]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOCKER_LINE = 64 * 1024  # bytes: longer ones end docker's scanner with an error
CONTROL = re.compile(r"[\x01-\x08\x0b-\x1f\x7f]")  # all but tab and line feed
PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,-]+")
SHELL_SAFE = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def dotenv(pairs: Pairs) -> str:
    r"""`NAME=value` in the quotes that most readers agree on.

    In single quotes a dollar is a dollar for Docker Compose, dotenv of Node and our own templates; in
    double quotes only some of them know `\$`. What single quotes can't hold for all of them alike (a
    quote, two backslashes, a carriage return) goes into double quotes.
    """
    return "".join(f"{name}={_quoted(value)}\n" for name, value in pairs)


def shell(pairs: Pairs) -> str:
    """`export NAME='value'` for a POSIX shell's `eval`."""
    return "".join(f"export {name}={_shell_quoted(value)}\n" for name, value in pairs)


def fish(pairs: Pairs) -> str:
    r"""`set -gx NAME 'value'` for fish's `source`; in its single quotes `\\` and `\'` are escapes."""
    return "".join(
        f"set -gx {name} '" + value.replace("\\", "\\\\").replace("'", "\\'") + "'\n" for name, value in pairs
    )


def json_object(pairs: Pairs) -> str:
    """One JSON object (RFC 8259)."""
    import json

    return json.dumps(dict(pairs), indent=2, ensure_ascii=False) + "\n"


def yaml(pairs: Pairs) -> str:
    """A YAML mapping of quoted strings; names too, since `NO: x` has a boolean for its key."""
    return "".join(f'"{name}": {_yaml_string(value)}\n' for name, value in pairs) or "{}\n"


def docker(pairs: Pairs) -> str:
    """`docker run --env-file`: NAME=value, the rest of the line as it is; no quotes, no newlines."""
    for name, value in pairs:
        if "\n" in value or "\r" in value:
            raise ConfigError(
                f"{name} has several lines, which docker's --env-file can't carry", hint="use --format json"
            )
        if len(name) + len(value.encode()) >= DOCKER_LINE:
            raise ConfigError(
                f"{name} is longer than the 64 KiB that docker reads of a line", hint="use --format json"
            )
    return "".join(f"{name}={value}\n" for name, value in pairs)


def systemd(pairs: Pairs) -> str:
    """`EnvironmentFile=` of systemd.exec(5): in double quotes, where four characters need a backslash."""
    for name, value in pairs:
        if CONTROL.search(value):
            raise ConfigError(
                f"{name} holds a control character, for which systemd drops the variable",
                hint="use LoadCredential= and a file of its own",
            )
    return "".join(f'{name}="' + re.sub(r'(["\\$`])', r"\\\1", value) + '"\n' for name, value in pairs)


def k8s(pairs: Pairs) -> str:
    """A Kubernetes Secret manifest, for `kubectl apply -f -`."""
    import base64

    head = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: secretrun\ntype: Opaque\ndata:"
    if not pairs:
        return head + " {}\n"
    lines = [
        f'  "{name}": "{base64.b64encode(value.encode("utf-8", "surrogateescape")).decode()}"'
        for name, value in pairs
    ]
    return "\n".join([head, *lines]) + "\n"


FORMATS: dict[str, Callable[[Pairs], str]] = {
    "dotenv": dotenv,
    "json": json_object,
    "yaml": yaml,
    "shell": shell,
    "fish": fish,
    "docker": docker,
    "systemd": systemd,
    "k8s": k8s,
}
BINARY_SAFE = ("dotenv", "fish", "k8s", "shell")
NUL_SAFE = ("json", "k8s", "yaml")


def render(environment: Mapping[str, bytes], form: str) -> bytes:
    """The environment in one of `FORMATS`.

    Raises:
        ConfigError: naming a variable the format can't carry, or what is no name of a variable.
    """
    wrong = [name for name in environment if not NAME.fullmatch(name)]
    if wrong:  # a line, or a command, in whatever reads it
        raise ConfigError(f"no names of variables: {', '.join(map(repr, wrong))}")
    pairs = []
    for name, raw in environment.items():
        value = raw.decode("utf-8", "surrogateescape")
        if form not in BINARY_SAFE and not value.isascii():
            try:
                raw.decode("utf-8")
            except UnicodeDecodeError:
                raise ConfigError(
                    f"{name} is not text, which {form} can't carry", hint="use --format k8s, which has base64"
                ) from None
        if "\0" in value and form not in NUL_SAFE:
            raise ConfigError(
                f"{name} holds a NUL byte, which {form} can't carry",
                hint="use --format k8s, which has base64",
            )
        pairs.append((name, value))
    return FORMATS[form](pairs).encode("utf-8", "surrogateescape")


def _quoted(value: str) -> str:
    if PLAIN.fullmatch(value):
        return value
    if "'" not in value and "\r" not in value and "\\\\" not in value and not value.endswith("\\"):
        return f"'{value}'"
    return _double_quoted(value)


def _double_quoted(value: str) -> str:
    escaped = re.sub(r'(["\\$])', r"\\\1", value)
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _shell_quoted(value: str) -> str:
    if SHELL_SAFE.fullmatch(value):
        return value
    return "'" + value.replace("'", "'\\''") + "'"


def _yaml_string(value: str) -> str:
    """A double-quoted YAML scalar: JSON's escapes, but for astral characters, which are one escape there."""
    import json

    def escaped(c: str) -> str:
        if c == "\x7f":  # JSON has it as it is, YAML takes it for unprintable
            return "\\x7f"
        return f"\\U{ord(c):08x}" if ord(c) > 0xFFFF else json.dumps(c)[1:-1]

    return "".join(map(escaped, value)).join('""')
