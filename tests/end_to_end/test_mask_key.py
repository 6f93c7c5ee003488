"""`mask` and `min_length` of secretrun.toml: what is asked for is masked, and nothing that is not."""

from support.store import clean_environ, secretrun

TOML = """
[secrets]
PART = "file://token"
LITERAL = { value = "a-literal-value-77", mask = "always" }
PLAIN = "a-plain-literal-88"
WHOLE = { value = "prefix-${PART}-suffix", mask = "always" }
SHOWN = { ref = "file://shown", mask = "never" }
"""


def test_a_literal_is_masked_when_that_is_asked_for(tmp_path):
    (tmp_path / "token").write_text("token-value-1234")
    (tmp_path / "shown").write_text("shown-value-5678")
    (tmp_path / "secretrun.toml").write_text(TOML)
    script = 'echo "$LITERAL|$PLAIN|$WHOLE|$PART|$SHOWN"'
    done = secretrun("--", "sh", "-c", script, env=clean_environ(tmp_path), cwd=tmp_path)
    assert done.stdout.decode() == (
        "[REDACTED:LITERAL]|a-plain-literal-88|[REDACTED:WHOLE]|[REDACTED:PART]|shown-value-5678\n"
    )
