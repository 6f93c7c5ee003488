"""The options of a run as data, one table.

The parser, `SECRETRUN_*` and the keys of `secretrun.toml` all come from it, so that none of the three
can lack an option.
"""

from __future__ import annotations

from secretrun.errors import ConfigError
from secretrun.model import LONGEST_TIMEOUT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Value = bool | float | str | list[str] | None

TRUE = ("1", "true", "yes", "on")
DURATION = "^([0-9]+\\.?[0-9]*|\\.[0-9]+)[smhd]?$"  # for the JSON Schema; `duration` reads it
FALSE = ("", "0", "false", "no", "off")


class Setting:
    """One option.

    Attributes:
        name: the key in secretrun.toml with "-" as "_", and the variable SECRETRUN_NAME.
        flags: as on the command line, the long one last.
        kind: "flag", "text", "seconds", "duration" (also seconds, written 90s, 10m, 8h) or "list".
        default: what holds when nothing says otherwise.
        metavar, help: for people.
        choices: allowed texts, or ().
        separator: what divides a list in the environment variable.
        bare: what the option means without a value, or None when it needs one.

    Whether a project's own secretrun.toml may set it stands in `secretrun.trust.table`.
    """

    __slots__ = ("bare", "choices", "default", "flags", "help", "kind", "metavar", "name", "separator")

    def __init__(
        self,
        name: str,
        flags: tuple[str, ...],
        kind: str,
        help: str,  # noqa: A002  the field's own term
        *,
        default: Value = None,
        metavar: str = "",
        choices: tuple[str, ...] = (),
        separator: str = ",",
        bare: str | None = None,
    ) -> None:
        self.name = name
        self.flags = flags
        self.kind = kind
        self.help = help
        self.default: Value = [] if kind == "list" else False if kind == "flag" else default
        self.metavar = metavar
        self.choices = choices
        self.separator = separator
        self.bare = bare

    @property
    def variable(self) -> str:
        return f"SECRETRUN_{self.name.upper()}"


