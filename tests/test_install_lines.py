"""The install lines of the documents, as they stand, in a copy of the tree; and what the hints of each copy tell to type."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
LINES = re.search(r"<!-- install -->.*?```sh\n(.*?)```", PAGE, re.DOTALL).group(1).splitlines()
NOT_OURS = shutil.ignore_patterns(
    ".git", ".venv", "build", "dist", "target", "__pycache__", ".*_cache", "*.so"
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("wheel")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    place = tmp_path_factory.mktemp("clone") / "secretrun"
    shutil.copytree(ROOT, place, ignore=NOT_OURS)
    return place


def test_there_is_a_line_for_each_way():
    assert [line.partition(" install")[0] for line in LINES] == ["pip", "pipx", "uv tool"]


@pytest.mark.parametrize("tool", ["pipx", "uv"])
def test_a_line_installs_and_its_copy_says_how_more_is_added(clone, tmp_path, tool):
    (line,) = [line for line in LINES if line.startswith(tool)]
    environ = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environ |= {
        "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}",
        "PIPX_HOME": str(tmp_path / "pipx"), "PIPX_BIN_DIR": str(tmp_path / "bin"), "PIPX_MAN_DIR": str(tmp_path / "man"),
        "UV_TOOL_DIR": str(tmp_path / "uv"), "UV_TOOL_BIN_DIR": str(tmp_path / "bin"),
    }  # fmt: skip

    def run(*words):
        return subprocess.run(words, cwd=clone, env=environ, capture_output=True, text=True, timeout=400)

    done = run("sh", "-c", line)
    assert done.returncode == 0, done.stdout + done.stderr
    ours = str(tmp_path / "bin" / "secretrun")
    asked = (ours, "--set", "A=keyring://x/y", "--", "true")
    done = run(*asked)
    assert (done.returncode, "the keyring package is not installed" in done.stderr) == (125, True), (
        done.stderr
    )
    hint = re.search(r"^secretrun: hint: (.*)$", done.stderr, re.MULTILINE).group(1)
    assert hint.startswith({"pipx": "pipx inject secretrun ", "uv": "uv pip install --python "}[tool])
    done = run("sh", "-c", hint)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is not installed" not in run(*asked).stderr
    if tool == "pipx":
        assert (tmp_path / "man" / "man1" / "secretrun.1").exists()
