"""What a run loads whose output the core masks."""

from test_architecture import heavy, masked

from secretrun.redact import body


def test_a_masked_run_loads_none_of_the_python_engine(tmp_path, monkeypatch):
    """Neither the engine and its automaton nor what they need of the standard library."""
    monkeypatch.delenv(body.PURE, raising=False)
    modules = masked(tmp_path)
    assert "secretrun.redact.core.matcher" in modules
    assert heavy(modules) == {"secretrun.resolution", "secretrun_backends"}
