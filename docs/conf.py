"""The documentation as a site (Sphinx): `make docs` builds it into dist/site."""

from __future__ import annotations

import re
from typing import Any

from summarizer import __version__

project = "newsroom-summarizer"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["*.py"]
html_theme = "furo"
html_title = project
myst_enable_extensions = ["html_image"]
myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "description"
nitpicky = False
_OUTSIDE = re.compile(r"(!?)\[([^\]]*)\]\(\.\./([^)\s#]+)[^)\s]*\)")


def _only_pages(app: Any, name: str, source: list[str]) -> None:
    """A link to a file of the repository that is no page of the site becomes the file's name; a picture goes."""
    source[0] = _OUTSIDE.sub(lambda found: "" if found[1] else f"{found[2]} (`{found[3]}`)", source[0])


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _only_pages)
