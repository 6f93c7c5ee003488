"""The page of the first day counts what its script does; `.ci/run` runs the script itself."""

import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def first_day():
    """scripts/first_day.py as a module."""
    spec = importlib.util.spec_from_file_location("first_day", ROOT / "scripts" / "first_day.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_counts_of_todays_script(first_day):
    rows = re.findall(r"^\| (\w+) \| (.*) \|$", first_day.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [tool for tool, _ in rows] == list(first_day.TOOLS)
    for tool, row in rows:
        cells = [cell.strip() for cell in row.split("|")]
        assert cells[:5] == [str(count) for count in first_day.counted(tool).values()], tool
        assert cells[5] in {"masked", "in clear"}


def test_a_day_has_every_chapter_and_two_people(first_day):
    for tool in ("secretrun", "sops", "fnox"):
        steps = first_day.TOOLS[tool]
        assert {step.chapter for step in steps} == set(first_day.CHAPTERS)
        assert {step.who for step in steps} == {"ada", "bo"}


def test_ci_runs_the_script():
    assert "scripts/first_day.py secretrun sops" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
