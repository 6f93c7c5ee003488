"""The documents say what the code says."""

import pathlib
import re
import subprocess
import sys

import pytest

from secretrun import errors

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def test_what_is_made_from_data_is_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_status_of_an_error_is_in_the_documents():
    page = (ROOT / "docs" / "reference" / "verbs.md").read_text(encoding="utf-8")
    kinds, statuses = [errors.SecretrunError], set()
    while kinds:
        kind = kinds.pop()
        statuses.add(kind.exit_status)
        kinds += kind.__subclasses__()
    for status in statuses:
        assert re.search(rf"^\| {status} \|", page, re.MULTILINE), status


def anchors(path):
    """What a link into a page may name, as GitHub and MyST make it from the headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_heading_a_document_points_at_is_there(document):
    for target, heading in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8")):
        place = document.parent / target if target else document
        assert place.exists(), target
        assert not heading or heading in anchors(place), f"{target}#{heading}"


def test_the_two_lines_of_the_readme_are_lines():
    for heading in ("Try it", "Test it"):
        block = re.search(rf"^## {heading}$.*?^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        assert block is not None
        assert len(block.group(1).splitlines()) == 1
