"""Files to settings and plan: finding templates, reading `secretrun.toml`, layering what they say.

Settings, lowest first: defaults, the user's config.toml, the project's secretrun.toml, its profiles,
`SECRETRUN_*`, the command line. `tomllib` is imported only when a TOML file is there.

May import: errors, model, plan, reference, settings, template.
"""

from __future__ import annotations

import os
import sys

from secretrun import entries, template
from secretrun import settings as table
from secretrun.errors import ConfigError, TemplateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.plan import Plan
    from secretrun.settings import Settings

    Table = dict[str, object]

TEMPLATE = ".env.secretrun"
PROJECT = "secretrun.toml"
# What a project may say of a store: which part of it to look at. Not which program to run, nor which server
# gets your token: those would let a cloned repository take it.
PROJECT_OPTIONS = ("account", "environment", "namespace", "profile", "project", "region", "vault")
SECTIONS = ("env", "secrets", "profile", "backend", "run")


class Config:
    """What the files say.

    Attributes:
        settings: every option with its source.
        templates: env files to read, in order ("-" is stdin), absolute.
        tables: (file, sections, trusted) of the TOML files whose [env] and [secrets] apply, in order.
        backends: the [backend.NAME] tables.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.templates: list[str] = []
        self.tables: list[tuple[str, Table, bool]] = []
        self.backends: dict[str, Table] = {}


def user_directory(environ: Mapping[str, str]) -> str:
    """The user's own config directory of secretrun, by the XDG base directory specification."""
    home = environ.get("XDG_CONFIG_HOME") or os.path.join(environ.get("HOME") or "/nonexistent", ".config")
    return os.path.join(home, "secretrun")


def load(environ: Mapping[str, str], option: Callable[[str], object], directory: str) -> Config:
    """Find and read everything that configures a run started in `directory`.

    Raises:
        ConfigError: for a file that can't be read or says something unknown.
    """
    config = Config(table.Settings())
    mine = os.path.join(user_directory(environ), "config.toml")
    project, found_template = discover(directory)
    early = table.Settings()  # the profile must be known before the files are read
    table.from_environment(early, environ)
    table.from_options(early, option)
    profiles = early.items("profile")
    known_profiles: set[str] = set()
    for file, trusted in ((mine, True), (project, False)):
        if file is None or not os.path.isfile(file):
            continue
        sections = read_toml(file)
        _take(config, file, sections, trusted)
        named = _section(sections, "profile", file)
        known_profiles.update(named)
        for name in profiles:
            if name in named:
                inner = _section(named, name, f"{file}: [profile]")
                _take(config, f"{file}: [profile.{name}]", inner, trusted)
    missing = [name for name in profiles if name not in known_profiles]
    if missing:
        known = ", ".join(sorted(known_profiles)) or "none"
        raise ConfigError(f"no profile {missing[0]!r}", hint=f"profiles in {PROJECT}: {known}")
    table.from_environment(config.settings, environ)
    table.from_options(config.settings, option)
    named_files = config.settings.items("env_file")
    if named_files:
        config.templates = [
            file if file == "-" else os.path.join(directory, os.path.expanduser(file)) for file in named_files
        ]
        config.tables = [entry for entry in config.tables if entry[2]]
    elif found_template:
        config.templates = [found_template]
    elif project is None and os.path.isfile(os.path.join(directory, ".env")):
        config.templates = [os.path.join(directory, ".env")]
    return config


def discover(directory: str) -> tuple[str | None, str | None]:
    """The nearest (secretrun.toml, .env.secretrun), from `directory` up to the repository's root.

    Outside a repository only `directory` itself is looked at: what lies in a parent that belongs to
    somebody else must not decide what runs here.
    """
    places = [directory]
    while not os.path.lexists(os.path.join(places[-1], ".git")):
        parent = os.path.dirname(places[-1])
        if parent == places[-1]:
            places = [directory]
            break
        places.append(parent)
    for place in places:
        found = [os.path.join(place, name) for name in (PROJECT, TEMPLATE)]
        here = [file if os.path.isfile(file) else None for file in found]
        if any(here):
            return here[0], here[1]
    return None, None


