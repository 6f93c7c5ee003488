"""What no secret stands in passes byte for byte: real texts, masked for 1, 12 and 96 secrets of real shapes.

    python tests/redact/overmasking.py [PATH]... [--megabytes N]

Without paths: the sources of the standard library and of all that is installed, manual pages, documentation.
A file that comes out changed is named, with what was masked, unless a text of a secret really stands in it.
"""

import argparse
import gzip
import pathlib
import sys
import sysconfig
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from hunt.shapes import shapes

from secretrun.redact import Redactor

TEXTS = (
    ".py",
    ".txt",
    ".md",
    ".rst",
    ".json",
    ".js",
    ".css",
    ".html",
    ".h",
    ".c",
    ".gz",
    ".sh",
    ".conf",
    ".log",
    ".xml",
    "",
)


def secrets(count):
    """`count` secrets of real shapes, name to value; keys and service accounts are among the first twelve."""
    first = ("service account", "rsa", "database", "github", "kubeconfig", "npmrc", "password", "connection")
    found = {}
    for seed in range(1 + count // 20):
        made = {shape.name: shape.value for shape in shapes(seed)}
        ordered = [*first, *(name for name in made if name not in first)]
        found |= {f"{name} {seed}": made[name] for name in ordered}
    return dict(list(found.items())[:count])


def files(paths):
    """The texts below some directories, and each one that is a file."""
    for path in paths:
        if path.is_file():
            yield path
        for below in sorted(path.rglob("*")) if path.is_dir() else ():
            if below.suffix in TEXTS and below.is_file() and not below.is_symlink():
                yield below


def content(path):
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def changed(redactors, values, data):
    """For each redactor whether it changes `data`, in which no secret stands."""
    return [
        redactor.mask(data) != data and not any(value.strip().encode() in data for value in values)
        for redactor in redactors
    ]


def default_paths():
    return [
        pathlib.Path(sysconfig.get_path("stdlib")),
        pathlib.Path("/usr/share/man"),
        pathlib.Path("/usr/share/doc"),
        pathlib.Path("/usr/include"),
    ]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("paths", nargs="*", type=pathlib.Path)
    parser.add_argument("--megabytes", type=float, default=60, metavar="N", help="of each path at most")
    options = parser.parse_args(arguments)
    counts = (1, 12, 96)
    values = [secrets(count) for count in counts]
    redactors = [Redactor(value) for value in values]
    bad = [0] * len(counts)
    seen = size = 0
    begin = time.monotonic()
    for root in options.paths or default_paths():
        taken = 0
        for path in files([root]):
            try:
                data = content(path)
            except (OSError, EOFError, ValueError):
                continue
            seen, size, taken = seen + 1, size + len(data), taken + len(data)
            for index, wrong in enumerate(changed(redactors, values[-1].values(), data)):
                if wrong:
                    bad[index] += 1
                    report = redactors[index].report().masks
                    print(f"{path}: changed for {counts[index]} secrets: {report}")
            if taken > options.megabytes * 1e6:
                break
    told = ", ".join(f"{wrong} for {count}" for count, wrong in zip(counts, bad, strict=True))
    print(
        f"{seen} files, {size / 1e6:.0f} MB, {time.monotonic() - begin:.0f} s; files changed, by secrets: {told}"
    )
    return 1 if any(bad) else 0


if __name__ == "__main__":
    sys.exit(main())
