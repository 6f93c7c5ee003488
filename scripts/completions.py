"""Write completions/ from the command line's own trees: `python scripts/completions.py`.

With --check it only compares.
"""

import pathlib
import sys

from secretrun.cli.verbs.completion import script

DIRECTORY = pathlib.Path(__file__).resolve().parent.parent / "completions"
FILES = {"bash": "secretrun.bash", "zsh": "_secretrun", "fish": "secretrun.fish"}


def main() -> int:
    stale = []
    for shell, name in FILES.items():
        file, made = DIRECTORY / name, script(shell)
        if not file.is_file() or file.read_text(encoding="utf-8") != made:
            stale.append(name)
            if "--check" not in sys.argv:
                DIRECTORY.mkdir(exist_ok=True)
                file.write_text(made, encoding="utf-8")
    if stale and "--check" in sys.argv:
        print(f"stale: {', '.join(stale)}: run python scripts/completions.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
