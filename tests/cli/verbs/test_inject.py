"""`secretrun inject`: files filled and environments written, whole or not at all."""

import base64
import json
import os
import pathlib
import subprocess

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.store import COMMAND, clean_environ, secretrun

from secretrun.formats import render
from secretrun.formats.parse import parse_dotenv
from secretrun.testing import install_program

# The stand-in for 1Password's `op`, which needs an account.
OP = pathlib.Path(__file__).parents[2] / "backends" / "op_stand_in.py"
SECRET = "inject-secret \"x\" '$y' 0123"


@pytest.fixture
def place(tmp_path):
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / ".env.secretrun").write_text("TOKEN=file://token\nPLAIN=a b\n")
    return tmp_path


def inject(place, *arguments, **env):
    return secretrun("inject", *arguments, env=clean_environ(place) | env, cwd=place)


def test_a_file_is_filled_and_its_dollars_are_left_alone(place):
    (place / "conf.tpl").write_bytes(
        b'a {{ file://token }} $host ${x}\r\n{{ file://$NAME }}\xff {{ "{{x}}" }}\n'
    )
    done = inject(place, "-i", "conf.tpl", NAME="token")
    want = f"a {SECRET} $host ${{x}}\r\n{SECRET}".encode() + b"\xff {{x}}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, want, b"")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a {{ op://dev/app/token }} b", "a op-value-1 b"),
        ("a {{op://dev/$ITEM/token}} b", "a op-value-1 b"),
        ("a op://dev/app/token, b", "a op-value-1, b"),
        ("a op://${VAULT:-dev}/$ITEM/token b", "a op-value-1 b"),
        ("{{ OP://Dev/App/Token }}", "op-value-1"),
        ("{{ ref+op://dev/app/token }}", "op-value-1"),
        ("a ref+op://dev/app/token+b", "a op-value-1b"),
        ("{{ ref+echo://said/so }}", "said/so"),
        ("{{ ref+echo://said/$ITEM }}", "said/app"),
        ("{{ file://$DIRECTORY/token }}", SECRET),
        ('{{ "{{ op://dev/app/token }}" }}', "{{ op://dev/app/token }}"),
    ],
)
def test_every_form_of_a_reference_is_filled_in_a_file(place, text, filled):
    store = place / "op-store"
    store.mkdir()
    value = base64.b64encode(b"op-value-1").decode()
    (store / "values.json").write_text(json.dumps({"op://dev/app/token": value}))
    environ = install_program(place / "bin", "op", OP.read_text(), clean_environ(place))
    environ |= {"OP_STORE": str(store), "ITEM": "app", "DIRECTORY": str(place)}
    (place / "t").write_text(text)
    done = subprocess.run(
        [*COMMAND, "inject", "-i", "t"], env=environ, cwd=place, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout.decode()) == (0, filled), done.stderr


def test_stdin_is_a_template_too(place):
    done = secretrun(
        "inject", "-i", "-", env=clean_environ(place), cwd=place, stdin=None, input=b"x={{ file://token }}"
    )
    assert done.stdout.decode() == f"x={SECRET}"


def test_the_output_file_is_private_and_an_existing_one_needs_force(place):
    (place / "t").write_text("{{ file://token }}")
    assert inject(place, "-i", "t", "-o", "out").returncode == 0
    assert (place / "out").read_text() == SECRET
    assert (place / "out").stat().st_mode & 0o777 == 0o600
    again = inject(place, "-i", "t", "-o", "out")
    assert again.returncode == 125
    assert b"exists already" in again.stderr
    assert inject(place, "-i", "t", "-o", "out", "-f", "--file-mode", "0640").returncode == 0
    assert (place / "out").stat().st_mode & 0o777 == 0o640


def test_a_failing_reference_writes_nothing_and_names_every_failure(place):
    (place / "t").write_text("{{ file://token }} {{ file://gone-1 }} {{ file://gone-2 }}")
    done = inject(place, "-i", "t", "-o", "out")
    assert done.returncode == 125
    assert b"nothing was written" in done.stderr
    assert b"gone-1" in done.stderr
    assert b"gone-2" in done.stderr
    assert not (place / "out").exists()
    assert SECRET.encode() not in done.stderr


def test_every_fault_of_a_file_is_in_one_report_with_its_place_and_hint(place):
    (place / "t").write_text(
        "one\n  two {{ spos://x }}\n{{ file://none }} {{ file://token }}\nop://{{ sops:/x }}\nx {{ file://gone#/a\n"
    )
    done = inject(place, "-i", "t")
    assert (done.returncode, done.stdout) == (125, b"")
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "secretrun: error: 4 things are wrong, so nothing was written"
    assert lines[1].startswith("secretrun: error: t:2:10: unknown scheme 'spos://'")
    assert lines[2].startswith("secretrun: hint: if it is meant literally")
    assert lines[3] == "secretrun: error: t:4:9: 'sops:/' with one slash is no reference"
    assert [line for line in lines if "t:5:3: '{{' is never closed by '}}'" in line]
    assert lines[-2] == f"secretrun: error: t:3:4: file://none: there is no file {place}/none"
    assert lines[-1].startswith("secretrun: hint: a relative path starts")


