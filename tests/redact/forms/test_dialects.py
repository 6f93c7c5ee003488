"""Every dialect against the tool that speaks it: what the tool prints of a secret shows none of it.

The tools are asked anew in each run, with values of every ASCII character, of text beyond it, of
controls, of line ends. What is left of a masked output is what the tool says whatever the value is.
"""

import base64
import functools
import json
import os
import random
import re
import shutil
import subprocess
import sys
from urllib.parse import quote

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
    "astral": "tok_A9-\U0001f511x\U0001f680-éz9",
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
    "bash [[ == ]]": ["bash", "--norc", "-xc", '[[ x == "$V" ]]'],
    "bash [[ != ]] in C": ["env", "LC_ALL=C", "bash", "--norc", "-xc", '[[ x != *"$V"* ]]'],
    "bash [[ =~ ]]": ["bash", "--norc", "-xc", '[[ x =~ a"$V"b ]]'],
    "bash [[ left ]]": ["bash", "--norc", "-xc", '[[ "$V" == x ]]; [[ -n "$V" ]]; [[ x < "$V" ]]'],
    "bash declare": ["bash", "--norc", "-xc", 'declare -x A="$V"; declare -a B=("$V" c); B[1]="$V"; B+=("$V")'],
    "bash local": ["bash", "--norc", "-xc", 'f() { local A="$V"; set -- "$V"; }; f; [ "$V" = x ]; cat <<< x"$V"'],
    "zsh [[ == ]]": ["zsh", "-fxc", '[[ x == "$V" ]]; [[ x == *"$V"* ]]; [[ x != $V ]]'],
    "zsh [[ left ]]": ["zsh", "-fxc", '[[ "$V" == x ]]; [[ -n "$V" ]]'],
    "zsh case": ["zsh", "-fxc", 'case "$V" in a) ;; esac; case x in "$V") ;; esac'],
    "zsh assignments": ["zsh", "-fxc", 'A="$V"; typeset B="$V"; C=("$V" b); for i in "$V"; do :; done; export D="$V"'],
    "mksh assignments": ["mksh", "-xc", 'A="$V"; export B="$V"; set -A C -- "$V" b; typeset D="$V"'],
    "busybox [[ ]]": ["busybox", "ash", "-xc", '[[ x == "$V" ]]; A="$V"; export B="$V"'],
    "dash assignments": ["dash", "-xc", 'A="$V"; export B="$V"; readonly C="$V"; [ "$V" = x ]'],
    "python re.escape": ["python3", "-c", "import os, re; print(re.escape(os.environ['V']))"],
    "node escapes for a RegExp": ["node", "-e", NODE % "process.env.V.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\\\$&')"],
    "sed for sed": ["sh", "-c", "printf '%s' \"$V\" | sed 's/[\\/&]/\\\\&/g'"],
    "json in a trace": ["bash", "--norc", "-xc", ': "$(jq -nc "{a: env.V}")"'],
    "a command in json": ["sh", "-c", "python3 -c 'import os, shlex; print(\"curl -u \" + shlex.quote(os.environ[\"V\"]))' | jq -R ."],
    "json in an attribute": ["python3", "-c", "import os, json, html; print(html.escape(json.dumps(os.environ['V'])))"],
    "json in json in json": ["jq", "-n", "env.V|@json|@json"],
    "twice percent": ["python3", "-c", "import os; from urllib.parse import quote as q; print(q(q(os.environ['V'], '')), q(q(os.environ['V'])))"],
    "node percent twice": ["node", "-e", NODE % "encodeURIComponent(encodeURIComponent(process.env.V))"],
    "json in percent": ["python3", "-c", "import os, json; from urllib.parse import quote as q; print(q(json.dumps(os.environ['V'])))"],
    "python unicode_escape": ["python3", "-c", "import os; print(os.environ['V'].encode('unicode_escape').decode())"],
    "node code points": ["node", "-e", NODE % r"[...process.env.V].map(c => c > '\x7f' ? '\\u{' + c.codePointAt(0).toString(16) + '}' : c).join('')"],
    "perl code points": ["perl", "-CE", "-MEncode", "-e", r"$_ = Encode::decode_utf8($ENV{V}); s/([^\x00-\x7f])/sprintf('\x{%x}', ord $1)/ge; print"],
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
    "coreutils %q": ["env", "printf", "%q", "{VALUE}"],
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

