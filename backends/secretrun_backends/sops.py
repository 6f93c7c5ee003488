"""SOPS: encrypted YAML, JSON, dotenv, ini and binary files, read through the sops program.

A file is decrypted once a batch, whatever the number of references into it. Pointers look into what
`sops decrypt --output-type json` gives, where sops has settled every type; a reference without a
pointer is the whole file in its own format, a second call if both are wanted of one file.
Values are what `sops exec-env` passes on: quotes in a dotenv file are part of the value, a number with a
fraction is written as Go writes it.

Facts checked with sops 3.11.
"""

from __future__ import annotations

import os

from secretrun.backend import BackendInfo, Health
from secretrun.backend.sops import Keys, find_sops, sops_environment
from secretrun.backend.sops_servers import require_known
from secretrun.errors import BackendError, BadAnswer, BadReference
from secretrun_backends._process import Deadline, run
from secretrun_backends._references import answer_each, given, gpg_terminal, once, require_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from secretrun.backend import Context
    from secretrun.model import Reference

FORMATS = ("yaml", "json", "dotenv", "ini", "binary")
OPTIONS = ("format", "type", "key_type")

# How far the heap of sops may grow before it is looked through, in percent (GOGC, pkg.go.dev/runtime): with
# Go's 100 that is done while sops still starts, for a tenth of its time, and nothing is found.
_HEAP = "400"


class Sops:
    """Files encrypted with sops: `sops://PATH[?format=FORMAT][#/pointer]`.

    Options: `format` (or `type`): yaml, json, dotenv, ini or binary, when the name does not tell;
    `key_type=filepath` is accepted as vals writes it. A relative path starts beside the file that holds
    the reference; `~/` is the home directory.
    """

    info = BackendInfo(
        name="sops",
        title="SOPS",
        schemes=("sops",),
        example="sops://secrets.yaml#/db/password",
        needs="the sops CLI",
        install="pip install 'secretrun[sops]'",
        sign_in="SOPS_AGE_KEY_FILE=~/keys.txt, or the gpg or cloud key the file is encrypted for",
        sign_in_variables=(
            "SOPS_AGE_KEY",
            "SOPS_AGE_KEY_FILE",
            "SOPS_AGE_KEY_CMD",
            "SOPS_AGE_SSH_PRIVATE_KEY_*",
        ),
        docs="https://getsops.io/docs/",
        serial=True,  # gpg's pinentry, or the passphrase of an age identity
        in_arguments=True,
    )

    def fetch(
        self, references: Sequence[Reference], context: Context
    ) -> Mapping[Reference, bytes | BackendError]:
        """One `sops decrypt` a file."""
        deadline = Deadline(context.timeout)
        files: dict[tuple[str, str | None], list[Reference]] = {}
        answers: dict[Reference, bytes | BackendError] = {}
        for reference in dict.fromkeys(references):
            try:
                place = (_path(reference, context), _format(reference))
            except BackendError as error:
                answers[reference] = error
            else:
                files.setdefault(place, []).append(reference)

        def read(place: tuple[str, str | None]) -> dict[Reference, bytes | BackendError]:
            file = _file(*place, context, deadline)
            return answer_each(files[place], lambda reference: file.value(reference.pointer))

        # Side by side, unless one of them might ask for something.
        wanted = [reference for asked in files.values() for reference in asked]
        if len(files) > 1 and not self.may_prompt(wanted, context):
            from secretrun_backends._https import each

            found = each(files, read)
        else:
            found = {place: read(place) for place in files}
        for values in found.values():
            answers.update(given(values))
        return answers

    def fetch_all(self, reference: Reference, context: Context) -> Mapping[str, bytes]:
        """The keys of a file, or of the mapping at the pointer, that hold single values.

        As `sops exec-env` has it, a key that holds a mapping or a list is an error: a pointer chooses
        the mapping that is meant.
        """
        from secretrun.formats.pointer import entries

        file = _file(_path(reference, context), _format(reference), context, Deadline(context.timeout))
        tree = file.tree()
        if file.kind == "ini" and not reference.pointer and tree.get("DEFAULT") == {}:
            # sops adds it when no key stands before the first section
            tree = {name: value for name, value in tree.items() if name != "DEFAULT"}
        return entries(tree, reference.pointer or (), what=file.path)

    def may_prompt(self, references: Sequence[Reference], context: Context) -> bool:
        """Where gpg opens a file, or an age identity that may have a passphrase; a cloud's key never asks."""
        plain_key = _has_plain_key(sops_environment(context.environ))
        for reference in references:
            try:
                with open(_path(reference, context), "rb") as file:
                    content = file.read()
            except (OSError, BackendError):
                continue  # it is not going to be opened at all
            if b"BEGIN PGP MESSAGE" in content or (b"BEGIN AGE" in content and not plain_key):
                return True
        return False

    def check(self, context: Context) -> str:
        """The version of the sops that would be run."""
        program = _program(context)
        environ = {**sops_environment(context.environ), "SOPS_DISABLE_VERSION_CHECK": "true"}
        done = run(self.info, [program, "--version"], environ=environ, deadline=Deadline(context.timeout))
        words = done.output.decode("utf-8", "replace").split()
        if done.status != 0 or words[:1] != ["sops"] or len(words) < 2:
            raise BackendError(
                f"{program} does not say which version of sops it is",
                hint="SECRETRUN_SOPS names another program",
            )
        return Health(f"sops {words[1]}", version=words[1])


