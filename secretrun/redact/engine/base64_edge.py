"""Which base64 character next to a run belongs to it: one that holds bits of the secret and of its neighbour.

A secret inside a longer text is encoded at one of three alignments. The characters that it determines
alone are a pattern; the one before and the one after hold a few of its bits too, and are masked with it.
"""

from __future__ import annotations

from secretrun.redact.pattern import left_bit

BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
START = (-1, 0)  # what stands before a stream: no byte, and no base64 character


def belongs(left: int, byte: int, place: int) -> bool:
    """Whether a base64 character just before a pattern belongs to it.

    Args:
        left: see `Rule`.
        byte: the character.
        place: how many base64 characters stand before it in a row, modulo 4. Base64 begins with a group,
            so most last letters of a text need not wait for the next.
    """
    return place in (1, 2) and byte < 128 and left & left_bit(byte, place) != 0


def after(text: bytes, index: int, before: tuple[int, int]) -> tuple[int, int]:
    """What stands before `text[index]`: the last byte, and how many base64 characters in a row, modulo 4.

    `before` is the same for the text's own beginning.
    """
    if not index:
        return before
    byte = text[index - 1]
    if byte not in BASE64:
        return byte, 0
    head = text[max(0, index - 64) : index]
    run = len(head) - len(head.rstrip(BASE64))
    if run == len(head):
        run = index - len(text[:index].rstrip(BASE64))
        if run == index:
            run += before[1]
    return byte, run % 4


def leftmost(text: bytes, begin: int, left: int, before: tuple[int, int]) -> int:
    """Where an occurrence at `begin` starts, with the character before it that belongs to it."""
    if begin and left and belongs(left, text[begin - 1], after(text, begin - 1, before)[1]):
        return begin - 1
    return begin


def rightmost(text: bytes, end: int) -> int:
    """Where an occurrence that ends at `end` does end, with the character after it and its padding."""
    limit = end + 3
    if end < len(text) and text[end] in BASE64:
        end += 1
        while end < len(text) and end < limit and text[end] == 0x3D:
            end += 1
    return end
