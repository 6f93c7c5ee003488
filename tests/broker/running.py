"""Rules of a project, and the processes of a run with a broker."""

from pathlib import Path

from support.broker_world import descendants


def rules(world, more=""):
    world.template(
        f'[secrets.KEY]\nref = "file://{world.path / "key"}"\n[[secrets.KEY.allow]]\nhost = "api.test"\n'
        f'port = {world.up.port}\nmethods = ["GET", "POST"]\npaths = ["/v1/**", "/echo*"]\n{more}'
    )


def wrapper_of(client):
    return wrapper_below(client.process.pid)


def wrapper_below(pid):
    """The wrapper's pid: the child of bubblewrap that started us."""
    return next(pid for pid in descendants(pid) if b"secretrun" in cmdline(pid) and b"--set" in cmdline(pid))


def cmdline(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def broker_below(wrapper):
    """The broker: it leads a session of its own."""
    for pid in descendants(wrapper):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        if int(words[3]) == pid and int(words[1]) == wrapper:
            return pid
    raise AssertionError("there is no broker")
