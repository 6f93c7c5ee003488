"""What `unset` and `rename` promise: store and template change together, or not at all."""

import os

import pytest

from secretrun.backend.sops import find_sops

TEMPLATE = """\
# Keep me
LEVEL=debug
A=sops://secrets.enc.env#/A   # its comment
AB=sops://secrets.enc.env#/AB
B="sops://secrets.enc.env#/B"
"""


@pytest.fixture
def filled(secretrun, started):
    """A store with A, AB and B, and a template that names them in several ways."""
    for name in ("A", "AB", "B"):
        assert secretrun("set", name, cwd=started, stdin=f"value-of-{name}".encode()).status == 0
    (started / ".env.secretrun").write_text(TEMPLATE)
    return started


def template(project):
    return (project / ".env.secretrun").read_text()


@pytest.mark.parametrize("name", ["A", "AB", "B"])
def test_unset_takes_the_value_and_its_line_and_nothing_else(secretrun, filled, value_of, name):
    assert secretrun("unset", name, cwd=filled) == (0, "", "")
    kept = [other for other in ("A", "AB", "B") if other != name]
    assert secretrun("list", cwd=filled).out.split() == kept
    assert template(filled) == "".join(
        line for line in TEMPLATE.splitlines(keepends=True) if not line.startswith(f"{name}=")
    )
    assert [value_of(filled, other) for other in kept] == [f"value-of-{other}" for other in kept]


def test_unset_leaves_the_other_ciphertexts_and_the_mode_alone(secretrun, filled):
    store = filled / "secrets.enc.env"
    store.chmod(0o640)
    before = store.read_bytes().splitlines()[1:3]
    secretrun("unset", "A", cwd=filled)
    assert store.read_bytes().splitlines()[:2] == before
    assert store.stat().st_mode & 0o777 == 0o640


def test_rename_moves_the_value_its_variable_and_every_reference(secretrun, filled, value_of):
    more = "URL=https://app:{{ sops://secrets.enc.env#/A }}@host/\nOTHER=sops://elsewhere.env#/A\n"
    (filled / ".env.secretrun").write_text(TEMPLATE + more)
    assert secretrun("rename", "A", "TOKEN", cwd=filled) == (0, "", "")
    assert sorted(secretrun("list", cwd=filled).out.split()) == ["AB", "B", "TOKEN"]
    assert template(filled) == TEMPLATE.replace(
        "A=sops://secrets.enc.env#/A ", "TOKEN=sops://secrets.enc.env#/TOKEN ", 1
    ) + more.replace("secrets.enc.env#/A ", "secrets.enc.env#/TOKEN ")
    assert value_of(filled, "TOKEN") == "value-of-A"


def test_a_variable_of_another_name_keeps_it(secretrun, filled):
    (filled / ".env.secretrun").write_text("MINE=sops://secrets.enc.env#/A\n")
    assert secretrun("rename", "A", "C", cwd=filled) == (0, "", "")
    assert template(filled) == "MINE=sops://secrets.enc.env#/C\n"


@pytest.mark.parametrize(
    ("verb", "more", "said"),
    [
        (["unset", "A"], "URL=x{{ sops://secrets.enc.env#/A }}\n", ".env.secretrun:6: URL is made with A,"),
        (["unset", "A"], "URL=${B}/${A:-x}\n", ".env.secretrun:6: URL is made with $A,"),
        (["rename", "A", "C"], "URL=${LEVEL:-$A}\n", ".env.secretrun:6: URL is made with $A,"),
        (["rename", "A", "LEVEL"], "", ".env.secretrun:2: it assigns LEVEL already,"),
        (["unset", "A"], "broken\n", ".env.secretrun:6:1: expected NAME=VALUE"),
        (["rename", "A", "C"], "broken\n", ".env.secretrun:6:1: expected NAME=VALUE"),
        (["unset", "C"], "", "no C in secrets.enc.env"),
        (["rename", "a", "C"], "", "did you mean 'A'?"),
        (["rename", "A", "B"], "", "the store has a B already"),
        (["rename", "A", "1C"], "", "not a variable name"),
        (["rename", "A", "C_unencrypted"], "", "would leave C_unencrypted unencrypted"),
    ],
)
def test_what_needs_a_person_is_said_with_its_place_and_changes_nothing(
    secretrun, filled, everything_in, verb, more, said
):
    with (filled / ".env.secretrun").open("a") as file:
        file.write(more)
    before = everything_in(filled)
    done = secretrun(*verb, cwd=filled)
    assert done.status in {2, 125}
    assert said in done.err
    assert "value-of" not in done.err
    assert everything_in(filled) == before


@pytest.mark.parametrize("verb", [["unset", "A"], ["rename", "A", "C"]])
def test_a_secretrun_toml_beside_the_store_is_a_persons(secretrun, filled, everything_in, verb):
    (filled / "secretrun.toml").write_text('[secrets]\n\nMY = "sops://secrets.enc.env#/A"\n')
    before = everything_in(filled)
    done = secretrun(*verb, cwd=filled)
    assert done.status == 125
    assert "secretrun.toml:3: it refers to A, so nothing was changed" in done.err
    assert everything_in(filled) == before
    assert secretrun("unset", "B", cwd=filled).status == 0


@pytest.mark.parametrize("verb", [["unset", "A"], ["rename", "A", "C"]])
def test_without_a_template_the_store_alone_changes(secretrun, filled, verb):
    (filled / ".env.secretrun").unlink()
    assert secretrun(*verb, cwd=filled) == (0, "", "")
    assert not (filled / ".env.secretrun").exists()
    assert "A" not in secretrun("list", cwd=filled).out.split()


@pytest.mark.parametrize("step", ["unset", "set"])
def test_a_failing_sops_changes_nothing(secretrun, filled, everything_in, program, step):
    sops = program(
        "failing-sops",
        f'#!/bin/sh\nif [ "$1" = {step} ]; then echo the disk is full >&2; exit 1; fi\n'
        f"exec '{find_sops(os.environ)}' \"$@\"\n",
    )
    before = everything_in(filled)
    done = secretrun("rename", "A", "C", cwd=filled, env={"SECRETRUN_SOPS": str(sops)})
    assert done.status == 125
    assert f"sops {step} failed: the disk is full" in done.err
    assert everything_in(filled) == before


def test_the_renamed_value_is_in_no_argument_and_no_file(
    secretrun, filled, recorder, everything_in, tmp_path
):
    assert secretrun("rename", "A", "C", cwd=filled).status == 0
    assert "--value-stdin" in recorder()
    assert "value-of" not in recorder()
    assert not any(b"value-of" in content for content in everything_in(tmp_path).values())
