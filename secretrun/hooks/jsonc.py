"""JSON with comments and trailing commas: read, and changed in place, every other byte as it was.

A person's settings hold comments, an order and blanks of their own. So values are not written anew: text is
put in at one place, and what was put in can be taken out again, which gives the very bytes that were there.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


class Malformed(ValueError):
    """Not JSON, even with comments; the message says the line."""


class Node:
    """One value and where it stands.

    Attributes:
        value: as Python has it; objects and arrays hold plain values.
        start, end: its characters in the text.
        members: of an object, (name, place of its first quote, node).
        items: of an array.
    """

    __slots__ = ("end", "items", "members", "start", "value")

    def __init__(self, start: int) -> None:
        self.start = start
        self.end = start
        self.value: object = None
        self.members: list[tuple[str, int, Node]] | None = None
        self.items: list[Node] | None = None

    def member(self, name: str) -> Node | None:
        """The value of a name; the last one, where it stands twice."""
        return next((node for known, _, node in reversed(self.members or []) if known == name), None)


def parse(text: str) -> object:
    """The value of a text.

    Raises:
        Malformed: with the line.
    """
    return tree(text).value


def tree(text: str) -> Node:
    """The value of a text with all places. An empty text counts as an empty object.

    Raises:
        Malformed: with the line.
    """
    return _Reader(text).whole()


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 1 if text.startswith("\ufeff") else 0

    def whole(self) -> Node:
        self.blanks()
        if self.at >= len(self.text):
            empty = Node(len(self.text))
            empty.value, empty.members = {}, []
            return empty
        node = self.read(0)
        self.blanks()
        if self.at < len(self.text):
            self.wrong("something after the end")
        return node

    def wrong(self, what: str) -> NoReturn:
        raise Malformed(f"line {self.text.count(chr(10), 0, self.at) + 1}: {what}")

    def blanks(self) -> None:
        text = self.text
        while self.at < len(text):
            if text[self.at] in " \t\r\n\ufeff":
                self.at += 1
            elif text.startswith("//", self.at):
                end = text.find("\n", self.at)
                self.at = len(text) if end < 0 else end
            elif text.startswith("/*", self.at):
                end = text.find("*/", self.at)
                if end < 0:
                    self.wrong("a comment without an end")
                self.at = end + 2
            else:
                return

    def read(self, depth: int) -> Node:
        import json

        if depth > 100:
            self.wrong("too deep")
        node = Node(self.at)
        first = self.text[self.at : self.at + 1]
        if first == "{":
            self.at += 1
            node.members = []
            while not self.closes("}"):
                place = self.at
                name = self.read(depth + 1).value
                if not isinstance(name, str):
                    self.at = place
                    self.wrong("a name must be a text")
                self.expect(":")
                node.members.append((name, place, self.read(depth + 1)))
                self.comma("}")
            node.value = {name: inner.value for name, _, inner in node.members}
        elif first == "[":
            self.at += 1
            node.items = []
            while not self.closes("]"):
                node.items.append(self.read(depth + 1))
                self.comma("]")
            node.value = [inner.value for inner in node.items]
        else:
            try:
                node.value, self.at = json.JSONDecoder().raw_decode(self.text, self.at)
            except ValueError:
                self.wrong("not JSON")
        node.end = self.at
        return node

    def closes(self, mark: str) -> bool:
        self.blanks()
        if self.text.startswith(mark, self.at):
            self.at += 1
            return True
        if self.at >= len(self.text):
            self.wrong(f"{mark} is missing")
        return False

    def expect(self, mark: str) -> None:
        self.blanks()
        if not self.text.startswith(mark, self.at):
            self.wrong(f"{mark} is missing")
        self.at += 1
        self.blanks()

    def comma(self, end: str) -> None:
        self.blanks()
        if self.text.startswith(",", self.at):
            self.at += 1
        elif not self.text.startswith(end, self.at):
            self.wrong("a comma is missing")


class Change:
    """Text put in at a place, or put in another's place.

    Attributes:
        at: where, in the text before.
        old: what stood there ("" for a mere addition).
        new: what stands there now.
    """

    __slots__ = ("at", "new", "old")

    def __init__(self, at: int, old: str, new: str) -> None:
        self.at = at
        self.old = old
        self.new = new

    def apply(self, text: str) -> str:
        return text[: self.at] + self.new + text[self.at + len(self.old) :]

    def __repr__(self) -> str:
        return f"<Change at {self.at}>"


def put(text: str, path: Sequence[str], value: object, *, append: bool = False) -> Change | None:
    """The change that sets the member at `path`, or appends to the array there; None when it is there.

    What is missing on the way is made. Text is added right behind the last member there is, so that what
    was there (a trailing comma and comments too) stays where it was.

    Raises:
        Malformed: the text is no JSON, or something on the way is not what it has to be.
    """
    node = tree(text)
    indent = _indent(text, node)
    for depth, name in enumerate(path):
        if node.members is None:
            raise Malformed(f"{'.'.join(path[:depth]) or 'the file'} is not an object")
        inner = node.member(name)
        if inner is None:
            wanted: object = [value] if append else value
            for missing in reversed(path[depth + 1 :]):
                wanted = {missing: wanted}
            return _insert(text, node, depth, indent, f"{_said(name, depth + 1, indent)}: ", wanted)
        node = inner
    if append:
        if node.items is None:
            raise Malformed(f"{'.'.join(path)} is not a list")
        if value in [item.value for item in node.items]:
            return None
        return _insert(text, node, len(path), indent, "", value)
    if node.value == value:
        return None
    return Change(node.start, text[node.start : node.end], _said(value, len(path), indent))


def _insert(text: str, node: Node, depth: int, indent: str, head: str, value: object) -> Change:
    """Add a member or an item at the end of `node`, which stands `depth` deep."""
    ends = [inner.end for _, _, inner in node.members or []] + [inner.end for inner in node.items or []]
    said = head + _said(value, depth + 1, indent)
    if not indent:
        blank = ""
    else:
        blank = "\n" + indent * (depth + 1)
    if ends:
        return Change(ends[-1], "", "," + (blank or " ") + said)
    if node.start == node.end:  # an empty file
        return Change(node.start, "", "{" + blank + said + ("\n" if indent else "") + "}\n")
    close = "\n" + indent * depth if indent else ""
    if "\n" in text[node.start : node.end]:  # a comment or an empty line stands between the brackets
        return Change(node.start + 1, "", blank + said)
    return Change(node.start + 1, "", blank + said + close)


def _said(value: object, depth: int, indent: str) -> str:
    import json

    if not indent:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, ensure_ascii=False, indent=indent).split("\n")
    return ("\n" + indent * depth).join(lines)


def _indent(text: str, node: Node) -> str:
    """What one level is indented by: as its first member is; nothing in a file of one line."""
    if node.start == node.end or (not node.members and "\n" not in text.strip()):
        return "  "
    places = [place for _, place, _ in node.members or []]
    for place in places:
        line = text.rfind("\n", 0, place) + 1
        if line and not text[line:place].strip():
            return text[line:place] or "  "
    return "" if places else "  "
