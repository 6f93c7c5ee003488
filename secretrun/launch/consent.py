"""Whether the files that were found may do in this run what they say: the question every front asks.

Nothing is asked of a store, and no person either: a run that is not agreed to ends with what is new and
names `secretrun allow`. What others call:

- `prepare(...)` raises NotAgreed by itself; with `agreed=False` the front asks `is_agreed(config, environ)`,
  and `state(config, environ)` says it in words;
- `config.said.Said(...)`, appended to `config.said` for what a discovered file says: it is then digested,
  shown by `secretrun allow`, and asked about with `asks=True`; a new table or setting of a project needs its
  row in `trust.table`;
- `trust.table.project_may("broker.KEY")`, `trust.table.is_loader(NAME)`;
- `trust.ownership.Whose(environ).read(path, shown)` for a file that has to be ours; `config.whose` in a run;
- `launch.allow.Look(directory, environ)` reads the files of a directory as a run would and asks no store:
  `.reaches`, `.is_agreed()`; `launch.allow.Upkeep(directory, environ)`, then `.keep(say)`, round a change of
  ours.
"""

from __future__ import annotations

import os

from secretrun.errors import ConfigError
from secretrun.trust import table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from secretrun.config.load import Config
    from secretrun.messages import Messages
    from secretrun.trust.digest import Reach

SHOWN = 8  # lines of what is new; `secretrun allow` shows all
PIN = "SECRETRUN_ALLOW"


class NotAgreed(ConfigError):
    """What the discovered files reach has not been agreed to; `failures` has a line for what is new."""

    code = "trust.not-agreed"

    def __init__(self, message: str, *, failures: Sequence[str], hint: str) -> None:
        super().__init__(message, hint=hint)
        self.failures = tuple(failures)
        self.faults = tuple(ConfigError(line, hint=hint) for line in failures)


def asks(config: Config) -> bool:
    """Whether anything that the discovered files say needs an agreement; the usual answer, no, is quick."""
    return any(
        said.asks or table.is_loader(said.name) or (said.entry is not None and bool(said.entry.references()))
        for said in config.said
    )


def reach_of(config: Config) -> Reach:
    """What the discovered files of a run reach, once its plan is filled."""
    from secretrun.template.dotenv import parse_text
    from secretrun.trust.digest import Reach

    reach = Reach()
    for said in config.said:
        if said.kind == "variable":
            parts = said.parts
            if parts is None:
                text = (said.table or {}).get("ref", (said.table or {}).get("value", ""))
                parts = parse_text(said.name, text if isinstance(text, str) else repr(text), said.name).parts
            found = [] if said.entry is None else [reference.text for reference in said.entry.references()]
            reach.variable(said.name, parts, found, said.table)
        elif said.kind == "import":
            reach.add("import", str(said.value))
        else:
            reach.setting(said.name, said.value, asks=said.asks)
    return reach


def is_agreed(config: Config, environ: Mapping[str, str]) -> bool:
    """Whether what the discovered files say may be done."""
    return not asks(config) or config.trust != "check" or _news(config, environ) is None


def state(config: Config, environ: Mapping[str, str]) -> str | None:
    """How the discovered files stand, in words; None when there are none."""
    if not config.found:
        return None
    if not asks(config):
        said = "needs none"
    elif _news(config, environ) is None:
        said = f"is agreed to ({reach_of(config).digest()})"
    elif config.trust == "check":
        said = "is not agreed to: secretrun allow"
    else:
        said = f"is not agreed to, and counts by SECRETRUN_TRUST={config.trust}"
    return f"agreement: {_name(config)} {said}"


def require(config: Config, environ: Mapping[str, str], messages: Messages) -> None:
    """See that the user has agreed to what the discovered files reach.

    Raises:
        NotAgreed: with a short diff.
    """
    if not config.found or not asks(config):
        return
    if config.trust != "check":
        agreed = _news(config, environ) is None
        said = "counts, and would without your agreement" if agreed else "counts without an agreement"
        messages.note(f"SECRETRUN_TRUST={config.trust}: {_name(config)} {said}")
        return
    news = _news(config, environ)
    if news is not None:
        raise refusal(config, news)


def refusal(config: Config, news: Sequence[str]) -> NotAgreed:
    """The error for files that are not agreed to."""
    shown = list(news[:SHOWN])
    if len(news) > SHOWN:
        shown.append(f"... and {len(news) - SHOWN} more")
    known = any(line.startswith(("-", "=")) for line in news)
    verb = "says something else than you agreed to" if known else "is not agreed to"
    return NotAgreed(
        f"{_name(config)} {verb}, so nothing was started",
        failures=[line for line in shown if not line.startswith("=")],
        hint=f"secretrun allow shows it and asks; without a person: -e FILE, or {PIN} as "
        "secretrun allow --print gives it",
    )


def _name(config: Config) -> str:
    return (
        os.path.relpath(config.found[0])
        if len(config.found) == 1
        else (
            f"{os.path.relpath(config.found[0])} (with {', '.join(map(os.path.basename, config.found[1:]))})"
        )
    )


def _news(config: Config, environ: Mapping[str, str]) -> list[str] | None:
    """What is new since the last agreement ("+ ..." and "- ..."), or None when this was agreed to."""
    from secretrun.trust.agreement import Agreements

    reach = reach_of(config)
    digest = reach.digest()
    if digest in environ.get(PIN, "").replace(",", " ").split():
        return None
    agreed = Agreements(environ, config.whose).of(config.found[0])
    texts = reach.texts()
    for one in agreed:
        # With `-e` a part of the files counts, and all of it must be in what was agreed to.
        if one.digest == digest or (config.partial and set(texts) <= set(one.texts)):
            return None
    before = agreed[0].texts if agreed else []
    news = [f"+ {text}" for text in texts if text not in before and (before or not text.startswith("plain"))]
    news += [f"- {text}" for text in before if text not in texts]
    return news or ["= the order of its lines"]
