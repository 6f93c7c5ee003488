"""What a project may say stands in one table, a row for each setting there is; a key without a row is refused."""

import pytest

from secretrun.config import load, settings
from secretrun.trust import table

BARRED = {
    "audit", "report", "sandbox", "cache", "offline", "pass", "no_masking", "set", "allow_exec", "register", "show", "allow_socket", "egress", "grant", "detect", "detect_exempt", "reason"}  # fmt: skip
VALUES = {"flag": "true", "text": "'x'", "list": "['x']", "seconds": "5", "duration": "'5m'"}


def text_of(setting):
    return f"'{setting.choices[0]}'" if setting.choices else VALUES[setting.kind]


def test_every_setting_has_a_row_and_no_row_is_left_over():
    rows = {row.partition(".")[2] for row in table.PROJECT if row.startswith("run.")}
    assert rows == {setting.name for setting in settings.RUN}
    assert {row for row in table.PROJECT if "." not in row} >= set(load.SECTIONS)


@pytest.mark.parametrize("setting", settings.RUN, ids=lambda setting: setting.name)
def test_a_project_says_what_the_table_lets_it(setting, tmp_path, secretrun):
    barred = table.project_may(f"run.{setting.name}") == table.NEVER
    assert barred == (setting.name in BARRED)
    (tmp_path / "secretrun.toml").write_text(f"[run]\n{setting.name} = {text_of(setting)}\n")
    done = secretrun("--", "true")
    assert (f"{setting.name} can't be set by a project" in done.err) == barred
    if barred:
        assert done.status == 125


def test_the_user_may_say_all_of_it(tmp_path, secretrun, clean_environment):
    file = clean_environment / ".config/secretrun/config.toml"
    file.parent.mkdir(parents=True)
    lines = [
        f"{s.name} = {text_of(s)}\n"
        for s in settings.RUN
        if s.name
        not in ("env_file", "profile", "from", "set", "report", "sandbox", "watch", "offline", "cache")
    ]
    file.write_text("[run]\n" + "".join(lines) + f"report = '{tmp_path}/r.json'\n")
    assert "can't be set" not in secretrun("--", "true").err


def test_a_key_without_a_row_is_refused():
    assert table.project_may("run.new") == table.project_may("backend.address") == table.NEVER


def test_another_option_of_a_store_is_the_users_alone(tmp_path, secretrun):
    (tmp_path / "secretrun.toml").write_text("[backend.vault]\naddress = 'http://eve:8200'\n")
    done = secretrun("--", "true")
    assert (done.status, "address can't be set by a project" in done.err) == (125, True)


def test_a_projects_audit_writes_no_file(tmp_path, secretrun):
    """A reference that holds backticks would be code in the next shell's start-up file."""
    (tmp_path / "secretrun.toml").write_text("[run]\naudit = 'bashrc'\nreport = 'important'\n")
    assert secretrun("--", "true").status == 125
    assert not (tmp_path / "bashrc").exists()


@pytest.mark.parametrize(
    "name",
    ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "PYTHONPATH", "NODE_OPTIONS", "GIT_SSH",
     "PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "EDITOR", "VISUAL",
     "PAGER", "HOME", "XDG_CONFIG_HOME", "IFS", "PS4"],
)  # fmt: skip
def test_it_is_a_loader_variable(name):
    assert table.is_loader(name)


@pytest.mark.parametrize(
    "name", ["API_KEY", "LOG_LEVEL", "DATABASE_URL", "APP_PATH", "ENVIRONMENT", "EDITION"]
)
def test_it_is_none(name):
    assert not table.is_loader(name)
