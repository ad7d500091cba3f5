"""An article, and how to read one from text, HTML, JSON or a file."""

from __future__ import annotations

import json
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
_HTML = re.compile(r"\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>])", re.I | re.S)
_TAG = re.compile(r"</?(?:p|div|article|h[1-6]|li|ul|br|span|a|section|figure|strong|em)\b[^<>]*>", re.I)
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
    """What is to be summarized.

    Attributes:
        text: The story, paragraphs on lines of their own. All offsets that the library gives point into it. Characters
            that no text can hold (NUL and other control characters, lone surrogates) are replaced one for one by
            U+FFFD, so that offsets into the string you passed stay right.
        title: The headline, if there is one.
        language: A language code such as "en" or "pt-BR" ("pt_BR" is written so); the sentence splitter follows it.

    Raises:
        ArticleError: `text` is not a string.
    """

    text: str
    title: str | None = None
    language: str = "en"

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            hint = "; decode it first, or use Article.from_file" if isinstance(self.text, bytes) else ""
            raise ArticleError(f"an article's text must be a str, and this is {type(self.text).__name__}{hint}")
        object.__setattr__(self, "text", _UNUSABLE.sub("\ufffd", self.text.translate(_BREAKS)))
        object.__setattr__(self, "language", self.language.replace("_", "-"))
        if self.title is not None:
            object.__setattr__(self, "title", " ".join(_UNUSABLE.sub(" ", str(self.title)).split()) or None)

    @classmethod
    def from_text(cls, text: str, language: str = "en") -> Article:
        """From plain text. A short first line without a full stop is taken for the headline (and stays in the text).
        A text that is an HTML page, or full of tags, goes through `from_html`; one that opens with "# " and a
        headline goes through `from_markdown`."""
        if isinstance(text, str) and (_HTML.match(text) or len(_TAG.findall(text[:20_000])) >= 4):
            return cls.from_html(text, language)
        if isinstance(text, str) and _MARKDOWN.match(text):
            return cls.from_markdown(text, language)
        article = cls(text, None, language)
        return cls(article.text, title_of(article.text), language)

    @classmethod
    def from_html(cls, html: str, language: str = "en") -> Article:
        """From an HTML page: trafilatura finds the story among menus, links and comments. Needs the extra `html`.

        Raises:
            MissingExtraError: trafilatura is not installed.
            ArticleError: The page holds no story.
        """
        try:
            import trafilatura
        except ImportError as error:
            raise MissingExtraError("reading HTML", "trafilatura", "html") from error
        found: Any = trafilatura.bare_extraction(
            _UNUSABLE.sub("\ufffd", html), include_comments=False, include_tables=False, with_metadata=True
        )
        if found is None or not (found.text or "").strip():
            raise ArticleError("no story was found in this HTML page; pass its text, if it has one")
        return cls(found.text, found.title, language)

    @classmethod
    def from_markdown(cls, markdown: str, language: str = "en") -> Article:
        """From Markdown (CommonMark): a heading before everything else is the headline; headings, paragraphs, list
        items and quotes become paragraphs of plain text; links and emphasis keep their words; pictures, code and HTML
        blocks are left out. The offsets that the library gives point into that text.

        Raises:
            ArticleError: It holds no text.
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
            raise ArticleError("no story was found in this Markdown; is there anything but a headline?")
        return cls("\n\n".join(paragraphs), title, language)

    @classmethod
    def from_json(cls, value: str | Mapping[str, Any], language: str = "en") -> Article:
        """From a JSON object, as text or parsed: the story under `text` or `article`, the headline under `title`, the
        language under `language`, both optional.

        Raises:
            ArticleError: Not JSON, not an object, or no story in it.
        """
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except json.JSONDecodeError as error:
                raise ArticleError(f"not valid JSON: {error}") from error
        if not isinstance(value, Mapping):
            raise ArticleError(f"a JSON article must be an object with a text, and this is a {type(value).__name__}")
        field = next((name for name in ("text", "article") if isinstance(value.get(name), str)), None)
        if field is None:
            there = ", ".join(map(str, value)) or "none"
            raise ArticleError(f'"text" is missing or no string; the fields are: {there}')
        return cls(value[field], value.get("title"), str(value.get("language") or language))

    @classmethod
    def from_file(cls, path: str | Path, language: str = "en") -> Article:
        """From a .txt, .html, .md or .json file (any other ending is read as text), in UTF-8 or UTF-16 with a byte
        order mark; bytes that are neither are read as Windows-1252, the usual encoding of old archives.

        Raises:
            ArticleError: The file cannot be read, is binary, or holds no article; the message names it.
        """
        path = Path(path)
        try:
            return cls.from_bytes(path.read_bytes(), SUFFIXES.get(path.suffix.lower(), "text"), language)
        except OSError as error:
            raise ArticleError(f"{path}: {error.strerror or error}") from error
        except ArticleError as error:
            raise ArticleError(f"{path}: {error}") from error

    @classmethod
    def from_bytes(cls, data: bytes, kind: str = "text", language: str = "en") -> Article:
        """From the bytes of a file; `kind` is "text", "html", "markdown" or "json". Decoding as in `from_file`."""
        text = decoded(data)
        if kind == "html":
            return cls.from_html(text, language)
        if kind == "markdown":
            return cls.from_markdown(text, language)
        return cls.from_json(text, language) if kind == "json" else cls.from_text(text, language)


def _plain(inline: Token) -> str:
    """The words of a paragraph's Markdown."""
    parts = []
    for token in inline.children or ():
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append(" ")
    return "".join(parts)


def decoded(data: bytes) -> str:
    """Bytes as text: UTF-8, UTF-16 with a byte order mark, else Windows-1252.

    Raises:
        ArticleError: They are no text.
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
