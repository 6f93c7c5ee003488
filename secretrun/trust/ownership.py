"""Whose a file is: only what we or root wrote, and nobody else can change, may say what runs here.

Judged on the descriptor that is then read, and on every directory that leads to it. The rules are those of
OpenSSH (`secure_permissions`, its group write as Debian has it) and of git (`ensure_valid_ownership`,
`safe.directory`, SUDO_UID).
"""

from __future__ import annotations

import os
import sys

from secretrun.errors import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TYPE, _DIRECTORY, _REGULAR, _STICKY = 0o170000, 0o040000, 0o100000, 0o1000
_UNMAPPED = 65534  # /proc/sys/kernel/overflowuid: the owner of what belongs to nobody in this namespace
_ACL = "system.posix_acl_access"
_HOST = 4026531836  # the first process namespace (PROC_PID_INIT_INO, linux/proc_ns.h)


class NotOurs(ConfigError):
    """A file or a directory on the way to it belongs to, or can be changed by, somebody else."""

    code = "trust.not-ours"


class Whose:
    """Who counts as us in this run.

    Args:
        environ: as root, its SUDO_UID is us too.
        exceptions: absolute directories, below which everybody counts (`[trust] directories`).
        everybody: nothing is looked at.
    """

    def __init__(
        self, environ: Mapping[str, str], exceptions: Iterable[str] = (), *, everybody: bool = False
    ) -> None:
        self._uid = os.geteuid()
        self._ours = {0, self._uid}
        self._exceptions = [os.path.realpath(directory) for directory in exceptions]
        self._everybody = everybody
        self._fine: dict[str, str | None] = {}
        sudo = environ.get("SUDO_UID", "")
        if self._uid == 0 and sudo.isascii() and sudo.isdigit() and len(sudo) < 11:
            self._ours.add(int(sudo))

    def read(self, path: str, shown: str) -> bytes:
        """The content of a file that is ours.

        Raises:
            NotOurs: it is not; the owner is named.
            ConfigError: it can't be read.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise ConfigError(f"{shown}: {(error.strerror or 'unreadable').lower()}") from None
        with open(descriptor, "rb", buffering=0) as file:
            self._require(os.fstat(descriptor), path, shown, descriptor)
            try:
                return file.readall()
            except OSError as error:
                raise ConfigError(f"{shown}: {(error.strerror or 'unreadable').lower()}") from None

    def require(self, path: str, shown: str) -> None:
        """See that a file we hand on (to sops) is ours.

        Raises:
            NotOurs: it is not; the owner is named.
        """
        try:
            found = os.stat(path)
        except OSError as error:
            raise ConfigError(f"{shown}: {(error.strerror or 'unreadable').lower()}") from None
        self._require(found, path, shown, path)

    def alone(self, found: os.stat_result) -> bool:
        """Whether a file of ours can be changed by nobody else, whatever `[trust]` says."""
        return self._is_us(found.st_uid) and not found.st_mode & 0o022

    def owns(self, path: str) -> bool:
        """Whether what is at `path` itself (a link is not followed) belongs to us or to root."""
        try:
            return self._everybody or self._excepted(path) or self._is_us(os.lstat(path).st_uid)
        except OSError:
            return False

    def _excepted(self, path: str) -> bool:
        for directory in self._exceptions:
            if path == directory or path.startswith(directory.rstrip("/") + "/"):
                return True
        return False

    def _require(self, found: os.stat_result, path: str, shown: str, at: int | str) -> None:
        if self._everybody:
            return
        places = [os.path.dirname(os.path.abspath(path))]
        real = os.path.realpath(path)
        if os.path.dirname(real) != places[0]:
            places.append(os.path.dirname(real))
        if all(self._excepted(place) for place in places):
            return
        wrong = self._wrong(found, at)
        if wrong is not None:
            raise NotOurs(f"{shown} {wrong}, so it is not read", hint=self._hint(found, path, real))
        for place in dict.fromkeys(step for start in places for step in _upward(start)):
            wrong = self._directory(place)
            if wrong is not None:
                raise NotOurs(
                    f"{shown} is not read: the directory {place} {wrong}",
                    hint=self._hint(os.stat(place), path, place),
                )

    def _directory(self, place: str) -> str | None:
        if place not in self._fine:
            found = os.stat(place)
            if found.st_mode & _STICKY and self._is_us(found.st_uid):
                self._fine[place] = None
            else:
                self._fine[place] = self._wrong(found, place)
        return self._fine[place]

    def _wrong(self, found: os.stat_result, at: int | str) -> str | None:
        """What is wrong with the owner or the mode, in words, or None."""
        if not self._is_us(found.st_uid):
            if (
                found.st_uid == _UNMAPPED
                and _is_directory(found)
                and not found.st_mode & 0o022
                and _no_root()
            ):
                return None  # a system directory, seen from a namespace to which root does not belong
            if not self._only_user(found.st_uid):
                return f"belongs to {_user(found.st_uid)}"
        if found.st_mode & 0o002:
            return f"can be written to by everybody (mode {found.st_mode & 0o7777:04o})"
        if found.st_mode & 0o020:
            other = self._others(found, at)
            if other:
                return f"can be written to by {other} (mode {found.st_mode & 0o7777:04o})"
        return None

    def _is_us(self, uid: int) -> bool:
        return uid in self._ours

    def _only_user(self, uid: int) -> bool:
        """Whether root of a container asks about an owner who can't be anybody in there."""
        return self._uid == 0 and uid != _UNMAPPED and _in_container() and _name(uid) is None

    def _others(self, found: os.stat_result, at: int | str) -> str | None:
        """Who besides us may write by the group's right, in words, or None."""
        groups = [found.st_gid]
        if sys.platform == "linux":
            try:  # with an access list the group's bits are its mask
                raw = os.getxattr(at, _ACL)
            except OSError:
                raw = b""
            if raw:
                groups = []
                for start in range(4, len(raw) - 7, 8):
                    tag, right = (int.from_bytes(raw[start + i : start + i + 2], "little") for i in (0, 2))
                    who = int.from_bytes(raw[start + 4 : start + 8], "little")
                    if right & 2 and tag == 0x02 and not self._is_us(who):  # ACL_USER
                        return _user(who)
                    if right & 2 and tag in (0x04, 0x08):  # ACL_GROUP_OBJ, ACL_GROUP
                        groups.append(found.st_gid if tag == 0x04 else who)
        return next((said for group in groups if (said := self._members(group, found.st_uid))), None)

    def _members(self, gid: int, owner: int) -> str | None:
        """Who is in a group besides us, in words, or None when nobody is."""
        if gid == 0:
            return None
        import grp
        import pwd

        ours = {name for uid in self._ours | {owner} if (name := _name(uid)) is not None}
        try:
            group = grp.getgrgid(gid)
        except KeyError:
            # Nobody knows its members; a group that bears its owner's number is the owner's own.
            return None if gid == owner and self._is_us(owner) else f"the group {gid}"
        for name in group.gr_mem:
            if name not in ours:
                return f"{name}, by the group {group.gr_name}"
        for entry in pwd.getpwall():
            if entry.pw_gid == gid and entry.pw_name not in ours:
                return f"{entry.pw_name}, by the group {group.gr_name}"
        return None

    def _hint(self, found: os.stat_result, path: str, place: str) -> str:
        if found.st_uid == _UNMAPPED and not self._is_us(_UNMAPPED):
            return (
                "its owner is unknown in this container or user namespace; list "
                f"{os.path.dirname(path)} under directories in [trust] of your own config.toml, "
                f"or name the file: -e {path}"
            )
        if self._is_us(found.st_uid):
            return f"chmod go-w {place}; or name the file: -e {path}"
        return (
            f"whoever owns it would decide what runs as you; if that is right name it: -e {path}, "
            f"or list {os.path.dirname(path)} under directories in [trust] of your own config.toml"
        )


def owner(path: str) -> str:
    """Whose `path` is, in words."""
    try:
        return _user(os.lstat(path).st_uid)
    except OSError:
        return "nobody"


def _upward(place: str) -> list[str]:
    """A directory and all above it."""
    found = [place]
    while (above := os.path.dirname(found[-1])) != found[-1]:
        found.append(above)
    return found


def _is_directory(found: os.stat_result) -> bool:
    return found.st_mode & _TYPE == _DIRECTORY


def _name(uid: int) -> str | None:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _user(uid: int) -> str:
    name = _name(uid)
    return f"{name} (uid {uid})" if name else f"uid {uid}"


def _no_root() -> bool:
    """Whether root itself is nobody here: a user namespace that maps us alone."""
    return os.stat("/").st_uid == _UNMAPPED


def _in_container() -> bool:
    """Whether our processes are numbered apart from the machine's, as container engines have it."""
    try:
        return os.stat("/proc/self/ns/pid").st_ino != _HOST
    except OSError:
        return False
