"""Placeholders and what is made of them: shape, randomness, chains that only narrow, streams at every cut."""

import base64
import itertools
import os
import random
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secretrun.broker import attenuation, placeholders
from secretrun.broker.bodies import Encoded, Fields, Leaks, Plain
from secretrun.broker.known import Known
from secretrun.broker.places import in_json, percent, plain
from secretrun.broker.refusal import Refused
from secretrun.broker.websocket import Messages, frame
from secretrun.errors import ConfigError, UsageError
from secretrun.redact import Redactor

SHAPES = {
    "ghp_" + "a" * 36: r"ghp_\w{36}", "github_pat_" + "A1" * 41: r"github_pat_\w{82}", "sk_live_" + "a" * 24: r"sk_test_\w{24}",
    "AKIA" + "ABCD2345" * 2: r"AKIA[A-Z2-7]{16}", "sk-ant-api03-" + "x" * 80: r"sk-ant-api03-\w{80}", "sk-proj-" + "x" * 40: r"sk-proj-\w{40}",
    "xoxb-" + "1" * 40: r"xoxb-\w{40}", "glpat-" + "x" * 22: r"glpat-\w{22}", "npm_" + "x" * 36: r"npm_\w{36}", "0f" * 20: r"[0-9a-f]{40}",
    "123e4567-e89b-42d3-a456-426614174000": r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "anything else of 32 bytes, really": r"srph_\w{28}", "short123": r"srph_\w{22}",
}  # fmt: skip


@pytest.mark.parametrize("value", SHAPES)
def test_the_shape_is_kept(value):
    made = {placeholders.mint("K", value.encode(), "shape", (), os.urandom).text for _ in range(50)}
    assert len(made) == 50
    for text in made:
        assert re.fullmatch(SHAPES[value], text)
        assert re.fullmatch(r"[\w.-]+", text)


def test_a_checksum_that_is_wrong():
    """GitHub's and npm's tokens end with a CRC-32 in base 62: a placeholder is told apart from a real one by it."""
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    for _ in range(200):
        body = placeholders.mint("K", b"ghp_" + b"a" * 36, "shape", (), os.urandom).text[4:]
        number = 0
        for digit in body[-6:]:
            number = number * 62 + digits.index(digit)
        assert number != zlib.crc32(body[:-6].encode())


def test_no_placeholder_is_part_of_another_or_of_a_value():
    made = [placeholders.mint(str(n), b"x" * (8 + n), "shape", (), os.urandom).text for n in range(40)]
    assert not any(a in b for a in made for b in made if a is not b)
    stuck = placeholders.mint("K", b"x" * 40, "opaque", (), bytes)
    with pytest.raises(ConfigError):
        placeholders.mint("L", b"y" * 40, "opaque", [stuck.text], bytes)


@pytest.mark.parametrize(
    ("value", "said"),
    [(b"short", "fewer than 8 bytes"), (b"two\nlines-of-it", "line end"), (b"a\0bcdefghij", "control")],
)
def test_values_that_can_not_be_brokered(value, said):
    with pytest.raises(ConfigError, match=said):
        placeholders.mint("K", value, "shape", (), os.urandom)


@pytest.mark.parametrize("expression", ["(", "no group", "(a)(b)", "://x:([^@]+)@", "(z*)"])
def test_extract_that_can_not_work(expression):
    with pytest.raises(ConfigError):
        placeholders.extracted("K", b"https://u:p@h/", expression)


def test_extract():
    assert placeholders.extracted("K", b"https://u:pass@h/", "://[^:]+:([^@]+)@") == (10, 14)


def test_repr_shows_no_value():
    made = placeholders.mint("K", b"the-real-value", "shape", (), os.urandom)
    assert "the-real-value" not in repr(made) + repr(Known([made]))


def known(value=b"the-real-value-of-32-bytes-or-so"):
    made = placeholders.mint("KEY", value, "shape", (), os.urandom)
    return made, Known([made])


