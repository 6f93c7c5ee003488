"""Backends that are Python packages: the example is built, installed, run, and keeps the contract."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugins" / "python"


@pytest.fixture
def installed(tmp_path):
    """The example's wheel, built for real and unpacked where Python finds it; the environment for that."""
    source = tmp_path / "source"
    source.mkdir()
    for path in EXAMPLE.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = source / path.relative_to(EXAMPLE)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", source],
        check=True, capture_output=True, timeout=110,
    )  # fmt: skip
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    return {"PYTHONPATH": str(tmp_path / "site")}


def test_a_run_resolves_by_the_installed_package_and_masks_it(secretrun, installed, tmp_path):
    (tmp_path / "key").write_text("drawer-value-0123456789")
    (tmp_path / ".env").write_text("API_KEY=drawer://key\n")
    done = secretrun("--", "sh", "-c", 'echo "$API_KEY"', env=installed | {"DRAWER": str(tmp_path)})
    assert (done.status, done.out) == (0, "[REDACTED:API_KEY]\n"), done.err


def test_the_examples_own_suite_passes_the_contract(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", EXAMPLE, "-c", os.devnull,
         EXAMPLE / "test_drawer.py"],
        env=os.environ | installed, cwd=tmp_path, capture_output=True, text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