@pytest.mark.parametrize(
    "text",
    [
        "a: {{ .Values.x }}", "{% if x %}{{ y | default('z') }}{% endif %}", "token: ${{ secrets.GITHUB_TOKEN }}",
        '{{ lookup("env", "HOME") }}', "{{#each items}}{{{this}}}{{/each}}", "{{- range .Items }}{{ . }}{{- end }}", "{{", "}}",
        "{{ printf `%s` .x }}", "{{ 'single' }}", "$${{ x }}",
    ],
)  # fmt: skip
def test_the_braces_of_another_template_language_stay_as_they_are(place, text):
    (place / "t").write_text(f"{text}\n{{{{ file://token }}}}\n{text}\n")
    done = inject(place, "-i", "t")
    assert (done.returncode, done.stdout.decode()) == (0, f"{text}\n{SECRET}\n{text}\n")


def test_a_variable_of_the_template_is_filled_by_its_name(place):
    (place / "t").write_text('a {{ TOKEN }}\nb {{PLAIN}} {{ "{{ TOKEN }}" }} {{ file://token }}\n')
    done = inject(place, "-i", "t")
    want = f"a {SECRET}\nb a b {{{{ TOKEN }}}} {SECRET}\n"
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, want, b"")


def test_a_variable_of_set_and_of_an_import_is_filled_by_its_name(place):
    (place / "t").write_text("{{ MADE }} {{ db }} {{ TOKEN }} {{ other }}")
    (place / "all.json").write_text('{"db": "imported-value", "TOKEN": "not-this-one"}')
    made = "MADE=x-{{ file://token }}"
    done = inject(place, "-i", "t", "--set", made, "--from", "file://all.json")
    assert done.stdout.decode() == f"x-{SECRET} imported-value {SECRET} {{{{ other }}}}", done.stderr


def test_the_stores_are_asked_for_what_the_file_names_alone(place):
    (place / ".env.secretrun").write_text("TOKEN=file://token\nBROKEN=file://gone\n")
    (place / "t").write_text("{{ TOKEN }}")
    assert inject(place, "-i", "t").stdout.decode() == SECRET
    (place / "t").write_text("{{ TOKEN }}\n  {{ BROKEN }}")
    done = inject(place, "-i", "t")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"t:2:6: BROKEN: there is no file" in done.stderr


def test_a_slip_of_a_variables_name_is_told_and_another_languages_name_is_text(place):
    (place / "t").write_text("x {{ TOKN }}")
    done = inject(place, "-i", "t")
    assert (done.returncode, done.stdout) == (125, b"")
    assert b"t:1:6: TOKN is no variable of the template" in done.stderr
    assert b"did you mean TOKEN?" in done.stderr
    (place / "t").write_text("{{ title }} {{ HOME }} {{ None }}")
    assert inject(place, "-i", "t").stdout == b"{{ title }} {{ HOME }} {{ None }}"


@pytest.mark.parametrize("force", [(), ("-f",)])
def test_a_fifo_is_written_into_and_stays_one(place, force):
    (place / "t").write_text("{{ file://token }}")
    fifo = place / "fifo"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE)
    done = inject(place, "-i", "t", *force, "-o", "fifo")
    assert (done.returncode, done.stderr) == (0, b"")
    assert reader.communicate(timeout=60)[0] == SECRET.encode()
    assert fifo.is_fifo()


@pytest.mark.parametrize("force", [(), ("-f",)])
def test_a_device_is_written_into_and_stays_one(place, force):
    (place / "t").write_text("{{ file://token }}")
    before = os.stat("/dev/null")
    link = place / "null"
    link.symlink_to("/dev/null")
    for path in ("/dev/null", str(link)):
        done = inject(place, "-i", "t", *force, "-o", path)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    after = os.stat("/dev/null")
    assert (after.st_mode, after.st_rdev, after.st_ino) == (before.st_mode, before.st_rdev, before.st_ino)
    assert link.is_symlink()


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_an_open_descriptor_is_written_into(place, path):
    (place / "t").write_text("{{ file://token }}")
    assert inject(place, "-i", "t", "-o", path).stdout == SECRET.encode()
    with open(place / "out", "wb") as out:
        out.write(b"before ")
        out.flush()
        command = [*COMMAND, "inject", "-i", "t", "-f", "-o", path]
        subprocess.run(command, env=clean_environ(place), cwd=place, stdout=out, check=True, timeout=60)
    assert (place / "out").read_bytes() == b"before " + SECRET.encode()


def test_a_directory_or_a_socket_is_refused_without_a_word_of_force(place):
    import socket

    (place / "t").write_text("x")
    (place / "d").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "s"))
        for path, kind in (("d", "a directory"), ("s", "a socket")):
            for force in ((), ("-f",)):
                done = inject(place, "-i", "t", *force, "-o", path)
                assert done.returncode == 125
                assert (
                    done.stderr.decode()
                    == f"secretrun: error: {path} is {kind}\nsecretrun: hint: name a file\n"
                )


