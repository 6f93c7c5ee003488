"""Every dialect against the tool that speaks it: what the tool prints of a secret shows none of it.

The tools are asked anew in each run, with values of every ASCII character, of text beyond it, of
controls, of line ends. What is left of a masked output is what the tool says whatever the value is.
"""

import os
import random
import shutil
import subprocess

import pytest

from secretrun.redact import Redactor

PRINTABLE = bytes(range(0x21, 0x7F)).decode()
VALUES = {
    "every-printable": PRINTABLE,
    "reversed": PRINTABLE[::-1],
    "quotes": "a'b\"c`d\\e$f'g\"h",
    "quote-edges": "'starts and ends'",
    "double-quote": 'say "hello" to $HOME & <b>',
    "single-quote": "it's only one quote",
    "meta": "pa$$ \"w0rd'x\\y!z&<k>",
    "url": "p@ss w&rd+/=?%#tail",
    "hash-first": "#hash~and=more",
    "lines": "line1-AAAA\nline2-BBBB\nline3-CCCC",
    "controls": "tab\there\x01ctl\x1besc-end\x7f!",
    "text": "tok_ÄÖ€-é\u00ad😀end-XYZ",
    "plain": "correct-horse-battery-staple-42",
    "token": "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4",
    "base64ish": "aGVsbG8+d29ybGQ/Zm9vYmFy+/9=",
}
_rng = random.Random(20_261_124)
VALUES |= {f"random-{i}": "".join(_rng.choices(PRINTABLE + " ", k=24)).strip() for i in range(6)}

