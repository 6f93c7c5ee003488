"""A prompt shows before the command reads, however many secrets may begin like it."""

import os
import pty
import random
import select
import string
import subprocess

import pytest
from support.store import COMMAND, clean_environ

PROMPT = b"Password: "
# the answer is read after the prompt was written, so nothing else can push it out
ASK = ["sh", "-c", "printf 'Password: '; read answer; test \"$answer\" = please && printf 'in\\n'"]


def thousand(home):
    rng = random.Random(3)
    alphabet = string.ascii_letters + string.digits
    secrets = {f"HELD_{number}": "".join(rng.choices(alphabet, k=32)) for number in range(1000)}
    return clean_environ(home) | secrets | {"SECRETRUN_MASK_ENV": "HELD_*"}


def shown(descriptor, want, most=60.0):
    """What is read until `want` has come."""
    seen = b""
    while want not in seen:
        assert select.select([descriptor], [], [], most)[0], f"only {seen!r} came"
        data = os.read(descriptor, 4096)
        assert data, f"it ended after {seen!r}"
        seen += data
    return seen


def test_on_pipes(tmp_path):
    command = subprocess.Popen(
        [*COMMAND, "--", *ASK],
        env=thousand(tmp_path),
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert shown(command.stdout.fileno(), PROMPT) == PROMPT
        command.stdin.write(b"please\n")
        command.stdin.flush()
        assert shown(command.stdout.fileno(), b"in\n") == b"in\n"
        assert command.wait(60) == 0
    finally:
        command.kill()
        command.stdin.close()
        command.stdout.close()
        command.wait(60)


@pytest.mark.parametrize("answer", [b"please\r", b"please\n"])
def test_on_a_terminal(tmp_path, answer):
    environment = thousand(tmp_path)
    pid, master = pty.fork()
    if pid == 0:
        try:
            os.chdir(tmp_path)
            os.execvpe(COMMAND[0], [*COMMAND, "--", *ASK], environment)
        finally:
            os._exit(99)
    try:
        assert shown(master, PROMPT) == PROMPT
        os.write(master, answer)
        assert shown(master, b"in\r\n").endswith(b"in\r\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    finally:
        os.close(master)
