"""The wheel with the compiled core, made from the library that this tree has; and that a wrong one makes no wheel."""

from __future__ import annotations

import os
import pathlib
import platform
import re
import subprocess
import sys
import zipfile

import pytest

from secretrun.redact.core import library

ROOT = pathlib.Path(__file__).resolve().parents[1]
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("wheel")]


def build(out, core, **also):
    env = os.environ | {"SECRETRUN_CORE": str(core), **also}
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    done = build(out, library.path())
    assert done.returncode == 0, done.stdout + done.stderr
    (made,) = out.glob("*.whl")
    return made


def test_the_wheel_is_for_every_python_with_a_gil_of_this_platform_and_holds_the_core(wheel):
    wanted = {
        "linux": rf"(manylinux_2_\d+|linux)_{platform.machine()}",
        "darwin": rf"macosx_\d+_\d+_{platform.machine()}",
    }[sys.platform]
    assert re.fullmatch(rf"secretrun-[^-]+-cp311-abi3-{wanted}\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (core,) = [name for name in names if name.endswith((".so", ".dylib"))]
        assert core == f"secretrun/redact/core/{pathlib.Path(library.path()).name}"
        assert archive.read(core) == pathlib.Path(library.path()).read_bytes()
        (about,) = [name for name in names if name.endswith(".dist-info/WHEEL")]
        assert b"Root-Is-Purelib: false" in archive.read(about)
    assert "secretrun/redact/engine/matcher.py" in names  # SECRETRUN_PURE does without the core


def test_the_same_sources_make_the_same_wheel(wheel, tmp_path):
    assert build(tmp_path, library.path()).returncode == 0
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_installed_alone_it_masks_with_the_core(wheel):
    """As the release looks at it: no other package is there, the Python body's automaton neither."""
    tag = wheel.name.removesuffix(".whl").rpartition("-")[2]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = ["sh", ROOT / "scripts/core_wheel.sh", tag, wheel]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    other = subprocess.run([*command[:2], "any", wheel], env=env, capture_output=True, text=True, timeout=600)
    assert (other.returncode, other.stderr) == (1, f"{wheel} is not for any\n")


def test_what_is_no_library_makes_no_wheel(tmp_path):
    (tmp_path / "other.so").write_bytes(b"not a library")
    done = build(tmp_path / "dist", tmp_path / "other.so")
    assert done.returncode != 0
    assert list((tmp_path / "dist").glob("*")) == []


def test_a_core_that_cannot_be_built_is_an_error_and_no_wheel_without_it(tmp_path):
    for cargo, said in (
        ("/no/such/cargo", "is built by cargo (Rust 1.63 or newer)"),
        ("false", "can't be built"),
    ):
        done = build(tmp_path / "dist", 1, CARGO=cargo)
        assert done.returncode != 0
        assert said in done.stdout + done.stderr
    assert not (tmp_path / "dist").exists() or list((tmp_path / "dist").glob("*")) == []
