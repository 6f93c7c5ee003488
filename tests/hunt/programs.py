"""Real programs, and how each comes to print a secret: from `$V`, or from the file `$F`.

`$W` is the width of the terminal. What a program is not there for is said, and counted.
"""

PYTHON = "import os, sys; V = os.environ['V']; "
NODE = "const V = process.env.V; "
PERL = "use Data::Dumper; $Data::Dumper::Terse = 1; $v = $ENV{V}; "

PIPED = {
    # echoes and dumps of the environment
    "printf": 'printf "token=%s\\n" "$V"',
    "printenv": "printenv V; env | grep -a '^V='",
    "export": "sh -c 'export -p' | grep -a -A40 ' V='",
    "declare": "bash --norc -c 'declare -p V; set' | grep -a -A40 'V='",
    "zsh typeset": "zsh -fc 'typeset -p V; print -r -- ${(q)V} ${(qq)V} ${(qqqq)V}'",
    "printf %q": "bash -c 'printf \"%q\\n\" \"$V\"; echo \"${V@Q} ${V@A}\"'",
    # shells with tracing
    "bash -x": "bash -xc ': \"$V\"; A=\"$V\"; [ \"$V\" = x ]; [[ x == \"$V\" ]]; [[ \"$V\" =~ \"$V\" ]]; declare -a B=(\"$V\"); : $V' 2>&1",
    "zsh -x": "zsh -fxc ': \"$V\"; A=\"$V\"; [[ x == \"$V\" ]]; case \"$V\" in \"$V\") ;; esac; : $V' 2>&1",
    "dash -x": "dash -xc ': \"$V\"; A=\"$V\"; export B=\"$V\"' 2>&1",
    "mksh -x": "mksh -xc ': \"$V\"; A=\"$V\"; : $V' 2>&1",
    "busybox -x": "busybox ash -xc ': \"$V\"; A=\"$V\"; [[ x == \"$V\" ]]' 2>&1",
    "fish trace": "fish -Nc 'set fish_trace 1; true $V; string escape -- $V' 2>&1",
    # serialisers
    "jq": "jq -n '{v: env.V, j: (env.V|@json), s: (env.V|@sh), u: (env.V|@uri), h: (env.V|@html), b: (env.V|@base64)}'",
    "jq tables": "jq -nr '[env.V, 1] | @csv, @tsv'",
    "python json": f'python3 -c "{PYTHON}import json; print(json.dumps([V, json.dumps(V)]), json.dumps(V, ensure_ascii=False))"',
    "python reprs": f'python3 -c "{PYTHON}print(repr(V), ascii(V), V.encode(), [V], dict(v=V))"',
    "python pprint": f'python3 -c "{PYTHON}import pprint; pprint.pprint(dict(v=V, w=[V]), width=int(os.environ[\'W\']))"',
    "python yaml": f'"$PYTHON" -c "{PYTHON}import yaml; print(yaml.safe_dump(dict(v=V), width=int(os.environ[\'W\'])), yaml.dump(V, default_style=chr(34)))"',
    "python toml": f'python3 -c "{PYTHON}import urllib.parse as u, html, shlex, re; print(u.quote(V), u.quote_plus(V), html.escape(V), shlex.quote(V), re.escape(V))"',
    "python xml": f'python3 -c "{PYTHON}import xml.etree.ElementTree as E; e = E.Element(chr(97), b=V); e.text = V; print(E.tostring(e).decode())"',
    "python textwrap": f'python3 -c "{PYTHON}import textwrap; print(textwrap.indent(textwrap.fill(V, int(os.environ[\'W\']) - 4), chr(124) + chr(32)))"',
    "python bytes": f'python3 -c "{PYTHON}import binascii, base64; b = V.encode(); print(b.hex(), base64.b64encode(b).decode(), base64.urlsafe_b64encode(b).decode()); print(V.encode(chr(117) + \'tf-16-le\'))"',
    "node": f'node -e "{NODE}console.log(V, [V], {{v: V}}, JSON.stringify({{v: V}}), encodeURIComponent(V), escape(V))"',
    "node table": f'node -e "{NODE}console.table([{{name: 1, value: V}}])"',
    "node buffer": f'node -e "{NODE}console.log(Buffer.from(V).toString(\'base64\'), Buffer.from(V).toString(\'hex\'), new URLSearchParams({{v: V}}).toString())"',
    "perl": f"perl -e '{PERL}print Dumper($v); $Data::Dumper::Useqq = 1; print Dumper([$v]), quotemeta($v)'",
    "sqlite": "sqlite3 -cmd \".mode box\" :memory: \"select hex(readfile('$F')), quote(cast(readfile('$F') as text)), cast(readfile('$F') as text)\"",
    "sqlite json": "sqlite3 :memory: \"select json_object('v', cast(readfile('$F') as text))\"",
    # what breaks lines and draws round them
    "fold": 'fold -w "$W" "$F"; base64 "$F"; base64 -w 20 "$F"',
    "nl": 'nl -ba "$F"; cat -n "$F"',
    "pr": 'pr -t -o 4 -w "$W" "$F"',
    "xxd": 'xxd -p "$F"; od -An -v -tx1 "$F"',
    "openssl": 'openssl base64 -in "$F"; printf "user:%s" "$V" | base64 -w0 | base64 -w0',
    "column": "printf 'name value\\nx %s\\n' \"$V\" | column -t",
    "sed": "sed 's/^/> /' \"$F\"; sed 's/^/# /' \"$F\"; sed 's/^/+ /' \"$F\"",
    # diffs
    "diff": "printf 'old\\n' | diff -u - \"$F\"",
    "git diff": 'git --no-pager diff --no-index --color=always /dev/null "$F"',
    "git word diff": "printf 'old words\\n' > \"$F.old\"; git --no-pager diff --no-index --color-words \"$F.old\" \"$F\"",
    "grep": "grep -a --color=always -n . \"$F\"; grep -a --color=always -o '[A-Z]*' \"$F\" | head -0",
    # tests that fail
    "unittest": f'python3 -c "{PYTHON}import unittest; T = type(chr(84), (unittest.TestCase,), dict(test=lambda s: s.assertEqual(V, 1))); unittest.TextTestRunner().run(T(\'test\'))" 2>&1',
    "python traceback": f'python3 -c "{PYTHON}raise ValueError(V)" 2>&1',
    "python logging": f'python3 -c "{PYTHON}import logging; logging.basicConfig(level=0); logging.error(chr(37) + chr(115), [V])" 2>&1',
    "node assert": f'node -e "{NODE}require(\'assert\').deepStrictEqual({{v: V}}, {{v: 1}})" 2>&1',
    "pytest": 'printf "import os\\ndef test_it():\\n    v = os.environ[\\"V\\"]\\n    assert v == 1\\n" > "$F.test_it.py"; COLUMNS=$W "$PYTHON" -m pytest -p no:cacheprovider --color=yes -l -q "$F.test_it.py"',
    # clients
    "curl": "curl -sv --max-time 5 -H \"Authorization: Bearer $(printf %s \"$V\" | tr -d '\\n')\" -u \"user:$V\" --data-urlencode \"v=$V\" \"$URL/?$(jq -nr 'env.V|@uri')\" 2> \"$F.err\"; cat \"$F.err\"",
    "wget": 'wget -d -t1 -T5 -O- --user=user --password="$V" --auth-no-challenge "$URL/x" 2> "$F.err"; cat "$F.err"',
    "strace": 'strace -s 9999 -e trace=execve true "$V" 2>&1',
    "make": "printf 'all:\\n\\t@printf \"%%s\\\\n\" \"$$V\"\\n\\t: $(V)\\n' | make -f - 2>&1",
    "kubectl": '"$KUBECTL" create secret generic s --from-literal=v="$V" --dry-run=client -o yaml; "$KUBECTL" create secret docker-registry r --docker-username=u --docker-password="$V" --dry-run=client -o json',
    "workflow": "python3 -c \"import os; V = os.environ['V']; e = V.replace('%', '%25').replace(chr(13), '%0D').replace(chr(10), '%0A'); print('::error::' + e)\"",
}  # fmt: skip

