"""The shape of the code: who imports what, how long files are, and what a plain run loads."""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from secretrun.backend.sops import find_sops

ROOT = pathlib.Path(__file__).resolve().parents[1]
CORE = sorted((ROOT / "secretrun").rglob("*.py"))
BACKENDS = sorted((ROOT / "backends" / "secretrun_backends").rglob("*.py"))
NAMES = {file: file.relative_to(ROOT).as_posix() for file in (*CORE, *BACKENDS)}

LONGEST = 400  # lines; walls stand where things differ, and a file of one purpose fits

# Which file may import it, and nobody else does.
ONLY = {
    "ptyprocess": ("secretrun/child/start.py",),
    "ahocorasick": ("secretrun/redact/engine/automaton.py",),
    "cryptography": ("secretrun/broker/ca.py", "secretrun/backend/age_keys.py"),
    "h11": ("secretrun/broker/answers.py", "secretrun/broker/exchange.py", "secretrun/broker/relay.py"),
}
# Loaded in the broker's own process alone, which imports them first of all.
BROKER = {"cryptography", "h11"}
STANDARD = sys.stdlib_module_names | {"secretrun", "secretrun_backends"}

# Modules whose import a run of one command must not pay for; each costs from 1 ms up to 300 ms.
HEAVY = {
    "ahocorasick", "asyncio", "boto3", "botocore", "concurrent.futures", "contextlib", "ctypes", "dataclasses",
    "email", "http", "importlib.metadata", "inspect", "json", "logging", "pathlib", "ptyprocess", "random",
    "enum", "functools", "re", "secretrun.resolution", "signal",
    "secretrun.redact.engine", "secretrun_backends", "socket", "ssl", "subprocess", "tempfile", "threading", "tomllib",
    "traceback", "typing", "urllib", "yaml",
}  # fmt: skip
# What one SOPS reference is allowed besides, and one value of the cache. Neither subprocess nor json nor ctypes:
# the pieces of them that are needed come without their wrappers.
FOR_SOPS = {"secretrun.resolution", "secretrun_backends"}
FOR_THE_CACHE = {"secretrun.resolution"}

# Runs a command line up to the moment it would become the command, then prints what is loaded.
LITERAL = """
import os, sys
sys.path[:0] = sys.argv[1].split(os.pathsep)
sys.argv[:2] = ["secretrun"]
def show(*_):
    os.write(1, "\\n".join(sys.modules).encode())
    os._exit(0)
os.execve = show
from secretrun.__main__ import main
sys.exit(main())
"""

SESSION = LITERAL.replace(
    "os.execve = show\n",
    # resolved, the session loaded, the command about to be started
    """
before = set(sys.modules)
import secretrun.session
show = lambda *_, **__: (os.write(1, "\\n".join(set(sys.modules) - before).encode()), os._exit(0))
secretrun.session.run = show
""",
)

# The same after a command whose output was masked.
MASKED = SESSION.replace("secretrun.session.run = show", "secretrun.session.leave = show")


def imports(file):
    """Every (module, whether it stands inside a function) that the file imports at run time."""
    found = []

    def walk(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.extend((name.name, inside) for name in child.names)
            elif isinstance(child, ast.ImportFrom) and child.module and not child.level:
                found.append((child.module, inside))
            if (
                isinstance(child, ast.If)
                and isinstance(child.test, ast.Name)
                and child.test.id == "TYPE_CHECKING"
            ):
                for other in child.orelse:
                    walk(other, inside)
                continue
            walk(child, inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))

    walk(ast.parse(file.read_text(encoding="utf-8")), inside=False)
    return found


