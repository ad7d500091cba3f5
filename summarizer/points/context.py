"""The sentences of an article that explain a point: who "he" is, what "the move" is, and what a text says that its own
sentences do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from ..checks import HONORIFICS
from ..reading import Sentence, stems, words

CONTEXT_WORDS = 140
"""Approximate maximum number of words of the context of a point."""
MAX_EVIDENCE = 3
"""Maximum number of sentences in which words of a text are looked for."""
_CAPITALISED = re.compile(r"(?<![\w.'’-])[^\W\d_][\w’'-]*\w")
_WORD = re.compile(r"(?<![\w’'-])[a-z][\w’'-]*\w")


class Context:
    """Finds the sentences that explain the points of one article.

    Args:
        sentences: The sentences of the story.
    """

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        self._sentences = sentences
        lines = [as_line(sentences, [i]) for i in range(len(sentences))]
        self._sizes = [len(words(line)) for line in lines]
        common = HONORIFICS.union(*(_WORD.findall(line) for line in lines))
        self._names = [
            [
                name
                for name in map(_owner, _CAPITALISED.findall(line))
                if name[0].isupper() and name.lower() not in common
            ]
            for line in lines
        ]
        self._first: dict[str, int] = {}
        for i, names in enumerate(self._names):
            for name in names:
                self._first.setdefault(name, i)

    def of_sentences(self, chosen: Sequence[int]) -> str:
        """Returns the sentences that explain the chosen ones, on one line, in article order: the sentence before each
        chosen one, the first mention of each name in them, and the opening of the article; then, as far as there is
        room in about CONTEXT_WORDS, the other sentences before them, the nearest two first."""
        first = chosen[0]
        wanted = [i - 1 for i in chosen if i]
        wanted += [self._first[name] for i in chosen for name in self._names[i]]
        wanted += [0, first - 2, *range(first)]
        kept: set[int] = set()
        size = 0
        for i in wanted:
            more = self._sizes[i] if i >= 0 and i not in kept and i not in chosen else 0
            if more and size + more <= CONTEXT_WORDS:
                kept.add(i)
                size += more
        return as_line(self._sentences, sorted(kept))

    def evidence(self, chosen: Sequence[int], text: str) -> list[int]:
        """Returns the sentences with the content words of a text that the chosen ones lack, the one with most of them
        first, of equal ones the nearest; at most MAX_EVIDENCE."""
        missing = set(stems(text)).difference(*(self._stems[i] for i in chosen))
        found: list[int] = []
        while missing and len(found) < MAX_EVIDENCE:
            others = (i for i in range(len(self._stems)) if i not in chosen)
            best = max(others, key=lambda i: (len(missing & self._stems[i]), -abs(i - chosen[0])), default=None)
            if best is None or not missing & self._stems[best]:
                break
            found.append(best)
            missing -= self._stems[best]
        return found

    @cached_property
    def _stems(self) -> list[set[str]]:
        return [set(stems(sentence.text)) for sentence in self._sentences]


def as_line(sentences: Sequence[Sentence], chosen: Sequence[int]) -> str:
    """Returns some sentences of an article on one line."""
    return " ".join(" ".join(sentences[i].text.split()) for i in chosen)


def _owner(name: str) -> str:
    """Returns a name without its possessive."""
    return re.sub(r"['’]s?$", "", name)
