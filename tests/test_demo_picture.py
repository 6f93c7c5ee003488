"""The README's picture is a run of today's secretrun, not a drawing."""

import importlib.util
import pathlib
import re
import xml.etree.ElementTree as ET

import pytest
from support.broker_world import KEY

ROOT = pathlib.Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def screenshot():
    """scripts/screenshot.py as a module."""
    spec = importlib.util.spec_from_file_location("screenshot", ROOT / "scripts" / "screenshot.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(picture):
    """The text of a picture, line by line."""
    return ["".join(line.itertext()) for line in ET.fromstring(picture).iter(f"{SVG}text")]


@pytest.fixture
def committed(screenshot):
    return screenshot.PICTURE.read_text(encoding="utf-8")


@pytest.mark.timeout(600)
def test_the_committed_picture_shows_what_the_demo_prints_today(screenshot, committed):
    """A fresh run on a real terminal ends with the same screen, colours included."""
    screen = screenshot.record()
    assert lines(committed) == screenshot.text(screen)
    assert committed == screenshot.svg(screen)


def test_the_picture_shows_masks_colours_and_the_status_and_no_secret(screenshot, committed):
    shown = lines(committed)
    assert shown.count("[REDACTED:API_KEY]") == 2
    assert "API_KEY=[REDACTED:API_KEY]" in shown
    assert "still a terminal" in shown
    assert shown[-1] == "7"
    assert f'fill="{screenshot.COLOURS["red"]}" font-weight="bold">API_<' in committed
    for piece in (screenshot.VALUE[8:16].decode(), screenshot.VALUE[-8:].decode()):
        assert piece not in committed


def test_the_readme_shows_the_picture():
    assert "](docs/demo.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_agents_picture_has_the_placeholder_the_refusal_and_no_token():
    """It is compared with a fresh run where the agent is installed (tests/agents)."""
    picture = (ROOT / "docs" / "agent.svg").read_text(encoding="utf-8")
    shown = "\n".join(lines(picture))
    assert re.search(r"Authorization: Bearer (srph_\w+)", shown).group(1) in shown.split("Authorization")[0]
    assert "CONNECT tunnel failed, response 403" in shown
    assert shown.endswith("hold the token: 0")
    assert "](docs/agent.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    for piece in (KEY[:8], KEY[-8:]):
        assert piece not in picture