PUNCTUATION = b"'\"$\\=+-:,;()[]{}<>|&`0123456789\x1b"
NODE = "process.stdout.write(String(%s))"
SH = {
    "bash -x": ["bash", "--norc", "-xc", ': "$V"'],
    "bash -x word": ["bash", "--norc", "-xc", ': "<$V>"'],
    "bash -x split": ["bash", "--norc", "-xc", "set -f; : $V; : x$V"],
    "mksh -x split": ["mksh", "-xc", "set -f; : $V x=$V"],
    "mksh -x": ["mksh", "-xc", ': "$V"'],
    "busybox -x split": ["busybox", "ash", "-xc", "set -f; : $V x=$V"],
    "busybox -x": ["busybox", "ash", "-xc", ': "$V"'],
    "dash -x": ["dash", "-xc", ': "$V"'],
    "zsh -x": ["zsh", "-fxc", ': "$V"'],
    "zsh -x word": ["zsh", "-fxc", ': "<$V>"'],
    "bash %q": ["bash", "--norc", "-c", "printf '%q' \"$V\""],
    "bash @Q": ["bash", "--norc", "-c", 'echo "${V@Q}"'],
    "bash @A": ["bash", "--norc", "-c", 'echo "${V@A}"'],
    "bash declare -p": ["bash", "--norc", "-c", "declare -p V"],
    "bash set": ["bash", "--norc", "-c", "set | grep -a -A9 ^V="],
    "bash @Q traced": ["bash", "--norc", "-xc", ': "${V@Q}"'],
    "dash export": ["dash", "-c", "export -p | grep -a -A9 ' V='"],
    "zsh (q)": ["zsh", "-fc", "print -r -- ${(q)V}"],
    "zsh (q-)": ["zsh", "-fc", "print -r -- ${(q-)V}"],
    "zsh (q+)": ["zsh", "-fc", "print -r -- ${(q+)V}"],
    "zsh (qq)": ["zsh", "-fc", "print -r -- ${(qq)V}"],
    "zsh (qqq)": ["zsh", "-fc", "print -r -- ${(qqq)V}"],
    "zsh (qqqq)": ["zsh", "-fc", "print -r -- ${(qqqq)V}"],
    "zsh export": ["zsh", "-fc", "export -p V"],
    "fish escape": ["fish", "-Nc", "string escape -- $V"],
    "fish escape -n": ["fish", "-Nc", "string escape -n -- $V"],
    "fish url": ["fish", "-Nc", "string escape --style=url -- $V"],
    "fish regex": ["fish", "-Nc", "string escape --style=regex -- $V"],
    "fish set -S": ["fish", "-Nc", "set -S V"],
    "fish trace": ["fish", "-Nc", "set fish_trace 1; true $V"],
    "coreutils %q": ["env", "printf", "%q", "{V}"],
    "jq": ["jq", "-n", "env.V"],
    "jq -a": ["jq", "-na", "env.V"],
    "jq @json": ["jq", "-n", "env.V|@json"],
    "jq @sh": ["jq", "-nr", "env.V|@sh"],
    "jq @uri": ["jq", "-nr", "env.V|@uri"],
    "jq @html": ["jq", "-nr", "env.V|@html"],
    "jq @csv": ["jq", "-nr", "[env.V]|@csv"],
    "jq @tsv": ["jq", "-nr", "[env.V]|@tsv"],
    "jq @base64": ["jq", "-nr", "env.V|@base64"],
    "perl Dumper": ["perl", "-MData::Dumper", "-e", "print Dumper($ENV{V})"],
    "perl Useqq": ["perl", "-MData::Dumper", "-e", "$Data::Dumper::Useqq = 1; print Dumper($ENV{V})"],
    "perl quotemeta": ["perl", "-e", "print quotemeta($ENV{V})"],
    "perl percent": ["perl", "-e", "$_ = $ENV{V}; s/([^A-Za-z0-9])/sprintf('%%%02X', ord($1))/seg; print"],
    "node JSON": ["node", "-e", NODE % "JSON.stringify(process.env.V)"],
    "node inspect": ["node", "-e", NODE % "require('util').inspect({v: process.env.V}, {breakLength: Infinity})"],
    "node encodeURIComponent": ["node", "-e", NODE % "encodeURIComponent(process.env.V)"],
    "node encodeURI": ["node", "-e", NODE % "encodeURI(process.env.V)"],
    "node escape": ["node", "-e", NODE % "escape(process.env.V)"],
    "node URLSearchParams": ["node", "-e", NODE % "new URLSearchParams({v: process.env.V})"],
    "node Buffer base64": ["node", "-e", NODE % "Buffer.from('u:' + process.env.V).toString('base64')"],
    "node Buffer base64url": ["node", "-e", NODE % "Buffer.from(process.env.V + ':x').toString('base64url')"],
    "node utf16 base64": ["node", "-e", NODE % "Buffer.from('echo ' + process.env.V, 'utf16le').toString('base64')"],
    "node URL password": ["node", "-e", NODE % "(u => (u.password = process.env.V, u.href))(new URL('https://u@h/'))"],
    "coreutils base64": ["sh", "-c", 'printf %s "$V" | base64'],
    "coreutils base64 echo": ["sh", "-c", 'printf "%s\\n" "$V" | base64 -w 20'],
    "openssl base64": ["sh", "-c", 'printf "k=%s" "$V" | openssl base64'],
    "xxd -p": ["sh", "-c", 'printf %s "$V" | xxd -p'],
    "xxd -i": ["sh", "-c", 'printf %s "$V" | xxd -i'],
    "od": ["sh", "-c", 'printf %s "$V" | od -An -tx1 -v'],
    "python repr": ["python3", "-c", "import os; print(repr(os.environ['V']), repr(os.environb[b'V']))"],
    "python ascii": ["python3", "-c", "import os; print(ascii([os.environ['V']]))"],
    "python mixed quotes": ["python3", "-c", "import os; print(repr('\\'\"' + os.environ['V']))"],
    "python json": ["python3", "-c", "import os, json; print(json.dumps(json.dumps(os.environ['V'])))"],
    "python repr in json": ["python3", "-c", "import os, json; print(json.dumps(repr([os.environ['V']])))"],
    "python html": ["python3", "-c", "import os, html; print(html.escape(os.environ['V']))"],
    "python quoteattr": [
        "python3", "-c", "import os; from xml.sax.saxutils import *; print(escape(os.environ['V']), quoteattr(os.environ['V']))",
    ],
    "python quote": [
        "python3", "-c",
        "import os; from urllib.parse import *; v = os.environ['V']; print(quote(v), quote(v, ''), quote_plus(v))",
    ],
    "python shlex": ["python3", "-c", "import os, shlex; print(shlex.quote(os.environ['V']))"],
    "python csv": ["python3", "-c", "import os, csv, sys; csv.writer(sys.stdout).writerow([os.environ['V']])"],
    "python yaml style": ["python3", "-c", "import os; print(\"'\" + os.environ['V'].replace(\"'\", \"''\") + \"'\")"],
    "python etree": [
        "python3", "-c",
        "import os; from xml.etree import ElementTree as E; e = E.Element('a', b=os.environ['V']); e.text = os.environ['V']; print(E.tostring(e).decode())",
    ],
    "yaml": ["python3", "-c", "import os, yaml; print(yaml.safe_dump({'a': os.environ['V']}, width=9999))"],
    "yaml quoted": ["python3", "-c", "import os, yaml; print(yaml.safe_dump(os.environ['V'], default_style='\"', width=9999))"],
    "strace": ["sh", "-c", 'strace -s 999 -e trace=execve true "$V" 2>&1 | sed -n "1s/, 0x.*//p"'],
    "fold": ["sh", "-c", 'printf %s "$V" | fold -w 10'],
}  # fmt: skip