RESOLUTION = (
    Setting("env_file", ("-e", "--env-file"), "list",
            "read this env template; may be repeated, later ones win, '-' is stdin",
            metavar="FILE", separator=":"),
    Setting("profile", ("-p", "--profile"), "list", "use [profile.NAME] of secretrun.toml; may be repeated",
            metavar="NAME"),
    Setting("from", ("--from",), "list", "import every key of a store, such as sops://secrets.yaml",
            metavar="REFERENCE", separator="\n"),
    Setting("set", ("--set",), "list", "set one variable to a text or a reference",
            metavar="NAME=VALUE", separator="\n"),
    Setting("only", ("--only",), "list", "of the secrets, give the command these alone", metavar="GLOB"),
    Setting("except", ("--except",), "list", "give the command none of these variables", metavar="GLOB"),
    Setting("keep_env", ("--keep-env",), "flag", "the inherited environment wins over the template"),
    Setting("timeout", ("--timeout",), "seconds", "seconds each store may take (default: 60)",
            default=60.0, metavar="SECONDS"),
    Setting("cache", ("--cache",), "duration",
            "let the running cache remember values for this long, such as 10m", metavar="TTL"),
    Setting("offline", ("--offline",), "flag",
            "when a store can't be reached, use what the cache remembers from before, with a warning"),
    Setting("allow_exec", ("--allow-exec",), "flag", "let templates run programs by exec:// references"),
)  # fmt: skip
MASKING = (
    Setting("mask", ("--mask",), "text", "the text shown instead of a secret (default: [REDACTED:{name}])",
            default="[REDACTED:{name}]", metavar="TEXT"),
    Setting("mask_env", ("--mask-env",), "list", "also mask the values of these inherited variables",
            metavar="GLOB"),
    Setting("show", ("--show",), "list", "leave the values of these variables unmasked", metavar="GLOB"),
    Setting("detect", ("--detect",), "text",
            "tokens nobody told us of, by their shape: off, warn, or mask (the default below a coding agent)",
            metavar="WHAT", choices=("off", "warn", "mask")),
    Setting("detect_exempt", ("--detect-exempt",), "list",
            "what looks like a token and is none, as its SHA-256 in hex", metavar="SHA256"),
    Setting("paranoid", ("--paranoid",), "flag", "also mask fragments of 12 bytes and more"),
)  # fmt: skip
OUTPUT = (
    Setting("quiet", ("-q", "--quiet"), "flag", "no warnings"),
    Setting("verbose", ("-v", "--verbose"), "flag", "say where each value comes from"),
)  # fmt: skip
CHILD = (
    Setting("no_masking", ("--no-masking",), "flag", "run the command unmasked"),
    Setting("pristine", ("--pristine",), "flag",
            "start from a minimal environment (PATH, HOME, TERM and the like)"),
    Setting("pass", ("--pass",), "list", "pass these variables in spite of --pristine or sign-in stripping",
            metavar="GLOB"),
    Setting("tty", ("--tty",), "text", "give the command a terminal: auto, always or never",
            default="auto", metavar="WHEN", choices=("auto", "always", "never")),
    Setting("broker", ("--broker",), "flag",
            "give the command placeholders; a local proxy puts the secrets into requests that a rule allows"),
    Setting("grant", ("--grant",), "list",
            "allow one use of a secret, as if secretrun.toml did (implies --broker)",
            metavar="NAME@HOST[:PORT][:METHODS[:PATH]]", separator="\n"),
    Setting("egress", ("--egress",), "text",
            "with --broker, hosts without a rule: deny (default), or tunnel, unread", default="deny",
            metavar="WHAT", choices=("deny", "tunnel")),
    Setting("sandbox", ("--sandbox",), "text",
            "confine the command, the broker its only way out (implies --broker); external: something else "
            "confines it; best-effort: without a sandbox where there can be none",
            metavar="HOW", choices=("enforce", "external", "best-effort"), bare="enforce"),
    Setting("allow_socket", ("--allow-socket",), "flag",
            "in the sandbox, allow sockets of the file system (AF_UNIX), as tmux needs them"),
    Setting("stdio", ("--stdio",), "flag", "JSON-RPC on stdout: mask inside JSON strings, never a terminal"),
    Setting("watch", ("--watch",), "flag", "start the command again when a store's value has changed"),
    Setting("watch_interval", ("--watch-interval",), "duration",
            "how often --watch asks the stores (default: 30s)", default=30.0, metavar="TIME"),
    Setting("watch_signal", ("--watch-signal",), "text",
            "what ends the command before --watch starts it again (default: TERM)", default="TERM",
            metavar="SIGNAL", choices=("TERM", "INT", "HUP", "QUIT", "USR1", "USR2")),
    Setting("watch_grace", ("--watch-grace",), "duration",
            "how long it has to end before it is killed (default: 10s)", default=10.0, metavar="TIME"),
    Setting("fail_on_leak", ("--fail-on-leak",), "flag",
            "exit 125 when the command succeeded but something had to be masked"),
    Setting("report", ("--report",), "text", "write counts of what was masked as JSON, never values",
            metavar="FILE"),
    Setting("register", ("--register",), "text",
            "tell the CI runner every value, so that the steps after mask them too (default: none)",
            default="none", metavar="RUNNER",
            choices=("auto", "github", "gitlab", "buildkite", "azure", "none")),
    Setting("reason", ("--reason",), "text", "why this is run, for the audit log", metavar="TEXT"),
    Setting("audit", ("--audit",), "text", "append names, references and outcome as a JSON line",
            metavar="FILE"),
)  # fmt: skip
RUN = (*RESOLUTION, *MASKING, *CHILD, *OUTPUT)


class Chosen:
    """What holds for a setting.

    Attributes:
        value: a flag, a text, seconds, texts, or None where nothing is said and there is no default.
        source: where it was said: "default", a variable's name, a file, "the command line".
    """

    __slots__ = ("source", "value")

    def __init__(self, value: Value, source: str) -> None:
        self.value = value
        self.source = source


