"""YAML's folds of double-quoted text, against PyYAML itself, in Python and through libyaml."""

import random

import pytest
import yaml

from secretrun.redact import Redactor

VALUES = [
    "correct horse battery staple tree lamp 42",
    'say "hello" to every one of the 27 people & leave <them> alone, it\'s \\fine\\ after all',
    "a long passphrase of many words " * 6 + "and its end",
    "é accents and ünïcode, a \U0001f511 key and more words to fill the line with 99 characters or so, at least",
]


@pytest.mark.parametrize("dumper", [yaml.SafeDumper, yaml.CSafeDumper], ids=["python", "libyaml"])
@pytest.mark.parametrize("value", VALUES)
def test_a_folded_scalar_is_masked_wherever_it_begins(dumper, value):
    redactor = Redactor([value], mask="#")
    rng = random.Random(1)
    for length in sorted(rng.sample(range(1, 76), 20)):
        for document in (
            {"k" * length: value},
            {"a": {"b": {"k" * length: value}}},
            [[{"k" * length: value}]],
        ):
            for unicode in (True, False):
                text = yaml.dump(document, Dumper=dumper, default_style='"', allow_unicode=unicode)
                left = redactor.mask(text.encode()).decode()
                words = [word for word in value.split() if len(word) > 4]
                assert [word for word in words if word in left] == [], (text, left)
