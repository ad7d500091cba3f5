"""What the documentation shows works: its Python examples run, and its links lead somewhere."""

import json
import re
import shutil

import pytest

from .articles import ROOT, STORY, archive, written

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "models/base/README.md",
]
_EXAMPLE = re.compile(r"(<!-- not run: [^>]+ -->\n)?```python\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://|#)([^)\s#]+)(?:#([^)\s]*))?\)")


def examples(page):
    return [text for skipped, text in _EXAMPLE.findall(page.read_text("utf-8")) if not skipped]


@pytest.mark.parametrize("page", [page for page in PAGES if examples(page)], ids=lambda page: page.name)
def test_examples_run(page, tmp_path, monkeypatch, capsys):
    """In their order, in a folder with the example articles, cut short, and a small archive."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    for path in (tmp_path / "examples").glob("*.json"):
        article = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(article | {"text": article["text"][:1500]}), "utf-8")
    written(tmp_path / "articles.jsonl", [row | {"url": "https://example.org"} for row in archive(3)])
    monkeypatch.chdir(tmp_path)
    names = {"__name__": page.stem, "text": STORY, "title": "Council keeps baths", "articles": [STORY]}
    for number, code in enumerate(examples(page), 1):
        exec(compile(code, f"example {number} of {page.name}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page):
    for place, _ in _LINK.findall(page.read_text("utf-8")):
        assert (page.parent / place).exists(), place


def test_json_examples_are_json():
    for page in PAGES:
        for text in re.findall(r"```json\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
            json.loads(text)
