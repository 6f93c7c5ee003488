"""Files to settings and plan: finding templates, reading `secretrun.toml`, layering what they say.

Settings, lowest first: defaults, the user's config.toml, the project's secretrun.toml, its profiles,
`SECRETRUN_*`, the command line. `tomllib` is imported only when a TOML file is there.
"""

from __future__ import annotations

import os
import sys

from secretrun import hints
from secretrun.config import discovery
from secretrun.config import settings as table
from secretrun.errors import ConfigError, ReferenceSyntaxError, TemplateError
from secretrun.posix import directories
from secretrun.template import dotenv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from secretrun.config import order
    from secretrun.config.settings import Settings
    from secretrun.template.plan import Plan

    Table = dict[str, object]

# What a project may say of a store: which part of it to look at. Not which program to run, nor which server
# gets your token: those would let a cloned repository take it.
PROJECT_OPTIONS = ("account", "environment", "namespace", "profile", "project", "region", "timeout", "vault")
PATHS = ("audit", "report")  # settings that are a path
SECTIONS = ("env", "secrets", "profile", "backend", "run")


class Config:
    """What the files say.

    Attributes:
        settings: every option with its source.
        templates: env files to read, in order ("-" is stdin), absolute.
        tables: whose [env] and [secrets] apply, in order.
        imports: ("--from" reference, directory its relative path starts from, trusted).
        backends: the [backend.NAME] tables.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.templates: list[str] = []
        self.tables: list[_Layer] = []
        self.imports: list[tuple[str, str, bool]] = []
        self.backends: dict[str, Table] = {}


class _Layer:
    """One TOML file, or one profile in it.

    Attributes:
        label: for messages, "secretrun.toml" or "secretrun.toml: [profile.prod]".
        directory: where relative paths in it start from.
        sections: what it says.
        trusted: it is the user's own.
        profile: it is a profile, which was asked for by name.
    """

    __slots__ = ("directory", "label", "profile", "sections", "trusted")

    def __init__(
        self, label: str, directory: str, sections: Table, *, trusted: bool, profile: bool = False
    ) -> None:
        self.label = label
        self.directory = directory
        self.sections = sections
        self.trusted = trusted
        self.profile = profile


def load(environ: Mapping[str, str], option: Callable[[str], object], directory: str) -> Config:
    """Find and read everything that configures a run started in `directory`.

    Raises:
        ConfigError: for a file that can't be read or says something unknown.
    """
    config = Config(table.Settings())
    mine = os.path.join(directories.configuration(environ), "config.toml")
    project, found_template = discovery.discover(directory)
    early = table.Settings()  # the profile must be known before the files are read
    table.from_environment(early, environ)
    table.from_options(early, option)
    layers = []
    for file, trusted in ((mine, True), (project, False)):
        if file is not None and os.path.isfile(file):
            label = _shorten(file, directory)
            layers.append(_Layer(label, os.path.dirname(file), read_toml(file, label), trusted=trusted))
    profiles = early.items("profile")
    if early.source("profile") == "default":
        for layer in layers:  # the project's choice before the user's
            said = _section(layer.sections, "run", layer.label).get("profile", profiles)
            profiles = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    known_profiles: set[str] = set()
    for layer in layers:
        _take(config, layer)
        named = _section(layer.sections, "profile", layer.label)
        known_profiles.update(named)
        for name in profiles:
            if name in named:
                inner = _section(named, name, f"{layer.label}: [profile]")
                label = f"{layer.label}: [profile.{name}]"
                _take(config, _Layer(label, layer.directory, inner, trusted=layer.trusted, profile=True))
    missing = [name for name in profiles if name not in known_profiles]
    if missing:
        hint = hints.one_of(missing[0], sorted(known_profiles), f"profiles in {discovery.PROJECT}")
        raise ConfigError(f"no profile {missing[0]!r}", hint=hint)
    table.from_environment(config.settings, environ)
    table.from_options(config.settings, option)
    source = config.settings.source("from")
    if source in ("the command line", "SECRETRUN_FROM"):
        config.imports = [(text, directory, True) for text in config.settings.items("from")]
    named_files = config.settings.items("env_file")
    if named_files.count("-") > 1:
        raise ConfigError("-e -: stdin can be read once only")
    if named_files:
        config.templates = [_absolute(file, directory) for file in named_files]
        if config.settings.source("env_file") in ("the command line", "SECRETRUN_ENV_FILE"):
            # Named here and now, instead of what lies around: but what was named beside it still holds.
            config.tables = [layer for layer in config.tables if layer.trusted or layer.profile]
    elif found_template:
        config.templates = [found_template]
    elif project is None and os.path.isfile(os.path.join(directory, ".env")):
        config.templates = [os.path.join(directory, ".env")]
    return config


def fill(
    plan: Plan,
    config: Config,
    directory: str,
    read_stdin: Callable[[], bytes],
    withheld: Callable[[str], bool] = lambda _: False,
) -> None:
    """Add every source to the plan, lowest precedence first; `withheld` as in `Plan.add_inherited`.

    Raises:
        TemplateError, ReferenceSyntaxError, ConfigError: with the place.
    """
    from secretrun import reference

    plan.add_inherited(directory, withheld)
    for text, base, trusted in config.imports:
        try:
            wanted = reference.parse(text, base=base, trusted=trusted)
        except ReferenceSyntaxError as error:
            raise ReferenceSyntaxError(
                f"--from: {error.message}", column=error.column, hint=error.hint
            ) from None
        plan.imports.append((wanted, "--from"))
    # The user's own file by itself: what it trusts must not be made of what a project says.
    for trusted in (True, False):
        layers = [layer for layer in config.tables if layer.trusted is trusted]
        if layers:
            _add_tables(plan, layers)
    for path in config.templates:
        shown = "<stdin>" if path == "-" else _shorten(path, directory)
        text = _decode(read_stdin() if path == "-" else _read(path, shown), shown)
        base = directory if path == "-" else os.path.dirname(path)
        plan.add_template(dotenv.parse(text, shown), base)
    for number, item in enumerate(config.settings.items("set"), 1):
        name, equals, value = item.partition("=")
        if not equals or not dotenv.NAME.fullmatch(name):
            # Not quoted: it may be a value without its name.
            raise ConfigError(f"--set: argument {number} is not of the form NAME=VALUE")
        plan.add_text(name, value, "--set", base=directory, trusted=True)


def read_toml(file: str, shown: str) -> Table:
    """Read one TOML file; `shown` is its name in errors.

    Raises:
        ConfigError: naming file and line.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        sections: Table = tomllib.loads(_decode(_read(file, shown), shown))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: {error}") from None
    return sections


