"""Every backend of the table of stores has tests, and says what they run against."""

import pathlib

import pytest
from backends.ran_against import RAN_AGAINST

from secretrun.resolution.registry import Registry

HERE = pathlib.Path(__file__).parent


def test_every_backend_has_a_row_and_no_row_is_left_over():
    assert sorted(RAN_AGAINST) == [backend.info.name for backend in Registry({}).everything()]


@pytest.mark.parametrize("name", RAN_AGAINST)
def test_its_tests_are_there_and_name_one_of_its_schemes(name):
    backend = next(backend for backend in Registry({}).everything() if backend.info.name == name)
    text = (HERE / RAN_AGAINST[name][0]).read_text(encoding="utf-8")
    assert any(f"{scheme}://" in text for scheme in backend.info.schemes)