def test_the_import_contracts_are_kept():
    """`lint-imports`: one direction, a pure core, backends that see the contract only."""
    lint = shutil.which("lint-imports", path=os.path.dirname(sys.executable)) or shutil.which("lint-imports")
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_every_room_has_its_place_in_the_layers():
    """A new room, or a module beside the rooms, must say in pyproject.toml which ones it may import."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    placed = set(re.findall(r"secretrun\.(\w+)", " ".join(tables["contracts"][0]["layers"])))
    there = {NAMES[file].split("/")[1].removesuffix(".py") for file in CORE} - {"__init__"}
    assert there == placed


# The flat modules of before the rooms. Whoever writes one of them has an old path in mind.
GONE = (
    "agent", "agekey", "answers", "asking", "assignment", "audit", "canary", "capture", "content", "deferred", "delivery",
    "descriptors", "discovery", "echo", "embed", "entries", "entry", "environment", "execute", "fetch", "files", "filter",
    "forms", "hygiene", "jsonlines", "kinds", "layout", "linger", "loop", "monitor", "on_terminal", "order", "output_modes",
    "pattern", "patterns", "pieces", "plainfile", "plan", "plugin", "policy", "pump", "ready", "registry", "relay",
    "render", "resolve", "schema", "secretset", "settings", "sieve", "signals", "sopsfile", "spans", "spawn", "store",
    "stream", "streams", "tails", "terminal", "tools", "views", "waiting", "watch", "with_pipes",
)  # fmt: skip


def test_nobody_names_a_module_by_its_old_path():
    old = re.compile(rf"secretrun[./](?:{'|'.join(GONE)})\b(?!\.(?:toml|json))(?! *\()")
    found = [
        f"{file}: {match.group()}"
        for top in ("secretrun", "backends", "tests", "docs", "examples", "benchmarks", "scripts")
        for file in (ROOT / top).rglob("*")
        if file.suffix in (".py", ".md", ".toml", ".sh") and file != pathlib.Path(__file__).resolve()
        for match in old.finditer(file.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_face_is_short_and_says_what_never_happens():
    """The first three lines of a room: what it is for, who comes in, what never happens there."""
    for file in (ROOT / "secretrun").rglob("__init__.py"):
        said = (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").strip()
        assert said, file
        assert len(said.splitlines()) <= 3 or file.parent.name == "secretrun", file


@pytest.mark.parametrize("package", sorted(ONLY))
def test_one_file_alone_imports_it(package):
    users = {
        NAMES[file] for file in NAMES for module, _ in imports(file) if module.partition(".")[0] == package
    }
    assert users <= set(ONLY[package])


@pytest.mark.parametrize("file", BACKENDS, ids=NAMES.get)
def test_a_backend_imports_its_sdk_inside_the_function_that_needs_it(file):
    at_import = {module for module, inside in imports(file) if not inside}
    assert {module for module in at_import if module.partition(".")[0] not in STANDARD} == set()


@pytest.mark.parametrize("file", CORE, ids=NAMES.get)
def test_secretrun_imports_no_package_at_import_time(file):
    """What is installed besides is loaded by the function that needs it; an SDK, never."""
    foreign = {
        (module, inside) for module, inside in imports(file) if module.partition(".")[0] not in STANDARD
    }
    if NAMES[file] in ("secretrun/testing.py", "secretrun/pytest_plugin.py"):
        foreign.discard(("pytest", False))  # they are for tests
    foreign = {
        (module, inside)
        for module, inside in foreign
        if module.partition(".")[0] not in BROKER or NAMES[file] not in ONLY[module.partition(".")[0]]
    }
    assert {module for module, inside in foreign if not inside} == set()
    assert {module.partition(".")[0] for module, _ in foreign} & {
        "boto3",
        "botocore",
        "google",
        "azure",
    } == set()


@pytest.mark.parametrize("file", list(NAMES), ids=NAMES.get)
def test_a_module_says_what_it_is_for_and_stays_short(file):
    text = file.read_text(encoding="utf-8")
    assert text.count("\n") <= LONGEST
    assert not text or ast.get_docstring(ast.parse(text))


def test_no_file_is_longer_than_one_purpose_needs():
    """The tests, benchmarks and scripts too."""
    files = [
        file
        for room in ("tests", "benchmarks", "scripts", "examples", "core")
        for file in (ROOT / room).rglob("*.[pr][ys]")
    ]
    assert {
        file.name: n for file in files if (n := file.read_text(encoding="utf-8").count("\n")) > LONGEST
    } == {}


def loaded(directory, driver, *arguments):
    """The modules that are loaded when the command line reaches `driver`'s last act.

    Without site (-S) and with the search path handed over, so that what a development install or a
    .pth file of the machine loads is not counted.
    """
    path = os.pathsep.join(entry for entry in (str(ROOT), str(ROOT / "backends"), *sys.path) if entry)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", driver, path, *arguments],
        cwd=directory, capture_output=True, text=True, timeout=100,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def heavy(modules):
    return {name for name in HEAVY if any(m == name or m.startswith(name + ".") for m in modules)}


def test_a_literal_template_loads_nothing_heavy(tmp_path):
    """`secretrun -- true` pays for no SDK, no thread, no subprocess, no automaton."""
    (tmp_path / ".env.secretrun").write_text("LOG_LEVEL=debug\n")
    modules = loaded(tmp_path, LITERAL, "--", "true")
    assert "secretrun.cli.verbs.run" in modules
    assert heavy(modules) == set()
    others = ("redact", "session", "hints", "backend", "launch.below")
    assert {f"secretrun.{name}" for name in others} & modules == set()


@pytest.mark.parametrize("options", [(), ("-q",), ("-e", ".env.secretrun", "--timeout=5", "--keep-env")])
def test_a_right_command_line_loads_no_argparse(tmp_path, options):
    """argparse and its tree of options take as long as all the rest of a run without a secret."""
    (tmp_path / ".env.secretrun").write_text("LOG_LEVEL=debug\n")
    modules = loaded(tmp_path, LITERAL, *options, "--", "true")
    assert {"argparse", "secretrun.cli.parser"} & modules == set()


def test_one_sops_reference_loads_what_it_needs_and_no_more(tmp_path, monkeypatch):
    """A real encrypted file: its backend and a thread, yes; no automaton before there is a byte to mask."""
    sops_store(tmp_path, monkeypatch)
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://store.env#/API_KEY\n")
    modules = loaded(tmp_path, SESSION, "--", "true")
    assert "secretrun_backends.sops" in modules
    assert heavy(modules) <= FOR_SOPS


def test_a_value_of_the_cache_loads_no_backend(tmp_path, monkeypatch):
    """The hundredth run of a day: no store's module, no thread, no redactor until the command prints."""
    sops_store(tmp_path, monkeypatch)
    (tmp_path / ".env.secretrun").write_text("API_KEY=sops://store.env#/API_KEY\n")
    monkeypatch.setenv("SECRETRUN_CACHE_SOCK", str(tmp_path / "run" / "cache.sock"))
    ours = [sys.executable, "-m", "secretrun"]
    subprocess.run([*ours, "cache", "start", "-q"], check=True, timeout=100)
    try:
        subprocess.run([*ours, "--cache", "10m", "--", "true"], cwd=tmp_path, check=True, timeout=100)
        modules = loaded(tmp_path, SESSION, "--cache", "10m", "--", "true")
    finally:
        subprocess.run([*ours, "cache", "stop", "-q"], check=True, timeout=100)
    assert "secretrun.cache.client" in modules
    assert heavy(modules) == FOR_THE_CACHE


