"""A search that does not end by itself: random streams, cut at random, against the same stream whole.

    python tests/redact/long_fuzz.py [SECONDS] [FIRST_SEED]

Whatever it finds is printed as a line for `corpus.json`, which `test_corpus.py` runs for good.
"""

import json
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from redact.oracle import masked
from redact.transparent_case import case

from secretrun.redact import Redactor


def difference(secrets, chunks, forms):
    """(whole, streamed) when they differ, else None; with `forms=()` whole is brute force.

    Brute force knows no rule for a secret cut by the end, so a byte of no secret ends its text.
    """
    if forms == ():
        chunks = [*chunks, b"\xfe"]
    options = {} if forms is None else {"forms": forms, "min_length": 1}
    redactor, text = Redactor(secrets, mask="#", **options), b"".join(chunks)
    whole = masked(text, secrets, b"#") if forms == () else redactor.mask(text)
    streamed = b"".join(map(redactor.feed, chunks)) + redactor.flush()
    return None if streamed == whole else (whole, streamed)


def main(seconds=600.0, seed=0):
    until, found = time.monotonic() + seconds, 0
    first = seed
    while time.monotonic() < until:
        secrets, _, chunks = case(random.Random(seed))
        for forms in (None, ()):
            if difference(secrets, chunks, forms):
                found += 1
                texts = [[part.decode("latin-1") for part in parts] for parts in (secrets, chunks)]
                print(json.dumps({"seed": seed, "raw": forms == (), "secrets": texts[0], "chunks": texts[1]}))
        seed += 1
    print(f"{seed - first} cases, {found} differences", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*[kind(text) for kind, text in zip((float, int), sys.argv[1:], strict=False)]))
