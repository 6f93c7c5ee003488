"""Two unprivileged users of this machine, for what one of them does to the other.

Root becomes two user ids without an account. Who is not root runs the tests in a user namespace, where they
are root over a range of ids: `unshare --user --map-root-user --map-auto --mount -- python -m pytest`. Where
neither is to be had the tests fail by name, they are not skipped.

An interpreter below a closed directory (/root/.pyenv) is out of their reach, as is a clone in one that mktemp
made; a mount namespace for each opens the way to it for what they run, and for nothing else.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

VICTIM, EVE = 61234, 61235
ROOT = Path(__file__).resolve().parents[2]

# Arguments: a closed directory, "--", the trees below it to be opened, "--", the user's command.
OPEN = """
set -e
closed=$1; shift 2
held=$(mktemp -d); n=0; trees=""
while [ "$1" != -- ]; do
    n=$((n + 1)); mkdir "$held/$n"; mount --bind "$1" "$held/$n"; trees="$trees $1"; shift
done
shift
mount -t tmpfs -o mode=755 none "$closed"
n=0
for tree in $trees; do n=$((n + 1)); mkdir -p "$tree"; mount --bind "$held/$n" "$tree"; done
exec "$@"
"""


def _closed(path):
    """The topmost directory on the way to `path` that others can't pass, or None."""
    return next((p for p in reversed(path.parents) if not p.stat().st_mode & 0o001), None)


def _as(uid, groups, mounts=()):
    """The words before a command that is run as a user, with other files in some files' places."""
    names = ",".join(map(str, groups))
    become = [] if uid == 0 else ["setpriv", f"--reuid={uid}", f"--regid={uid}"]
    become += [] if uid == 0 else [f"--groups={names}" if groups else "--clear-groups", "--"]
    # setpriv itself keeps root's rights until it executes something: that must not be what is tested.
    become += [] if uid == 0 else ["env"]
    for source, place in mounts:
        become = ["unshare", "--mount", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh",
                  str(source), str(place), *become]  # fmt: skip
    needed = [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), ROOT]
    closed = {}
    for tree in needed:
        place = _closed(tree)
        if place is not None:
            closed.setdefault(str(place), set()).add(str(tree))
    for place, trees in closed.items():
        become = [
            "unshare", "--mount", "--propagation", "private", "sh", "-c", OPEN, "sh", place, "--", *sorted(trees),
            "--", *become,
        ]  # fmt: skip
    return become


class User:
    """One user: runs commands, writes files."""

    def __init__(self, uid, home):
        self.uid = uid
        self.home = home
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "xterm",
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
        }

    def run(
        self, *command, cwd=None, env=None, stdin=b"", timeout=60, umask=-1, groups=(), mounts=(), check=False
    ):
        """Run a command as this user; a `Finished` of text."""
        done = subprocess.run(
            [*_as(self.uid, groups, mounts), *map(os.fspath, command)], cwd=cwd or self.home,
            env=self.environ | (env or {}), input=stdin, capture_output=True, timeout=timeout, umask=umask,
            check=check,
        )  # fmt: skip
        return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def start(self, *command, cwd=None, env=None):
        """Start a command as this user; the process is the command's own."""
        return subprocess.Popen(
            [*_as(self.uid, ()), *map(os.fspath, command)], cwd=cwd or self.home,
            env=self.environ | (env or {}), stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def words(self, *arguments):
        """A command line of secretrun."""
        return [sys.executable, "-m", "secretrun", *arguments]

    def secretrun(self, *arguments, **options):
        return self.run(*self.words(*arguments), **options)

    def as_root(self, *command, **options):
        """Run a command as root, with this user's environment."""
        return User(0, self.home).run(*command, **options)

    def write(self, path, text, mode=0o644):
        """Make a file of this user's, and the directories to it."""
        path = Path(path)
        missing = [place for place in (path.parent, *path.parent.parents) if not place.exists()]
        for place in reversed(missing):
            place.mkdir()
            os.chown(place, self.uid, self.uid)
            place.chmod(0o755)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        os.chown(path, self.uid, self.uid)
        path.chmod(mode)
        return path


@pytest.fixture
def ground():
    """A directory that everybody can get to; what pytest makes is for its own user alone."""
    path = Path(tempfile.mkdtemp(prefix="secretrun-users-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def _user(uid, ground, name):
    if os.geteuid() != 0:
        pytest.fail("two users are needed: run the tests as root (a container will do)")
    home = ground / name
    home.mkdir()
    os.chown(home, uid, uid)
    home.chmod(0o755)
    return User(uid, home)


@pytest.fixture
def victim(ground):
    """Who runs secretrun."""
    return _user(VICTIM, ground, "victim")


@pytest.fixture
def eve(ground):
    """Somebody else."""
    return _user(EVE, ground, "eve")
