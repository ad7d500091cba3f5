"""Reads files and text, and finds the sentences of the story."""

from .article import SUFFIXES, Article, decoded
from .boilerplate import content_sentences
from .sentences import Sentence, paragraphs, split, words
from .stems import TOKEN, read, stems

__all__ = [
    "SUFFIXES",
    "TOKEN",
    "Article",
    "Sentence",
    "content_sentences",
    "decoded",
    "paragraphs",
    "read",
    "split",
    "stems",
    "words",
]
