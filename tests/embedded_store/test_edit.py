"""What `secretrun edit` promises: sops's own editing, on our terminal, with nothing plain left behind."""

import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.backend.sops import find_sops
from secretrun.embedded_store import editing


@pytest.fixture
def filled(secretrun, started):
    """A store with two values, one of which the plain form of dotenv can not carry."""
    for name, value in (("A", b"hunter2"), ("B", b"a literal \\n and\na newline")):
        assert secretrun("set", name, cwd=started, stdin=value).status == 0
    return started


def edit(secretrun, project, program, script, **environ):
    editor = program("editor", f"#!/bin/sh\n{script}\n")
    return secretrun("edit", cwd=project, env={"EDITOR": str(editor), **environ})


def test_the_editor_changes_the_store(secretrun, filled, program, value_of):
    done = edit(secretrun, filled, program, 'echo C=new >> "$1"')
    assert done.status == 0
    assert {name: value_of(filled, name) for name in "ABC"} == {
        "A": "hunter2", "B": "a literal \\n and\na newline", "C": "new",
    }  # fmt: skip


def test_a_literal_backslash_n_may_still_be_edited_away(secretrun, filled, program, value_of):
    assert edit(secretrun, filled, program, 'echo B=changed > "$1"').status == 0
    assert value_of(filled, "B") == "changed"


def test_changing_nothing_is_no_error(secretrun, filled, program, everything_in):
    before = everything_in(filled)
    assert edit(secretrun, filled, program, "true").status == 0
    assert everything_in(filled) == before


def test_a_failing_editor_fails_the_command_and_changes_nothing(secretrun, filled, program, everything_in):
    before = everything_in(filled)
    done = edit(secretrun, filled, program, 'echo C=new >> "$1"; exit 3')
    assert done.status == 125
    assert "the editor ended with status 3, so nothing was changed" in done.err
    assert everything_in(filled) == before


def test_the_plain_text_lies_in_the_runtime_directory_and_is_gone_afterwards(
    secretrun, filled, program, tmp_path, everything_in, recorder
):
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    seen = tmp_path / "seen"
    done = edit(
        secretrun, filled, program, f'echo "$1" > {seen}; grep -c hunter[2] "$1" >> {seen}; echo C=x >> "$1"',
        XDG_RUNTIME_DIR=str(runtime),
    )  # fmt: skip
    assert done.status == 0
    path, count = seen.read_text().splitlines()
    assert path.startswith(f"{runtime}{os.sep}")
    assert count == "1"
    assert os.listdir(runtime) == []
    assert not any(b"hunter2" in content for content in everything_in(tmp_path).values())
    assert "hunter2" not in recorder() + done.out + done.err


def test_the_editor_has_the_terminal_and_ctrl_c_leaves_nothing_behind(
    terminal, filled, program, tmp_path, everything_in
):
    before = everything_in(filled)
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    editor = program(
        "editor", "#!/bin/sh\n[ -t 0 ] && [ -t 1 ] && [ -t 2 ] && echo all terminals\nread line\n"
    )
    shell = terminal("edit", cwd=filled, env={"EDITOR": str(editor), "XDG_RUNTIME_DIR": str(runtime)})
    shell.wait_for(b"all terminals")
    assert len(everything_in(runtime)) == 1  # the plain text
    shell.type(b"\x03")
    assert shell.end() == 130
    assert os.listdir(runtime) == []
    assert everything_in(filled) == before


def test_a_store_that_is_not_there_is_an_error(secretrun, project):
    for arguments in (["edit"], ["edit", "--store", "other.yaml"]):
        done = secretrun(*arguments, cwd=project)
        assert done.status == 125
        assert "no secrets.enc.env here or above" in done.err or "no store other.yaml" in done.err


def test_a_store_of_another_format_is_edited_too(secretrun, started, program, recorder):
    recipient = (started / ".sops.yaml").read_text().split()[-1]
    (started / ".sops.yaml").write_text(f"creation_rules:\n  - age: {recipient}\n")
    editor = program("editor", '#!/bin/sh\necho "a: from-the-editor" > "$1"\n')
    (started / "store.yaml").write_text("a: 1\n")
    subprocess.run(
        [os.environ["SECRETRUN_SOPS"], "encrypt", "-i", "store.yaml"],
        cwd=started,
        check=True,
        capture_output=True,
    )
    done = secretrun("edit", "--store", "store.yaml", cwd=started, env={"EDITOR": str(editor)})
    assert done.status == 0
    assert secretrun("read", "-n", "sops://store.yaml#/a", cwd=started).out == "from-the-editor"


