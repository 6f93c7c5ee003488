"""Where coding agents and shells keep what they have seen: files, and what lies in SQLite databases.

Places seen with the versions that `hooks.agents` names; Cursor's and Qwen Code's by their documents. A value
that is longer than a page of SQLite lies in pieces, so the texts of a database are read by SQLite too.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from secretrun.scan.sources import Text

# (agent, glob below the home directory)
HOME = (
    ("claude", ".claude/projects/**/*"), ("claude", ".claude/history.jsonl"), ("claude", ".claude/todos/*"),
    ("claude", ".claude/shell-snapshots/*"), ("claude", ".claude/debug/*"),
    ("claude", ".claude/file-history/**/*"),
    ("codex", ".codex/sessions/**/*"), ("codex", ".codex/archived_sessions/**/*"),
    ("codex", ".codex/history.jsonl"),
    ("codex", ".codex/*.sqlite*"), ("codex", ".codex/log/*"),
    ("copilot", ".copilot/session-state/**/*"), ("copilot", ".copilot/history-session-state/**/*"),
    ("copilot", ".copilot/logs/*"),
    ("gemini", ".gemini/tmp/**/*"), ("gemini", ".gemini/history/**/*"),
    ("opencode", ".local/share/opencode/*.db*"), ("opencode", ".local/share/opencode/storage/**/*"),
    ("opencode", ".local/share/opencode/log/*"), ("opencode", ".local/share/opencode/tool-output/*"),
    ("qwen", ".qwen/projects/**/*"), ("qwen", ".qwen/tmp/**/*"),
    ("cursor", ".cursor/projects/**/*"), ("cursor", ".cursor/chats/**/*"),
    ("cursor", ".config/Cursor/User/globalStorage/*.vscdb*"),
    ("cursor", ".config/Cursor/User/workspaceStorage/**/*.vscdb*"),
    ("aider", ".aider/**/*"),
    ("shell", ".bash_history"), ("shell", ".zsh_history"), ("shell", ".local/share/fish/fish_history"),
    ("shell", ".python_history"), ("shell", ".psql_history"), ("shell", ".mysql_history"),
    ("shell", ".node_repl_history"),
    ("shell", ".lesshst"), ("shell", ".viminfo"),
)  # fmt: skip
PROJECT = (
    ("aider", ".aider.chat.history.md"),
    ("aider", ".aider.input.history"),
    ("aider", ".aider.llm.history"),
)
TEMPORARY = (
    ("claude", "claude-*/**/*"),
    ("copilot", "*-copilot-tool-output-*.txt"),
    ("gemini", "gemini-shell-*/*"),
)
_SQLITE = b"SQLite format 3\0"


def texts(environ: Mapping[str, str], directory: str, warn: Callable[[str], None]) -> Iterator[Text]:
    """Everything that agents and shells keep of this user: (where, bytes)."""
    import glob

    home = environ.get("HOME", "")
    common = "/tmp"  # noqa: S108  only read
    named = (environ.get("CLAUDE_CODE_TMPDIR", ""), environ.get("TMPDIR", ""), common)
    temporary = dict.fromkeys(place for place in named if place)
    places = [(home, pattern) for _, pattern in HOME] + [(directory, pattern) for _, pattern in PROJECT]
    places += [(place, pattern) for place in temporary for _, pattern in TEMPORARY]
    seen: set[str] = set()
    for base, pattern in places:
        if not base:
            continue
        for path in sorted(
            glob.glob(os.path.join(glob.escape(base), pattern), recursive=True, include_hidden=True)
        ):
            real = os.path.realpath(path)
            if real in seen or os.path.islink(path) or not os.path.isfile(path):
                continue
            seen.add(real)
            try:
                with open(path, "rb") as file:
                    data = file.read()
            except OSError as error:
                warn(f"{path}: {(error.strerror or 'unreadable').lower()}")
                continue
            yield path, data
            if data.startswith(_SQLITE):
                yield from _cells(path, warn)


def _cells(path: str, warn: Callable[[str], None]) -> Iterator[Text]:
    """The texts of a database, its write-ahead log included, without a change to it.

    A text for each table.
    """
    import sqlite3
    from urllib.parse import quote

    for mode in ("mode=ro", "mode=ro&immutable=1"):
        try:
            database = sqlite3.connect(f"file:{quote(path)}?{mode}", uri=True, timeout=1)
            try:
                database.text_factory = bytes
                names = [
                    row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                ]
                for name in names:
                    shown = name.decode("utf-8", "replace")
                    quoted = shown.replace('"', '""')
                    rows = [
                        cell
                        for row in database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608  a name of its own
                        for cell in row
                        if isinstance(cell, bytes)
                    ]
                    yield f"{path}!{shown}", b"\n".join(rows)
            finally:
                database.close()
        except sqlite3.Error as error:
            if "immutable" in mode:
                warn(f"{path}: its tables can't be read ({error}); its bytes were looked at")
            continue
        return
