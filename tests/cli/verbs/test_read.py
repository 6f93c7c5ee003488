"""What `secretrun read` promises: the value that was asked for, exactly, and no store asked for another."""

import pytest
from support.store import Store

SECRET = "read-me-8c1f2b7d"


@pytest.fixture
def project(tmp_path):
    """A store with one value and a template that uses it."""
    store = Store(tmp_path, {"API_KEY": SECRET, "PEM": "one\ntwo\n"})
    (tmp_path / ".env.secretrun").write_text(
        "API_KEY=sops://secrets.enc.yaml#/API_KEY\nURL=https://app:${API_KEY}@host\nPEM=sops://secrets.enc.yaml#/PEM\n"
        "LEVEL=debug\nBROKEN=sops://missing.yaml#/x\n"
    )
    return store.environ


@pytest.mark.parametrize("verb", ["read", "get"])
def test_a_name_gives_what_the_command_would_get(secretrun, project, verb):
    for name, value in (("API_KEY", f"{SECRET}\n"), ("URL", f"https://app:{SECRET}@host\n"),
                        ("PEM", "one\ntwo\n"), ("LEVEL", "debug\n")):  # fmt: skip
        assert secretrun(verb, name, env=project) == (0, value, "")
    assert secretrun(verb, "-n", "API_KEY", env=project).out == SECRET


def test_options_of_resolution_hold(secretrun, project, tmp_path):
    (tmp_path / "other.env").write_text("API_KEY=other\n")
    assert secretrun("read", "-e", "other.env", "API_KEY", env=project).out == "other\n"
    assert secretrun("read", "--set", "X=env://HOME", "X", env=project).out == f"{project['HOME']}\n"
    found = secretrun("read", "--from", "sops://secrets.enc.yaml", "-e", "other.env", "PEM", env=project)
    assert (found.status, found.out) == (0, "one\ntwo\n")


def test_a_reference_still_gives_its_value_whatever_the_template_says(secretrun, project, tmp_path):
    (tmp_path / ".env.secretrun").write_text("broken\n")
    assert secretrun("read", "sops://secrets.enc.yaml#/API_KEY", env=project) == (0, f"{SECRET}\n", "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("API_KEI", "did you mean API_KEY?"),
        ("HOME", "HOME is inherited, and no reference"),
        ("BROKEN", ".env.secretrun:5: BROKEN: sops://missing.yaml#/x"),
    ],
)
def test_what_can_not_be_read_is_an_error_and_prints_nothing(secretrun, project, name, said):
    done = secretrun("read", name, env=project)
    assert (done.status, done.out) == (125, "")
    assert said in done.err
    assert SECRET not in done.err
