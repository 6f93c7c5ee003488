"""The completion scripts, in the real shells.

bash is asked by calling its function, fish by `complete -C`; zsh has no such door, so keys are typed
into it on a terminal, and into bash where readline's own part is what is tested.
"""

import os
import select
import shutil
import subprocess
import sys
import time

import ptyprocess
import pytest
from cli.scripts import ROOT, SECONDS

from secretrun.cli import parser

BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"


@pytest.fixture
def place(tmp_path):
    """A directory with a few files and a command `srowntool` whose completion is `deploy` and `destroy`."""
    (tmp_path / "prod env.env").touch()
    (tmp_path / "stores").mkdir()
    tool = tmp_path / "bin" / "srowntool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    ours = tmp_path / "bin" / "secretrun"
    ours.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m secretrun "$@"\n')
    ours.chmod(0o755)
    return tmp_path


@pytest.fixture
def project(place):
    """The same with a template, two profiles (one whose name a shell would run) and a store."""
    (place / ".env.secretrun").write_text(
        "API_KEY=file://x\nDB_URL=op://a/b/c\nDB_USER=app\nBROKEN=${X:?no}\n"
    )
    (place / "secretrun.toml").write_text(
        '[profile.staging.env]\nSTAGED = "1"\n[profile.prod.env]\nA = "1"\n[profile."$(touch owned)".env]\nA = "1"\n'
    )
    (place / "secrets.enc.env").write_text(
        "STORED_KEY=ENC[AES256_GCM,data:x]\nSTORED_TOO=ENC[AES256_GCM,data:y]\nsops_mac=ENC[AES256_GCM,data:z]\n"
    )
    (place / "base.env").write_text("FROM_BASE=1\n")
    return place


class Shell:
    """A shell on a terminal: type into it and wait for what it shows."""

    def __init__(self, argv, place, setup):
        path = f"{place / 'bin'}:{os.environ['PATH']}"
        env = os.environ | {"TERM": "dumb", "PATH": path, "PS1": "", "INPUTRC": "/dev/null"}
        self.process = ptyprocess.PtyProcess.spawn(argv, cwd=place, env=env, dimensions=(60, 200))
        self.seen = b""
        # split so that the typed line, which is echoed, is not taken for the answer
        self.process.write(f"{setup}\nPS1='rea''dy> '\n".encode())
        self.expect(b"ready> ")

    def type(self, text):
        self.seen = b""
        self.process.write(text.encode())

    def expect(self, *texts):
        """Wait until all of `texts` were shown."""
        deadline = time.monotonic() + SECONDS
        while not all(text in self.seen for text in texts):
            left = deadline - time.monotonic()
            assert left > 0, f"waited for {texts}, the shell showed {self.seen!r}"
            if select.select([self.process.fd], [], [], left)[0]:
                self.seen += os.read(self.process.fd, 65536).replace(b"\a", b"")  # zsh beeps in mid-word

    def close(self):
        self.process.close(force=True)


def bash(place, *typed, package=True):
    """What bash offers for the last of the words in `typed`."""
    source = f"source {BASH_COMPLETION}\n" if package else ""
    program = f"""{source}source {ROOT}/completions/secretrun.bash
complete -W 'deploy destroy' srowntool
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${{#COMP_LINE}} COMP_TYPE=9 COMP_KEY=9
_secretrun secretrun "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD - 1]}}" 2>/dev/null
[ ${{#COMPREPLY[@]}} = 0 ] || printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    env = os.environ | {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "AWS_PROFILE": "dev"}
    done = subprocess.run(
        ["bash", "--norc", "-c", program, "bash", "secretrun", *typed],
        cwd=place, env=env, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def fish(place, line):
    """What fish offers at the end of `line`, without the descriptions."""
    program = f"""source {ROOT}/completions/secretrun.fish
