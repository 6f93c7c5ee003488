"""The wheel as a user gets it: what is in it, and that it works where nothing else is installed."""

import os
import pathlib
import subprocess
import sys
import tarfile
import venv
import zipfile

import pyrage
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
VALUE = "sk-live-2b7d9e41c05f4a86"
pytestmark = [pytest.mark.timeout(900), pytest.mark.xdist_group("wheel")]  # installs from the package index


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, **options)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree, where whoever starts a compiler is found out."""
    out, tools = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("tools")
    for name in ("cargo", "rustc", "cc", "gcc", "clang", "ld"):
        (tools / name).write_text(f"#!/bin/sh\n: >{tools}/started\nexit 1\n")
        (tools / name).chmod(0o755)
    env = {name: value for name, value in os.environ.items() if name != "SECRETRUN_CORE"}
    env["PATH"] = f"{tools}:{env['PATH']}"
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, env=env)
    assert not (tools / "started").exists()
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def fresh(tmp_path_factory, wheel):
    """A virtual environment with the wheel, its own dependencies and the extra `sops`; returns its bin/."""
    place = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(place, with_pip=True)
    binaries = place / "bin"
    quiet = ("--quiet", "--disable-pip-version-check", "--no-input")
    run(binaries / "python", "-m", "pip", "install", *quiet, f"secretrun[sops] @ {wheel.as_uri()}", cwd=place)
    return binaries


def test_the_wheel_holds_both_packages_and_the_completions_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    version = wheel.name.split("-")[1]
    data = f"secretrun-{version}.data/data/share"
    wanted = {
        "secretrun/__main__.py", "secretrun/py.typed", "secretrun/testing.py", "secretrun/cli/verbs/run.py",
        "secretrun_backends/py.typed", "secretrun_backends/sops.py",
        f"{data}/bash-completion/completions/secretrun", f"{data}/zsh/site-functions/_secretrun",
        f"{data}/fish/vendor_completions.d/secretrun.fish", f"secretrun-{version}.dist-info/licenses/LICENSE",
    }  # fmt: skip
    assert wanted <= set(names)
    scripts = f"secretrun-{version}.data/scripts"
    assert {f"{scripts}/secretrun", f"{scripts}/secretrun-shell"} <= set(names)
    tops = {name.partition("/")[0] for name in names}
    assert tops == {
        "secretrun", "secretrun_backends", f"secretrun-{version}.dist-info", f"secretrun-{version}.data",
    }  # fmt: skip
    assert [name for name in names if "/test_" in name or "__pycache__" in name] == []
    sources = {p.relative_to(ROOT).as_posix() for p in (ROOT / "secretrun").rglob("*.py")}
    assert sources <= set(names)
    # without a request there is no compiled core in it, also where one was built in the tree
    assert wheel.name.endswith("-py3-none-any.whl")
    assert [name for name in names if name.endswith((".so", ".dylib"))] == []


def test_the_sources_hold_the_crate_and_what_builds_it(wheel):
    """The wheel above was built from this archive: `python -m build` makes it first."""
    (sources,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sources) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"core/Cargo.toml", "core/Cargo.lock", "core/src/lib.rs", "scripts/core.py", "LICENSE"} <= names
    crate = {p.relative_to(ROOT).as_posix() for p in (ROOT / "core" / "src").rglob("*.rs")}
    assert crate <= names
    assert [
        name for name in names if name.startswith("core/target") or name.endswith((".so", ".dylib"))
    ] == []


def test_an_index_takes_both_and_shows_the_readme(wheel):
    (sources,) = wheel.parent.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, sources)


def test_the_sources_are_the_tree(wheel):
    """Whoever packages it for a distribution finds the tests, the documents and what makes them."""
    (sources,) = wheel.parent.glob("*.tar.gz")
    with tarfile.open(sources) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = run("git", "-C", ROOT, "ls-files").stdout.split("\n")
    kept = {name for name in listed if name and (ROOT / name).is_file() and not name.startswith(".ci/")}
    assert kept <= names, sorted(kept - names)[:5]
    for made in (".venv/", ".git/", "build/", "dist/", ".ci/"):
        assert not [name for name in names if name.startswith(made)], made


def test_the_manual_page_comes_along(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (page,) = [name for name in archive.namelist() if name.endswith("share/man/man1/secretrun.1")]
        assert archive.read(page) == (ROOT / "docs" / "secretrun.1").read_bytes()


def test_the_shipped_completions_are_the_committed_ones(wheel):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            for shipped, committed in (
                ("completions/secretrun", "secretrun.bash"),
                ("site-functions/_secretrun", "_secretrun"),
                ("secretrun.fish", "secretrun.fish"),
            ):
                if name.endswith(shipped):
                    assert archive.read(name) == (ROOT / "completions" / committed).read_bytes()


def test_installed_alone_it_shows_its_help_and_masks_a_sops_secret(fresh, tmp_path):
    """No test dependency, no sops on PATH but the extra's own: the main job end to end."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    env["PATH"] = f"{fresh}:/usr/bin:/bin"
    installed = run(fresh / "python", "-m", "pip", "list", "--format", "freeze", env=env).stdout
    assert "pytest" not in installed
    assert run(fresh / "secretrun", "--help", env=env).stdout.startswith("usage: secretrun ")
    made = pyrage.x25519.Identity.generate()
    identity, recipient = str(made), str(made.to_public())
    env["SOPS_AGE_KEY"] = identity
    (tmp_path / "plain.env").write_text(f"API_KEY={VALUE}\n")
    run(
        fresh / "sops",
        "encrypt",
        "--age",
        recipient,
        "--output",
        "store.env",
        "plain.env",
        cwd=tmp_path,
        env=env,
    )
    (tmp_path / "plain.env").unlink()
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://store.env#/API_KEY\nLEVEL=debug\n")
    command = 'echo "$LEVEL ${#API_KEY} $API_KEY"; printf %s "$API_KEY" | base64; echo "$API_KEY" >&2'
    for start in ([fresh / "secretrun"], [fresh / "python", "-m", "secretrun"]):
        done = run(*start, "-e", ".env.secretrun", "--", "sh", "-c", command, cwd=tmp_path, env=env)
        assert done.stdout == f"debug {len(VALUE)} [REDACTED:API_KEY]\n[REDACTED:API_KEY]\n"
        assert done.stderr == "[REDACTED:API_KEY]\n"