def _has_plain_key(environ: Mapping[str, str]) -> bool:
    """Whether there is an age key where sops looks for it: the variables, its own file."""
    plain = "AGE-SECRET-KEY-1"
    if plain in environ.get("SOPS_AGE_KEY", ""):
        return True
    home = environ.get("HOME", "~")
    config = environ.get("XDG_CONFIG_HOME") or f"{home}/.config"
    for path in (environ.get("SOPS_AGE_KEY_FILE"), f"{config}/sops/age/keys.txt",
                 f"{home}/Library/Application Support/sops/age/keys.txt"):  # fmt: skip
        try:
            if path:
                with open(path, "rb") as file:
                    if plain.encode() in file.read(1 << 16):
                        return True
        except OSError:
            pass
    return False


class _File:
    """One encrypted file during one batch: each view of it is decrypted once, a failure is kept."""

    def __init__(self, path: str, kind: str | None, context: Context, deadline: Deadline) -> None:
        self.path = path
        self.kind = kind or _kind_of(path)
        self._context = context
        self._deadline = deadline
        self._outputs: dict[str, bytes | BackendError] = {}
        self._tree: Any = None

    def value(self, pointer: tuple[str, ...] | None) -> bytes:
        if pointer is None:
            return self._decrypt(self.kind)
        tree = self.tree()
        from secretrun.formats.pointer import to_bytes, walk

        return to_bytes(walk(tree, pointer, what=self.path), what=self.path)

    def tree(self) -> Any:
        if self._tree is None:
            self._tree = self._read_tree()
        return self._tree

    def _read_tree(self) -> Any:
        # The JSON view of a binary file is lossy, that of a YAML stream stops after a document.
        if self.kind == "binary":
            return _parse(self._decrypt("binary"), "auto", self.path)
        if self.kind == "yaml" and _has_documents(self.path):
            return _parse(self._decrypt("yaml"), "yaml", self.path)
        try:
            output = self._decrypt("json")
        except BadAnswer as error:
            if self.kind != "yaml":
                raise
            try:  # what JSON has no word for, such as .inf, stands in YAML
                return _parse(self._decrypt("yaml"), "yaml", self.path)
            except BackendError:
                raise error from None
        tree = _parse(output, "json", self.path)
        if self.kind != "yaml":
            return tree
        from secretrun_backends._sops_numbers import with_fractions

        return with_fractions(tree, self.path)

    def _decrypt(self, view: str) -> bytes:
        if view not in self._outputs:
            try:
                self._outputs[view] = self._call(view)
            except BackendError as error:
                self._outputs[view] = error
                if not isinstance(error, BadAnswer):  # the other view would fail in the same way
                    self._outputs = {kind: self._outputs.get(kind, error) for kind in (*FORMATS, view)}
        output = self._outputs[view]
        if isinstance(output, BackendError):
            raise output
        return output

    def _call(self, view: str) -> bytes:
        require_file(self.path)
        with open(self.path, "rb") as file:
            require_known(
                file.read(), self.path, self._context.environ, self._context.options.get("addresses")
            )
        environ = {"GOGC": _HEAP, **sops_environment(self._context.environ)}
        if self._context.interactive and not environ.get("GPG_TTY"):
            environ.update(gpg_terminal())
        command = [_program(self._context), "--decrypt", "--input-type", self.kind, "--output-type", view]
        with Keys(environ) as (theirs, keep):
            done = run(
                Sops.info,
                [*command, self.path],
                environ=theirs,
                deadline=self._deadline,
                terminal=self._context.interactive,
                keep=keep,
                meanwhile=_load,
            )
        if done.status != 0:
            from secretrun_backends._sops_failures import explain

            raise explain(done, self.path, self.kind, self._context.environ)
        return done.output


