"""Every fault of a run in one report, with its place, its hint beside it; nothing is started."""

import os
import sys

import pytest
from support.store import clean_environ, secretrun

SECRET = "hunter2hunter2-0123"


def report(place, *arguments, **env):
    done = secretrun(*arguments, "--", "true", env=clean_environ(place) | env, cwd=place)
    assert done.returncode == 125
    assert done.stdout == b""
    return done.stderr.decode().splitlines()


def test_faults_of_lines_schemes_and_stores_are_told_together(tmp_path):
    (tmp_path / "t.env").write_text(
        f"GOOD=file://t.env\nno equals sign\nA=spos://x\nB=file://none\nC=$NOT_SET\n1X=y\nD=$A\nE=sops:/x\nP=x${SECRET[:7]}Q9\n"
    )
    said = report(tmp_path, "-e", "t.env")
    errors = [line for line in said if line.startswith("secretrun: error: ")]
    assert errors[0] == "secretrun: error: 7 things are wrong, so the command was not started"
    places = [line.removeprefix("secretrun: error: ").split(":")[1] for line in errors[1:]]
    assert sorted(places) == ["2", "3", "4", "5", "6", "8", "9"]
    assert not [line for line in errors if ": D:" in line]  # $A has its own
    assert errors[-1].startswith("secretrun: error: t.env:4: B: file://none: there is no file")
    for number, line in enumerate(said[1:], 1):
        if "spos" in line and "error" in line:
            assert said[number + 1].startswith("secretrun: hint: if it is meant literally")
    assert SECRET[:7] + "Q9" not in "\n".join(said)


def test_files_that_are_not_there_are_all_named(tmp_path):
    said = "\n".join(report(tmp_path, "-e", "one.env", "-e", "two.env"))
    assert "error: one.env: no such file or directory" in said
    assert "error: two.env: no such file or directory" in said


def test_all_that_is_wrong_with_a_toml_file_is_told(tmp_path):
    (tmp_path / "secretrun.toml").write_text(
        "[run]\ncolour = 1\naudit = 'x'\n[secrets]\nA = { ref = 'any text' }\nB = { rif = 'sops://s' }\n'C-D' = 'x'\n"
        "E = { ref = 'sops:/x' }\n[backend.sops]\npath = '/x'\n"
    )
    said = "\n".join(report(tmp_path))
    for part in (
        "unknown key 'colour' in [run]", "audit can't be set by a project", "[secrets] A: 'ref' holds no reference",
        "[secrets] B: unknown key 'rif'", "C-D: not a variable name", "'sops:/' with one slash", "[backend.sops] path can't be",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize("how", ["run", "inject", "check"])
def test_a_single_fault_speaks_for_itself(tmp_path, how):
    (tmp_path / "t.env").write_text("A=file://t.env\nB=spos://x\n")
    words = {
        "run": ("-e", "t.env", "--", "true"),
        "inject": ("inject", "-e", "t.env"),
        "check": ("check", "-e", "t.env"),
    }[how]
    done = secretrun(*words, env=clean_environ(tmp_path), cwd=tmp_path)
    assert done.returncode == 125
    told = done.stderr + done.stdout
    assert told.count(b"t.env:2:3: B: unknown scheme 'spos://'") == 1
    assert b"things are wrong" not in told


@pytest.mark.parametrize("hint", [(), ("VAULT_ADDR=https://vault:8200\n",)])
def test_a_variable_of_the_template_is_not_what_a_store_was_asked_with(tmp_path, hint):
    (tmp_path / "t.env").write_text("".join(hint) + "A=vault://secret/app#/a\n")
    said = "\n".join(report(tmp_path, "-e", "t.env"))
    assert "set VAULT_ADDR=" in said
    assert ("VAULT_ADDR of t.env:1 reaches the command only" in said) == bool(hint)


if sys.platform == "linux":  # the limit of one variable is its own

    @pytest.mark.parametrize("source", ["A=file://long\n", "B=x\nA={{ file://long }}y\n"])
    def test_a_value_too_long_for_a_variable_is_named_with_its_remedy(tmp_path, source):
        (tmp_path / "long").write_text("x" * (128 << 10))
        (tmp_path / "t.env").write_text(source)
        said = "\n".join(report(tmp_path, "-e", "t.env"))
        assert "the value of A is longer than the 128 KiB that a variable can hold" in said
        assert 'as = "file"' in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_TRACKING_URI", "file:///tmp/mlruns"),
        ("SPARK_MASTER", "k8s://https://10.0.0.1:6443"),
        ("HERE", "file://{file}"),
    ],
)
@pytest.mark.parametrize("how", ["inherited", ".env"])
def test_an_ordinary_url_reaches_the_command_as_it_is(tmp_path, name, value, how):
    (tmp_path / "secret").write_text(SECRET)
    value = value.format(file=tmp_path / "secret")
    environ = clean_environ(tmp_path)
    if how == "inherited":
        environ[name] = value
    else:
        (tmp_path / ".env").write_text(f"{name}={value}\n")
    done = secretrun("-q", "--", "printenv", name, env=environ, cwd=tmp_path)
    assert (done.returncode, done.stdout.decode()) == (0, f"{value}\n")


def test_a_template_that_a_shell_makes_has_its_relative_paths_where_we_are(tmp_path):
    (tmp_path / "secret").write_text(SECRET)
    read, write = os.pipe()
    os.write(write, b"A=file://secret\n")
    os.close(write)
    done = secretrun(
        "--no-masking", "-e", f"/dev/fd/{read}", "--", "printenv", "A",
        env=clean_environ(tmp_path), cwd=tmp_path, pass_fds=(read,),
    )  # fmt: skip
    os.close(read)
    assert done.stdout.decode() == f"{SECRET}\n", done.stderr


def test_a_linked_template_has_its_relative_paths_beside_the_file_itself(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "secret").write_text(SECRET)
    (shared / "t.env").write_text("A=file://secret\n")
    (tmp_path / "link.env").symlink_to("shared/t.env")
    done = secretrun(
        "--no-masking", "-e", "link.env", "--", "printenv", "A", env=clean_environ(tmp_path), cwd=tmp_path
    )
    assert done.stdout.decode() == f"{SECRET}\n", done.stderr


def test_a_directory_that_is_gone_stops_nothing_that_needs_none(tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    program = f"cd {gone}; rmdir {gone}; exec {sys.executable} -m secretrun -q --set A=1 -- printenv A"
    import subprocess

    done = subprocess.run(["sh", "-c", program], env=clean_environ(tmp_path), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"1\n"), done.stderr
