"""What is loaded without Python's search is what Python itself would load, to the last attribute."""

import importlib.util
import os
import py_compile
import shutil
import subprocess
import sys
from importlib.machinery import PathFinder

import pytest

from secretrun import bytecode


@pytest.fixture
def finder():
    return bytecode.Finder(bytecode.__spec__)


@pytest.fixture
def written(tmp_path):
    """A package with one module, compiled as Python compiles it."""
    files = [tmp_path / "one.py", tmp_path / "room" / "__init__.py"]
    files[1].parent.mkdir()
    for file in files:
        file.write_text("def where():\n    return 1\n")
        py_compile.compile(str(file), doraise=True)
    return files


def seen(spec):
    return (
        spec.name, spec.origin, spec.cached, spec.has_location, spec.submodule_search_locations, spec.parent,
        spec.loader.path, spec.loader.name, spec.loader.is_package(spec.name), spec.loader.get_source(spec.name),
    )  # fmt: skip


@pytest.mark.parametrize("name", ["secretrun.one", "secretrun.room"])
def test_a_module_is_found_as_python_finds_it(finder, written, tmp_path, name):
    found, usual = (one.find_spec(name, [str(tmp_path)]) for one in (finder, PathFinder))
    assert seen(found) == seen(usual)
    made, same = (importlib.util.module_from_spec(spec) for spec in (found, usual))
    for module in (made, same):
        module.__spec__.loader.exec_module(module)
    assert made.where.__code__ == same.where.__code__
    assert made.where.__code__.co_filename == same.where.__code__.co_filename
    assert (made.__file__, made.__cached__, made.__package__) == (
        same.__file__,
        same.__cached__,
        same.__package__,
    )
    made.__spec__.loader.exec_module(made)  # a second time, as `importlib.reload` does


def older(source):
    said = source.stat()
    os.utime(source, (said.st_atime, said.st_mtime + 5))


def longer(source):
    said = source.stat()
    source.write_text(source.read_text() + "\n")
    os.utime(source, (said.st_atime, said.st_mtime))


def cached(source):
    return importlib.util.cache_from_source(str(source))


def cut(source):
    os.truncate(cached(source), os.path.getsize(cached(source)) - 9)


def of_another_python(source):
    with open(cached(source), "r+b") as file:
        file.write(b"\0\0")


def by_hash(source):
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)


def gone(source):
    os.unlink(cached(source))


def without_source(source):
    source.unlink()


def too_long(source):
    source.write_text("".join(f"name_{number} = {number}\n" for number in range(9000)))
    py_compile.compile(str(source), doraise=True)


@pytest.mark.parametrize(
    "change", [older, longer, cut, of_another_python, by_hash, gone, without_source, too_long]
)
def test_what_is_not_as_it_should_be_is_left_to_python(finder, written, tmp_path, change):
    change(written[0])
    assert finder.find_spec("secretrun.one", [str(tmp_path)]) is None


def test_only_our_own_modules_are_looked_for(finder, written, tmp_path):
    assert finder.find_spec("other.one", [str(tmp_path)]) is None
    assert finder.find_spec("secretrun.one", [str(tmp_path), str(tmp_path)]) is None
    assert finder.find_spec("secretrun", None) is None


def test_a_moved_tree_names_its_new_place(finder, written, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.copytree(tmp_path / "__pycache__", moved / "__pycache__")
    shutil.copy2(written[0], moved)
    code = finder.find_spec("secretrun.one", [str(moved)]).loader.get_code("secretrun.one")
    assert code.co_filename == str(moved / "one.py")


@pytest.mark.parametrize(
    ("options", "environ", "installed"),
    [([], {}, True), (["-O"], {}, False), ([], {"PYTHONPYCACHEPREFIX": "/dev/null/none"}, False)],
)
def test_it_stands_aside_where_bytecode_lies_elsewhere(options, environ, installed):
    code = "import sys; from secretrun import bytecode; bytecode.install(); print(sys.meta_path[0])"
    done = subprocess.run(
        [sys.executable, *options, "-c", code], env={**os.environ, **environ}, capture_output=True, text=True,
        check=True, timeout=100,
    )  # fmt: skip
    assert ("finder of secretrun." in done.stdout) is installed