def _parse(content: bytes, kind: str, path: str) -> Any:
    from secretrun.formats.parse import parse

    return parse(content, kind=kind, what=path)


def _load() -> None:
    """Load what the answer is read with, while sops takes its time."""
    from secretrun.formats import pointer  # noqa: F401  loading it is the purpose

    _parse(b"{}", "json", "nothing")  # as above


def _file(path: str, kind: str | None, context: Context, deadline: Deadline) -> _File:
    """The file, the same one for all calls of a batch."""
    return once(context, (path, kind), lambda: _File(path, kind, context, deadline))


def _program(context: Context) -> str:
    path = context.options.get("path")
    return find_sops(context.environ, path if isinstance(path, str) else None)


def _path(reference: Reference, context: Context) -> str:
    path = reference.path
    if path.startswith("~/"):
        path = os.path.join(context.environ.get("HOME") or os.path.expanduser("~"), path[2:])
    return os.path.normpath(os.path.join(reference.base, path))


def _format(reference: Reference) -> str | None:
    """The format a reference asks for, or None."""
    for name, value in reference.options:
        if name not in OPTIONS:
            raise BadReference(f"sops has no option {name!r}", hint=f"one of {', '.join(OPTIONS)}")
        if name == "key_type" and value != "filepath":
            raise BadReference(f"key_type={value} is not supported", hint="only key_type=filepath is")
    kind = reference.option("format") or reference.option("type")
    if kind is not None and kind not in FORMATS:
        raise BadReference(f"sops has no format {kind!r}", hint=f"one of {', '.join(FORMATS)}")
    return kind


def _kind_of(path: str) -> str:
    """The format sops takes a file for, by its name and then by its content.

    sops goes by the extension alone and takes any other file for binary. A binary file it wrote is a
    JSON document with one value, "data"; an encrypted file of another format under a foreign name is
    told by how its metadata is written.
    """
    for suffix, kind in (
        (".yaml", "yaml"), (".yml", "yaml"), (".json", "json"), (".env", "dotenv"), (".ini", "ini"),
    ):  # fmt: skip
        if path.endswith(suffix):
            return kind
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return "binary"
    if content.lstrip().startswith(b"{"):
        import json

        try:
            keys = set(json.loads(content))
        except ValueError:
            return "binary"
        return "binary" if keys == {"data", "sops"} else "json"
    for line in content.splitlines():
        if line.startswith(b"sops_version="):
            return "dotenv"
        if line.startswith(b"sops:"):
            return "yaml"
        if line.strip() == b"[sops]":
            return "ini"
    return "binary"


def _has_documents(path: str) -> bool:
    """Whether an encrypted YAML file holds several documents: sops leaves the markers in the clear."""
    try:
        with open(path, "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return False
    seen_content = False
    for line in lines:
        if line.rstrip() == b"---" and seen_content:
            return True
        seen_content = seen_content or (bool(line.strip()) and line.rstrip() != b"---")
    return False
