"""What is held back is what a continuation may turn into a mask, in any reading, and no byte more.

`test_readings` shows that nothing is out which a later byte masks: every cut gives the bytes of the whole. Here the
other half: after each write, for the first byte that is held, some continuation is looked for with which the whole
text has a mask over it. There is none for a byte that is held for nothing.
"""

import random

import pytest
from redact.test_readings import FORMS, SECRETS, case, stream

from secretrun.redact import Redactor

# What may follow the cut before the rest of a secret does: nothing; the rest of a sequence or of a character of no
# width; a way back, by which the last character is written over; the rest of a margin; of an ellipsis.
SEQUENCES = [b"m", b"G", b"1G", b"\x07", b"\\", b"A"]
CHARACTERS = [
    bytes(rest) for rest in (
        (0x8B,), (0x8E,), (0x80,), (0x81,), (0xA0,), (0xA4,), (0xBB,), (0xBF,), (0x80, 0x80), (0x80, 0x8B),
        (0x81, 0x81), (0x84, 0x80), (0x85, 0xA4), (0xBB, 0xBF), (0xBE, 0xA0), (0xBF, 0xB9), (0xA0, 0x8E),
        (0xA0, 0x81, 0x81), (0xA0, 0x84, 0x80),
    )
]  # fmt: skip
BACK = [b"\b", b" \b", b"\r", b"\x1b[G"]
MARGIN = [
    b"\n",
    b"\n| ",
    b"| ",
    b" ",
    b"\x82\n",
    b"\x94\x82\n",
    b"\xb5\n",
    b"\x90\n",
    b"\x86\xb5\n",
    b"\x80\x90\n",
]
ELLIPSIS = [b"...", b"..", b".", b"\xe2\x80\xa6", b"\x80\xa6", b"\xa6"]
NEXT = [b"", *SEQUENCES, *BACK, *MARGIN, *ELLIPSIS, *CHARACTERS]
# Before a blank among its first bytes a secret may show, as before a line break there: those are held until it comes.
# And one that overlaps itself begins again under its own mask, where dots may become its ellipsis: these wait too.
PLAIN = [secret for secret in SECRETS if b" " not in secret[:4] and secret[:6] not in secret[1:]]


def may_be_masked(redactor, shown, seen, held, secrets):
    """Whether some continuation of `seen` puts its last `held` bytes under a mask; `shown` is what is out."""
    unmasked = shown + seen[len(seen) - held :][:1]
    for data in NEXT:
        for secret in secrets:
            for size in range(len(secret), -1, -1):
                if not redactor.mask(seen + data + secret[size:]).startswith(unmasked):
                    return True
    return False


def states(seed):
    """(secrets, what is out, what was fed, bytes held) at a few places of a random text, those that hold some."""
    rng = random.Random(seed)
    secrets, text = case(rng)
    secrets = [secret for secret in secrets if secret in PLAIN]
    if not secrets:
        return
    one, out, at = Redactor(secrets, mask="#", forms=FORMS), b"", 0
    for cut in sorted(rng.sample(range(1, len(text.bytes) + 1), min(4, len(text.bytes)))):
        out += one.feed(text.bytes[at:cut])
        at = cut
        if one.held:
            yield secrets, out, text.bytes[:cut], one.held


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_no_byte_is_held_that_nothing_can_mask(part):
    found = 0
    for seed in range(part * 30, part * 30 + 30):
        for secrets, out, seen, held in states(seed):
            found += 1
            redactor = Redactor(secrets, mask="#", forms=FORMS)
            assert may_be_masked(redactor, out, seen, held, secrets), (seed, secrets, seen, held)
    assert found > 20


GH = b"ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        (b"token=" + GH[:20], 20),  # a beginning
        (b"token=" + GH[:20] + b" and more", 0),  # broken off, and masked
        (b"token=" + GH[:11] + b"-", 0),  # broken off, and shown
        (b"x " + GH[:9] + b"\x1b[0", 12),  # a sequence is cut
        (b"x " + GH[:9] + b" \b", 11),  # written over
        (b"x " + GH[:9] + b" |\n| ", 14),  # a margin
        (b"x " + GH[:9] + b"xx |\n| ", 0),
        (b"x \xe2\x80\xa6" + GH[-12:-4], 8),  # an end, after an ellipsis
        (b"x \xe2\x80\xa6" + GH[-12:-6], 6),
        (b"x \xe2\x80\xa6" + GH[-12:-6] + b"!", 0),
        (b"x [30 chars]" + GH[-12:-6], 6),
        (b"x [30 chars]", 0),
        (b"hooks at https://hooks.example/s", 0),  # a public head alone holds nothing longer than it must
    ],
)
def test_what_is_held_of_a_beginning(seen, held):
    redactor = Redactor([GH], mask="#", forms=FORMS)
    redactor.feed(seen)
    assert redactor.held == held
    assert stream(Redactor([GH], mask="#", forms=FORMS), seen, [1] * len(seen)) == Redactor(
        [GH], mask="#", forms=FORMS
    ).mask(seen)
