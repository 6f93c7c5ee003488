"""SECURITY.md promises nothing without a test: each row of its tables names one that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith(("| ---", "| promise", "| attack"))]  # fmt: skip


def test_there_are_two_tables():
    assert len(ROWS) > 20
    assert "| promise | how | test |" in TEXT
    assert "| attack | layer | what is left | test |" in TEXT


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_row_names_a_test_that_exists(row):
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert all(cells)
    named = re.fullmatch(r"`(tests/[a-z_/]+\.py)(?:::(test_[a-z0-9_]+))?`", cells[-1])
    assert named, cells[-1]
    tree = ast.parse((ROOT / named.group(1)).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert named.group(2) is None or named.group(2) in functions