def _take(config: Config, layer: _Layer) -> None:
    """Check a layer and take over its settings."""
    file, trusted, sections = layer.label, layer.trusted, layer.sections
    for name in sections:
        if name not in SECTIONS or (name == "profile" and layer.profile):
            raise ConfigError(f"{file}: unknown section [{name}]", hint=hints.one_of(name, SECTIONS))
    run = _section(sections, "run", file)
    known = {setting.name: setting for setting in table.RUN}
    for key, value in run.items():
        setting = known.get(key.replace("-", "_"))
        if setting is None:
            hint = hints.one_of(key, sorted(known))
            raise ConfigError(f"{file}: unknown key {key!r} in [run]", hint=hint)
        if key != setting.name and setting.name in run:
            raise ConfigError(f"{file}: [run] has both {key} and {setting.name}", hint="they are the same")
        if not setting.project and not trusted:
            raise ConfigError(
                f"{file}: {key} can't be set by a project",
                hint=f"set it in your own config.toml, by {setting.variable} or {setting.flags[-1]}",
            )
        if layer.profile and setting.name == "profile":
            raise ConfigError(f"{file}: a profile can't choose another", hint="-p takes several")
        table.put_checked(config.settings, setting, value, file)
        _anchor(config, setting.name, layer)
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
    config.tables.append(layer)


def _anchor(config: Config, name: str, layer: _Layer) -> None:
    """Make the paths of a setting start where its file lies, not where we are started."""
    settings = config.settings
    if name == "env_file":
        settings.put(name, [_absolute(file, layer.directory) for file in settings.items(name)], layer.label)
    elif name in PATHS:
        settings.put(name, _absolute(settings.text(name), layer.directory), layer.label)
    elif name == "from":
        config.imports = [(text, layer.directory, layer.trusted) for text in settings.items(name)]


def _absolute(file: str, directory: str) -> str:
    return file if file in ("", "-") else os.path.join(directory, os.path.expanduser(file))


def _add_tables(plan: Plan, layers: Iterable[_Layer]) -> None:
    """Add what the tables of one file say, its profiles included."""
    from secretrun.config import order, secret_table  # not on the way of a run without such a file

    definitions: dict[str, list[order.Definition]] = {}
    for layer in layers:
        for section in ("env", "secrets"):
            for name, said in _section(layer.sections, section, layer.label).items():
                place = f"{layer.label}: [{section}] {name}"
                if not dotenv.NAME.fullmatch(name):
                    raise ConfigError(f"{place}: not a variable name")
                if plan.keep_env and name in plan.inherited:
                    continue
                table_ = said if isinstance(said, dict) else {"value": said}
                definitions.setdefault(name, []).append(
                    order.Definition(name, table_, place, directory=layer.directory, trusted=layer.trusted)
                )
    for made, counts in order.ordered(
        definitions, lambda name: name in plan.inherited or name in plan.entries
    ):
        entry = secret_table.read(
            plan if counts else None, made.name, made.said, made.place, made.directory, made.trusted
        )
        if counts:
            plan.add(entry)
        else:
            plan.trail.setdefault(made.name, []).append(made.place)
    for name in definitions:  # listed as they were written
        plan.entries[name] = plan.entries.pop(name)


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
