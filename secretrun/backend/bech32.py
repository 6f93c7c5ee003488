"""Bech32, the spelling of age's keys: bytes to text with a checksum, and back.

Source: BIP-173, without its limit of 90 characters, as age-encryption.org/v1 has it.
"""

from __future__ import annotations

ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def encode(prefix: str, data: bytes) -> str:
    """The text of `data`, in the case of the prefix ("age" or "AGE-SECRET-KEY-")."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    groups = [int(bits[at : at + 5], 2) for at in range(0, len(bits), 5)]
    check = _state([*_expanded(prefix), *groups, 0, 0, 0, 0, 0, 0]) ^ 1
    groups += [check >> shift & 31 for shift in (25, 20, 15, 10, 5, 0)]
    text = f"{prefix.lower()}1{''.join(ALPHABET[group] for group in groups)}"
    return text.upper() if prefix.isupper() else text


def decode(prefix: str, text: str) -> bytes | None:
    """The bytes of a text that begins with `prefix`, or None when it is malformed."""
    lower = text.lower()
    if text not in (lower, text.upper()) or not lower.startswith(f"{prefix.lower()}1"):
        return None
    groups = [ALPHABET.find(character) for character in lower[len(prefix) + 1 :]]
    if len(groups) < 6 or -1 in groups or _state([*_expanded(prefix), *groups]) != 1:
        return None
    bits = "".join(f"{group:05b}" for group in groups[:-6])
    whole = len(bits) // 8 * 8
    if len(bits) - whole > 4 or "1" in bits[whole:]:
        return None
    return bytes(int(bits[at : at + 8], 2) for at in range(0, whole, 8))


def _expanded(prefix: str) -> list[int]:
    codes = [ord(character) for character in prefix.lower()]
    return [*(code >> 5 for code in codes), 0, *(code & 31 for code in codes)]


def _state(groups: list[int]) -> int:
    state = 1
    for group in groups:
        top = state >> 25
        state = (state & 0x1FFFFFF) << 5 ^ group
        for bit, term in enumerate(GENERATOR):
            if top >> bit & 1:
                state ^= term
    return state
