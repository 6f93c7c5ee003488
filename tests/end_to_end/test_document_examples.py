"""The Python that the documents show runs as it stands, and prints no secret."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BLOCKS = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md")))
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", document.read_text("utf-8"), re.MULTILINE | re.DOTALL), 1
    )
    if "class " not in block  # a backend to be installed: tests/resolution/test_packages.py has one
]
SECRET = re.compile(r"sk-live-[0-9a-f]{16}")


@pytest.mark.parametrize("block", BLOCKS)
def test_python_of_a_document(block, tmp_path):
    (tmp_path / ".env.secretrun").write_text("API_KEY=env://STORED_KEY\nLEVEL=debug\n")
    done = subprocess.run(
        [sys.executable, "-c", block],
        cwd=tmp_path, env=os.environ | {"STORED_KEY": "sk-live-2b7d9e41c05f4a86"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not SECRET.search(done.stdout + done.stderr)
    assert "[REDACTED:" in done.stdout + done.stderr


def test_there_is_python_in_the_documents():
    assert any("logging" in block.values[0] for block in BLOCKS)