def test_a_full_disk_leaves_no_file_and_the_old_one_as_it_was(place):
    (place / "t").write_text("{{ file://token }}" * 1000)
    (place / "out").write_text("old")
    command = f"ulimit -f 1; exec {' '.join(COMMAND)} inject -i t -o out -f"
    done = subprocess.run(
        ["sh", "-c", command], env=clean_environ(place), cwd=place, capture_output=True, timeout=60
    )
    assert done.returncode == 125
    assert b"error: out: " in done.stderr
    assert (place / "out").read_text() == "old"
    assert [path.name for path in place.iterdir() if path.name.endswith(".tmp")] == []


@pytest.mark.parametrize("verb", [["inject", "-i", "t"], ["inject"], ["read", "file://token"], ["check"]])
def test_standard_output_on_a_full_disk_is_a_clear_error(place, verb):
    (place / "t").write_text("{{ file://token }}")
    (place / ".env").write_text("TOKEN=file://token\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*COMMAND, *verb],
            env=clean_environ(place),
            cwd=place,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (
        125,
        b"secretrun: error: can't write: no space left on device",
    )


def test_a_link_is_followed_and_stays_one(place):
    (place / "t").write_text("{{ file://token }}")
    (place / "real").write_text("old")
    (place / "out").symlink_to("real")
    assert inject(place, "-i", "t", "-o", "out", "-f").returncode == 0
    assert (place / "out").is_symlink()
    assert (place / "real").read_text() == SECRET


@pytest.mark.parametrize("form", [*render.FORMATS])
def test_every_format_gives_the_values_to_its_own_reader(place, form):
    done = inject(place, "--format", form)
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode()
    if form == "json":
        found = json.loads(text)
    elif form == "yaml":
        found = yaml.safe_load(text)
    elif form == "k8s":
        found = {name: base64.b64decode(v).decode() for name, v in yaml.safe_load(text)["data"].items()}
    elif form == "shell":
        read = subprocess.run(
            ["sh", "-c", text + 'printf "%s\\n%s" "$TOKEN" "$PLAIN"'],
            capture_output=True,
            text=True,
            check=True,
        )
        found = dict(zip(("TOKEN", "PLAIN"), read.stdout.split("\n"), strict=True))
    elif form == "fish":
        read = subprocess.run(
            ["fish", "--no-config", "-c", 'source; printf "%s\\n%s" $TOKEN $PLAIN'],
            input=text, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = dict(zip(("TOKEN", "PLAIN"), read.stdout.split("\n"), strict=True))
    elif form == "docker":
        found = dict(line.split("=", 1) for line in text.splitlines())
    elif form == "dotenv":
        found = dict(parse_dotenv(text, "out"))
    else:
        found = {name: _systemd(value) for name, value in (line.split("=", 1) for line in text.splitlines())}
    assert found == {"TOKEN": SECRET, "PLAIN": "a b"}


def _systemd(value):
    """Unquote as systemd.exec(5) does."""
    out, inner = "", iter(value[1:-1])
    for character in inner:
        out += next(inner) if character == "\\" else character
    return out


VALUES = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


@settings(max_examples=300)
@given(st.dictionaries(st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), VALUES, max_size=4))
def test_dotenv_json_yaml_and_k8s_carry_any_text(values):
    raw = {name: value.encode() for name, value in values.items()}
    assert dict(parse_dotenv(render.render(raw, "dotenv").decode(), "x")) == values
    assert json.loads(render.render(raw, "json")) == values
    assert yaml.safe_load(render.render(raw, "yaml")) == values
    data = yaml.safe_load(render.render(raw, "k8s"))["data"]
    assert {name: base64.b64decode(value).decode() for name, value in data.items()} == values


def test_what_a_format_can_not_carry_is_an_error_that_names_the_variable(place):
    (place / "token").write_text("two\nlines")
    done = inject(place, "--format", "docker")
    assert done.returncode == 125
    assert b"TOKEN has several lines" in done.stderr
    assert b"two" not in done.stderr


@pytest.mark.parametrize("name", ["SOPS_AGE_KEY", "VAULT_TOKEN", "OP_SERVICE_ACCOUNT_TOKEN"])
@pytest.mark.parametrize("text", ["{{ file://$%s }}", "{{ file://x-${%s:-y} }}", "op://$%s/a/b"])
def test_what_signs_in_to_a_store_is_part_of_no_reference(place, name, text):
    (place / "t").write_text(text % name)
    done = inject(place, "-i", "t", **{name: "hunter2hunter2"})
    assert done.returncode == 125
    assert f"${name} signs in to a store".encode() in done.stderr
    assert b"hunter2" not in done.stderr + done.stdout


def test_what_set_says_is_what_a_variable_of_a_reference_stands_for(place):
    (place / "t").write_text("{{ file://$NAME }}")
    assert inject(place, "-i", "t", "--set", "NAME=token", NAME="none").stdout == SECRET.encode()