CARRIED = {
    "base64 of Python's json": ["python3", "-c", "import os, json, base64; print(base64.b64encode(json.dumps({'k': os.environ['V']}).encode()).decode())"],
    "base64 with CRLF": ["sh", "-c", "printf %s \"$V\" | sed 's/$/\\r/' | base64 -w0"],
    "utf-16le": ["sh", "-c", 'printf %s "$V" | iconv -f UTF-8 -t UTF-16LE'],
    "utf-16be": ["sh", "-c", 'printf %s "$V" | iconv -f UTF-8 -t UTF-16BE'],
    "base64 of json": ["sh", "-c", "jq -nc '{k: env.V}' | base64 -w0"],
    "base64 of percent": ["sh", "-c", "jq -nr 'env.V|@uri' | base64 -w0"],
    "base64 of base64": ["sh", "-c", 'printf "user:%s" "$V" | base64 -w0 | sed "s/.*/{\\"auth\\":\\"&\\"}/" | base64 -w0'],
    "base64 of a trace": ["bash", "-c", 'printf "+ curl -u %q" "$V" | base64 -w0'],
    "base64 of a quoted word": ["sh", "-c", "python3 -c 'import os, shlex; print(shlex.quote(os.environ[\"V\"]))' | base64 -w0"],
    "base64 of a form": ["python3", "-c", "import os, base64; from urllib.parse import urlencode; print(base64.b64encode(urlencode({'v': os.environ['V']}).encode()).decode())"],
    "kubectl docker-registry": [
        "kubectl", "create", "secret", "docker-registry", "r", "--docker-username=user", "--docker-password={VALUE}", "--dry-run=client", "-o", "yaml",
    ],
}  # fmt: skip

ONE_IN_ANOTHER = r"""
import base64, csv, html, io, json, os, re, shlex, unicodedata
from urllib.parse import quote, quote_plus
v = os.environ["V"]
row = io.StringIO()
csv.writer(row).writerow([v])
print(repr(repr(v)), repr(json.dumps(v)), repr(repr(v.encode())), json.dumps(re.escape(v)), json.dumps(row.getvalue().strip()))
print(html.escape(html.escape(v)), json.dumps(html.escape(v)), html.escape(json.dumps(v)))
print(shlex.quote(shlex.quote(v)), json.dumps(shlex.quote(v)), shlex.quote(json.dumps(v)))
print(quote_plus(quote_plus(v)), quote_plus(json.dumps(v)), json.dumps(json.dumps(json.dumps(v))))
print(unicodedata.normalize("NFD", v), v.encode("ascii", "replace").decode(), v.encode("ascii", "ignore").decode())
print(v.encode().decode("ascii", "replace"))
"""
BY_HAND = r"""
import json, os, re
v = os.environ["V"]
addslashes = re.sub(r"([\\'\"])", r"\\\1", v)
print(addslashes, addslashes.replace("\n", "\\n"))  # PHP, MySQL
print(re.sub(r"([`$\"])", r"`\1", v).replace("\n", "`n").replace("\t", "`t"))  # PowerShell
print(v.replace("_", "\\_"), re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~=])", r"\\\1", v))  # Markdown
more = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "`": "&#x60;", "=": "&#x3D;"}
print("".join((more | {"'": "&#39;", "/": "&#x2F;"}).get(c, c) for c in v))  # Mustache
print("".join((more | {"'": "&#x27;"}).get(c, c) for c in v))  # Handlebars
go = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "+": "&#43;"}
print("".join(go.get(c, c) for c in v))  # Go's html/template
amp, less, more, quote = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))
for kind in (
    (amp, less), (amp, less, quote), (amp, quote),  # XML's text and attributes, HTML's as browsers write them
    (amp, less, more, ('"', "&#034;"), ("'", "&#039;")),  # JSTL
    (amp, less, more, quote, ("'", "&#x27;"), ("+", "&#x2B;")),  # .NET
    (amp, less, more, quote, ("'", "&#x27;"), ("`", "&#x60;")),  # Underscore
):
    print("".join(dict(kind).get(c, c) for c in v))
text = json.dumps(v, ensure_ascii=False)[1:-1]
print("".join(f"\\u{ord(c):04X}" if c in "<>&" else c for c in text))  # Django's json_script
print("".join(f"\\u{ord(c):04X}" if c in "<>/" else c for c in text))  # serialize-javascript
print("".join(f"\\u{ord(c):04X}" if c in "\\'\"<>&=-;`\x7f" or c < " " else c for c in v))  # Django's escapejs
print(v.replace("'", "''").replace("\\", "\\\\"))  # PostgreSQL's quote_literal
print(v.replace("%", "\\%"), v.replace("$", "$$").replace("%", "%%"))  # crontab, systemd
for more in "", ";":  # dig
    print("".join("\\" + c if c in '"\\' + more else c if " " <= c < "\x7f" else "".join("\\%03d" % b for b in c.encode()) for c in v))
"""
SH |= {
    "one in another": ["python3", "-c", ONE_IN_ANOTHER],
    "by hand": ["python3", "-c", BY_HAND],
    "openssl base64 in json": ["sh", "-c", 'printf %s "$V" | openssl base64 | jq -Rs .'],
}

