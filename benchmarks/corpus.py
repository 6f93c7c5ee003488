"""Real output for the benchmarks: what programs that are installed here print.

    python benchmarks/corpus.py [DIRECTORY]

Writes up to 256 KiB of each program's output as DIRECTORY/NAME.txt; without one, a slice of each to
`benchmarks/corpus`, which is what is kept in the repository. A program that is not installed is named and
left out, its kept slice stays. Paths of this machine are replaced.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from terminal import on_terminal

KEPT = pathlib.Path(__file__).resolve().parent / "corpus"
ROOT = KEPT.parent.parent
COLOURED = ("gcc", "jest", "pytest", "source")
PLAIN = ("imports", "json", "pip")
SIZE, SLICE = 1 << 18, 1 << 15

CASES = """
import pytest
from orders import Order, total

@pytest.mark.parametrize("number", range(60))
def test_total_of(number):
    order = Order(number, "customer-%d" % number, [3, 5, number])
    assert total(order) == number % 7 + 8, "the total of an order with three lines"

@pytest.mark.parametrize("name", ["alice", "bob", "carol"])
def test_a_customer_is_shown(name, capsys):
    print({"customer": name, "status": "shipped"})
    assert str(Order(1, name, [])) == f"Order 1 of {name}"
"""
ORDERS = """
class Order:
    def __init__(self, number, customer, lines):
        self.number, self.customer, self.lines = number, customer, lines

def total(order):
    return sum(order.lines)
"""
JEST = """
describe('orders', () => {
  for (let number = 0; number < 80; number++) {
    it(`totals order ${number}`, () => { expect({number, lines: [3, 5, number]}).toEqual({number, lines: [3, 5, number % 7]}) })
  }
})
"""


def c_source():
    """Functions with mistakes that a compiler has much to say of."""
    yield "#include <stdio.h>\n#include <string.h>\n"
    for n in range(120):
        yield f"int order_{n}(const char *name, unsigned count) {{\n"
        yield f'  char line[8]; int unused_{n};\n  printf("%s has %d of %ld\\n", count, name, line);\n'
        yield f"  if (count >= 0 && name = line) return undeclared_{n};\n  strcpy(line, name, count)\n}}\n"


def printed(kind, command, folder):
    """What a command prints: on a terminal where its colours are wanted, else into a pipe."""
    if kind in PLAIN:
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout
    chunks = []
    colours = {"TERM": "xterm-256color", "COLUMNS": "120", "FORCE_COLOR": "1"}
    on_terminal(command, directory=folder, env={**os.environ, **colours}, take=chunks.append)
    return b"".join(chunks).replace(b"\r\n", b"\n")


def commands(folder):
    """(name, command) for each program that is here."""
    python = sys.executable
    (folder / "orders.c").write_text("".join(c_source()))
    (folder / "orders.py").write_text(ORDERS)
    (folder / "test_orders.py").write_text(CASES)
    (folder / "orders.test.js").write_text(JEST)
    (folder / "package.json").write_text("{}")
    if shutil.which("gcc"):
        yield (
            "gcc",
            ["gcc", "-Wall", "-Wextra", "-fdiagnostics-color=always", "-fmax-errors=0", "-c", "orders.c"],
        )
    if shutil.which("jest"):
        yield "jest", ["jest", "--colors", "--verbose", "--ci"]
    yield "pytest", [python, "-m", "pytest", "--color=yes", "-v", "-p", "no:cacheprovider", "test_orders.py"]
    source = str(ROOT / "secretrun" / "session" / "pump.py")
    yield "source", [python, "-m", "pygments", "-f", "terminal16m", "-O", "style=monokai", source]
    yield (
        "imports",
        [python, "-v", "-c", "import asyncio, email, http.client, json, unittest, xml.dom.minidom"],
    )
    if (ruff := shutil.which("ruff", path=f"{sys.prefix}/bin:{os.environ['PATH']}")) is not None:
        linted = str(ROOT / "benchmarks")
        yield (
            "json",
            [ruff, "check", "--isolated", "--no-cache", "--select", "ALL", "--output-format", "json", linted],
        )
    yield "pip", [python, "-m", "pip", "list", "-v"]


def without_this_machine(data, folder):
    """The text without paths of this machine."""
    places = {
        str(folder): "/home/user/orders",
        str(ROOT): "/home/user/secretrun",
        sys.prefix: "/home/user/venv",
    }
    places[sys.base_prefix] = "/usr"
    for place in sorted(places, key=len, reverse=True):
        data = data.replace(place.encode(), places[place].encode())
    return re.sub(rb"/home/(?!user)\w+|/root", b"/home/user", data)


def main():
    target, size = KEPT, SLICE
    if len(sys.argv) > 1:
        target, size = pathlib.Path(sys.argv[1]), SIZE
    target.mkdir(parents=True, exist_ok=True)
    made = set()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name).resolve()
        for kind, command in commands(folder):
            data = without_this_machine(printed(kind, command, folder), folder)
            if len(data) < 4096:
                print(f"{kind}: printed too little, left out", file=sys.stderr)
                continue
            made.add(kind)
            (target / f"{kind}.txt").write_bytes((data * (size // len(data) + 1))[:size])
    for kind in sorted({*COLOURED, *PLAIN} - made):
        print(f"{kind}: not installed here, what is kept stays", file=sys.stderr)
        if target != KEPT and (KEPT / f"{kind}.txt").exists():
            shutil.copy(KEPT / f"{kind}.txt", target)


if __name__ == "__main__":
    main()