complete -c srowntool -f -a 'deploy destroy'
complete -c srowntool -l level -x -a 'low high'
complete -C $argv[1]
"""
    env = os.environ | {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "AWS_PROFILE": "dev"}
    done = subprocess.run(
        ["fish", "--no-config", "-c", program, line],
        cwd=place, env=env, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert not done.stderr, done.stderr
    return [offered.partition("\t")[0] for offered in done.stdout.splitlines()]


def zsh(place):
    """A zsh whose completion is on; `srowntool` completes as in `place`."""
    setup = (
        f"fpath=({ROOT}/completions $fpath); autoload -Uz compinit; compinit -D -u; "
        "_srowntool() { compadd deploy destroy }; compdef _srowntool srowntool; LISTMAX=0; "
        "zstyle ':completion:*' list-prompt ''; unsetopt zle prompt_cr prompt_sp; setopt zle; "
    )
    return Shell([shutil.which("zsh"), "-f", "-i"], place, setup)


OFFERED = [
    ("secretrun --only DB", ["DB_URL", "DB_USER"]),
    ("secretrun read API", ["API_KEY"]),
    ("secretrun -e base.env --except FR", ["FROM_BASE"]),
    ("secretrun -p staging --show STA", ["STAGED"]),
    ("secretrun check --explain DB_UR", ["DB_URL"]),
    ("secretrun -p sta", ["staging"]),
    ("secretrun check -p pr", ["prod"]),
    ("secretrun -e .env.", [".env.secretrun"]),
    ("secretrun -e b", ["base.env"]),
    ("secretrun check -e sec", ["secretrun.toml"]),  # and not the store
    ("secretrun set STORED_K", ["STORED_KEY"]),
    ("secretrun unset STORED_T", ["STORED_TOO"]),
    ("secretrun rename STORED_K", ["STORED_KEY"]),
    ("secretrun set --store sec", ["secrets.enc.env"]),
    ("secretrun help compl", ["completion"]),
    ("secretrun hook inst", ["install"]),
    ("secretrun hook install cod", ["codex"]),
]


@pytest.mark.parametrize(("line", "offered"), OFFERED)
def test_bash_offers_what_is_known_here(project, line, offered):
    assert bash(project, *line.split()[1:]) == offered


@pytest.mark.parametrize(("line", "offered"), OFFERED)
def test_fish_offers_what_is_known_here(project, line, offered):
    assert fish(project, line) == offered


def test_zsh_offers_what_is_known_here(project):
    shell = zsh(project)
    try:
        for line, offered in OFFERED:
            shell.type(f"{line}\t")
            if len(offered) == 1:
                shell.expect(f"{line[: line.rindex(' ') + 1]}{offered[0]} ".encode())
            else:
                shell.expect(b"DB_U")
                shell.type("\t")
                shell.expect(*(word.encode() for word in offered))
            shell.type("\x15")  # Ctrl-U: the line away
            shell.expect(b"")
    finally:
        shell.close()


@pytest.mark.parametrize(
    "ask", [lambda place: bash(place, "-p", ""), lambda place: fish(place, "secretrun -p ")]
)
def test_a_name_that_a_shell_would_run_is_not_offered(project, ask):
    """The names are a stranger's: what is offered is typed, and a shell expands what is typed."""
    assert sorted(ask(project)) == ["prod", "staging"]
    assert not (project / "owned").exists()


def test_what_can_not_be_known_offers_nothing(secretrun, project, tmp_path):
    (project / "secretrun.toml").write_text("broken [")
    for kind in ("name", "profile", "stored", "member", "template", "store", "nothing", ""):
        done = secretrun("__complete", kind, "--store", "/nonexistent", "-e", "/nonexistent", "-e", "-")
        assert (done.status, done.err) == (0, "")


def test_fish_finds_what_was_installed(secretrun, place, clean_environment):
    """Without a word in config.fish."""
    assert secretrun("completion", "--install", "fish").status == 0
    env = os.environ | {"PATH": f"{place / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["fish", "-c", "complete -C 'secretrun chec'"],
        cwd=place, env=env, capture_output=True, text=True, timeout=SECONDS,
    )  # fmt: skip
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == ["check"]


def test_bash_offers_the_verbs_first(place):
    assert bash(place, "") == [*parser.VERBS, "--"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["che"], ["check"]),
        (["--vers"], ["--version"]),
        (["--tt"], ["--tty"]),
        (["--tty", ""], ["auto", "always", "never"]),
        (["run", "--tty", "n"], ["never"]),
        (["--tty", "=", "al"], ["always"]),
        (["--tty", "="], ["auto", "always", "never"]),
        (["-q", "--fail"], ["--fail-on-leak"]),
        (["-q", ""], ["--"]),
        (["run", ""], ["--"]),
        (["-e", "pro"], ["prod env.env"]),
        (["--env-file", "=", "pro"], ["prod env.env"]),
        (["check", "-e", "pro"], ["prod env.env"]),
        (["--pass", "AWS_PR"], ["AWS_PROFILE"]),
        (["--from", "so"], ["sops://"]),
        (["read", "aws-ss"], ["aws-ssm://"]),
        (["check", "--js"], ["--json"]),
        (["check", "--tt"], []),
        (["init", "st"], ["stores"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
        (["--profile", ""], []),
        (["nosuchverb", ""], []),
    ],
)  # fmt: skip
@pytest.mark.parametrize("package", [True, False], ids=["package", "bare"])
def test_bash_completes_words_before_the_command(place, typed, offered, package):
    """With the bash-completion package and without it, the same."""
    assert bash(place, *typed, package=package) == offered


@pytest.mark.parametrize("before", [["--"], ["run", "--"], ["-e", "prod env.env", "--tty", "never", "--"]])
def test_bash_hands_over_after_the_dashes(place, before):
    """The command's own completion is asked, with its own words."""
    assert bash(place, *before, "srowntool", "d") == ["deploy", "destroy"]
    assert bash(place, *before, "srowntool", "x", "des") == ["destroy"]
    assert "srowntool" in bash(place, *before, "srownto")


