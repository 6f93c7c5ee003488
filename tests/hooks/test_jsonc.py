"""Settings with comments are read, and changed so that every other byte stays."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.hooks import jsonc

PERSONS = """\
// mine
{
    /* rules */
    "permissions": { "deny": ["Bash(touch:*)"], },   // never
    "hooks": {
        "PreToolUse": [
            {"matcher": "Bash", "hooks": []}, // first
        ]
    },
    "env": {}
}
"""


def test_comments_and_trailing_commas_are_read():
    assert jsonc.parse(PERSONS) == {
        "permissions": {"deny": ["Bash(touch:*)"]},
        "hooks": {"PreToolUse": [{"matcher": "Bash", "hooks": []}]},
        "env": {},
    }


@pytest.mark.parametrize(
    "text", ['{"a": }', "{", "[1 2]", '{"a": 1} x', "{'a': 1}", "/* open", '{"a" 1}', "[" * 200]
)
def test_what_is_malformed_says_the_line(text):
    with pytest.raises(jsonc.Malformed, match="line 1"):
        jsonc.parse(text)


@pytest.mark.parametrize("text", [PERSONS, "", "{}", "{}\n", '{"env": {"A": "1"}}', '{\n\t"a": [\n\t]\n}\n',
                                  '{"hooks": {\n  // none yet\n}}', "// only a comment\n"])  # fmt: skip
def test_what_is_put_in_is_there_and_comes_out_again(text):
    changed, changes = text, []
    for path, value, append in (
        (("env", "PREFIX"), "/bin/x", False),
        (("hooks", "PreToolUse"), {"matcher": "*", "hooks": [{"command": "y"}]}, True),
        (("hooks", "Other"), {"deep": [1]}, True),
    ):
        change = jsonc.put(changed, path, value, append=append)
        changes.append(change)
        changed = change.apply(changed)
        assert jsonc.put(changed, path, value, append=append) is None
    said = jsonc.parse(changed)
    assert said["env"]["PREFIX"] == "/bin/x"
    assert said["hooks"]["PreToolUse"][-1]["hooks"] == [{"command": "y"}]
    assert all(line in changed for line in text.splitlines() if line.lstrip().startswith("//"))
    for change in reversed(changes):
        assert changed.count(change.new) == 1
        changed = changed.replace(change.new, change.old)
    assert changed == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4), st.sampled_from([None, 2, "\t"]))
def test_any_object_keeps_what_it_held(value, indent):
    text = json.dumps(value, indent=indent)
    if not isinstance(value.get("hooks", {}), dict) or not isinstance(
        value.get("hooks", {}).get("X", []), list
    ):
        return
    assert jsonc.parse(text) == value
    change = jsonc.put(text, ("hooks", "X"), {"our": "own"}, append=True)
    after = jsonc.parse(change.apply(text))
    assert after["hooks"]["X"].pop() == {"our": "own"}
    assert {name: inner for name, inner in after.items() if name != "hooks"} == {
        name: inner for name, inner in value.items() if name != "hooks"
    }
