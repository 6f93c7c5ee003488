"""The documents say what the code says."""

import pathlib
import re
import subprocess
import sys

from secretrun import errors

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_what_is_made_from_data_is_fresh():
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "docs.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exit_status_of_an_error_is_in_the_readme():
    kinds, statuses = [errors.SecretrunError], set()
    while kinds:
        kind = kinds.pop()
        statuses.add(kind.exit_status)
        kinds += kind.__subclasses__()
    for status in statuses:
        assert re.search(rf"^\| {status} \|", README, re.MULTILINE), status


def test_every_file_the_documents_point_at_is_there():
    for document in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")):
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text(encoding="utf-8")):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_two_lines_of_the_readme_are_lines():
    for heading in ("Try it", "Test it"):
        block = re.search(rf"^## {heading}$.*?^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
        assert block is not None
        assert len(block.group(1).splitlines()) == 1
