"""What random search has found once stays found: each case of the corpus, whole and cut."""

import json
import pathlib

import pytest
from redact.long_fuzz import difference

CORPUS = json.loads((pathlib.Path(__file__).parent / "corpus.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("found", CORPUS, ids=[found["why"] for found in CORPUS])
def test_a_found_case_does_not_depend_on_its_cuts(found):
    secrets, chunks = ([text.encode("latin-1") for text in found[key]] for key in ("secrets", "chunks"))
    forms = () if found["raw"] else None
    assert difference(secrets, chunks, forms) is None
    assert difference(secrets, [bytes((byte,)) for byte in b"".join(chunks)], forms) is None
