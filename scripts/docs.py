"""Write the documents that come from data: `python scripts/docs.py` (--check only compares).

Between `<!-- NAME -->` and `<!-- /NAME -->` of a page stands what the function NAME below returns: verbs,
options, settings, exit statuses, stores, install lines. The JSON Schema of secretrun.toml and the manual page
are written beside them. A test runs it with --check.
"""

import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
os.environ["COLUMNS"] = "100"  # of the help texts


def options() -> str:
    from secretrun.cli import parser

    return f"```text\n{parser.build('run').format_help()}```"


def verbs() -> str:
    from secretrun.cli import parser

    return table(
        ("verb", "does"), ((f"`{verb.usage}`", verb.summary) for verb in parser.VERBS.values()), escape=False
    )


def each_verb() -> str:
    from secretrun.cli import parser

    helps = (
        f"### {name}\n\n```text\n{parser.build(name).format_help()}```"
        for name in parser.VERBS
        if name != "run"
    )
    return "\n\n".join(helps)


EXITS = (
    ("the command's own", "exactly, 0 to 255"),
    ("128 + n", "signal n killed the command; secretrun dies of the same signal, for callers that look"),
    ("127", "there is no such command"),
    ("126", "it is there but can't be executed"),
    ("125", "secretrun's own failure: nothing was started, or `--fail-on-leak` found something"),
    ("2", "wrong usage"),
)


def exits() -> str:
    return table(("status", "meaning"), EXITS)


def settings() -> str:
    from secretrun.config import settings as data
    from secretrun.trust import table as trust

    words = {trust.FREE: "free", trust.AGREED: "agreed", trust.NEVER: "yours"}
    divided = {",": "comma", ":": "colon", "\n": "line end"}
    rows = []
    for setting in data.RUN:
        option = ", ".join(f"`{flag}`" for flag in setting.flags)
        kind = f"list ({divided[setting.separator]})" if setting.kind == "list" else setting.kind
        kind = " ".join(f"`{choice}`" for choice in setting.choices) or kind
        may = words[trust.project_may(f"run.{setting.name}")]
        rows.append((option, f"`{setting.name}`", kind, setting.help, may))
    return table(("option", "in `[run]`", "kind", "does", "a project"), rows)


def secret_keys() -> str:
    from secretrun.config import secret_table

    return table(("key", "is"), ((f"`{key}`", said) for key, (_, said) in secret_table.KEYS.items()))


def backends() -> str:
    sys.path.insert(0, str(ROOT / "tests" / "backends"))
    from ran_against import RAN_AGAINST

    from secretrun import installation
    from secretrun.resolution.registry import Registry

    rows = []
    for backend in Registry({}).everything():
        info = backend.info
        title = f"[{info.title}]({info.docs})" if info.docs else info.title
        install = installation.document(info.install)
        needs = f"{info.needs}: `{install}`" if install else info.needs or "nothing"
        rows.append((title, f"`{info.example}`", needs, info.sign_in or "nothing", RAN_AGAINST[info.name][1]))
    return table(("store", "reference", "needs", "signs in by", "tested against"), rows)


def first() -> str:
    from secretrun import installation

    place = "With" if installation.ON_AN_INDEX else "In a clone of secretrun, with"
    line = installation.document("pip install 'secretrun[sops]'")
    return f"{place} any Python from 3.11 on (other ways: [installing](install.md)):\n\n```sh\n{line}\n```"


def broker() -> str:
    from secretrun import installation

    place = "The extra" if installation.ON_AN_INDEX else "In a clone of secretrun, the extra"
    line = installation.document("pip install 'secretrun[broker]'")
    return f"{place} `broker` brings what it is made with:\n\n```sh\n{line}\n```"


def install() -> str:
    from secretrun import installation

    place = "" if installation.ON_AN_INDEX else "In a clone, as long as the package is on no index:\n\n"
    lines = (installation.document(f"{tool} 'secretrun[sops]'") for tool in installation.TOOLS)
    return f"{place}```sh\n" + "   # or:\n".join(lines) + "\n```"


def compose() -> str:
    return shown("yaml", "compose.yaml")


def unit() -> str:
    return shown("ini", "app.service")


def pod() -> str:
    return shown("yaml", "pod.yaml")


def shown(language: str, file: str) -> str:
    """A file of examples/services as a block."""
    return f"```{language}\n{(ROOT / 'examples' / 'services' / file).read_text(encoding='utf-8')}```"


def table(head: tuple[str, ...], rows, *, escape: bool = True) -> str:
    """A table of Markdown; a bar in a cell would end it."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    for row in rows:
        cells = (cell.replace("|", "&#124;") if escape else cell for cell in row)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


PARTS = {
    "docs/start.md": (first,),
    "docs/broker.md": (broker,),
    "docs/install.md": (install,),
    "docs/services.md": (compose, unit, pod),
    "docs/reference/verbs.md": (verbs, options, each_verb, exits),
    "docs/reference/settings.md": (settings,),
    "docs/reference/stores.md": (backends,),
    "docs/reference/templates.md": (secret_keys,),
}


def rewritten(page: str) -> str:
    """The text of a page with every generated part made anew."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for part in PARTS[page]:
        name = part.__name__
        marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not marked.search(text):
            raise SystemExit(f"{page} has no <!-- {name} --> part")
        made = part()
        text = marked.sub(lambda match, made=made: f"{match.group(1)}{made}\n{match.group(2)}", text)
    return text


def schema() -> str:
    from secretrun.config.schema import schema

    return json.dumps(schema(), indent=2) + "\n"


def manual() -> str:
    sys.path.insert(0, str(ROOT / "scripts"))
    import manual

    return manual.page(EXITS)


def main() -> int:
    made = {ROOT / page: rewritten(page) for page in PARTS}
    made[ROOT / "docs" / "secretrun.schema.json"] = schema()
    made[ROOT / "docs" / "secretrun.1"] = manual()
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