def test_bash_without_the_package_offers_commands_then_files(place):
    assert bash(place, "--", "srownto", package=False) == ["srowntool"]
    assert bash(place, "--", "srowntool", "pro", package=False) == ["prod env.env"]


def test_bash_dashes_of_another_verb_start_no_command(place):
    assert bash(place, "check", "--", "srownto") == []


def test_bash_quotes_file_names_on_a_terminal(place):
    """Readline's own file completion is used, so a blank in a name is escaped."""
    setup = f"source {BASH_COMPLETION}; source {ROOT}/completions/secretrun.bash"
    shell = Shell(["bash", "--norc", "--noprofile", "-i"], place, setup)
    try:
        shell.type("secretrun -e pro\t")
        shell.expect(rb"prod\ env.env ")
    finally:
        shell.close()


def test_bash_hands_over_on_a_terminal(place):
    setup = f"source {BASH_COMPLETION}; source {ROOT}/completions/secretrun.bash; complete -W 'deploy destroy' srowntool"
    shell = Shell(["bash", "--norc", "--noprofile", "-i"], place, setup)
    try:
        shell.type("secretrun -e 'prod env.env' -- srowntool des\t")
        shell.expect(b"srowntool destroy ")
    finally:
        shell.close()


def test_fish_offers_the_verbs_in_the_order_of_the_help(place):
    offered = fish(place, "secretrun ")
    assert [word for word in offered if word in parser.VERBS] == list(parser.VERBS)
    assert "--" in offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("secretrun chec", ["check"]),
        ("secretrun --vers", ["--version"]),
        ("secretrun --tty ", ["always", "auto", "never"]),
        ("secretrun run --tty=n", ["--tty=never"]),
        ("secretrun -e pro", ["prod env.env"]),
        ("secretrun --pass AWS_PR", ["AWS_PROFILE"]),
        ("secretrun -q --from so", ["sops://"]),
        ("secretrun read aws-ss", ["aws-ssm://"]),
        ("secretrun check --js", ["--json"]),
        ("secretrun check --tt", []),
        ("secretrun init sto", ["stores/"]),
        ("secretrun completion ", ["bash", "fish", "zsh"]),
    ],
)
def test_fish_completes_words_before_the_command(place, line, offered):
    assert fish(place, line) == offered


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("secretrun -- srownto", ["srowntool"]),
        ("secretrun -- srowntool d", ["deploy", "destroy"]),
        ("secretrun run -- srowntool des", ["destroy"]),
        ("secretrun -e 'prod env.env' --tty never -- srowntool --level ", ["high", "low"]),
        ("secretrun -- srowntool --lev", ["--level"]),
        ("secretrun check -- srowntool d", []),
    ],
)
def test_fish_hands_over_after_the_dashes(place, line, offered):
    found = fish(place, line)
    assert sorted(word for word in found if word in offered or not offered) == offered


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("secretrun chec\t", [b"check "]),
        ("secretrun --fail\t", [b"--fail-on-leak "]),
        ("secretrun run --tty nev\t", [b"--tty never "]),
        ("secretrun --tty=alw\t", [b"--tty=always "]),
        ("secretrun -e pro\t", [rb"prod\ env.env "]),
        ("secretrun check -e pro\t", [rb"prod\ env.env "]),
        ("secretrun read aws-ss\t", [b"aws-ssm://"]),
        ("secretrun check --js\t", [b"--json "]),
        ("secretrun init sto\t", [b"stores/"]),
        ("secretrun completion fi\t", [b"completion fish "]),
        ("secretrun -- srownto\t", [b"srowntool "]),
        ("secretrun -- srowntool des\t", [b"srowntool destroy "]),
        ("secretrun run -- srowntool x dep\t", [b"x deploy "]),
        ("secretrun -e 'prod env.env' --tty never -- srowntool des\t", [b"srowntool destroy "]),
        ("secretrun --tty \t\t", [b"auto", b"always", b"never"]),
    ],
)  # fmt: skip
def test_zsh_completes(place, typed, shown):
    """On a terminal: what is unambiguous is inserted, what is not is listed."""
    shell = zsh(place)
    try:
        shell.type(typed)
        shell.expect(*shown)
    finally:
        shell.close()


def test_zsh_lists_the_verbs_with_what_they_do(place):
    shell = zsh(place)
    try:
        shell.type("secretrun \t\t")
        shell.expect(*(f"{verb}  ".encode() for verb in parser.VERBS if len(verb) < 8))
        shell.expect(parser.VERBS["check"].summary[:40].encode())
    finally:
        shell.close()


def test_zsh_works_when_the_script_is_sourced(place):
    """`source <(secretrun completion zsh)` in .zshrc, the way most people set it up."""
    setup = f"autoload -Uz compinit; compinit -D -u; source {ROOT}/completions/_secretrun"
    shell = Shell([shutil.which("zsh"), "-f", "-i"], place, setup)
    try:
        shell.type("secretrun chec\t")
        shell.expect(b"check ")
    finally:
        shell.close()
