"""The library itself: a core that was built from other sources is left alone."""

from secretrun.redact import Redactor, body
from secretrun.redact.core import library


def test_a_core_with_another_boundary_is_told_and_python_does_it(monkeypatch):
    monkeypatch.delenv(body.PURE, raising=False)
    monkeypatch.setattr(body, "_chosen", None)
    monkeypatch.setattr(library, "_loaded", None)
    monkeypatch.setattr(library, "ABI", library.ABI + 1)
    chosen = body.chosen()
    assert chosen.core is None
    assert f"has boundary {library.ABI - 1}, not {library.ABI}" in chosen.lack
    assert Redactor({"A": b"another-boundary-0123"}).mask(b"another-boundary-0123") == b"[REDACTED:A]"