@given(
    st.lists(
        st.sampled_from(["host=a.test", "path=/v1/**", "method=GET", "before=9", "uses=3"]),
        min_size=1,
        max_size=6,
    )
)
def test_a_chain_of_any_caveats_leads_back(caveats):
    made, all_ = known()
    token = made.text
    for caveat in caveats:
        token = attenuation.attenuate(token, [caveat])
    (mention,) = all_.mentioned(token.encode())
    assert mention.secret == "KEY"
    assert [caveat.decode() for caveat in mention.token.caveats] == caveats
    assert all_.filled(token.encode(), plain) == made.reveal()


@given(st.integers(0, 10_000), st.integers(0, 63))
def test_no_change_of_a_token_is_taken(at, letter):
    made, all_ = known()
    token = attenuation.attenuate(made.text, ["host=a.test", "path=/v1/**"])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = 5 + at % (len(token) - 5)
    changed = token[:at] + alphabet[letter] + token[at + 1 :]
    if changed == token:
        return
    with pytest.raises(Refused, match="unknown_placeholder"):
        all_.mentioned(changed.encode())


def test_a_caveat_can_not_be_taken_away_or_moved():
    made, all_ = known()
    token = attenuation.attenuate(made.text, ["host=a.test", "path=/v1/**"])
    parts = attenuation.Token(token)
    for caveats in (
        parts.caveats[:1],
        parts.caveats[1:],
        parts.caveats[::-1],
        [*parts.caveats, b"uses=1"],
        [b"host=b.test", parts.caveats[1]],
    ):
        raw = parts.id + b"\n".join(caveats) + parts.key
        forged = "sra1_" + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        with pytest.raises(Refused, match="unknown_placeholder"):
            all_.mentioned(forged.encode())


def test_a_token_of_another_run_is_unknown():
    made, _ = known()
    _, other = known()
    with pytest.raises(Refused, match="unknown_placeholder"):
        other.mentioned(attenuation.attenuate(made.text, ["uses=1"]).encode())


def test_an_unknown_caveat_never_holds():
    made, all_ = known()
    start = attenuation.identity(made.text)
    import hmac

    key = hmac.digest(made.text.encode(), b"secretrun attenuation 1", "sha256")
    key = hmac.digest(key, b"planet=mars", "sha256")
    token = "sra1_" + base64.urlsafe_b64encode(start + b"planet=mars" + key).rstrip(b"=").decode()
    (mention,) = all_.mentioned(token.encode())
    with pytest.raises(Refused, match="unknown_placeholder"):
        attenuation.check(mention.token, host="a.test", method="GET", path="/", now=0, used=0)


@pytest.mark.parametrize(
    "caveat",
    ["planet=mars", "host", "host=", "host=A.test", "uses=x", "before=-1", "path=v1", "host=a\nuses=9"],
)
def test_caveats_that_say_nothing(caveat):
    with pytest.raises(UsageError):
        attenuation.attenuate("srph_x", [caveat])


VALUE = b'a-real/value+with="quotes"&more'


def pieces(data, cuts):
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(at)]


def through(body, parts):
    return b"".join([body.feed(part) for part in parts]) + body.finish()


def leaks(mask=False):
    return Leaks(Redactor({"KEY": VALUE}).probe(), mask=mask)


MADE = placeholders.mint("KEY", VALUE, "shape", (), os.urandom)
ALL = Known([MADE])
TOKEN = attenuation.attenuate(MADE.text, ["path=/v1/**"]).encode()


@given(
    st.lists(
        st.sampled_from(
            [b"x", b"srph_", b"sra1_", MADE.text.encode(), TOKEN + b" ", MADE.text[:9].encode(), b"A" * 30]
        ),
        max_size=8,
    ),
    st.lists(st.integers(0, 5000), max_size=12),
)
def test_a_body_is_filled_however_it_is_cut(words, cuts):
    data = b" ".join(words)
    judged = []
    body = Plain(ALL, leaks(), judged.append, plain, lenient=False, seen=judged.append)
    try:
        expected = ALL.filled(data, plain)
    except (Refused, AssertionError):
        expected = None
    try:
        out = through(body, pieces(data, cuts))
    except Refused:
        with pytest.raises(Refused):
            ALL.mentioned(data)
        return
    assert out == expected
    assert len(judged[-1] if judged else []) == len(ALL.mentioned(data))


