"""A shell command line taken apart into its simple commands, as far as that is certain.

For the rules of an agent's user ("never `touch`"): what can't be taken apart with certainty is not guessed
at.
"""

from __future__ import annotations

# Words that begin a construct, or run what stands after them in a way of their own.
_RESERVED = frozenset(
    [
        "!",
        "{",
        "}",
        "[[",
        "]]",
        "case",
        "coproc",
        "do",
        "done",
        "elif",
        "else",
        "esac",
        "fi",
        "for",
        "function",
        "if",
        "in",
        "select",
        "then",
        "time",
        "until",
        "while",
        "alias",
        "builtin",
        "command",
        "eval",
        "exec",
        "source",
        ".",
    ]
)
_ENDS = ("&&", "||", ";", "|&", "|", "&", "\n")
_UNSURE = ("$(", "${", "`", "<(", ">(", "<<", "(", ")")


def simple_commands(text: str) -> list[list[str]] | None:
    """The words of every simple command in `text`, or None when it is not certain what it would run.

    Quotes are taken away and redirections left out. Uncertain are substitutions, groups, here documents,
    control flow, assignments, and a command name made of a variable or a pattern.
    """
    found: list[list[str]] = []
    words: list[str] = []
    word: list[str] | None = None
    live = False  # whether the word holds a `$` or a pattern that the shell would expand
    target = False  # whether the next word is where a redirection goes
    at, size = 0, len(text)

    def end_word() -> bool:
        nonlocal word, live, target
        if word is None:
            return True
        said = "".join(word)
        plain = not live
        word, live = None, False
        if target:
            target = False
            return True
        if not words and (not plain or said in _RESERVED or "=" in said):
            return False
        words.append(said)
        return True

    def end_command() -> bool:
        nonlocal words
        if not end_word() or target:
            return False
        if words:
            found.append(words)
        words = []
        return True

    while at < size:
        if text.startswith(_UNSURE, at):
            return None
        character = text[at]
        if character == "\\":
            if at + 1 >= size:
                return None
            if text[at + 1] != "\n":
                word = [*(word or []), text[at + 1]]
            at += 2
            continue
        if character == "'":
            end = text.find("'", at + 1)
            if end < 0:
                return None
            word = [*(word or []), text[at + 1 : end]]
            at = end + 1
            continue
        if character == '"':
            end = at + 1
            body: list[str] = []
            while end < size and text[end] != '"':
                if text[end] == "\\" and end + 1 < size and text[end + 1] in '\\"$`\n':
                    end += 1
                elif text[end] == "`" or text.startswith("$(", end):
                    return None
                elif text[end] == "$":
                    live = True
                body.append(text[end])
                end += 1
            if end >= size:
                return None
            word = [*(word or []), "".join(body)]
            at = end + 1
            continue
        if character in "<>":
            # `2>&1`, `&>file`: a number just before it is the descriptor, not a word
            if word is not None and "".join(word).isdigit():
                word = None
            if not end_word() or target:
                return None
            at += 1
            while at < size and text[at] in ">&|":
                at += 1
            target = True
            continue
        if text.startswith("&>", at):
            at += 1
            continue
        mark = next((mark for mark in _ENDS if text.startswith(mark, at)), "")
        if mark:
            if not end_command():
                return None
            at += len(mark)
            continue
        if character in " \t":
            if not end_word():
                return None
            at += 1
            continue
        if character == "#" and word is None:
            end = text.find("\n", at)
            at = size if end < 0 else end
            continue
        live = live or character in "$*?[~{"
        word = [*(word or []), character]
        at += 1
    return found if end_command() else None
