"""`check --explain NAME`: where a variable comes from, and never its value."""

from main_job.support import clean_environ, secretrun


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
    assert "env_file = ['a.env', 'b.env']  (the command line)" in text
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
