"""Write the documents that come from data: `python scripts/docs.py` (--check only compares).

Between `<!-- NAME -->` and `<!-- /NAME -->` stands what the function NAME below returns: the help
text, the exit statuses and the backends. The JSON Schema of secretrun.toml is written beside it.
A test runs it with --check.
"""

import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def options() -> str:
    os.environ["COLUMNS"] = "100"
    from secretrun.cli import parser

    return f"```\n{parser.build('run').format_help()}```"


def verbs() -> str:
    from secretrun.cli import parser

    lines = ["| verb | does |", "| --- | --- |"]
    lines += [f"| `{verb.usage}` | {verb.summary} |" for verb in parser.VERBS.values()]
    return "\n".join(lines)


def exits() -> str:
    lines = ["| status | meaning |", "| --- | --- |", "| the command's own | exactly, 0 to 255 |"]
    lines += [
        "| 128 + n | signal n killed the command; secretrun dies of the same signal, for callers that look |",
        "| 127 | there is no such command |",
        "| 126 | it is there but can't be executed |",
        "| 125 | secretrun's own failure: nothing was started, or `--fail-on-leak` found something |",
        "| 2 | wrong usage |",
    ]
    return "\n".join(lines)


def backends() -> str:
    sys.path.insert(0, str(ROOT / "tests" / "backends"))
    from ran_against import RAN_AGAINST

    from secretrun import installation
    from secretrun.resolution.registry import Registry

    lines = [
        "| store | reference | needs | signs in by | tested against |",
        "| --- | --- | --- | --- | --- |",
    ]
    for backend in Registry({}).everything():
        info = backend.info
        title = f"[{info.title}]({info.docs})" if info.docs else info.title
        install = installation.document(info.install)
        needs = f"{info.needs}: `{install}`" if install else info.needs or "nothing"
        cells = (title, f"`{info.example}`", needs, info.sign_in or "nothing", RAN_AGAINST[info.name][1])
        lines.append(f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines)


PARTS = (options, verbs, exits, backends)


def rewritten(text: str) -> str:
    """`text` with every generated part made anew."""
    for part in PARTS:
        name = part.__name__
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"README.md has no <!-- {name} --> part")
        made = part()
        text = marked.sub(lambda match, made=made: f"{match.group(1)}{made}\n{match.group(2)}", text)
    return text


def schema() -> str:
    from secretrun.config.schema import schema

    return json.dumps(schema(), indent=2) + "\n"


def main() -> int:
    readme = ROOT / "README.md"
    made = {
        readme: rewritten(readme.read_text(encoding="utf-8")),
        ROOT / "docs" / "secretrun.schema.json": schema(),
    }
    stale = [path for path, text in made.items() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is stale: run python scripts/docs.py")
        return int(bool(stale))
    for path in stale:
        path.write_text(made[path], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