@pytest.mark.parametrize("edit", ["echo 'x: [unclosed' > \"$1\"", "exit 3"])
def test_without_a_terminal_a_slip_in_a_store_of_another_kind_ends_it(secretrun, started, program, edit):
    """sops would ask for a key, and ask again for ever."""
    recipient = (started / ".sops.yaml").read_text().split()[-1]
    path = started / "store.yaml"
    path.write_text("a: before\n")
    subprocess.run(
        [find_sops(os.environ), "--config", os.devnull, "encrypt", "--in-place", "--age", recipient, "store.yaml"],
        cwd=started, check=True, capture_output=True,
    )  # fmt: skip
    before = path.read_bytes()
    env = {"EDITOR": str(program("editor", f"#!/bin/sh\n{edit}\n"))}
    done = secretrun("edit", "--store", "store.yaml", cwd=started, env=env)
    assert done.status == 125
    assert "nothing was changed: the editor failed, or left what is no yaml" in done.err
    assert path.read_bytes() == before


def test_names_new_in_the_store_go_into_the_template_and_those_gone_leave_it(
    secretrun, filled, program, value_of
):
    done = edit(secretrun, filled, program, 'sed -i "/^A=/d" "$1"; echo "NEW=\'pa\\$\\$word\'" >> "$1"')
    assert (done.status, done.err) == (0, "")
    template = (filled / ".env.secretrun").read_text()
    assert "NEW=sops://secrets.enc.env#/NEW\n" in template
    assert "A=sops://" not in template
    assert secretrun("list", cwd=filled).out.split() == ["B", "NEW"]
    assert value_of(filled, "NEW") == "pa$$word"
    assert secretrun("check", cwd=filled).status == 0


def test_what_is_not_touched_keeps_its_ciphertext(secretrun, filled, program):
    before = (filled / "secrets.enc.env").read_bytes().splitlines()[:2]
    edit(secretrun, filled, program, 'echo C=new >> "$1"')
    assert (filled / "secrets.enc.env").read_bytes().splitlines()[:2] == before


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("A=again", "the edited store:6:1: A stands in line 3 already"),
        ("-----BEGIN KEY-----", "expected NAME=VALUE"),
        ("c2VjcmV0LWxpbmUtb25l=", "a line of a value of several lines"),
        ("C=pa$$word", "$$ stands for one dollar here"),
        ("'open", "expected NAME=VALUE"),
        ("C='open", "the single quote is never closed"),
        ("sops_mac=x", "sops keeps its own data under such names"),
        ("1C=x", "not a variable name"),
        ("C_unencrypted=x", "would leave C_unencrypted unencrypted"),
    ],
)
def test_a_slip_is_told_with_its_line_and_nothing_is_written(
    secretrun, filled, program, everything_in, line, said
):
    before = everything_in(filled)
    done = edit(secretrun, filled, program, f'cat >> "$1" <<"E"\n{line}\nE')
    assert (done.status, done.out) == (125, "")
    assert said in done.err
    assert "hunter2" not in done.err
    assert "c2VjcmV0" not in done.err
    assert everything_in(filled) == before


def test_a_line_of_the_template_that_needs_a_name_keeps_it(secretrun, filled, program, everything_in):
    with (filled / ".env.secretrun").open("a") as file:
        file.write("URL=https://${A}@host\n")
    before = everything_in(filled)
    done = edit(secretrun, filled, program, 'sed -i "/^A=/d" "$1"')
    assert done.status == 125
    assert "URL is made with $A, so nothing was changed" in done.err
    assert everything_in(filled) == before


def test_on_a_terminal_a_slip_opens_the_editor_again(terminal, filled, program, value_of, tmp_path):
    editor = program(
        "editor",
        f'#!/bin/sh\nif [ -e {tmp_path}/once ]; then sed -i "/^C=again/d" "$1"; '
        f'else touch {tmp_path}/once; printf "C=one\\nC=again\\n" >> "$1"; fi\n',
    )
    shell = terminal("edit", cwd=filled, env={"EDITOR": str(editor)})
    shell.wait_for(b"press Return to edit again")
    assert b"C stands in line" in shell.shown
    shell.type(b"\r")
    assert shell.end() == 0
    assert value_of(filled, "C") == "one"


def test_an_editor_that_is_not_there_says_what_to_do(secretrun, filled, everything_in):
    before = everything_in(filled)
    done = secretrun("edit", cwd=filled, env={"EDITOR": "/no/such/editor"})
    assert done.status == 125
    assert "set EDITOR" in done.err
    assert everything_in(filled) == before


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z_][A-Z0-9_]{0,6}", fullmatch=True),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30),
        max_size=4,
    )
)
def test_every_value_comes_back_from_the_editor_as_it_was(values):
    assert editing.read(editing.text(values)) == values