def fill(plan: Plan, config: Config, directory: str, read_stdin: Callable[[], bytes]) -> None:
    """Add every source to the plan, lowest precedence first.

    Raises:
        TemplateError, ReferenceSyntaxError, ConfigError: with the place.
    """
    from secretrun import reference

    plan.add_inherited(directory)
    for text in config.settings.items("from"):
        source = config.settings.source("from")
        plan.imports.append(
            (reference.parse(text, base=directory, trusted=source == "the command line"), "--from")
        )
    for file, sections, trusted in config.tables:
        _add_tables(plan, file, sections, trusted)
    for path in config.templates:
        shown = "<stdin>" if path == "-" else _shorten(path, directory)
        text = _decode(read_stdin() if path == "-" else _read(path, shown), shown)
        base = directory if path == "-" else os.path.dirname(path)
        plan.add_template(template.parse(text, shown), base)
    for item in config.settings.items("set"):
        name, equals, value = item.partition("=")
        if not equals or not template.NAME.fullmatch(name):
            shown = name if template.NAME.fullmatch(name) else "its argument"
            raise ConfigError(f"--set: {shown} is not of the form NAME=VALUE")
        plan.add_text(name, value, "--set", base=directory, trusted=True)


def read_toml(file: str) -> Table:
    """Read one TOML file.

    Raises:
        ConfigError: naming file and line.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        sections: Table = tomllib.loads(_decode(_read(file, file), file))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: {error}") from None
    return sections


def _take(config: Config, file: str, sections: Table, trusted: bool) -> None:
    for name in sections:
        if name not in SECTIONS or (name == "profile" and "[profile." in file):
            raise ConfigError(f"{file}: unknown section [{name}]", hint=f"known ones: {', '.join(SECTIONS)}")
    run = _section(sections, "run", file)
    known = {setting.name: setting for setting in table.RUN}
    for key, value in run.items():
        setting = known.get(key.replace("-", "_"))
        if setting is None:
            hint = f"known ones: {', '.join(sorted(known))}"
            raise ConfigError(f"{file}: unknown key {key!r} in [run]", hint=hint)
        if not setting.project and not trusted:
            raise ConfigError(
                f"{file}: {key} can't be set by a project",
                hint=f"set it in your own config.toml, by {setting.variable} or {setting.flags[-1]}",
            )
        table.put_checked(config.settings, setting, value, file)
    for name, options in _section(sections, "backend", file).items():
        if not isinstance(options, dict):
            raise ConfigError(f"{file}: [backend.{name}] must be a table")
        barred = [key for key in options if not trusted and key not in PROJECT_OPTIONS]
        if barred:
            raise ConfigError(
                f"{file}: [backend.{name}] {barred[0]} can't be set by a project",
                hint=f"a project may set {', '.join(PROJECT_OPTIONS)}; the rest is for your own config.toml",
            )
        config.backends.setdefault(name, {}).update(options)
    config.tables.append((file, sections, trusted))


def _add_tables(plan: Plan, file: str, sections: Table, trusted: bool) -> None:
    path = file.partition(": [")[0]
    base = os.path.dirname(path)
    for section in ("env", "secrets"):
        for name, said in _section(sections, section, file).items():
            place = f"{file}: [{section}] {name}"
            if not template.NAME.fullmatch(name):
                raise ConfigError(f"{place}: not a variable name")
            if plan.keep_env and name in plan.inherited:
                continue
            entry = said if isinstance(said, dict) else {"value": said}
            plan.add(entries.read(plan, name, entry, place, base, trusted))


def _section(sections: Table, name: str, file: str) -> Table:
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise ConfigError(f"{file}: [{name}] must be a table")
    return section


def _shorten(path: str, directory: str) -> str:
    relative = os.path.relpath(path, directory)
    return path if relative.startswith("..") else relative


def _read(path: str, shown: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigError(f"{shown}: {(error.strerror or 'unreadable').lower()}") from None


def _decode(raw: bytes, shown: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise TemplateError("not UTF-8 text", file=shown, line=line, column=column) from None
