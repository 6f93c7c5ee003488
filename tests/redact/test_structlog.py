"""The structlog processor, in the real structlog."""

import pytest
import structlog

from secretrun.redact import RedactingProcessor, Redactor

PLAIN = "plain-old-secret-1"


class Shown:
    def __repr__(self):
        return f"<Shown {PLAIN}>"


class Broken:
    def __repr__(self):
        raise ValueError(PLAIN)


@pytest.mark.parametrize(
    "renderer", [structlog.processors.JSONRenderer(default=str), structlog.dev.ConsoleRenderer()]
)
def test_a_structlog_processor_masks_events_exceptions_and_what_is_in_them(renderer, capsys):
    logger = structlog.wrap_logger(
        structlog.PrintLogger(),
        processors=[RedactingProcessor(Redactor({"K": PLAIN, "N": "90817263"})), renderer],
    )
    bound = logger.bind(
        deep=[{"token": PLAIN}, (1, PLAIN.encode())], shown=Shown(), broken=Broken(), number=90817263
    )
    try:
        raise KeyError(PLAIN)
    except KeyError:
        bound.exception(f"with {PLAIN}", **{PLAIN: True})
    out = capsys.readouterr().out
    assert PLAIN not in out
    assert "90817263" not in out
    assert "with [REDACTED:K]" in out
    assert "KeyError: '[REDACTED:K]'" in out.replace("\\", "")


def test_a_structlog_processor_leaves_the_rest_as_it_is():
    event = {"event": "plain", "n": 1, "x": None, "on": True, "deep": {"a": [1.5, ("b",)]}, "o": Broken}
    assert RedactingProcessor(Redactor({"K": PLAIN}))(None, "info", event) == event
    assert (
        RedactingProcessor(Redactor({"K": PLAIN}))(None, "info", f"rendered {PLAIN}")
        == "rendered [REDACTED:K]"
    )
    nested: list = []
    nested.append(nested)
    assert RedactingProcessor(Redactor({"K": PLAIN}))(None, "info", {"a": nested})
