"""A stand-in for 1Password's `op`, which needs an account that a test can't have.

It follows what developer.1password.com documents of `op inject`, `op read`, `op whoami` and
`op --version`: names without regard to case, enclosed references, variables left alone, one bad
reference failing the whole injection, complaints as "[ERROR] DATE TIME message" on stderr. `OP_STORE`
is a directory: `values.json` maps references to base64, `fail` (when there) holds a complaint for every
call, `calls` gets a line per call with the arguments and what came in on standard input.
"""

import base64
import json
import os
import re
import sys

store = os.environ["OP_STORE"]
arguments = sys.argv[1:]
template = sys.stdin.read() if arguments[:1] == ["inject"] else ""
with open(os.path.join(store, "calls"), "a", encoding="utf-8") as log:
    log.write(json.dumps([arguments, template]) + "\n")
with open(os.path.join(store, "values.json"), encoding="utf-8") as file:
    values = {name.lower(): base64.b64decode(value) for name, value in json.load(file).items()}


def die(message):
    sys.stderr.write(f"[ERROR] 2026/01/31 12:00:00 {message}\n")
    sys.exit(1)


def look_up(reference):
    value = values.get(reference.lower())
    if value is None:
        vault = reference.removeprefix("op://").split("/")[0].lower()
        if values and all(name.split("/")[2] != vault for name in values):
            die(f"could not read secret '{reference}': \"{vault}\" isn't a vault in this account")
        _, item, field = reference.removeprefix("op://").split("?")[0].split("/", 2)
        die(f"could not read secret '{reference}': item '{item}' does not have a field '{field}'")
    if value == b"<twice>":
        die(f"could not read secret '{reference}': More than one item matches. Use an ID.")
    return value


if arguments == ["--version"]:
    print("2.30.3")
    sys.exit(0)
if os.path.exists(os.path.join(store, "fail")):
    with open(os.path.join(store, "fail"), encoding="utf-8") as file:
        die(file.read())
if arguments == ["whoami"]:
    print("URL: https://example.1password.com")
elif arguments == ["inject"]:
    # Text in, text out: bytes that are not UTF-8 do not survive.
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    sys.stdout.write(
        re.sub(r"\{\{\s*(op://[^}]*?)\s*\}\}", lambda m: look_up(m[1]).decode("utf-8", "replace"), template)
    )
elif arguments[:2] == ["read", "--no-newline"] and len(arguments) == 3:
    sys.stdout.buffer.write(look_up(arguments[2]))
else:
    die(f"unknown command {arguments}")
