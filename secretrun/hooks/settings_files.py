"""What is written into an agent's files, taken out again, and shown before.

Each file's changes are kept in the user's state directory (places and our own text, nothing of the file's),
so that `uninstall` gives back the very bytes: also after the person has changed other parts of the file.
"""

from __future__ import annotations

import json
import os

from secretrun.errors import ConfigError
from secretrun.hooks import jsonc
from secretrun.posix import directories
from secretrun.posix.atomic_file import write_atomic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    Record: TypeAlias = "Mapping[str, object]"

VERSION = 1


class Put:
    """One thing to be in a JSON file: the member at `path`, or an item of the array there.

    `replaces` says whether it may stand in the place of what is there.
    """

    __slots__ = ("append", "path", "replaces", "value")

    def __init__(
        self,
        path: Sequence[str],
        value: object,
        *,
        append: bool = False,
        replaces: Callable[[object], bool] = lambda _: False,
    ) -> None:
        self.path = tuple(path)
        self.value = value
        self.append = append
        self.replaces = replaces


class File:
    """One file as it is to be.

    Attributes:
        path: absolute.
        puts: what is to be in a JSON file of the person's.
        whole: all of a file that is ours alone, or None.
        link: what a link of ours points to, or None.
        tail: what stands at the end of a file of the person's that is no JSON, or None.
    """

    __slots__ = ("link", "path", "puts", "tail", "whole")

    def __init__(
        self,
        path: str,
        *puts: Put,
        whole: str | None = None,
        link: str | None = None,
        tail: str | None = None,
    ) -> None:
        self.path = path
        self.puts = puts
        self.whole = whole
        self.link = link
        self.tail = tail


class Edit:
    """A file's text before and after, None where there is no file; and how to get back."""

    __slots__ = ("after", "before", "link", "path", "record")

    def __init__(
        self,
        path: str,
        before: str | None,
        after: str | None,
        record: Record | None = None,
        *,
        link: bool = False,
    ) -> None:
        self.path = path
        self.before = before
        self.after = after
        self.record = record
        self.link = link

    @property
    def changes(self) -> bool:
        return self.before != self.after

    def diff(self) -> str:
        """As `diff -u` would show it; nothing when nothing changes."""
        import difflib

        before, after = (_lines(text, link=self.link) for text in (self.before, self.after))
        old = self.path if self.before is not None else os.devnull
        new = self.path if self.after is not None else os.devnull
        lines = difflib.unified_diff(before, after, old, new)
        return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


def _lines(text: str | None, *, link: bool) -> list[str]:
    if text is None:
        return []
    return [f"(a link to {text})\n"] if link else text.splitlines(keepends=True)


def plan(file: File, record: Record | None) -> Edit:
    """What installing changes in one file, `record` being what an earlier installation did to it.

    Raises:
        ConfigError: a file that can't be read, is not JSON, or is somebody else's where ours should be.
    """
    if file.link is not None:
        before = os.readlink(file.path) if os.path.islink(file.path) else None
        _see_that_ours(file.path, before, record)
        return Edit(file.path, before, file.link, {"link": file.link}, link=True)
    before = _read(file.path)
    if file.whole is not None:
        _see_that_ours(file.path, before, record)
        return Edit(file.path, before, file.whole, {"whole": file.whole})
    text = before or ""
    created = before is None
    kept: list[tuple[str, str, int]] = []
    if record is not None and before is not None:
        created = bool(record.get("created"))
        try:
            text = undo(file.path, record).after or ""
        except ConfigError:  # the person has changed ours: it stays, and what is missing is added
            kept = _changes(record)
    changes = list(kept)
    if file.tail is not None and not kept:
        added = ("" if not text or text.endswith("\n") else "\n") + file.tail
        return Edit(
            file.path,
            before,
            text + added,
            {"changes": [("", added, text.count(added) + 1)], "created": created},
        )
    for put in file.puts:
        try:
            change = jsonc.put(text, put.path, put.value, append=put.append)
        except jsonc.Malformed as error:
            raise ConfigError(f"{file.path}: {error}", hint="it has to be JSON, comments allowed") from None
        if change is not None:
            if change.old and not put.replaces(json.loads(change.old)):
                raise ConfigError(
                    f"{file.path}: {'.'.join(put.path)} is set to something else already",
                    hint="secretrun would have to stand in its place: take it away first",
                )
            text = change.apply(text)
            # which of those that read the same is ours: two hooks of one agent may
            changes.append((change.old, change.new, text.count(change.new, 0, change.at + len(change.new))))
    return Edit(file.path, before, text, {"changes": changes, "created": created})


