"""Files to settings: finding templates, reading `secretrun.toml`, layering what they say.

Settings, lowest first: defaults, the user's config.toml, the project's secretrun.toml, its profiles,
`SECRETRUN_*`, the command line. `tomllib` is imported only when a TOML file is there.
"""

from __future__ import annotations

import os

from secretrun.config import discovery
from secretrun.config import settings as table
from secretrun.config.said import Said, exceptions, trust
from secretrun.errors import ConfigError, SecretrunError, TemplateError
from secretrun.posix import atomic_file, directories
from secretrun.trust import table as allowed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from secretrun.config.settings import Setting, Settings
    from secretrun.trust.ownership import Whose

    Table = dict[str, object]

PATHS = ("audit", "report")  # settings that are a path
SECTIONS = ("env", "secrets", "profile", "backend", "run", "broker")
MINE = ("trust",)  # sections of the user's own file alone
NAMED = ("the command line", "SECRETRUN_ENV_FILE")  # the sources of an env file that a person named


class Config:
    """What the files say.

    Attributes:
        settings: every option with its source.
        templates: env files to read, in order ("-" is stdin), absolute.
        tables: whose [env] and [secrets] apply, in order.
        imports: ("--from" reference, directory its relative path starts from, trusted).
        backends: the [backend.NAME] tables.
        broker: (where, what it says, trusted) of every [broker] table, the user's own first.
        found: the files that were discovered, or named by one that was; the first is the project's own.
        said: what they say, in order; variables are added by `fill`.
        partial: `-e` replaces a part of what they say.
        profiles: the profiles in them, whether chosen or not.
        trust: SECRETRUN_TRUST.
        exceptions: absolute directories below which everybody counts.
        notes: for people.
        faults: what the files say that they can't, where it is collected; None where it is raised.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self._environ = environ or {}
        self.found: list[str] = []
        self.said: list[Said] = []
        self.partial = False
        self.profiles: list[str] = []
        self.trust = "check"
        self.exceptions: list[str] = []
        self._whose: Whose | None = None
        self.notes: list[str] = []
        self.templates: list[str] = []
        self.tables: list[Layer] = []
        self.imports: list[tuple[str, str, bool]] = []
        self.backends: dict[str, Table] = {}
        self.broker: list[tuple[str, Table, bool]] = []
        self.faults: list[SecretrunError] | None = None

    @property
    def whose(self) -> Whose:
        """Who counts as us; made when there is a file to judge, which one that was named is not."""
        if self._whose is None:
            from secretrun.trust.ownership import Whose

            self._whose = Whose(self._environ, self.exceptions, everybody=self.trust == "all")
        return self._whose

    def wrong(self, error: SecretrunError) -> None:
        """Note what a file says wrong, or raise it."""
        if self.faults is None:
            raise error
        self.faults.append(error)


class Layer:
    """One TOML file, or one profile in it.

    Attributes:
        label: for messages, "secretrun.toml" or "secretrun.toml: [profile.prod]".
        directory: where relative paths in it start from.
        sections: what it says.
        trusted: it is the user's own.
        profile: it is a profile, which was asked for by name.
        found: it was discovered, so that what it says has to be agreed to.
    """

    __slots__ = ("directory", "found", "label", "profile", "sections", "trusted")

    def __init__(
        self,
        label: str,
        directory: str,
        sections: Table,
        *,
        trusted: bool,
        profile: bool = False,
        found: bool = False,
    ) -> None:
        self.found = found
        self.label = label
        self.directory = directory
        self.sections = sections
        self.trusted = trusted
        self.profile = profile


def load(
    environ: Mapping[str, str],
    option: Callable[[str], object],
    directory: str,
    *,
    faults: list[SecretrunError] | None = None,
) -> Config:
    """Find and read everything that configures a run started in `directory`.

    Args:
        environ: the process's.
        option: what the front was given for a setting, None where it says nothing.
        directory: absolute.
        faults: gets what the files say that they can't, which is left out then; None raises at the first.

    Raises:
        ConfigError: for a file that can't be read or says something unknown.
    """
    config = Config(table.Settings(), environ)
    config.faults = faults
    mine = os.path.join(directories.configuration(environ), "config.toml")
    early = table.Settings()  # the profile must be known before the files are read
    table.from_environment(early, environ)
    table.from_options(early, option)
    layers = []
    if os.path.isfile(mine):
        label = shorten(mine, directory)
        layers.append(Layer(label, os.path.dirname(mine), read_toml(mine, label), trusted=True))
    config.trust = trust(environ)
    if layers:
        config.exceptions = exceptions(section(layers[0].sections, "trust", ""), mine)
    project, found_template = discovery.discover(directory, lambda: config.whose, config.notes.append)
    named_toml = [file for file in early.items("env_file") if file.endswith(".toml")]
    if named_toml:  # the project's own file, named here and now: nothing lies around then
        if len(early.items("env_file")) > 1:
            raise ConfigError("-e: a .toml file is named alone", hint="env_file in its [run] names others")
        project, found_template = _absolute(named_toml[0], directory), None
    if project is not None:
        label = shorten(project, directory)
        raw = atomic_file.read(project, label) if named_toml else config.whose.read(project, label)
        sections = parse_toml(raw, label)
        layers.append(Layer(label, os.path.dirname(project), sections, trusted=False, found=not named_toml))
        if not named_toml:
            config.found.append(project)
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
        if layer.found:
            config.profiles += named
        for name in profiles:
            if name in named:
                inner = section(named, name, f"{layer.label}: [profile]")
                label = f"{layer.label}: [profile.{name}]"
                made = Layer(
                    label, layer.directory, inner, trusted=layer.trusted, profile=True, found=layer.found
                )
                _take(config, made)
    missing = [name for name in profiles if name not in known_profiles]
    if missing:
        from secretrun import hints

        hint = hints.one_of(missing[0], sorted(known_profiles), f"profiles in {discovery.PROJECT}")
        raise ConfigError(f"no profile {missing[0]!r}", hint=hint)
    before = config.settings.items("env_file"), config.settings.source("env_file")
    table.from_environment(config.settings, environ)
    table.from_options(config.settings, option)
    if named_toml:  # it is a layer already, and names templates of its own
        config.settings.put("env_file", *before)
    source = config.settings.source("from")
    if source in ("the command line", "SECRETRUN_FROM"):
        config.imports = [(text, directory, True) for text in config.settings.items("from")]
    named_files = config.settings.items("env_file")
    if named_files.count("-") > 1:
        raise ConfigError("-e -: stdin can be read once only")
    if named_files:
        config.templates = [_absolute(file, directory) for file in named_files]
        if config.settings.source("env_file") in NAMED:
            # Named here and now, instead of what lies around: but what was named beside it still holds.
            config.tables = [layer for layer in config.tables if layer.trusted or layer.profile]
            config.partial = True
        elif not named_toml and config.settings.source("env_file") != shorten(mine, directory):
            config.found += config.templates  # the project names them, nobody here
    elif found_template:
        config.templates = [found_template]
    elif project is None and os.path.isfile(os.path.join(directory, ".env")):
        config.templates = [os.path.join(directory, ".env")]
    if config.templates and not named_files:
        config.found += config.templates
    return config


def read_toml(file: str, shown: str) -> Table:
    """Read one TOML file; `shown` is its name in errors.

    Raises:
        ConfigError: naming file and line.
    """
    return parse_toml(atomic_file.read(file, shown), shown)


def parse_toml(raw: bytes, shown: str) -> Table:
    """The tables of a TOML file; `shown` is its name in errors.

    Raises:
        ConfigError: naming file and line.
    """
    import tomllib

    try:
        sections: Table = tomllib.loads(decode(raw, shown))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{shown}: {error}") from None
    return sections


def _check_setting(layer: Layer, setting: Setting, key: str, run: Table) -> None:
    """See that a layer may say what it says in [run].

    Raises:
        ConfigError: naming the key.
    """
    file = layer.label
    if key != setting.name and setting.name in run:
        raise ConfigError(f"{file}: [run] has both {key} and {setting.name}", hint="they are the same")
    if allowed.project_may(f"run.{setting.name}") == allowed.NEVER and not layer.trusted:
        raise ConfigError(
            f"{file}: {key} can't be set by a project",
            hint=f"set it in your own config.toml, by {setting.variable} or {setting.flags[-1]}",
        )
    if layer.profile and setting.name == "profile":
        raise ConfigError(f"{file}: a profile can't choose another", hint="-p takes several")


def _take(config: Config, layer: Layer) -> None:
    """Check a layer and take over its settings."""
    file, trusted, sections = layer.label, layer.trusted, layer.sections
    here = SECTIONS + MINE if trusted else SECTIONS
    for name in sections:
        if name in MINE and not trusted:
            hint = "it is for your own config.toml"
            config.wrong(ConfigError(f"{file}: [{name}] can't be set by a project", hint=hint))
        elif name not in here or (name in ("profile", *MINE) and layer.profile):
            from secretrun import hints

            config.wrong(ConfigError(f"{file}: unknown section [{name}]", hint=hints.one_of(name, here)))
    run = section(sections, "run", file)
    known = {setting.name: setting for setting in table.RUN}
    for key, value in run.items():
        setting = known.get(key.replace("-", "_"))
        if setting is None:
            from secretrun import hints

            hint = hints.one_of(key, sorted(known))
            config.wrong(ConfigError(f"{file}: unknown key {key!r} in [run]", hint=hint))
            continue
        try:
            _check_setting(layer, setting, key, run)
            table.put_checked(config.settings, setting, value, file)
        except ConfigError as error:
            config.wrong(error)
            continue
        _anchor(config, setting.name, layer)
        if layer.found and setting.name == "from":
            config.said += [
                Said("import", "from", value=one, asks=True) for one in config.settings.items("from")
            ]
        elif layer.found:
            # What env_file names is looked at by itself.
            config.said.append(Said("setting", f"[run] {setting.name}", value=value))
    for name, options in section(sections, "backend", file).items():
        if not isinstance(options, dict):
            config.wrong(ConfigError(f"{file}: [backend.{name}] must be a table"))
            continue
        verdicts = {key: allowed.project_may(f"backend.{key}") for key in options}
        barred = [key for key in options if not trusted and verdicts[key] == allowed.NEVER]
        if barred:
            config.wrong(
                ConfigError(
                    f"{file}: [backend.{name}] {barred[0]} can't be set by a project",
                    hint=f"a project may set {', '.join(allowed.backend_options())}; "
                    "the rest is for your own config.toml",
                )
            )
            continue
        config.backends.setdefault(name, {}).update(options)
        if layer.found:
            config.said += [
                Said("setting", f"[backend.{name}] {key}", value=value, asks=verdicts[key] == allowed.AGREED)
                for key, value in options.items()
            ]
    if "broker" in sections:
        broker = section(sections, "broker", file)
        config.broker.append((f"{file}: [broker]", broker, trusted))
        if layer.found:
            config.said += [Said("setting", f"[broker] {k}", value=v, asks=True) for k, v in broker.items()]
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
