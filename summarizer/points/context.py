"""The sentences of an article that explain a point: who "he" is, what "the move" is, and what a text says that its own
sentences do not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from ..reading import Sentence, stems, words
from .full_names import FullNames

CONTEXT_WORDS = 70
"""Approximate number of words of the context of a point."""
REACH = 8
"""Number of earlier sentences that are searched for the person whom a sentence calls "he"."""
MAX_EVIDENCE = 3
"""Maximum number of sentences in which words of a text are looked for."""
_PERSON = re.compile(r"\b(?:he|she|his|her|him)\b", re.IGNORECASE)


class Context:
    """Finds the sentences that explain the points of one article.

    Args:
        sentences: The sentences of the story.
        full_names: The persons of the article.
    """

    def __init__(self, sentences: Sequence[Sentence], full_names: FullNames) -> None:
        self._sentences, self._full_names = sentences, full_names

    def of_sentences(self, chosen: Sequence[int]) -> str:
        """Returns the sentences that explain the chosen ones, on one line, in article order, about CONTEXT_WORDS long:
        those with the full names of persons whom the chosen ones call by their last name, those that name the person
        whom they call "he", the sentence before each chosen one, and the first sentence of the article."""
        sentences = self._sentences
        text = as_line(sentences, chosen)
        wanted: list[int] = []
        for name in self._full_names.missing(text):
            wanted += [next((i for i, s in enumerate(sentences) if name in " ".join(s.text.split())), 0)]
        wanted += [j for i in chosen if (j := self._person_before(i)) is not None]
        wanted += [i - 1 for i in chosen if i]
        kept: set[int] = set()
        size = 0
        for i in (*wanted, 0):
            if i not in kept and i not in chosen and size < CONTEXT_WORDS:
                kept.add(i)
                size += len(words(sentences[i].text))
        return as_line(sentences, sorted(kept))

    def _person_before(self, i: int) -> int | None:
        """For a sentence with "he" or "she" before any name, returns the nearest earlier sentence, within REACH, that
        names a person. Else None."""
        sentences, names = self._sentences, self._full_names
        pronoun = _PERSON.search(sentences[i].text)
        if not pronoun or names.speaks_of(sentences[i].text[: pronoun.start()]):
            return None
        near = range(i - 1, max(i - 1 - REACH, -1), -1)
        return next((j for j in near if names.speaks_of(sentences[j].text)), None)

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