def _see_that_ours(path: str, before: str | None, record: Record | None) -> None:
    if record is None and (before is not None or os.path.lexists(path)):
        raise ConfigError(f"{path} is there already, and not ours", hint="move it away")


def _changes(record: Record) -> list[tuple[str, str, int]]:
    """What was put in: (what stood there, what stands there, the how manieth of that text it is)."""
    found = record.get("changes")
    return [(str(old), str(new), int(nth)) for old, new, nth in found] if isinstance(found, list) else []


def undo(path: str, record: Record) -> Edit:
    """What uninstalling changes in one file.

    Raises:
        ConfigError: what was put in was changed since, so that it can't be taken out.
    """
    link = record.get("link")
    if link is not None:
        there = os.readlink(path) if os.path.islink(path) else None
        return Edit(path, there, None if there == link else there, link=True)
    before = _read(path)
    if before is None:
        return Edit(path, None, None)
    if record.get("whole") is not None:
        if before != record["whole"]:
            raise ConfigError(f"{path} was changed since it was installed", hint="take it away by hand")
        return Edit(path, before, None)
    text = before
    for old, new, nth in reversed(_changes(record)):
        parts = text.split(new)
        if len(parts) <= nth:
            raise ConfigError(
                f"{path}: what secretrun put in was changed since, so it can't be taken out",
                hint=f"take it out by hand: {' '.join(new.split())[:200]}",
            )
        text = new.join(parts[:nth]) + old + new.join(parts[nth:])
    return Edit(path, before, None if record.get("created") and not text else text)


def write(edit: Edit) -> None:
    """Carry an edit out: at once or not at all; a link keeps pointing where it points.

    Raises:
        ConfigError: naming the file.
    """
    try:
        if edit.after is None:
            if edit.before is not None:
                os.unlink(edit.path)
            return
        os.makedirs(os.path.dirname(edit.path), exist_ok=True)
        if edit.link:
            if edit.before is not None:
                os.unlink(edit.path)
            os.symlink(edit.after, edit.path)
            return
        mode = os.stat(edit.path).st_mode & 0o777 if edit.before is not None else 0o600
    except OSError as error:
        raise ConfigError(f"{edit.path}: {(error.strerror or 'not writable').lower()}") from None
    write_atomic(edit.path, edit.after.encode("utf-8", "surrogateescape"), mode=mode, replace=True)


def _read(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return file.read().decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'unreadable').lower()}") from None


# ---- what was installed


def record_path(agent: str, scope: str, environ: Mapping[str, str]) -> str:
    """Where the record of an installation lies; one for each agent, and for each project."""
    name = agent
    if scope != "user":
        from hashlib import sha256

        name += "-" + sha256(os.fsencode(scope)).hexdigest()[:16]
    return os.path.join(directories.state(environ), "hooks", name + ".json")


def load(path: str) -> dict[str, Record]:
    """The record of an installation: file -> what was done to it; empty when there is none.

    Raises:
        ConfigError: it can't be read.
    """
    text = _read(path)
    if text is None:
        return {}
    try:
        files: dict[str, Record] = json.loads(text)["files"]
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: not a record of an installation", hint="remove it") from None
    return files


def save(path: str, edits: Sequence[Edit], known: Mapping[str, Record]) -> None:
    """Keep what was installed, beside what was known of it already.

    Raises:
        ConfigError: naming the file.
    """
    files = {**known, **{edit.path: edit.record for edit in edits if edit.record is not None}}
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{path}: {(error.strerror or 'not writable').lower()}") from None
    text = json.dumps({"version": VERSION, "files": files}, indent=2) + "\n"
    write_atomic(path, text.encode("utf-8", "surrogateescape"), replace=True)


def forget(path: str) -> None:
    """Remove the record of an installation."""
    if os.path.exists(path):
        os.unlink(path)
