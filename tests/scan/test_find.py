"""Where a secret stands in a text: the line it begins in, its name and form, however long the text."""

import base64
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from secretrun.redact import Redactor
from secretrun.scan.find import Search
from secretrun.scan.fingerprints import Fingerprints

VALUES = {
    "TOKEN": b"Kq8Zt2LmWv5x9Rb3",
    "PASSWORD": b"p@ss'\"w0rd-Zz71",
    "PEM": b"-----KEY\n" + b"Ab9x" * 16 + b"\n" + b"Qr7y" * 16 + b"\nEND-----",
}
SEARCH = Search(Redactor(VALUES), list(VALUES.values()))
WRAPPED = base64.encodebytes(b"user:" + VALUES["TOKEN"] * 1)


def found(data, search=SEARCH):
    return [(one.line, one.name) for one in search.find("f", data)]


def test_lines_names_and_forms():
    text = (
        b"a\nkey="
        + VALUES["TOKEN"]
        + b"\n\n"
        + base64.b64encode(VALUES["PASSWORD"])
        + b"\n"
        + VALUES["TOKEN"]
        + b" "
        + VALUES["PASSWORD"]
    )
    said = [(one.where, one.line, one.name, one.form) for one in SEARCH.find("f", text)]
    assert said == [
        ("f", 2, "TOKEN", "raw"),
        ("f", 4, "PASSWORD", "base64"),
        ("f", 5, "TOKEN", "raw"),
        ("f", 5, "PASSWORD", "raw"),
    ]


def test_what_grep_can_not_find():
    colour = b"x \x1b[31m" + VALUES["TOKEN"][:6] + b"\x1b[0m" + VALUES["TOKEN"][6:]
    broken = VALUES["TOKEN"][:9] + b"\n" + VALUES["TOKEN"][9:]
    for text in (colour, broken, VALUES["TOKEN"].hex().encode(), base64.b64encode(b"me:" + VALUES["TOKEN"])):
        assert found(b"1\n2\n" + text + b"\n4\n") == [(3, "TOKEN")]
    assert found(b"1\n" + VALUES["PEM"].replace(b"\n", b"\\n") + b"\n") == [(2, "PEM")]


def test_one_over_several_lines_is_told_where_it_begins():
    assert found(b"1\n2\n" + VALUES["PEM"] + b"\nmore\n")[0] == (3, "PEM")


def test_nothing_is_found_where_nothing_is():
    assert found(b"") == []
    assert found(b"plain text\n" * 5000) == []


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_every_planted_one_is_found_in_its_line(seed):
    dice = random.Random(seed)
    lines = [
        b"line %d of some text, longer than nothing" % number for number in range(dice.randrange(1, 4000))
    ]
    planted = {dice.randrange(len(lines)) for _ in range(dice.randrange(0, 6))}
    for at in planted:
        lines[at] += b" " + VALUES["TOKEN"]
    assert found(b"\n".join(lines)) == [(at + 1, "TOKEN") for at in sorted(planted)]


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_fingerprints_find_what_the_values_are(seed):
    dice = random.Random(seed)
    made = Fingerprints(b"k" * 32)
    made.add(
        "TOKEN", [("raw", VALUES["TOKEN"]), ("hex", VALUES["TOKEN"].hex().encode()), ("short", b"1234567")]
    )
    text = bytearray(dice.randbytes(dice.randrange(0, 3000)))
    places = sorted({dice.randrange(len(text) + 1) for _ in range(3)}, reverse=True)
    for at in places:
        text[at:at] = VALUES["TOKEN"] if dice.random() < 0.5 else VALUES["TOKEN"].hex().encode()
    data = bytes(text)
    read = Fingerprints.from_json(made.to_json(), b"k" * 32, "f")
    naive = sorted(
        data.count(b"\n", 0, at) + 1
        for at in range(len(data))
        for spelling in (VALUES["TOKEN"], VALUES["TOKEN"].hex().encode())
        if data.startswith(spelling, at)
    )
    assert sorted(one.line for one in read.find("f", data)) == naive
    assert not list(Fingerprints.from_json(made.to_json(), b"x" * 32, "f").find("f", data))


def test_a_file_of_fingerprints_holds_no_value():
    made = Fingerprints(b"k" * 32)
    made.add("TOKEN", [("raw", VALUES["TOKEN"])])
    said = made.to_json().encode() + repr(made).encode()
    for part in (VALUES["TOKEN"], VALUES["TOKEN"][:8], b"k" * 16, VALUES["TOKEN"].hex().encode()):
        assert part not in said
