"""Look for tokens by their shape in what is full of things that look like tokens, and list what is found.

    python scripts/detect_fixtures.py [--write] [gitleaks=DIRECTORY] [detect-secrets=DIRECTORY]

The sources of three JWT libraries, with their tests, come from PyPI by pip; those of two secret scanners are
clones at the commits below. Everything that `--detect` finds there is a fixture of the shape of a real token:
a JWT whose head decodes, a private key, a key that a scanner's own tests hold for one. `fixtures.txt` has
each, by file, kind and digest; without `--write` a difference is told, with status 1.
"""

import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile

from secretrun.redact.detect.find import Finder

LISTED = pathlib.Path(__file__).resolve().parent.parent / "tests" / "redact" / "detect" / "fixtures.txt"
PACKAGES = ("PyJWT==2.15.1", "python-jose==3.5.0", "jwcrypto==1.6.1")
CLONES = {
    "gitleaks": "gitleaks@b58d3f102cf3a2c84cb7f923d05c25c9b1aed84b",
    "detect-secrets": "detect-secrets@5e141933554a0b74e7341841f318be21e895339c",
}


def rows(name, root):
    """(package, file, kind, digest) of every token below a directory, each once."""
    finder = Finder()
    found = set()
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not path.is_symlink() and ".git" not in inside.parts:
            data = path.read_bytes()
            for one in finder.all(data):
                digest = hashlib.sha256(data[one.start : one.end]).hexdigest()[:16]
                found.add((name, inside.as_posix(), one.rule.name, digest))
    return found


def packages(directory):
    """Name and unpacked sources of each package."""
    for package in PACKAGES:
        place = directory / package
        command = ["pip", "download", "-q", "--no-deps", "--no-binary", ":all:", "-d", str(place), package]
        subprocess.run([sys.executable, "-m", *command], check=True)
        (archive,) = place.glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            tar.extractall(place, filter="data")
        (root,) = (path for path in place.iterdir() if path.is_dir())
        yield package, root


def main():
    given = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    clones = {CLONES[name]: place for name, place in given.items()}
    with tempfile.TemporaryDirectory() as name:
        found = {row for package, root in packages(pathlib.Path(name)) for row in rows(package, root)}
    for name, place in clones.items():
        found |= rows(name, pathlib.Path(place))
    listed = LISTED.read_text(encoding="utf-8") if LISTED.exists() else ""
    old = {tuple(line.split()) for line in listed.splitlines() if line and not line.startswith("#")}
    old = {row for row in old if row[0] in PACKAGES or row[0] in clones}
    if "--write" in sys.argv:
        head = "# What --detect finds in the tests of others: made by scripts/detect_fixtures.py\n"
        LISTED.write_text(head + "".join(" ".join(row) + "\n" for row in sorted(found)), encoding="utf-8")
        return 0
    for row in sorted(found ^ old):
        print("new:" if row in found else "gone:", *row)
    return 1 if found != old else 0


if __name__ == "__main__":
    sys.exit(main())
