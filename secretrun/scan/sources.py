"""What is looked through: files, archives, the git index, a range of commits. Each as (where, bytes).

What can't be read is said, never passed over in silence.
"""

from __future__ import annotations

import os
import subprocess

from secretrun.errors import SecretrunError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Text = tuple[str, bytes]

LARGEST = 1 << 30  # bytes of one file that is read at once
_ARCHIVES = (".zip", ".whl", ".jar", ".war", ".egg", ".xpi", ".apk", ".docx", ".xlsx")
_TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".txz", ".tar.zst")


class ScanError(SecretrunError):
    """Something that was to be looked through can't be."""

    code = "scan"


def files(paths: Iterable[str], warn: Callable[[str], None], *, everything: bool) -> Iterator[Text]:
    """Files and all files below directories; in a git work tree those that git does not ignore.

    Args:
        paths: of files, directories and archives.
        warn: told what can't be read.
        everything: ignored files too.

    Raises:
        ScanError: a path that is not there.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise ScanError(f"{path}: no such file or directory")
        if os.path.isdir(path):
            for found in _below(path, everything=everything):
                yield from _file(found, warn)
        else:
            yield from _file(path, warn)


def _below(directory: str, *, everything: bool) -> Iterator[str]:
    if not everything:
        try:
            listed = git(directory, "ls-files", "-z", "-co", "--exclude-standard")
        except ScanError:
            listed = None  # no work tree
        if listed is not None:
            for raw in sorted(set(listed.split(b"\0")) - {b""}):
                path = os.path.join(directory, os.fsdecode(raw))
                if not os.path.islink(path) and os.path.isfile(path):
                    yield path
            return
    for place, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name != ".git" or everything)
        for name in sorted(names):
            path = os.path.join(place, name)
            if not os.path.islink(path) and os.path.isfile(path):
                yield path


def _file(path: str, warn: Callable[[str], None]) -> Iterator[Text]:
    shown = path.removeprefix("./")
    try:
        if os.path.getsize(path) > LARGEST:
            warn(f"{shown}: larger than 1 GiB, not looked at")
            return
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        warn(f"{shown}: {(error.strerror or 'unreadable').lower()}")
        return
    yield shown, data
    if path.endswith((*_ARCHIVES, *_TARS, ".gz")):
        yield from members(shown, data, warn)


def members(where: str, data: bytes, warn: Callable[[str], None]) -> Iterator[Text]:
    """The files in an archive."""
    import io
    import tarfile
    import zipfile
    import zlib

    try:
        if where.endswith(_ARCHIVES):
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for info in archive.infolist():
                    if not info.is_dir() and info.file_size <= LARGEST:
                        yield f"{where}!{info.filename}", archive.read(info)
        elif where.endswith(_TARS):
            with tarfile.open(fileobj=io.BytesIO(data)) as tar:
                for member in tar:
                    file = tar.extractfile(member) if member.isfile() and member.size <= LARGEST else None
                    if file is not None:
                        yield f"{where}!{member.name}", file.read()
        else:
            yield f"{where}!", zlib.decompressobj(31).decompress(data, LARGEST)
    except (
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
    ) as error:
        warn(f"{where}: not a readable archive ({type(error).__name__})")


def staged(directory: str) -> Iterator[Text]:
    """What the git index has that the last commit has not.

    Raises:
        ScanError: git can't be asked.
    """
    top = os.fsdecode(git(directory, "rev-parse", "--show-toplevel").strip())
    head = ["HEAD"] if _has_commits(top) else [_empty_tree(top)]
    said = git(
        top, "diff", "--cached", "--raw", "-z", "--no-renames", "--abbrev=40", "--diff-filter=d", *head
    )
    parts = said.split(b"\0")
    wanted = [(parts[at].split()[3], parts[at + 1]) for at in range(0, len(parts) - 1, 2)]
    yield from _blobs(top, [(blob, os.fsdecode(name)) for blob, name in wanted])


def commits(directory: str, span: str) -> Iterator[Text]:
    """What a range of commits has added: each object once, the commits' messages too.

    Raises:
        ScanError: git can't be asked, or knows no such range.
    """
    if span.startswith("-"):
        raise ScanError(f"{span}: not a range of commits", hint="such as origin/main..HEAD")
    listed = git(directory, "rev-list", "--objects", span, "--")
    wanted = []
    for line in listed.splitlines():
        name, _, path = line.partition(b" ")
        wanted.append((name, os.fsdecode(path)))
    yield from _blobs(directory, wanted)


def _blobs(directory: str, wanted: list[tuple[bytes, str]]) -> Iterator[Text]:
    """The contents of git objects: (name, what to call it); trees are passed over."""
    import threading

    process = subprocess.Popen(
        ["git", "-C", directory, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None  # noqa: S101  asked for
    assert process.stdout is not None  # noqa: S101  asked for
    pipe = process.stdin

    def ask() -> None:
        try:
            for name, _ in wanted:
                pipe.write(name + b"\n")
            pipe.close()
        except OSError:
            pass  # it has ended; reading tells

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    try:
        for name, path in wanted:
            head = process.stdout.readline().split()
            if len(head) != 3:
                raise ScanError(f"git has no object {name.decode('ascii', 'replace')}")
            data = process.stdout.read(int(head[2]))
            process.stdout.read(1)
            if head[1] == b"blob":
                yield f"{path}@{name[:10].decode()}", data
            elif head[1] in (b"commit", b"tag"):
                yield f"{head[1].decode()} {name[:10].decode()}", data
    finally:
        process.stdout.close()
        process.kill()
        process.wait()


def _has_commits(directory: str) -> bool:
    try:
        git(directory, "rev-parse", "--verify", "-q", "HEAD")
    except ScanError:
        return False
    return True


def _empty_tree(directory: str) -> str:
    return git(directory, "hash-object", "-t", "tree", os.devnull).decode().strip()


def git(directory: str, *words: str) -> bytes:
    """What git prints.

    Raises:
        ScanError: with git's own words.
    """
    try:
        done = subprocess.run(
            ["git", "-C", directory, *words], capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except OSError:
        raise ScanError("git is not installed", hint="name the files to look through") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        raise ScanError(f"git: {said.removeprefix('fatal: ') or 'it failed'}")
    return done.stdout