BROKEN = {"fold", "coreutils base64 echo"}  # a secret needs 16 bytes to be found across line ends

# What the tools add of their own, beyond what they add to every value; base64 of what stands around it.
OWN = (
    b"declare",
    b"originally",
    b"inherited",
    b"+zsh:1>",
    b"dTo",
    b"dTp",
    b"QBjAGgAbwAgA",
    b"Ong",
    b"local",
    b"export",
    b"typeset",
    b"readonly",
    b"set",
)


PATH = os.pathsep.join((os.path.dirname(sys.executable), os.environ["PATH"]))


def decoded(text):
    """Every reading of base64 in `text`, once and twice."""
    found = []
    for _ in range(2):
        readings = []
        for run in re.findall(rb"[A-Za-z0-9+/]{8,}", text):
            for at in range(4):
                part = run[at : at + (len(run) - at) // 4 * 4]
                readings.append(base64.b64decode(part))
        text = b"\n".join(readings)
        found.append(text)
    return found


@pytest.mark.parametrize("tool", CARRIED)
def test_what_a_tool_carries_a_secret_in_shows_none_of_it_decoded(tool):
    left = {}
    for name, value in VALUES.items():
        told = spoken(tool, value)
        masked = redactor(value, "\n").mask(told)
        inner = value.encode()
        spelled = [inner, json.dumps(value)[1:-1].encode(), quote(value, safe="").encode()]
        pieces = {text[at : at + 6] for text in spelled for at in range(len(text) - 5)}
        for reading in (masked, masked.replace(b"\0", b""), *decoded(masked)):
            shown = [piece for piece in pieces if piece in reading]
            if shown or masked == told:
                left[name] = (told, shown)
    assert left == {}


@functools.cache
def redactor(value, mask):
    """One for all tools: `mask` is a stream of its own each time."""
    return Redactor([value], mask=mask)


@functools.cache
def said_of_every(tool, size):
    """What the tool says whatever the value is."""
    return spoken(tool, "Q" * size)


def spoken(tool, value):
    """What the tool prints, stdout and stderr."""
    command = [part.replace("{VALUE}", value) for part in (SH | CARRIED)[tool]]
    if shutil.which(command[0], path=PATH) is None:
        pytest.fail(f"{command[0]} is needed to test the dialect of {tool!r}")
    environment = {
        "PATH": PATH,
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
        other = said_of_every(tool, len(value))
        masked = redactor(value, "\0").mask(told)
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
