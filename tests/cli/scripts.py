"""Where the completion scripts lie."""

import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = {"bash": "secretrun.bash", "zsh": "_secretrun", "fish": "secretrun.fish"}


SECONDS = 80  # for a shell on a loaded machine to answer; nothing waits that long when all is well
