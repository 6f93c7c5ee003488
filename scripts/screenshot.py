"""Make docs/demo.svg: run the demo on a real terminal and draw its last screen.

`python scripts/screenshot.py`: bash is typed into on a pseudo-terminal, pyte is the terminal, and what
stands on its screen at the end becomes text. The store is real and made for the occasion; its key is
thrown away.
"""

import os
import pathlib
import select
import subprocess
import sys
import tempfile
import time
from xml.sax.saxutils import escape

import ptyprocess
import pyte

PICTURE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "demo.svg"
VALUE = b"sk-live-made-up-7Qx2vK9rTb"  # of the usual shape; it must not be in the picture
COLUMNS, ROWS = 88, 16
COMMANDS = (
    "grep API_KEY .env.secretrun",
    """secretrun -- sh -c 'echo "$API_KEY"; printf %s "$API_KEY" | base64'""",
    """secretrun -- sh -c 'env | grep --color=auto API_'""",
    """secretrun -- sh -c 'test -t 1 && printf "\\033[33mstill\\033[m a terminal\\n"; exit 7'""",
    "echo $?",
)
SECONDS = 100  # for one command on a loaded machine; nothing waits that long when all is well

WIDTH, HEIGHT, MARGIN = 8.4, 19, 18  # of a cell and around the screen, in pixels
FONT = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"
BACKGROUND, FOREGROUND = "#16181d", "#d7dae0"
COLOURS = {
    "black": "#4b5263", "red": "#ef6b73", "green": "#8ccf7e", "brown": "#e5c76b", "blue": "#67b0e8",
    "magenta": "#c47fd5", "cyan": "#6cbfbf", "white": "#e6e8eb",
}  # fmt: skip


class Demo:
    """bash on a terminal that pyte draws."""

    def __init__(self, directory: str, environ: dict[str, str]) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.process = ptyprocess.PtyProcess.spawn(
            ["bash", "--norc", "--noprofile", "-i"], cwd=directory, env=environ, dimensions=(ROWS, COLUMNS)
        )
        self.wait(self.at_prompt)

    def line(self, row: int) -> str:
        return self.screen.display[row].rstrip()

    def at_prompt(self) -> bool:
        return self.line(self.screen.cursor.y) == "$" and self.screen.cursor.x == 2

    def wait(self, condition) -> None:
        """Read what the terminal is sent until `condition()` holds."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.fd], [], [], left)[0]:
                raise SystemExit("the demo hangs:\n" + "\n".join(self.screen.display))
            self.stream.feed(os.read(self.process.fd, 65536))

    def run(self, command: str) -> None:
        """Type a command, and wait for the next prompt."""
        self.process.write(command.encode())
        self.wait(lambda: "".join(self.screen.display).replace(" ", "").endswith(command.replace(" ", "")))
        self.process.write(b"\r")
        self.wait(lambda: not self.at_prompt())
        self.wait(self.at_prompt)


def record() -> pyte.Screen:
    """Run the demo against a new store; returns the screen at its end, the last prompt wiped."""
    with tempfile.TemporaryDirectory() as home:
        environ = {
            "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}",
            "SECRETRUN_QUIET": "1",  # on a busy machine a line that says what is waited for
            "HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PS1": r"\[\e[1;32m\]$\[\e[m\] ",
            "INPUTRC": os.devnull, "HISTFILE": os.devnull, "BASH_SILENCE_DEPRECATION_WARNING": "1",
        }  # fmt: skip
        project = os.path.join(home, "project")
        os.mkdir(project)
        for command, given in ((["init", "-q"], b""), (["set", "-q", "API_KEY"], VALUE + b"\n")):
            subprocess.run(
                ["secretrun", *command],
                cwd=project,
                env=environ,
                input=given,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        demo = Demo(project, environ)
        try:
            for command in COMMANDS:
                demo.run(command)
        finally:
            demo.process.close(force=True)
        demo.stream.feed(b"\r\x1b[K")
        return demo.screen


def text(screen: pyte.Screen) -> list[str]:
    """What stands on the screen, without the blank lines at its end."""
    return "\n".join(line.rstrip() for line in screen.display).rstrip().splitlines()


def svg(screen: pyte.Screen) -> str:
    """The screen as a picture; each line of the screen is one <text>, so it can be read back."""
    lines = text(screen)
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        "<title>secretrun in a terminal: secrets are masked, colours and the exit status are kept</title>",
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
        f'<g font-family="{FONT}" font-size="14" fill="{FOREGROUND}" xml:space="preserve">',
    ]
    for row, line in enumerate(lines):
        baseline = MARGIN + row * HEIGHT + 14
        out.append(f'<text y="{baseline}">{"".join(_runs(screen, row, len(line)))}</text>')
    return "\n".join([*out, "</g>", "</svg>", ""])


def _runs(screen: pyte.Screen, row: int, length: int) -> list[str]:
    """Neighbouring cells of one style as a <tspan> each, held to the grid by x and textLength."""
    runs: list[tuple[int, str, str]] = []
    for column in range(length):
        cell = screen.buffer[row][column]
        style = "" if cell.fg == "default" else f' fill="{COLOURS.get(cell.fg) or "#" + cell.fg}"'
        style += ' font-weight="bold"' if cell.bold else ""
        if runs and runs[-1][1] == style:
            runs[-1] = (runs[-1][0], style, runs[-1][2] + cell.data)
        else:
            runs.append((column, style, cell.data))
    drawn = []
    for start, style, said in runs:
        place = f'x="{MARGIN + start * WIDTH:.1f}" textLength="{len(said) * WIDTH:.1f}"'
        drawn.append(f"<tspan {place}{style}>{escape(said)}</tspan>")
    return drawn


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg(record()), encoding="utf-8")
