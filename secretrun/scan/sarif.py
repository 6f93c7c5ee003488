"""Finds as SARIF 2.1.0, which code hosts show beside the lines."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from secretrun.scan.find import Find


def sarif(finds: Iterable[Find], version: str) -> dict[str, object]:
    """The report; paths as they were given, never a value."""
    results = [
        {
            "ruleId": "secret",
            "level": "error",
            "message": {"text": f"the value of {find.name} stands here ({find.form})"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(find.where)},
                        "region": {"startLine": find.line},
                    }
                }
            ],
        }
        for find in finds
    ]
    driver = {
        "name": "secretrun",
        "version": version,
        "rules": [{"id": "secret", "shortDescription": {"text": "A value of a secret store in the clear"}}],
    }
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _uri(where: str) -> str:
    from urllib.parse import quote

    return quote(where.partition("@")[0].partition("!")[0], safe="/")
