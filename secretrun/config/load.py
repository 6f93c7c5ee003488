"""Files to settings: finding templates, reading `secretrun.toml`, layering what they say.

Settings, lowest first: defaults, the user's config.toml, the project's secretrun.toml, its profiles,
`SECRETRUN_*`, the command line. `tomllib` is imported only when a TOML file is there.
"""

from __future__ import annotations

import os

from secretrun import hints
from secretrun.config import discovery
from secretrun.config import settings as table
from secretrun.errors import ConfigError, TemplateError
from secretrun.posix import atomic_file, directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.config.settings import Settings

    Table = dict[str, object]

# What a project may say of a store: which part of it to look at. Not which program to run, nor which server
# gets your token: those would let a cloned repository take it.
PROJECT_OPTIONS = ("account", "environment", "namespace", "profile", "project", "region", "timeout", "vault")
PATHS = ("audit", "report")  # settings that are a path
SECTIONS = ("env", "secrets", "profile", "backend", "run", "broker")


class Config:
    """What the files say.

    Attributes:
        settings: every option with its source.
        templates: env files to read, in order ("-" is stdin), absolute.
        tables: whose [env] and [secrets] apply, in order.
        imports: ("--from" reference, directory its relative path starts from, trusted).
        backends: the [backend.NAME] tables.
        broker: (where, what it says, trusted) of every [broker] table, the user's own first.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.templates: list[str] = []
        self.tables: list[Layer] = []
        self.imports: list[tuple[str, str, bool]] = []
        self.backends: dict[str, Table] = {}
        self.broker: list[tuple[str, Table, bool]] = []


class Layer:
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
            label = shorten(file, directory)
            layers.append(Layer(label, os.path.dirname(file), read_toml(file, label), trusted=trusted))
    profiles = early.items("profile")
    if early.source("profile") == "default":
        for layer in layers:  # the project's choice before the user's
            said = section(layer.sections, "run", layer.label).get("profile", profiles)
            profiles = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    known_profiles: set[str] = set()
    for layer in layers:
        _take(config, layer)
        named = section(layer.sections, "profile", layer.label)
        known_profiles.update(named)
        for name in profiles:
            if name in named:
                inner = section(named, name, f"{layer.label}: [profile]")
                label = f"{layer.label}: [profile.{name}]"
                _take(config, Layer(label, layer.directory, inner, trusted=layer.trusted, profile=True))
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


def read_toml(file: str, shown: str) -> Table:
    """Read one TOML file; `shown` is its name in errors.

    Raises:
        ConfigError: naming file and line.
    """
    import tomllib

    try:
        sections: Table = tomllib.loads(decode(atomic_file.read(file, shown), shown))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: {error}") from None
    return sections


def _take(config: Config, layer: Layer) -> None:
    """Check a layer and take over its settings."""
    file, trusted, sections = layer.label, layer.trusted, layer.sections
    for name in sections:
        if name not in SECTIONS or (name == "profile" and layer.profile):
            raise ConfigError(f"{file}: unknown section [{name}]", hint=hints.one_of(name, SECTIONS))
    run = section(sections, "run", file)
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
    for name, options in section(sections, "backend", file).items():
        if not isinstance(options, dict):
            raise ConfigError(f"{file}: [backend.{name}] must be a table")
        barred = [key for key in options if not trusted and key not in PROJECT_OPTIONS]
        if barred:
            raise ConfigError(
                f"{file}: [backend.{name}] {barred[0]} can't be set by a project",
                hint=f"a project may set {', '.join(PROJECT_OPTIONS)}; the rest is for your own config.toml",
            )
        config.backends.setdefault(name, {}).update(options)
    if "broker" in sections:
        config.broker.append((f"{file}: [broker]", section(sections, "broker", file), trusted))
    config.tables.append(layer)


def _anchor(config: Config, name: str, layer: Layer) -> None:
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


def shorten(path: str, directory: str) -> str:
    """The path as a person in `directory` would write it."""
    relative = os.path.relpath(path, directory)
    return path if relative.startswith("..") else relative


def section(sections: Table, name: str, file: str) -> Table:
    """One table of a file, empty where it has none.

    Raises:
        ConfigError: when it is something else than a table.
    """
    section = sections.get(name, {})
    if not isinstance(section, dict):
        raise ConfigError(f"{file}: [{name}] must be a table")
    return section


def decode(raw: bytes, shown: str) -> str:
    """The text of a file, `shown` in errors.

    Raises:
        TemplateError: where it is not UTF-8.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        raise TemplateError("not UTF-8 text", file=shown, line=line, column=column) from None
