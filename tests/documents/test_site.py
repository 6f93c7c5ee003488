"""The pages as a site: built without a warning, every link leads somewhere, and nothing is fetched from elsewhere."""

import pathlib
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOADED = {("img", "src"), ("script", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


def build(place):
    """The site, built as `make site` does it; a warning is an error."""
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-d", place / "doctrees",
         "-c", ROOT / "docs", ROOT, place / "html"],
        capture_output=True, text=True, timeout=300, cwd=place,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
    return place / "html"


class Page(HTMLParser):
    """What a page loads, what it links to, and the places in it that can be linked to."""

    def __init__(self, path):
        super().__init__()
        self.loads, self.links, self.places = [], [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        said = dict(attributes)
        self.places |= {said[key] for key in ("id", "name") if said.get(key)}
        self.loads += [said[key] for name, key in LOADED if name == tag and said.get(key)]
        if tag == "a" and said.get("href"):
            self.links.append(said["href"])


@pytest.mark.slow
def test_the_site(tmp_path):
    """One test, since it takes one build."""
    site = build(tmp_path)
    pages = {path: Page(path) for path in site.rglob("*.html")}
    every_link_leads_somewhere(site, pages)
    nothing_is_fetched_from_elsewhere(site, pages)
    every_document_is_a_page_of_it(site)


def every_link_leads_somewhere(site, pages):
    lost = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                assert parts.scheme in ("https", "mailto"), link
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            there = target.is_file() and (
                not parts.fragment or target not in pages or unquote(parts.fragment) in pages[target].places
            )
            lost += [] if there else [f"{path.relative_to(site)}: {link}"]
    assert not lost


def nothing_is_fetched_from_elsewhere(site, pages):
    """It can be read without a network, and tells nobody who reads it."""
    for path, page in pages.items():
        for loaded in page.loads:
            parts = urlsplit(loaded)
            assert parts.scheme in {"", "data"}, f"{path}: {loaded}"
            assert not parts.netloc, f"{path}: {loaded}"
            if parts.scheme != "data" and parts.path:
                assert (path.parent / unquote(parts.path)).is_file(), f"{path}: {loaded}"
    for style in site.rglob("*.css"):
        assert "url(http" not in style.read_text(encoding="utf-8").replace('"', ""), style


def every_document_is_a_page_of_it(site):
    for document in (*ROOT.glob("docs/**/*.md"), ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"):
        assert (site / document.relative_to(ROOT)).with_suffix(".html").is_file(), document
