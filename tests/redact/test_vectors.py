"""What other maskers test themselves with, and what real tools print, masked here."""

import json
import re
from pathlib import Path

import pytest

from secretrun.redact import Redactor

MASK = "\x01"  # one byte that no vector holds
FILES = sorted((Path(__file__).parent / "vectors").glob("*.json"))
# facts about the origin's own choices, where ours differ on purpose
OWN_CHOICE = {"min-length", "per-line-min-length", "eof-partial", "idle-release"}
NOT_OURS = {"extended", "out-of-scope"}
ANSI = re.compile(
    rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-Za-z]|[\x0e\x0f]"
)


def load(wanted):
    for path in FILES:
        for vector in json.loads(path.read_text(encoding="utf-8")):
            if wanted(vector):
                yield pytest.param(vector, id=f"{path.stem}: {vector['name']}")


def ours(vector):
    return not (
        vector.get("informational")
        or vector.get("optional_feature")
        or vector.get("mask_collision")
        or vector.get("tier") in NOT_OURS
    )


def rare(vector):
    # the offsets that od -c prints between lines break a secret in two
    return vector.get("tier") == "extended" and not vector["name"].startswith("od -c")


def raw(text):
    return text.encode("latin-1")


def run(vector, **options):
    """(output, problems)"""
    redactor = Redactor([raw(s) for s in vector["secrets"]], mask=MASK, **options)
    added = dict(vector.get("add_before") or ())
    flush, out, problems = vector.get("flush_check"), b"", []
    for index, chunk in enumerate(vector["chunks"]):
        if index in added:
            redactor.add([raw(s) for s in added[index]])
        out += redactor.feed(raw(chunk))
        if flush and flush["after_chunk"] == index:
            want = raw(flush["emitted"].replace(vector["mask"], MASK))
            if out != want:
                problems.append(("out too early or too late", out, want))
    return out + redactor.flush(), problems


def leaks(vector, out):
    plain = out.replace(raw(MASK), b"\0")
    texts = [plain, ANSI.sub(b"", plain)] if vector.get("check_ansi_stripped") else [plain]
    return [bad for bad in vector["must_not_contain"] if any(raw(bad) in text for text in texts)]


@pytest.mark.parametrize("vector", list(load(ours)))
def test_a_vector_is_masked_as_its_origin_wants_or_better(vector):
    depends = set(vector.get("depends_on") or ())
    exact = vector["expected"] is not None and not depends
    out, problems = run(vector, **({"min_length": 1} if exact else {}))
    assert problems == []
    if depends & OWN_CHOICE:
        return
    assert leaks(vector, out) == []
    assert [text for text in vector.get("must_contain") or () if raw(text) not in out] == []
    if exact and vector.get("tier") is None:
        # secretsh writes the encoding into the mask: [REDACTED_KEY_HEX] is the mask [REDACTED_KEY]
        expected = re.sub(r"_(?:B64|URL|HEX)\]", "]", vector["expected"])
        assert out == raw(expected.replace(vector["mask"], MASK))


@pytest.mark.parametrize("vector", list(load(rare)))
def test_paranoid_masks_the_rarer_spellings_too(vector):
    out, _ = run(vector, paranoid=True)
    assert leaks(vector, out) == []


def test_the_vectors_are_there():
    assert len(FILES) == 19
    assert len(list(load(ours))) > 400