# On a terminal: (command, what is typed once it has drawn its screen).
DRAWN = {
    "less": ('less -R "$F"', "q"),
    "less, folded": ("printf 'a line before it that is long enough %s\\n' \"$V\" | less", "q"),
    "more": ('cat "$F"; printf "%s\\n" "$V" | more', "q"),
    "vim": ('vim -u NONE -i NONE -n "$F"', "\x1b:q!\r"),
    "git log": ('git --no-pager diff --no-index /dev/null "$F"; git -c core.pager=less diff --no-index /dev/null "$F"', "q"),
    "bash readline": ("bash --norc --noprofile -i", "echo {V}\rexit\r"),
    "fish line editor": ("fish -iN", "echo {V}\rexit\r"),
    "nano": ('nano -S "$F"', "\x18"),
    "zsh line editor": ("zsh -fi", "echo {V}\rexit\r"),
    "python prompt": ("python3 -i -q", "'{V}'\rexit()\r"),
    "cat": ('cat "$F"; printf "%s\\n" "$V"', ""),
    "jq in colours": ("jq -nC '{v: env.V, w: [env.V]}'", ""),
    "node in colours": (f'node -e "{NODE}console.log({{v: V}}); console.table([{{v: V}}])"', ""),
    "ls": ('mkdir -p "$F.d"; touch "$F.d/x" 2>/dev/null; ls --color=always "$F.d"; grep -a --color=always -e . "$F"', ""),
    "tmux": ('tmux -L hunt-$$ -f /dev/null new "printf %s\\\\\\\\n \\"$V\\"; sleep 0.3"', ""),
    "man": ("printf '.TH X 1\\n.SH NAME\\nx \\\\- \\\\fB%s\\\\fR\\n' \"$V\" > \"$F.1\"; man -P cat \"$F.1\"", ""),
}  # fmt: skip
