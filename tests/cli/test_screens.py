"""What people look at, on terminals of 40, 80 and 120 columns, with colour and without."""

import os
import re

import pytest
from support.store import clean_environ, on_terminal

SGR = re.compile(r"\x1b\[[0-9;]*m")
LONG = "A_VERY_LONG_NAME_OF_A_VARIABLE_FOR_THE_WEBHOOK_OF_THE_PAYMENT_PROVIDER"
KINDS = {
    "colour": {"TERM": "xterm-256color"},
    "no colour": {"TERM": "xterm-256color", "NO_COLOR": "1"},
    "dumb": {"TERM": "dumb"},
}


@pytest.fixture
def place(tmp_path):
    (tmp_path / "token").write_text("token-value-7f3a9c")
    (tmp_path / ".env.secretrun").write_text(
        f"API_KEY=file://token\n{LONG}=file://token?trim=yes\nLEVEL=debug\nDATABASE_PASSWORD=file://token\n"
        "BROKEN=file://a-file-that-is-not-there-and-has-a-long-name\n"
    )
    return tmp_path


def screen(place, width, kind, *words):
    """The lines shown, as they are coloured."""
    shown, status = on_terminal(
        *words, env=clean_environ(place) | KINDS[kind], cwd=place, size=(24, width)
    )  # fmt: skip
    return shown.decode().replace("\r\n", "\n").splitlines(), status


def too_wide(lines, width):
    """The lines that a terminal would break, but for those that are one long word (a path, a reference)."""
    plain = [SGR.sub("", line) for line in lines]
    return [line for line in plain if len(line) > width and len(line.split()) > 2]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_check_on_every_screen(place, width, kind):
    lines, status = screen(place, width, kind, "check")
    text = "\n".join(lines)
    assert status == 125
    assert bool(SGR.search(text)) is (kind == "colour")
    assert "\x1b" not in SGR.sub("", text)
    assert too_wide(lines, width) == []
    rows = [line for line in (SGR.sub("", line) for line in lines) if "API_KEY" in line or "LEVEL" in line]
    if width >= 80:  # one long name costs its own row alone
        assert [line.split() for line in rows] == [
            ["ok", "API_KEY", "file://token", ".env.secretrun:1"],
            ["literal", "LEVEL", "-", ".env.secretrun:3"],
        ]
    assert text.count(LONG) == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_doctor_on_every_screen(place, width, kind):
    lines, status = screen(place, width, kind, "doctor")
    text = "\n".join(lines)
    assert status == 0
    assert bool(SGR.search(text)) is (kind == "colour")
    assert too_wide(lines, width) == []
    assert "\x1b[31;1m" not in text  # nothing that is used here is broken
    assert "  partly" in SGR.sub("", text)  # one of two references names nothing, so the row is not green
    assert "\x1b[32m" not in text
    if kind == "colour":
        assert "\x1b[2mnot used here, so not asked" in text
    assert len(lines) <= (24 if width < 80 else 12)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_is_as_wide_as_the_terminal(place, width):
    for words in (["--help"], ["help", "scan"], ["inject", "--help"]):
        lines, status = screen(place, width, "dumb", *words)
        assert status == 0
        head = lines[: lines.index("examples:")]
        assert [line for line in head if len(line) > width and not line.startswith("usage: ")] == []


def test_what_doctor_says_of_a_broken_store_stands_below_it(place):
    template = place / ".env.secretrun"
    template.write_text("X=sops://secrets.yaml#/x\n")
    (place / "secrets.yaml").write_text("x: ENC[]\nsops:\n  age: []\n")
    lines, status = screen(place, 40, "dumb", "doctor", "--set", f"Y={os.devnull}")
    assert status == 125
    assert lines[1].split() == ["error", "SOPS"]
    assert too_wide(lines, 40) == []
