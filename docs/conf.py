"""The pages as a site: `make site`.

Sphinx reads the repository's root, so that the links work there as well.
"""

import pathlib
import re

from pygments.lexers.shell import BashLexer

ROOT = pathlib.Path(__file__).resolve().parent.parent

project = "secretrun"
copyright = "secretrun's authors, MIT licence"  # noqa: A001  Sphinx's own name for it
version = release = re.search(r'__version__ = "(.*)"', (ROOT / "secretrun/__init__.py").read_text())[1]

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "docs/index"
include_patterns = ["docs/**.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"]
myst_heading_anchors = 4
nitpicky = True
smartquotes = False  # what stands there is often typed
html_theme = "furo"
html_title = "secretrun"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {"sidebar_hide_name": False, "top_of_page_buttons": []}


def setup(app):
    """A template is read as a shell would, near enough for its colours."""
    app.add_lexer("dotenv", BashLexer)
