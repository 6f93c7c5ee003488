"""`secretrun init --import` of another tool's file, from the command line."""

from support.store import clean_environ, secretrun


def init(place, name, **env):
    return secretrun("init", "--import", name, env=clean_environ(place) | env, cwd=place)


def test_what_is_carried_over_works_and_the_rest_is_listed_by_line(tmp_path):
    (tmp_path / "token").write_text("migrated-value-0123456789")
    (tmp_path / "vals.yaml").write_text("TOKEN: ref+file://token\nNESTED:\n  a: 1\nLEVEL: debug\n")
    done = init(tmp_path, "vals.yaml")
    assert done.returncode == 0, done.stderr
    assert b"vals.yaml:2: NESTED" in done.stderr
    assert done.stdout == b""
    run = secretrun("--", "sh", "-c", "echo $TOKEN $LEVEL", env=clean_environ(tmp_path), cwd=tmp_path)
    assert run.stdout == b"[REDACTED:TOKEN] debug\n", run.stderr


def test_an_existing_configuration_is_not_overwritten(tmp_path):
    (tmp_path / "secretrun.toml").write_text("[env]\nA = 'x'\n")
    (tmp_path / "vals.yaml").write_text("B: c\n")
    done = init(tmp_path, "vals.yaml")
    assert done.returncode == 125
    assert b"exists already" in done.stderr
    assert (tmp_path / "secretrun.toml").read_text() == "[env]\nA = 'x'\n"


def test_names_of_services_need_no_file(tmp_path):
    done = init(tmp_path, "doppler:app/dev")
    assert done.returncode == 0, done.stderr
    assert 'from = ["doppler://app/dev"]' in (tmp_path / "secretrun.toml").read_text()


def test_a_file_that_is_not_there_is_an_error_that_names_it(tmp_path):
    done = init(tmp_path, "gone.toml")
    assert done.returncode in (2, 125)
    assert b"gone.toml" in done.stderr
    assert list(tmp_path.iterdir()) == []
