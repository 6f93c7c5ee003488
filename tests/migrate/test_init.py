"""`secretrun init --import` of another tool's file, from the command line."""

import json
import os
import stat

import pytest
from support.store import Store, clean_environ, secretrun

from secretrun.config.schema import schema


def init(place, name, home=None, **env):
    return secretrun("init", "--import", name, env=clean_environ(home or place) | env, cwd=place)


@pytest.fixture
def project(tmp_path):
    """A directory beside the home, where the key lies."""
    made = tmp_path / "project"
    made.mkdir()
    return made


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


PLAIN = {
    "secrets.yaml": "DB_PASSWORD: hunter2hunter2\nLEVEL: debug\n",
    "secrets.json": '{"DB_PASSWORD": "hunter2hunter2", "LEVEL": "debug"}',
    "terraform.tfvars.json": '{"DB_PASSWORD": "hunter2hunter2", "LEVEL": "debug"}',
    "mixed.yml": "DB_PASSWORD: hunter2hunter2\nLEVEL: debug\nOTHER: ref+env://HOME\n",
    "summon.yml": "DB_PASSWORD: !str hunter2hunter2\nLEVEL: debug\n",
    "see.env": "# @see https://wiki/x\nDB_PASSWORD=hunter2hunter2\nLEVEL=debug\n",
    "formatter.env": "#@formatter:off\nDB_PASSWORD=hunter2hunter2\nLEVEL=debug\n",
    "botfather.env": "# @BotFather token\n# @sensitive\nDB_PASSWORD=hunter2hunter2\nLEVEL=debug\n",
    ".env.schema": "# @defaultSensitive=true\n# ---\nDB_PASSWORD=hunter2hunter2\nLEVEL=debug\n",
    "fnox.toml": '[providers]\np = { type = "plain" }\n[secrets]\n'
    'DB_PASSWORD = { provider = "p", value = "hunter2hunter2" }\nLEVEL = { provider = "p", value = "debug" }\n',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_secret_goes_into_the_store_and_never_into_a_plain_file(project, name):
    (project / name).write_text(PLAIN[name])
    (project / name).chmod(0o600)
    done = init(project, name, project.parent)
    assert done.returncode == 0, done.stderr
    assert b"hunter2" not in done.stdout + done.stderr
    assert b"rotate" in done.stderr
    for file in project.iterdir():
        if file.is_file() and file.name != name:
            assert b"hunter2" not in file.read_bytes(), file
    environ = clean_environ(project.parent)
    run = secretrun("--no-masking", "--", "sh", "-c", "echo $DB_PASSWORD $LEVEL", env=environ, cwd=project)
    assert run.stdout == b"hunter2hunter2 debug\n", run.stderr
    masked = secretrun("--", "sh", "-c", "echo $DB_PASSWORD", env=environ, cwd=project)
    assert masked.stdout == b"[REDACTED:DB_PASSWORD]\n"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
def test_what_is_written_is_open_to_no_more_than_its_source(tmp_path, mode):
    (tmp_path / "vals.yaml").write_text("A: ref+env://HOME\nLEVEL: debug\n")
    (tmp_path / "vals.yaml").chmod(mode)
    umask = os.umask(0o022)
    try:
        assert init(tmp_path, "vals.yaml").returncode == 0
    finally:
        os.umask(umask)
    assert stat.S_IMODE((tmp_path / "secretrun.toml").stat().st_mode) == mode
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "secretrun.schema.json",
        "secretrun.toml",
        "vals.yaml",
    ]
    assert json.loads((tmp_path / "secretrun.schema.json").read_text()) == schema()
    assert (tmp_path / "secretrun.toml").read_text().startswith("#:schema ./secretrun.schema.json\n")


@pytest.mark.parametrize("name", ["secrets.enc.yaml", "secrets.json", "secrets.enc.env"])
def test_a_file_that_sops_has_encrypted_is_a_store_already(tmp_path, name):
    store = Store(tmp_path, {"A": "hunter2hunter2"}, name)
    done = secretrun("init", "--import", name, env=store.environ, cwd=tmp_path)
    assert done.returncode == 125
    assert f"{name} is encrypted by sops: it is a store already" in done.stderr.decode()
    assert f"--from sops://{name}" in done.stderr.decode()
    assert not (tmp_path / "secretrun.toml").exists()


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_file_that_dotenvx_has_encrypted_is_no_plain_file(tmp_path, quote):
    """Its ciphertexts would go into the store as if they were the values."""
    sealed = "BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAtZ9HPMfLEIRVz50hmLXPXRuDBXaJi="
    (tmp_path / ".env").write_text(f'DOTENV_PUBLIC_KEY="03ab"\nAPI_KEY={quote}encrypted:{sealed}{quote}\n')
    done = init(tmp_path, ".env")
    assert done.returncode == 125
    assert ".env is encrypted by dotenvx" in done.stderr.decode()
    assert "dotenvx decrypt" in done.stderr.decode()
    assert not (tmp_path / ".env.secretrun").exists()


def test_public_literals_stay_where_they_can_be_read(tmp_path):
    (tmp_path / ".env.schema").write_text(
        "# @defaultSensitive=false\n# ---\nREGION=eu-central-1-of-some-length\nNAME=x-public-name-of-ours\n"
    )
    assert init(tmp_path, ".env.schema").returncode == 0
    text = (tmp_path / "secretrun.toml").read_text()
    assert 'REGION = "eu-central-1-of-some-length"' in text
    assert not (tmp_path / ".env.secretrun").exists()


def test_an_ordinary_url_of_an_env_file_is_a_value(project):
    (project / "app.env").write_text("FILEURL=file:///tmp/some/where\nMASTER=k8s://https://10.0.0.1:6443\n")
    assert init(project, "app.env", project.parent).returncode == 0
    run = secretrun(
        "--no-masking",
        "--",
        "sh",
        "-c",
        "echo $FILEURL $MASTER",
        env=clean_environ(project.parent),
        cwd=project,
    )
    assert run.stdout == b"file:///tmp/some/where k8s://https://10.0.0.1:6443\n", run.stderr