def test_a_masked_run_without_the_core_loads_the_engine(tmp_path, monkeypatch):
    """Made when the first byte comes; `tests/redact/core` has the same for the core, which loads none of it."""
    monkeypatch.setenv("SECRETRUN_PURE", "1")
    modules = masked(tmp_path)
    assert {"secretrun.redact.engine.matcher", "ahocorasick"} <= modules
    assert {"secretrun.redact.core.matcher", "ctypes"} & modules == set()


def masked(directory):
    """The modules that a run loads whose command prints its secret."""
    (directory / "token").write_text("masked-run-secret-0123")
    (directory / ".env.secretrun").write_text("TOKEN=file://token\n")
    modules = loaded(directory, MASKED, "--", "sh", "-c", "echo $TOKEN")
    assert "[REDACTED:TOKEN]" in modules
    return modules


def sops_store(directory, monkeypatch):
    """Encrypt store.env there with a new age key; the key is left in the environment."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    monkeypatch.setenv("SOPS_AGE_KEY", str(identity))
    plain = directory / "plain.env"
    plain.write_text("API_KEY=sk-live-8f1c2e6b9a7d4035\n")
    subprocess.run(
        [find_sops(os.environ), "encrypt", "--age", str(identity.to_public()), "--output", directory / "store.env", plain],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    plain.unlink()


def test_every_room_is_in_the_documents():
    """A newcomer finds each room in CONTRIBUTING.md, and its floor in docs/architecture.md."""
    rooms = {file.parent.name for file in (ROOT / "secretrun").glob("*/__init__.py")}
    for document in ("CONTRIBUTING.md", "docs/architecture.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        assert [
            room for room in sorted(rooms) if f"`{room}`" not in text and f"`{room}/`" not in text
        ] == [], document
