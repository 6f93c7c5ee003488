"""One entry of `[secrets]` or `[env]` in secretrun.toml: which keys there are, and what they mean.

The keys are data (`KEYS`): the reader below, the error that lists them and the JSON Schema for editors are
made from it.
"""

from __future__ import annotations

from secretrun import hints
from secretrun.config import settings, value_checks
from secretrun.errors import BadAnswer, ConfigError, TemplateError
from secretrun.model import LONGEST_TIMEOUT
from secretrun.reference import VALS
from secretrun.template.entry import Entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from secretrun.template.entry import Pieces
    from secretrun.template.plan import Plan

    Table = dict[str, object]

# key: (JSON Schema of its value, what it is for)
KEYS: dict[str, tuple[dict[str, object], str]] = {
    "ref": ({"type": "string"}, "a reference, or text with {{ references }}"),
    "value": ({"type": ["string", "integer", "boolean"]}, "a literal, which may hold references as well"),
    "required": (
        {
            "oneOf": [
                {"type": "boolean"},
                {
                    "type": "object",
                    "properties": {"at_least_one": {"type": "string"}, "exactly_one": {"type": "string"}},
                    "additionalProperties": False,
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ]
        },
        "false: left out when the store has no such value; or the group that needs one",
    ),
    "default": ({"type": "string"}, "used when the store has no such value"),
    "mask": ({"enum": ["auto", "always", "never"]}, "whether its value is masked; a literal is with always"),
    "min_length": ({"type": "integer", "minimum": 1}, "the shortest form of it that is masked"),
    "as": ({"enum": ["env", "file", "fd", "fifo", "stdin"]}, "how the command gets it"),
    "type": ({"enum": ["text", "url", "port", "json", "pem", "regex"]}, "what its value must look like"),
    "pattern": ({"type": "string", "format": "regex"}, "the whole value must match it (type regex)"),
    "cache": (
        {
            "oneOf": [
                {"const": False},
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": settings.DURATION},
            ]
        },
        "how long the cache may remember it at most, such as 5m; false: never",
    ),
    "allow": ({"type": "array", "items": {"type": "object"}}, "with --broker: requests it may be used in"),
    "deny": (
        {"type": "array", "items": {"type": "object"}},
        "with --broker: requests it may not, whatever is allowed",
    ),
    "use": ({"type": "string"}, "with --broker: the rules of a preset, such as github"),
    "placeholder": ({"enum": ["shape", "opaque"]}, "with --broker: what it looks like to the command"),
    "extract": (
        {"type": "string", "format": "regex"},
        "with --broker: the secret is the group in this expression",
    ),
    "description": ({"type": "string"}, "for people"),
}


def read(plan: Plan | None, name: str, said: Table, place: str, base: str, trusted: bool) -> Entry:
    """An entry from its table; without a plan its text is not read, only the rest.

    Raises:
        ConfigError: naming the place and the key.
    """
    for key in said:
        if key not in KEYS:
            raise ConfigError(f"{place}: unknown key {key!r}", hint=hints.one_of(key, KEYS))
    if "ref" in said and "value" in said:
        raise ConfigError(f"{place}: 'ref' and 'value' exclude each other")
    text = _text(said, "ref", place) if "ref" in said else said.get("value")
    if isinstance(text, bool):
        text = "true" if text else "false"
    if isinstance(text, float):  # 1.10 would become 1.1
        raise ConfigError(f"{place}: a number with a fraction must be written as a text, in quotes")
    if isinstance(text, int):
        text = str(text)
    if not isinstance(text, str):
        raise ConfigError(f"{place}: 'ref' (or 'value') must be a text")
    for key, value in said.items():
        if isinstance(value, str) and "\0" in value:
            raise ConfigError(f"{place}: {key!r} holds a NUL byte, which no environment variable can")
    required, group = _required(said.get("required", True), place)
    length = said.get("min_length")
    if length is not None and (not isinstance(length, int) or isinstance(length, bool) or length < 1):
        raise ConfigError(f"{place}: 'min_length' must be a number above 0")
    _text(said, "description", place)
    kind = _choice(said, "type", "text", place)
    pattern = _text(said, "pattern", place)
    if (kind == "regex") != (pattern is not None):
        raise ConfigError(f"{place}: type = \"regex\" and 'pattern' go together")
    check = value_checks.checker(kind, pattern, place)
    default = _text(said, "default", place)
    if default is not None and check is not None:
        try:
            check(default.encode())
        except BadAnswer as error:
            raise ConfigError(f"{place}: 'default': {error.message}") from None
    pieces = [] if plan is None else _pieces(plan, name, text, place, base, trusted)
    # Only a variable can bring what nobody can see here; and vals has expressions that are literals.
    literal = all(isinstance(piece, str) for piece in pieces) and "$" not in text and not VALS.search(text)
    if plan is not None and literal and "ref" in said:
        raise ConfigError(f"{place}: 'ref' holds no reference", hint="a literal is written as 'value'")
    return Entry(
        name,
        pieces,
        place,
        required=required,
        group=group,
        default=default,
        mask=_choice(said, "mask", "auto", place),
        min_length=length,
        deliver=_choice(said, "as", "env", place),
        remember=_remember(said.get("cache"), place),
        check=check,
        broker=_brokered(said, place),
    )


def _brokered(said: Table, place: str) -> dict[str, object]:
    """What the broker is told about it; the broker reads it when it is asked for."""
    for key in ("allow", "deny"):
        rules = said.get(key, [])
        if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
            raise ConfigError(f"{place}: {key!r} must be tables, each begun by [[secrets.NAME.{key}]]")
    _text(said, "use", place)
    _text(said, "extract", place)
    _choice(said, "placeholder", "shape", place)
    return {key: said[key] for key in ("allow", "deny", "use", "placeholder", "extract", "as") if key in said}


def _pieces(plan: Plan, name: str, text: str, place: str, base: str, trusted: bool) -> Pieces:
    """The pieces of a value; the place says which, as TOML does not tell us its line."""
    try:
        return plan.expand_text(name, text, place, base, trusted=trusted)
    except TemplateError as error:
        message = error.message.removeprefix(f"{place}:{error.line}:{error.column}: ")
        raise ConfigError(f"{place}: {message.removeprefix(f'{name}: ')}", hint=error.hint) from None


def _required(said: object, place: str) -> tuple[bool, tuple[str, str] | None]:
    if isinstance(said, bool):
        return said, None
    if isinstance(said, dict) and len(said) == 1:
        rule, group = next(iter(said.items()))
        if rule in ("at_least_one", "exactly_one") and isinstance(group, str):
            return False, (rule, group)
    raise ConfigError(
        f"{place}: 'required' must be true, false or a group", hint='required = { at_least_one = "login" }'
    )


def _remember(said: object, place: str) -> float | None:
    if said is None:
        return None
    if said is False:
        return 0.0
    if isinstance(said, str):
        return settings.duration(said, f"{place}: 'cache'")
    if isinstance(said, (int, float)) and said is not True and 0 < said < LONGEST_TIMEOUT:
        return float(said)
    raise ConfigError(f"{place}: 'cache' must be a duration such as 5m, or false")


def _choice(said: Table, key: str, default: str, place: str) -> str:
    value = said.get(key, default)
    choices = KEYS[key][0]["enum"]
    assert isinstance(choices, list)  # noqa: S101  the table above says so
    if value not in choices:
        near = hints.closest(value, choices) if isinstance(value, str) else None
        hint = f"did you mean {near!r}?" if near else None
        raise ConfigError(f"{place}: {key!r} must be one of {', '.join(choices)}", hint=hint)
    return str(value)


def _text(said: Table, key: str, place: str) -> str | None:
    value = said.get(key)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{place}: {key!r} must be a text")
    return value