class Settings:
    """The value of every setting of `RUN`, with the source it came from."""

    def __init__(self) -> None:
        self._chosen = {s.name: Chosen(s.default, "default") for s in RUN}

    def put(self, name: str, value: Value, source: str) -> None:
        self._chosen[name] = Chosen(value, source)

    def source(self, name: str) -> str:
        return self._chosen[name].source

    def value(self, name: str) -> Value:
        return self._chosen[name].value

    def flag(self, name: str) -> bool:
        return bool(self.value(name))

    def text(self, name: str) -> str:
        return str(self.value(name) or "")

    def seconds(self, name: str) -> float:
        value = self.value(name)
        assert isinstance(value, float)  # noqa: S101  `put_checked` saw to it
        return value

    def items(self, name: str) -> list[str]:
        value = self.value(name)
        assert isinstance(value, list)  # noqa: S101  `put_checked` saw to it
        return value


def from_environment(settings: Settings, environ: Mapping[str, str]) -> None:
    """Take over the SECRETRUN_* variables.

    Raises:
        ConfigError: naming the variable whose text can't be used.
    """
    for setting in RUN:
        text = environ.get(setting.variable)
        if text is None or (text == "" and setting.kind != "flag"):
            continue
        value: object = text
        if setting.kind == "list":
            value = [part for part in text.split(setting.separator) if part]
        elif setting.kind == "flag":
            value = _flag(text, setting.variable)
        elif setting.kind == "seconds":
            value = seconds(text, setting.variable)
        elif setting.kind == "duration":
            value = duration(text, setting.variable)
        put_checked(settings, setting, value, setting.variable)


def put_checked(settings: Settings, setting: Setting, value: object, source: str) -> None:
    """Set one value after checking its type and choices.

    Raises:
        ConfigError: naming the source.
    """
    if setting.kind == "duration" and isinstance(value, str):
        value = duration(value, f"{source}: {setting.name}")
    timed = setting.kind in ("seconds", "duration")
    expected: dict[str, tuple[type, ...]] = {"flag": (bool,), "text": (str,), "list": (list, str)}
    wrong = not isinstance(value, (int, float) if timed else expected[setting.kind]) or (
        timed and (isinstance(value, bool) or not 0 < value < LONGEST_TIMEOUT)  # type: ignore[operator]
    )
    if setting.kind == "list" and isinstance(value, list):
        wrong = not all(isinstance(item, str) for item in value)
    if wrong:
        wanted = {"flag": "true or false", "text": "a text", "seconds": "a number of seconds above 0"}
        wanted["duration"] = "a duration such as 10m"
        raise ConfigError(f"{source}: {setting.name} must be {wanted.get(setting.kind, 'a list of texts')}")
    if setting.choices and value not in setting.choices:
        raise ConfigError(f"{source}: {setting.name} must be one of {', '.join(setting.choices)}")
    if setting.kind == "list" and isinstance(value, str):
        value = [value]
    if timed:
        value = float(value)  # type: ignore[arg-type]
    settings.put(setting.name, value, source)  # type: ignore[arg-type]  # checked above, by the kind


def from_options(settings: Settings, option: Callable[[str], object]) -> None:
    """Take over the command line; `option` gives a setting's parsed value or None."""
    for setting in RUN:
        value = option(setting.name)
        if value is not None:
            put_checked(settings, setting, value, "the command line")


def seconds(text: str, source: str) -> float:
    """A number of seconds above 0, from text.

    Raises:
        ConfigError: naming the source.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < LONGEST_TIMEOUT:  # also refuses nan and inf
        raise ConfigError(f"{source}: {text!r} is not a number of seconds above 0")
    return value


def duration(text: str, source: str) -> float:
    """Seconds of a duration such as "90", "90s", "10m" or "8h".

    Raises:
        ConfigError: naming the source.
    """
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    unit = units.get(text[-1:], 0)
    try:
        return seconds(text[:-1] if unit else text, source) * (unit or 1)
    except ConfigError:
        raise ConfigError(f"{source}: {text!r} is not a duration such as 90s, 10m or 8h") from None


def _flag(text: str, source: str) -> bool:
    if text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ConfigError(f"{source}: {text!r} is neither true nor false", hint="use 1 or 0")
