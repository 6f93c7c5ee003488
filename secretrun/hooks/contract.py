"""The nouns of an agent's events: what it is about to do, what came of it, and what it is answered."""

from __future__ import annotations

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from secretrun.hooks.settings_files import File

SHELL, READ, WRITE, RESULT, OTHER = "shell", "read", "write", "result", "other"

_SHELLS = (
    "bash",
    "shell",
    "exec_command",
    "shell_command",
    "local_shell",
    "run_shell_command",
    "run_terminal_cmd",
)
_WRITERS = ("write", "edit", "multiedit", "notebookedit", "write_file", "replace", "edit_file", "create",
            "apply_patch", "patch", "str_replace_editor", "str_replace", "insert",
            "search_replace", "delete")  # fmt: skip
_PATHS = ("file_path", "filePath", "absolute_path", "path", "paths", "file_paths", "notebook_path", "include",
          "target_file", "file", "filename")  # fmt: skip
_TEXTS = ("content", "contents", "new_string", "newString", "new_str", "newStr", "file_text", "new_source",
          "patchText", "patch", "input", "insert_text", "code_edit", "text")  # fmt: skip


class Call:
    """A use of a tool, before or after it.

    Attributes:
        kind: SHELL, READ, WRITE, RESULT or OTHER.
        tool: its name, as the agent calls it.
        given: its arguments.
        directory: where the agent works.
        event: all that the agent said.
        result: what came of it, of the agent's own shape; None before.
    """

    __slots__ = ("directory", "event", "given", "kind", "result", "tool")

    def __init__(
        self, tool: str, given: Mapping[str, object], event: Mapping[str, object], *, result: object = None,
        after: bool = False,
    ) -> None:  # fmt: skip
        self.tool = tool
        self.given = given
        self.event = event
        self.result = result
        self.directory = str(event.get("cwd") or "")
        name = tool.lower()
        if after:
            self.kind = RESULT
        elif name in _SHELLS and isinstance(given.get("command"), str):
            self.kind = SHELL
        elif name in _WRITERS:
            self.kind = WRITE
        elif any(True for _ in self.paths()):
            self.kind = READ
        else:
            self.kind = OTHER

    @property
    def command(self) -> str:
        return str(self.given.get("command", ""))

    def paths(self) -> Iterator[str]:
        """Every path among the arguments."""
        for name in _PATHS:
            value = self.given.get(name)
            for path in value if isinstance(value, list) else (value,):
                if isinstance(path, str) and path:
                    yield path

    def written(self) -> Iterator[str]:
        """Every text that the tool would write: of what it replaces, nothing."""
        edits = self.given.get("edits")
        for given in (self.given, *(edits if isinstance(edits, list) else ())):
            if isinstance(given, dict):
                for name in (*_TEXTS, "command" if self.tool.lower() == "apply_patch" else ""):
                    value = given.get(name)
                    if isinstance(value, str):
                        yield value

    def __repr__(self) -> str:
        return f"<Call {self.kind} of {self.tool}>"


def committed(title: str, file: str) -> ConfigError:
    """The error of an agent whose only file in a project is one that is committed."""
    return ConfigError(
        f"{title} has no settings for one person in one project: {file} is committed",
        hint="install it for yourself: --scope user",
    )


class Answer:
    """What an agent is answered: text on stdout and stderr, and the exit status."""

    __slots__ = ("out", "status", "words")

    def __init__(self, said: Mapping[str, object] | None = None, *, words: str = "", status: int = 0) -> None:
        import json

        self.out = "" if said is None else json.dumps(said) + "\n"
        self.words = words
        self.status = status

    def __repr__(self) -> str:
        return f"<Answer {self.status} {self.out}>"


class Setup:
    """What setting an agent up takes.

    Attributes:
        files: as they are to be.
        notes: what the person has to do or to know.
    """

    __slots__ = ("files", "notes")

    def __init__(self, files: Sequence[File], notes: Sequence[str]) -> None:
        self.files = files
        self.notes = notes


BLOCKED = 2  # the status by which every one of the agents takes a call for refused


class Dialect:
    """How one agent speaks. What stands here is Claude Code's way, which others have taken over.

    Attributes:
        name: of the agent.
    """

    name = "claude"

    def call(self, event: Mapping[str, object]) -> Call:
        """What an event is about."""
        given = event.get("tool_input")
        after = event.get("hook_event_name") not in ("PreToolUse", "BeforeTool")
        return Call(
            str(event.get("tool_name", "")),
            given if isinstance(given, dict) else {},
            event,
            result=event.get("tool_response"),
            after=after,
        )

    def deny(self, reason: str) -> Answer:
        """Refuse a call, with a reason that the model reads.

        By status as well: no shape can be refused then.
        """
        return Answer(words=reason + "\n", status=BLOCKED)

    def rewrite(self, call: Call, command: str) -> Answer:
        """Run `command` in place of the shell command that was asked for."""
        return Answer({
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "updatedInput": {**call.given, "command": command},
            }
        })  # fmt: skip

    def replace(self, call: Call, masked: object) -> Answer:
        """Let the model see `masked` in place of the result."""
        del call
        return Answer({"hookSpecificOutput": {"hookEventName": "PostToolUse", "updatedToolOutput": masked}})

    def routed(self, environ: Mapping[str, str]) -> bool:
        """Whether the agent's commands go through `secretrun-shell` below its rules.

        So that none is rewritten.
        """
        raise NotImplementedError

    def setup(self, environ: Mapping[str, str], project: str | None) -> Setup:
        """What is to be written so that the agent calls us: for the person, or for one project alone.

        Raises:
            ConfigError: the agent has no file for one person in one project.
        """
        raise NotImplementedError

    def may_rewrite(self, call: Call, environ: Mapping[str, str]) -> str:
        """Whether no rule of the user's speaks about a command.

        "yes"; "no", which leaves it to the agent as it is; or a reason for which it must not run.
        """
        raise NotImplementedError
