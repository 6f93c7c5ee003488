"""A pytest plugin: the tests get the template's variables, and no report shows a secret.

It is loaded on purpose: `pytest -p secretrun.pytest_plugin`, or that in `addopts`. Below
`secretrun -- pytest` the variables are there already; else they are resolved once, before the collection.
Masked are the tracebacks, captured output and logs of every report, and so what terminal, junit.xml and xdist
make of them; warnings; and logs that are shown live. What a test itself reads (capsys, caplog) is not, nor
what `-s` lets through: `secretrun -- pytest -s` masks that.
"""

from __future__ import annotations

import dataclasses
import os
import warnings

import pytest

from secretrun.errors import SecretrunError
from secretrun.model import Secret
from secretrun.redact import RedactingFormatter, Redactor
from secretrun.redact.adapters import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from typing import Any

    from secretrun.redact.masker import Masker

INSIDE = "SECRETRUN_SESSION"  # set for the command of a run that masks


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "secretrun_options", "settings for secretrun, such as: only=DB_*", type="linelist", default=[]
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give the tests their variables, and make the redactor; nothing is collected when that fails."""
    try:
        secrets = _secrets(_options(config.getini("secretrun_options")))
    except SecretrunError as error:
        lines = [error.message, *(fault.message for fault in getattr(error, "faults", ()))]
        lines += [f"hint: {error.hint}"] if error.hint else []
        raise pytest.UsageError("\n".join(f"secretrun: {line}" for line in lines)) from None
    if secrets:
        config.pluginmanager.register(Reports(Redactor(secrets)), "secretrun-reports")


def _options(lines: Sequence[str]) -> dict[str, object]:
    """The settings of secretrun.toml that the ini file names, a `name=value` a line; lists grow."""
    said: dict[str, object] = {}
    for line in lines:
        name, _, value = line.partition("=")
        listed = said.setdefault(name.strip(), [])
        assert isinstance(listed, list)  # noqa: S101  made in the line above
        listed.append(value.strip())
    return said


def _secrets(options: dict[str, object]) -> list[Secret]:
    """What is to be masked; the variables stand in the environment then."""
    if os.environ.get(INSIDE):
        from secretrun.launch.prepare import prepare
        from secretrun.messages import Messages

        silent = Messages()
        silent.quiet = True
        entries = prepare(options.get, silent, keep_faults=True, agreed=False).plan.entries
        named = [name for name, entry in entries.items() if entry.references() or entry.mask == "always"]
        return [Secret(os.environb[name.encode()], (name,)) for name in named if os.environ.get(name)]
    from secretrun.api import resolve

    found = resolve(options=options)
    os.environ.update(dict(found))
    return list(found.secrets)


class Reports:
    """The hooks that see what is reported, before anything that shows or writes it."""

    def __init__(self, redactor: Masker) -> None:
        self._redactor = redactor

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Logs that are shown or written as they come (`log_cli`, `log_file`)."""
        logs = session.config.pluginmanager.get_plugin("logging-plugin")
        for name in ("log_cli_handler", "log_file_handler"):
            handler = getattr(logs, name, None)
            if handler is not None:
                handler.setFormatter(RedactingFormatter(handler.formatter, self._redactor))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        self._mask(report)
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        self._mask(report)
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: warnings.WarningMessage) -> None:
        text = str(warning_message.message)
        clean = masked(self._redactor, text)
        if clean != text:
            warning_message.message = UserWarning(clean)

    def _mask(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        report.sections = [(title, masked(self._redactor, text)) for title, text in report.sections]
        report.longrepr = self._clean(report.longrepr)
        for name in ("wasxfail", "user_properties"):
            if hasattr(report, name):
                setattr(report, name, self._clean(getattr(report, name)))

    def _clean(self, value: Any) -> Any:
        """The same without secrets: texts, lines of one text, and what pytest makes of them."""
        if isinstance(value, str):
            return masked(self._redactor, value)
        if type(value) in (list, tuple):
            if value and all(isinstance(one, str) for one in value):
                return type(value)(self._lines(value))
            return type(value)(self._clean(one) for one in value)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for name in vars(value):
                setattr(value, name, self._clean(getattr(value, name)))
        elif hasattr(value, "longrepr"):  # an error of the collection
            value.longrepr = self._clean(value.longrepr)
        return value

    def _lines(self, lines: Sequence[str]) -> Sequence[str]:
        """Lines masked as the text that they are: a value of several lines is in none of them."""
        end = "" if all(line.endswith("\n") for line in lines) else "\n"
        text = end.join(lines)
        clean = masked(self._redactor, text)
        if clean == text:
            return lines
        return clean.split("\n") if end else clean.splitlines(keepends=True)
