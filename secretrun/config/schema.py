"""The JSON Schema of secretrun.toml, for editors, made from the tables that the readers use."""

from __future__ import annotations

from secretrun.config import secret_table, settings
from secretrun.trust import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
KINDS: dict[str, dict[str, object]] = {
    "flag": {"type": "boolean"},
    "text": {"type": "string"},
    "seconds": {"type": "number", "exclusiveMinimum": 0},
    "duration": {
        "oneOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": settings.DURATION},
        ]
    },
    "list": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}  # fmt: skip


def schema() -> dict[str, object]:
    """The schema, draft 2020-12."""
    entry = {
        "type": "object",
        "properties": {key: {**kind, "description": said} for key, (kind, said) in secret_table.KEYS.items()},
        "additionalProperties": False,
        "oneOf": [{"required": ["ref"]}, {"required": ["value"]}],
        "if": {"properties": {"type": {"const": "regex"}}, "required": ["type"]},
        "then": {"required": ["pattern"]},
        "else": {"properties": {"pattern": False}},
    }
    variables = {
        "type": "object",
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {"oneOf": [{"type": ["string", "integer", "boolean"]}, entry]},
    }
    run = {"type": "object", "properties": dict(_options()), "additionalProperties": False}
    backends = {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {"timeout": {"type": "number", "exclusiveMinimum": 0}},
        },
    }
    broker = {
        "type": "object",
        "properties": {
            "egress": {"enum": ["deny", "tunnel"], "description": "hosts without a rule"},
            "addresses": {
                "oneOf": [{"enum": ["public", "any"]}, {"type": "array", "items": {"type": "string"}}],
                "description": "where allowed names may lead",
            },
            "on_misuse": {"enum": ["block", "block+kill"], "description": "what a misused placeholder does"},
            "audit": {"type": "string", "description": "the journal's file; not in a project's file"},
            "inspect": {
                "type": "array", "items": {"type": "string"}, "description": "hosts to look through as well",
            },
        },
        "additionalProperties": False,
    }  # fmt: skip
    sections = {
        "env": {"$ref": "#/$defs/variables"},
        "secrets": {"$ref": "#/$defs/variables"},
        "run": {"$ref": "#/$defs/run"},
        "backend": {"$ref": "#/$defs/backends"},
        "broker": {"$ref": "#/$defs/broker"},
    }
    inner = {**sections, "run": {"$ref": "#/$defs/run", "not": {"required": ["profile"]}}}
    profile = {"type": "object", "properties": inner, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "secretrun.toml",
        "type": "object",
        "properties": {**sections, "profile": {"type": "object", "additionalProperties": profile}},
        "additionalProperties": False,
        "$defs": {"variables": variables, "run": run, "backends": backends, "broker": broker},
    }


def _options() -> Iterator[tuple[str, dict[str, object]]]:
    """The keys of [run]; a name of two words may be written with either dash."""
    for setting in settings.RUN:
        if table.project_may(f"run.{setting.name}") != table.NEVER:
            kind = {"enum": list(setting.choices)} if setting.choices else KINDS[setting.kind]
            for name in dict.fromkeys((setting.name, setting.name.replace("_", "-"))):
                yield name, {**kind, "description": setting.help}
