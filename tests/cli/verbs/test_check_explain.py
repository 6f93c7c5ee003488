"""`check --explain NAME`: where a variable comes from, and never its value."""

import json

from support.store import clean_environ, secretrun


def explain(place, name, *arguments, **env):
    return secretrun("check", "--explain", name, *arguments, env=clean_environ(place) | env, cwd=place)


def test_every_place_is_named_and_the_winner_last(tmp_path):
    (tmp_path / "token").write_text("explained-value-123")
    (tmp_path / "a.env").write_text("TOKEN=one\n")
    (tmp_path / "b.env").write_text("\nTOKEN=file://token\n")
    done = explain(tmp_path, "TOKEN", "-e", "a.env", "-e", "b.env", TOKEN="inherited-x")
    text = done.stdout.decode()
    assert done.returncode == 0
    assert text.index("the environment sets TOKEN") < text.index("a.env:1 sets it, and is overruled")
    assert text.index("a.env:1") < text.index("b.env:2 sets it\n")
    assert "file://token: " in text
    assert "has a value" in text
    assert 'env_file = ["a.env", "b.env"]  (the command line)' in text
    assert "explained-value" not in text
    assert "inherited-x" not in text


def test_a_variable_that_nobody_sets_is_an_error(tmp_path):
    done = explain(tmp_path, "NOPE")
    assert done.returncode == 125
    assert b"NOPE is set nowhere" in done.stderr


def test_a_reference_that_fails_says_why(tmp_path):
    done = explain(tmp_path, "A", "--set", "A=file://gone")
    assert done.returncode == 125
    assert b"file://gone: " in done.stdout


def test_json_says_the_same_to_programs(tmp_path):
    (tmp_path / "token").write_text("explained-value-123")
    (tmp_path / "a.env").write_text("TOKEN=one\nTOKEN=file://token\n")
    done = explain(tmp_path, "TOKEN", "--json", "-e", "a.env", TOKEN="inherited-x")
    said = json.loads(done.stdout)
    assert (done.returncode, said["ok"], said["settings"]) == (0, True, {"env_file": "the command line"})
    assert said["variable"] == {
        "name": "TOKEN", "source": "a.env:2", "references": ["file://token"], "status": "ok",
        "overruled": ["the environment", "a.env:1"], "stores": [{"reference": "file://token", "store": "Files"}],
        "default": False, "required": True, "mask": "auto", "delivered": "env",
    }  # fmt: skip
    assert b"explained-value" not in done.stdout
    failed = explain(tmp_path, "A", "--json", "--set", "A=file://gone")
    assert (failed.returncode, json.loads(failed.stdout)["variable"]["status"]) == (125, "error")


def test_an_imported_variable_has_its_import_for_a_place(tmp_path):
    (tmp_path / "store.json").write_text('{"DB": "explained-value-123"}')
    done = explain(tmp_path, "DB", "--from", "file://store.json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"--from sets it\nfile://store.json: Files: has a value\n")
    assert b"explained-value" not in done.stdout


def test_a_default_or_a_wrong_type_counts_as_check_counts_it(tmp_path):
    (tmp_path / "secretrun.toml").write_text(
        '[secrets]\nA = { ref = "file://gone", default = "x" }\nB = { value = "x", type = "port" }\n'
    )
    assert explain(tmp_path, "A").returncode == 0
    done = explain(tmp_path, "B")
    assert done.returncode == 125
    assert b"not a port" in done.stdout


def test_a_slip_names_what_was_meant(tmp_path):
    done = explain(tmp_path, "TOKN", "--set", "TOKEN=x")
    assert b"did you mean TOKEN?" in done.stderr
