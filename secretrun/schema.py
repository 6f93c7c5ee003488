"""The JSON Schema of secretrun.toml, for editors, made from the tables that the readers use.

May import: entries, settings.
"""

from __future__ import annotations

from secretrun import entries, settings

NAME = "^[A-Za-z_][A-Za-z0-9_]*$"
KINDS: dict[str, dict[str, object]] = {
    "flag": {"type": "boolean"},
    "text": {"type": "string"},
    "seconds": {"type": "number", "exclusiveMinimum": 0},
    "duration": {
        "oneOf": [
            {"type": "number", "exclusiveMinimum": 0},
            {"type": "string", "pattern": "^[0-9.]+[smhd]?$"},
        ]
    },
    "list": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
}  # fmt: skip


def schema() -> dict[str, object]:
    """The schema, draft 2020-12."""
    entry = {
        "type": "object",
        "properties": {key: {**kind, "description": said} for key, (kind, said) in entries.KEYS.items()},
        "additionalProperties": False,
    }
    variables = {
        "type": "object",
        "propertyNames": {"pattern": NAME},
        "additionalProperties": {"oneOf": [{"type": ["string", "integer", "boolean"]}, entry]},
    }
    run = {
        "type": "object",
        "properties": {
            setting.name: {
                **({"enum": list(setting.choices)} if setting.choices else KINDS[setting.kind]),
                "description": setting.help,
            }
            for setting in settings.RUN
            if setting.project
        },
        "additionalProperties": False,
    }
    backends = {"type": "object", "additionalProperties": {"type": "object"}}
    sections = {
        "env": {"$ref": "#/$defs/variables"},
        "secrets": {"$ref": "#/$defs/variables"},
        "run": {"$ref": "#/$defs/run"},
        "backend": {"$ref": "#/$defs/backends"},
    }
    profile = {"type": "object", "properties": sections, "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "secretrun.toml",
        "type": "object",
        "properties": {**sections, "profile": {"type": "object", "additionalProperties": profile}},
        "additionalProperties": False,
        "$defs": {"variables": variables, "run": run, "backends": backends},
    }
