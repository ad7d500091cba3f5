"""From files and text to the sentences of a story."""

from .article import SUFFIXES, Article, decoded
from .boilerplate import story
from .sentences import Sentence, paragraphs, split, words
from .stems import REPORT, TOKEN, read, stems

__all__ = [
    "REPORT",
    "SUFFIXES",
    "TOKEN",
    "Article",
    "Sentence",
    "decoded",
    "paragraphs",
    "read",
    "split",
    "stems",
    "story",
    "words",
]