BROKEN = {"fold", "coreutils base64 echo"}  # a secret needs 16 bytes to be found across line ends

# What the tools add of their own, beyond what they add to every value; base64 of what stands around it.
OWN = (b"declare", b"originally", b"inherited", b"+zsh:1>", b"dTo", b"dTp", b"QBjAGgAbwAgA", b"Ong")


def spoken(tool, value):
    """What the tool prints, stdout and stderr."""
    command = [part.replace("{V}", value) if part == "{V}" else part for part in SH[tool]]
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is needed to test the dialect of {tool!r}")
    environment = {
        "PATH": os.environ["PATH"],
        "V": value,
        "LC_ALL": "C.UTF-8",
        "HOME": "/nonexistent",
        "TERM": "dumb",
    }
    done = subprocess.run(command, env=environment, capture_output=True, timeout=110)
    return done.stdout + done.stderr


@pytest.mark.parametrize("tool", SH)
def test_what_a_tool_prints_of_a_secret_is_masked(tool):
    left = {}
    for name, value in VALUES.items():
        if tool in BROKEN and len("".join(value.split())) < 24:
            continue
        told = spoken(tool, value)
        other = spoken(tool, "Q" * len(value))  # what the tool says whatever the value is
        masked = Redactor([value], mask="\0").mask(told)
        rest = masked.replace(b"\0", b"\n")
        for line in other.replace(b"Q", b"\n").split(b"\n"):
            if line:
                rest = rest.replace(line, b"\n")
        shown = [
            piece
            for piece in rest.split()
            if len(piece.strip(PUNCTUATION)) >= 3
            and not any(piece.startswith(own) and len(piece) <= len(own) + 1 for own in OWN)
        ]
        if shown or b"\0" not in masked:
            left[name] = (told, shown)
    assert left == {}


@pytest.mark.parametrize(("tool", "value"), [("make", "pa$$word-$$-end"), ("printf", "100%%-secret-%%-end")])
def test_what_reads_doubled_characters_prints_single_ones(tool, value):
    told = subprocess.run(
        [
            "sh",
            "-c",
            {"make": "printf 'all:\\n\\t@echo x$(V)x\\n' | make -n -f -", "printf": 'printf "$V\\n"'}[tool],
        ],
        env={"PATH": os.environ["PATH"], "V": value},
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    assert value.encode() not in told
    assert Redactor([value], mask="#").mask(told).strip() in (b"#", b"echo x#x")
