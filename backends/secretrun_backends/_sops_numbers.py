"""Numbers with a fraction in YAML as `sops exec-env` gives them.

sops's JSON view writes 1.0 as 1 and 1e6 as 1000000, so that it does not tell them from integers; the
encrypted file does: a value says its type in the clear (`type:float`), one that is not encrypted is there
as it was written. In a JSON file every number is a float to sops, which passes 5432 on as 5432.0: there a
number stays as the JSON view has it. Source: `ValToString` in getsops/sops stores/stores.go.
"""

from __future__ import annotations

from secretrun.errors import BackendError
from secretrun.formats.parse import Literal
from secretrun.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENCRYPTED = LazyPattern(r"ENC\[AES256_GCM,.*,type:float\]", needs=",type:float]")
WRITTEN = LazyPattern(r"(?i)[-+]?(?:[0-9][0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan")
LARGEST = 6  # power of ten from which Go writes an exponent


def with_fractions(tree: Any, path: str) -> Any:
    """The decrypted tree of a YAML file, its numbers with a fraction as sops writes them."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return tree
    if b",type:float]" not in content:
        import re

        if not re.search(rb"[0-9][.eE][-+0-9]", content):
            return tree
    from secretrun.formats.parse import parse

    try:
        encrypted = parse(content, kind="yaml", what=path)
    except BackendError:  # without PyYAML, above all
        return tree
    return _merged(tree, encrypted)


def _merged(node: Any, written: Any) -> Any:
    if isinstance(node, dict) and isinstance(written, dict):
        return {key: _merged(value, written.get(key)) for key, value in node.items()}
    if isinstance(node, list) and isinstance(written, list) and len(node) == len(written):
        return [_merged(one, other) for one, other in zip(node, written, strict=True)]
    if isinstance(node, Literal) and node not in ("true", "false") and _is_float(written):
        return Literal(go_float(float(node)))
    return node


def _is_float(written: object) -> bool:
    if not isinstance(written, str):
        return False
    number = any(c in written for c in ".eE") and WRITTEN.fullmatch(written) is not None
    return number or ENCRYPTED.fullmatch(written) is not None


def go_float(number: float) -> str:
    """A number as strconv.FormatFloat(number, 'G', -1, 64) has it, with ".0" where that has no fraction."""
    import math
    from decimal import Decimal

    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "+Inf" if number > 0 else "-Inf"

    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # digits before the point
    minus = "-" if sign else ""
    if number == 0:
        return f"{minus}0.0"
    power = point - 1
    if power < -4 or power >= LARGEST:
        fraction = f".{text[1:]}" if len(text) > 1 else ""
        return f"{minus}{text[0]}{fraction}E{'-' if power < 0 else '+'}{abs(power):02d}"
    if point <= 0:
        return f"{minus}0.{'0' * -point}{text}"
    if point >= len(text):
        return f"{minus}{text}{'0' * (point - len(text))}.0"
    return f"{minus}{text[:point]}.{text[point:]}"
