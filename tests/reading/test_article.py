import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer import Article, ArticleError

PAGE = """<!doctype html><html><head><title>Council keeps the baths</title></head><body>
<nav><a href="/">Home</a> <a href="/sport">Sport</a></nav>
<article><h1>Council keeps the baths</h1>
<p>The council voted on Monday to keep the baths on Marl Lane open after all, by nine votes to three.</p>
<p>Repairs will cost 2.9 million pounds, said Ann Roe, who leads the council, and the roof will come first.</p>
<p>Work starts on May 11 and should end by the autumn, according to the trust that will run the building.</p>
</article><footer>Copyright 2026 The Herald</footer></body></html>"""


def test_html_gives_the_story_and_the_title():
    article = Article.from_html(PAGE)
    assert article.title == "Council keeps the baths"
    assert "nine votes to three" in article.text and "autumn" in article.text
    assert "Sport" not in article.text and "Copyright" not in article.text


def test_html_passed_as_text_is_read_as_html():
    assert Article.from_text(PAGE) == Article.from_html(PAGE)


def test_html_without_a_story():
    with pytest.raises(ArticleError, match="no story"):
        Article.from_html("<html><body></body></html>")


MARKDOWN = """# Council keeps the *baths*

![The baths](baths.jpg)

The council voted on **Monday** to keep
the [baths](https://example.org/baths) open.

- Repairs cost 2.9 million pounds.
- The roof comes first.

> "We listened," said Roe.

## What comes next

```
not for readers
```

<div>nor this</div>
"""


def test_markdown_gives_the_story_and_the_title():
    article = Article.from_markdown(MARKDOWN)
    assert article.title == "Council keeps the baths"
    assert article.text.split("\n\n") == [
        "The council voted on Monday to keep the baths open.",
        "Repairs cost 2.9 million pounds.",
        "The roof comes first.",
        '"We listened," said Roe.',
        "What comes next",
    ]
    assert Article.from_text(MARKDOWN) == article
    assert Article.from_text("#1 seed loses\n\nRoe lost on Monday. It was close.").text.startswith("#1 seed")
    with pytest.raises(ArticleError, match="no story"):
        Article.from_markdown("# Only a headline\n\n![x](y.png)")


@given(st.text())
def test_any_markdown_is_read_or_refused(text):
    with suppress(ArticleError):
        article = Article.from_markdown(text, "de")
        assert article.text.strip() and article.language == "de"


def test_json():
    assert Article.from_json('{"title": "T", "text": "A b."}') == Article("A b.", "T")
    assert Article.from_json({"article": "A b.", "language": "de"}) == Article("A b.", None, "de")
    with pytest.raises(ArticleError, match="not valid JSON"):
        Article.from_json('{"title": ')
    with pytest.raises(ArticleError, match="body, id"):
        Article.from_json({"body": "A b.", "id": 3})
    with pytest.raises(ArticleError, match="list"):
        Article.from_json("[1]")


def test_text_keeps_paragraphs_and_finds_the_headline():
    article = Article.from_text("Council keeps the baths\n\nThe council voted on Monday.\n\nThe mayor spoke.")
    assert article.title == "Council keeps the baths"
    assert article.text.count("\n\n") == 2


def test_impossible_characters_are_replaced_one_for_one():
    text = "a\x00b\ud800c\x1bd"
    assert Article(text).text == "a\ufffdb\ufffdc\ufffdd"


def test_page_breaks_are_line_breaks():
    article = Article("The baths stay.\x0cWork starts in May.", language="en_GB")
    assert article.text == "The baths stay.\nWork starts in May." and article.language == "en-GB"


def test_files(tmp_path):
    cases = {
        "utf8.txt": "The café closed.".encode(),
        "bom.txt": b"\xef\xbb\xbf" + "The café closed.".encode(),
        "utf16.txt": "The café closed.".encode("utf-16"),
        "old.txt": "The café closed.".encode("cp1252"),
        "a.json": json.dumps({"text": "The café closed."}).encode(),
    }
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        assert Article.from_file(tmp_path / name).text == "The café closed.", name
    (tmp_path / "story.md").write_text(MARKDOWN)
    assert Article.from_file(tmp_path / "story.md") == Article.from_markdown(MARKDOWN)
    (tmp_path / "page.html").write_text(PAGE)
    assert Article.from_file(tmp_path / "page.html") == Article.from_html(PAGE)


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(ArticleError, match=r"x\.bin.*binary"):
        Article.from_file(tmp_path / "x.bin")
    with pytest.raises(ArticleError, match=r"no\.txt.*No such file"):
        Article.from_file(tmp_path / "no.txt")
    with pytest.raises(ArticleError, match="directory"):
        Article.from_file(tmp_path)
    (tmp_path / "b.json").write_text('{"body": "x"}')
    with pytest.raises(ArticleError, match=r"b\.json.*body"):
        Article.from_file(tmp_path / "b.json")
    with pytest.raises(ArticleError, match="bytes"):
        Article(b"x")
