"""Random streams of broken, coloured and encoded secrets, for the tests and the long run."""

import base64

GAPS = [b"\n", b" ", b"\r\n", b"\n    ", b"\t", b"\r\r\n", b" \r", b"\v"]
ESCAPES = [
    b"\x1b[1m",
    b"\x1b[0m",
    b"\x1b[K",
    b"\x1b(B",
    b"\x0e",
    b"\x0f",
    b"\x1b]8;;https://h/\x1b\\",
    b"\x1b]0;t\x07",
    b"\x1b7",
]
BROKEN = [b"\x1b", b"\x1b[", b"\x1b]8;;x", b"\x1b[12", b"\x9b", b"\x1b\x1b["]
SECRETS = [
    b"correct-horse-battery", b"abcabcabcabcabcabcab", b"line one 1234\nline two 5678", b'pa$$ "w0rd\'x', b"hunter2",
    b"\nlead-and-more-and-more", b"ab12", b"x\x1b[31mred\x1b[0m-inside-it", b"tail-space-and-so-on ",
]  # fmt: skip


def pieces(rng, secret):
    """The secret, or one of its forms, whole or a part, with things put between its bytes."""
    form = rng.choice([secret, secret, secret, base64.b64encode(secret), secret.hex().encode()])
    if rng.random() < 0.25:
        form = form[: rng.randint(1, len(form))]
    rate = rng.choice([0, 0, 0.05, 0.3, 1])
    kind = rng.choice([GAPS, ESCAPES, GAPS + ESCAPES + BROKEN])
    out = bytearray()
    for byte in form:
        out.append(byte)
        if rng.random() < rate:
            out += rng.choice(kind)
    return bytes(out)


PADDING = [
    b"GET /api/v1/users 200 12ms, worker started\n",
    b"\x1b[32mok\x1b[0m 12 - handles \x1b[1mredirects\x1b[0m\r\n",
    b"    ",
    b"id=3fa9c2d1 peer=10.0.0.7:443 ",
]


def case(rng):
    """(secrets, text, chunks): short texts byte by byte, and long ones, clear but for a place, in reads."""
    secrets = rng.sample(SECRETS, rng.randint(1, 3))
    text = b""
    for _ in range(rng.randint(1, 6)):
        text += rng.choice(
            [pieces(rng, rng.choice(secrets)), rng.choice(GAPS + ESCAPES + BROKEN), b"a", b"-", b"log "]
        )
    longest = rng.choice([1, 3, 10, 40])
    if rng.random() < 0.25:
        longest = rng.choice([40, 300, 2_000])
        text = rng.choice(PADDING) * rng.randint(0, 60) + text + rng.choice(PADDING) * rng.randint(0, 60)
    chunks, at = [], 0
    while at < len(text):
        size = rng.randint(1, longest)
        chunks.append(text[at : at + size])
        at += size
    return secrets, text, chunks
