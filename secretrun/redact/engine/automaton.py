"""Every occurrence of every word in a text: the one importer of an automaton (Aho-Corasick).

pyahocorasick from PyPI takes text, so bytes go in as Latin-1: one character a byte, index for index. Its
`iter_long` misses occurrences (its issue 185), `iter` does not. Its indexes are C ints, so they must start
anew with each text.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def automaton(words: Iterable[tuple[bytes, int]]) -> Callable[[bytes], Iterable[tuple[int, int]]]:
    """A function from a text to (index of a word's last byte, the number given with the word).

    Args:
        words: none empty, each once.
    """
    import ahocorasick

    found = ahocorasick.Automaton()
    for word, number in words:
        found.add_word(word.decode("latin-1"), number)
    found.make_automaton()
    find = found.iter
    return lambda text: find(text.decode("latin-1"))
