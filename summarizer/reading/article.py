"""The article, and how to read one from text, HTML, Markdown, JSON or a file."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..errors import ArticleError, MissingExtraError
from .boilerplate import title_of

_UNUSABLE = re.compile("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BREAKS = {0x0B: "\n", 0x0C: "\n"}
_HTML = re.compile(
    r"\s*(?:<!--(?:(?!-->).)*+-->\s*+)*+(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])", re.I | re.S
)
_TAG = re.compile(r"</?(?:p|div|article|h[1-6]|li|ul|br|span|a|section|figure|strong|em)\b[^<>]*>", re.I)
_LONG_TAG = re.compile(r"<[^<>]{20000}")
"""A tag of this length holds thousands of attributes, which libxml2 compares with each other."""
_MARKDOWN = re.compile(r"\s*#{1,3} +\S")
_DROPPED = frozenset(["fence", "code_block", "html_block", "hr"])
SUFFIXES = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".json": "json",
    ".md": "markdown",
    ".markdown": "markdown",
}


@dataclass(frozen=True, slots=True)
class Article:
    """An article to be summarized.

    Attributes:
        text: The story, with each paragraph on its own line. All offsets that the library returns point into this text.
            Characters that are not valid in text (NUL and other control characters, lone surrogates) are replaced one
            for one by U+FFFD, so offsets into the string you passed stay valid.
        title: The headline, if there is one.
        language: A language code such as "en" or "pt-BR" ("pt_BR" becomes "pt-BR"). The sentence splitter uses it.

    Raises:
        ArticleError: `text` is not a string.
    """

    text: str
    title: str | None = None
    language: str = "en"

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            hint = "; decode it first, or use Article.from_file" if isinstance(self.text, bytes) else ""
            raise ArticleError(f"an article's text must be a str, not {type(self.text).__name__}{hint}")
        object.__setattr__(self, "text", _UNUSABLE.sub("\ufffd", self.text.translate(_BREAKS)))
        object.__setattr__(self, "language", self.language.replace("_", "-"))
        if self.title is not None:
            object.__setattr__(self, "title", " ".join(_UNUSABLE.sub(" ", str(self.title)).split()) or None)

    @classmethod
    def from_text(cls, text: str, language: str = "en") -> Article:
        """Creates an article from plain text. A short first line without a full stop is the headline (and stays in the
        text). A text that is an HTML page, or has many tags, is passed to `from_html`. A text that starts with a
        Markdown heading ("# ") is passed to `from_markdown`."""
        if isinstance(text, str) and (_HTML.match(text) or len(_TAG.findall(text[:20_000])) >= 4):
            return cls.from_html(text, language)
        if isinstance(text, str) and _MARKDOWN.match(text):
            return cls.from_markdown(text, language)
        article = cls(text, None, language)
        return cls(article.text, title_of(article.text), language)

    @classmethod
    def from_html(cls, html: str, language: str = "en") -> Article:
        """Creates an article from an HTML page. trafilatura separates the story from menus, links and comments. Needs
        the extra `html`.

        Raises:
            MissingExtraError: trafilatura is not installed.
            ArticleError: The page contains no story, or a tag of more than 20,000 characters.
        """
        if _LONG_TAG.search(html):
            raise ArticleError("this HTML page has a tag of more than 20,000 characters; pass its story as plain text")
        try:
            import trafilatura
        except ImportError as error:
            raise MissingExtraError("reading HTML", "trafilatura", "html") from error
        # Without a handler, Python prints its log, which says less than the error below.
        logging.getLogger("trafilatura").addHandler(logging.NullHandler())
        found: Any = trafilatura.bare_extraction(
            _UNUSABLE.sub("\ufffd", html), include_comments=False, include_tables=False, with_metadata=True
        )
        if found is None or not (found.text or "").strip():
            raise ArticleError("no story was found in this HTML page; if it has one, pass it as plain text")
        return cls(found.text, found.title, language)

    @classmethod
    def from_markdown(cls, markdown: str, language: str = "en") -> Article:
        """Creates an article from Markdown (CommonMark). A heading before all other text is the headline. Other
        headings, paragraphs, list items and quotes become paragraphs of plain text. Links and emphasis keep their
        words; pictures, code blocks and HTML blocks are left out. Offsets point into the plain text.

        Raises:
            ArticleError: The Markdown contains no text, or only a headline.
        """
        title: str | None = None
        paragraphs: list[str] = []
        heading = False
        for token in MarkdownIt("commonmark").parse(_UNUSABLE.sub("\ufffd", markdown)):
            if token.type in _DROPPED:
                continue
            heading = token.type == "heading_open" or (heading and token.type == "inline")
            if token.type == "inline":
                text = _plain(token)
                if heading and not paragraphs and title is None:
                    title = " ".join(text.split()) or None
                elif text.strip():
                    paragraphs.append(text.strip())
        if not paragraphs:
            raise ArticleError("no story was found in this Markdown; it needs a paragraph besides the headline")
        return cls("\n\n".join(paragraphs), title, language)

    @classmethod
    def from_json(cls, value: str | Mapping[str, Any], language: str = "en") -> Article:
        """Creates an article from a JSON object, as a string or parsed. The story is in `text` or `article`; the
        optional headline is in `title`, the optional language in `language`.

        Raises:
            ArticleError: The value is not valid JSON or not an object, or it has no story.
        """
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError as error:
                raise ArticleError(f"not valid JSON: {error}") from error
        if not isinstance(value, Mapping):
            raise ArticleError(f'a JSON article must be an object with the field "text", not {type(value).__name__}')
        field = next((name for name in ("text", "article") if isinstance(value.get(name), str)), None)
        if field is None:
            there = ", ".join(map(str, value)) or "none"
            raise ArticleError(f'"text" is missing or not a string; the fields are: {there}')
        return cls(value[field], value.get("title"), str(value.get("language") or language))

    @classmethod
    def from_file(cls, path: str | Path, language: str = "en") -> Article:
        """Creates an article from a .txt, .html, .md or .json file. A file with another suffix is read as text. The
        encoding is UTF-8, UTF-16 with a byte order mark, or else Windows-1252, the usual encoding of old archives.

        Raises:
            ArticleError: The file cannot be read, is binary, or contains no article. The message names the file.
        """
        path = Path(path)
        try:
            return cls.from_bytes(path.read_bytes(), SUFFIXES.get(path.suffix.lower(), "text"), language)
        except OSError as error:
            hint = "; summarize a folder with `summarize batch`" if isinstance(error, IsADirectoryError) else ""
            raise ArticleError(f"{path}: {error.strerror or error}{hint}") from error
        except ArticleError as error:
            raise ArticleError(f"{path}: {error}") from error

    @classmethod
    def from_bytes(cls, data: bytes, kind: str = "text", language: str = "en") -> Article:
        """Creates an article from the bytes of a file. `kind` is "text", "html", "markdown" or "json". The encodings
        are those of `from_file`."""
        text = decoded(data)
        if kind == "html":
            return cls.from_html(text, language)
        if kind == "markdown":
            return cls.from_markdown(text, language)
        return cls.from_json(text, language) if kind == "json" else cls.from_text(text, language)


def _plain(inline: Token) -> str:
    """Returns the plain text of an inline Markdown token."""
    parts = []
    for token in inline.children or ():
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)


def decoded(data: bytes) -> str:
    """Decodes bytes: UTF-8, UTF-16 with a byte order mark, else Windows-1252.

    Raises:
        ArticleError: The bytes are not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    sample = data[:4096]
    binary = sum(byte < 32 and byte not in (9, 10, 12, 13) for byte in sample)
    if binary > 0.02 * len(sample):
        raise ArticleError("this is a binary file, not text; convert it to text or HTML first")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
