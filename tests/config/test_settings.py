"""Every option has a flag, a variable and a key, and each of the three is checked."""

from __future__ import annotations

import pytest

from secretrun.cli import parser
from secretrun.config.load import load
from secretrun.config.settings import RUN, Settings, duration, from_environment, seconds
from secretrun.errors import ConfigError, UsageError

# A value that is not the default, as written in the three places: (flag's argument, variable, TOML), value.
EXAMPLES = {
    "flag": ((), "yes", "true", True),
    "seconds": (("2.5",), "2.5", "2.5", 2.5),
    "duration": (("2m",), "2m", '"2m"', 120.0),
    "list": (("one",), "one", '["one"]', ["one"]),
    "text": (("some text",), "some text", '"some text"', "some text"),
}


def example(setting):
    if setting.choices:
        chosen = next(choice for choice in reversed(setting.choices) if choice != setting.default)
        return ((chosen,), chosen, f'"{chosen}"', chosen)
    return EXAMPLES[setting.kind]


def value(setting, tmp_path, *, flags=(), environ=(), mine=None):
    home = tmp_path / "config"
    (home / "secretrun").mkdir(parents=True, exist_ok=True)
    if mine is not None:
        (home / "secretrun" / "config.toml").write_text(mine)
    options = vars(parser.build("run").parse_args(list(flags)))
    config = load({"XDG_CONFIG_HOME": str(home), **dict(environ)}, options.get, str(tmp_path))
    return config.settings.value(setting.name), config.settings.source(setting.name)


def anchored(setting, plain, tmp_path):
    """Paths in a file start where the file lies."""
    base = str(tmp_path / "config" / "secretrun")
    if setting.name == "env_file":
        return [f"{base}/{file}" for file in plain]
    return f"{base}/{plain}" if setting.name in ("audit", "report") else plain


@pytest.mark.parametrize("setting", [s for s in RUN if s.name != "profile"], ids=lambda s: s.name)
def test_a_flag_beats_a_variable_beats_a_key_beats_the_default(setting, tmp_path):
    arguments, text, toml, wanted = example(setting)
    assert wanted != setting.default
    environ = {setting.variable: text}
    assert setting.variable == f"SECRETRUN_{setting.name.upper()}"
    assert value(setting, tmp_path) == (setting.default, "default")
    for key in (setting.name, setting.name.replace("_", "-")):
        mine = f"[run]\n{key} = {toml}\n"
        found, source = value(setting, tmp_path, mine=mine)
        assert found == anchored(setting, wanted, tmp_path)
        assert source.endswith("config.toml")
    assert value(setting, tmp_path, mine=mine, environ=environ) == (wanted, setting.variable)
    for flag in setting.flags:
        assert value(setting, tmp_path, mine=mine, environ=environ, flags=[flag, *arguments]) == (
            wanted,
            "the command line",
        )


@pytest.mark.parametrize("setting", RUN, ids=lambda s: s.name)
def test_a_setting_has_a_long_flag_of_its_name_and_a_help_line(setting):
    assert setting.flags[-1] == "--" + setting.name.replace("_", "-")
    assert setting.help
    assert setting.kind == "flag" or setting.choices or setting.metavar


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SECRETRUN_TIMEOUT", "soon"), ("SECRETRUN_TIMEOUT", "0"), ("SECRETRUN_TIMEOUT", "-1"), ("SECRETRUN_TIMEOUT", "nan"),
        ("SECRETRUN_TIMEOUT", "inf"), ("SECRETRUN_KEEP_ENV", "perhaps"), ("SECRETRUN_TTY", "sometimes"),
        ("SECRETRUN_CACHE", "10 minutes"), ("SECRETRUN_CACHE", "m"),
    ],
)  # fmt: skip
def test_a_variable_that_can_not_be_used_is_an_error_naming_it(variable, text):
    with pytest.raises(ConfigError, match=variable):
        from_environment(Settings(), {variable: text})


@pytest.mark.parametrize(
    "line",
    [
        'timeout = "soon"', "timeout = 0", "timeout = inf", "timeout = nan", "timeout = true", "keep_env = 1", 'tty = "sometimes"',
        "tty = 1", "pass = 1", "pass = [1]", "mask = 1", 'cache = "x"', "cache = 0",
    ],
)  # fmt: skip
def test_a_key_of_the_wrong_type_is_an_error_naming_file_and_key(line, tmp_path):
    (tmp_path / "secretrun.toml").write_text(f"[run]\n{line}\n")
    with pytest.raises(ConfigError) as caught:
        load({}, lambda _: None, str(tmp_path))
    assert caught.value.message.startswith("secretrun.toml: ")
    assert line.partition(" ")[0] in caught.value.message


@pytest.mark.parametrize(
    "flags",
    [["--timeout", "soon"], ["--timeout", "0"], ["--cache", "x"], ["--tty", "x"], ["--nonsense"], ["-e"]],
)
def test_a_flag_that_can_not_be_used_is_a_usage_error(flags):
    with pytest.raises(UsageError):
        parser.build("run").parse_args(flags)


def test_flags_are_on_and_off_in_the_words_people_use():
    for text, wanted in {
        "1": True,
        "TRUE": True,
        "on": True,
        "": False,
        "0": False,
        "No": False,
        "off": False,
    }.items():
        settings = Settings()
        from_environment(settings, {"SECRETRUN_KEEP_ENV": text})
        assert settings.flag("keep_env") is wanted


def test_lists_in_variables_are_divided_as_their_kind_wants():
    settings = Settings()
    from_environment(
        settings,
        {
            "SECRETRUN_ENV_FILE": "a.env:b.env",
            "SECRETRUN_PASS": "A_*,B",
            "SECRETRUN_SET": "A=1,2\nB=x:y",
            "SECRETRUN_FROM": "",
        },
    )
    assert settings.items("env_file") == ["a.env", "b.env"]
    assert settings.items("pass") == ["A_*", "B"]
    assert settings.items("set") == ["A=1,2", "B=x:y"]
    assert settings.source("from") == "default"


def test_times_are_read_as_written():
    assert [duration(text, "x") for text in ("90", "90s", "1.5m", "8h", "2d")] == [90, 90, 90, 28800, 172800]
    assert seconds("0.5", "x") == 0.5