@given(
    st.binary(max_size=30),
    st.binary(max_size=30),
    st.lists(st.integers(0, 200), max_size=12),
    st.sampled_from([plain, percent, in_json, base64.b64encode]),
)
def test_a_real_value_is_refused_however_it_is_cut(before, after, cuts, spelling):
    data = before + b" " + spelling(VALUE) + b" " + after
    body = Plain(ALL, leaks(), lambda _: None, plain, lenient=False, seen=lambda _: None)
    sent = []

    def run():
        sent.extend(body.feed(part) for part in pieces(data, cuts))
        sent.append(body.finish())

    with pytest.raises(Refused, match="leak"):
        run()
    assert spelling(VALUE) not in b"".join(sent)


@given(st.lists(st.integers(0, 5000), max_size=10))
def test_an_encoded_body_goes_out_as_it_came(cuts):
    import gzip

    data = gzip.compress(random.Random(1).randbytes(3000) + b"srph_")
    assert through(Encoded(ALL, leaks(), lambda _: None, b"gzip"), pieces(data, cuts)) == data


def test_an_encoding_that_breaks_off():
    import gzip

    data = gzip.compress(b"x" * 1000)
    body = Encoded(ALL, leaks(), lambda _: None, b"gzip")
    body.feed(data[:-4])
    with pytest.raises(Refused, match="encoded_body"):
        body.finish()


def test_a_mask_keeps_json_valid():
    body = Fields(ALL, leaks(mask=True), lambda _: None, kind="json", lenient=True, seen=lambda _: None)
    import json

    document = {"a": VALUE.decode(), "b": [1, "é"]}
    out = json.loads(through(body, [json.dumps(document).encode()]))
    assert out == {"a": "[REDACTED:KEY]", "b": [1, "é"]}


@given(
    st.lists(st.binary(max_size=200), max_size=5), st.lists(st.integers(0, 2000), max_size=9), st.booleans()
)
def test_websocket_messages_however_they_are_cut(messages, cuts, client):
    key = b"abcd" if client else b""
    data = b""
    for number, message in enumerate(messages):
        half = len(message) // 2
        data += (
            frame(message[:half], 1, final=False, key=key)
            + frame(b"", 9, key=key)
            + frame(message[half:], 0, key=key)
        )
        assert number < 5
    seen = []
    relay = Messages(
        lambda text: seen.append(text) or text.upper(), client=client, random=lambda n: b"wxyz"[:n]
    )
    out = b"".join(relay.feed(part) for part in pieces(data, cuts))
    assert seen == messages
    again = []
    check = Messages(lambda text: again.append(text) or text, client=client, random=os.urandom)
    check.feed(out)
    assert again == [message.upper() for message in messages]


def test_frames_that_were_not_agreed_on():
    for raw in (b"\xc1\x00", b"\x81\x80abcd", b"\x80\x01x"):
        with pytest.raises(Refused):
            Messages(bytes, client=False).feed(raw)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["X-A", "Authorization", "Cookie", "X-B"]),
            st.sampled_from(["", "x", "P", "yPz", "Basic"]),
        ),
        max_size=6,
    )
)
def test_a_head_is_searched_in_every_header(pairs):
    """Against a search of each header by itself, Basic credentials decoded."""
    from secretrun.broker.places import Head

    key = MADE.text
    headers, expected = [], []
    for name, value in pairs:
        text = value.replace("P", key)
        if value == "Basic":
            text = "Basic " + base64.b64encode(f"me:{key}".encode()).decode()
            if name == "Authorization":
                expected.append("basic:password")
        elif "P" in value:
            expected.append(f"header:{name.lower()}")
        headers.append((name.encode(), text.encode()))
    head = Head(ALL, b"/v1/x", None, headers)
    assert [one.place for one in head.occurrences] == expected
    filled = dict(zip(range(9), head.filled(ALL)[1], strict=False))
    for number, (name, value) in enumerate(pairs):
        sent = filled[number][1]
        if value == "Basic" and name == "Authorization":
            assert base64.b64decode(sent[6:]) == b"me:" + VALUE
        elif "P" in value:
            assert sent == value.encode().replace(b"P", VALUE)
        else:
            assert sent == headers[number][1]
