"""Points of reference lists with the sentences that they were made from: training data of the rewriter.

Of the texts those are learnt that only leave words out of their sentences, apart from references put in
(`smallest_change.py`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tqdm import tqdm

from eval.data import Example
from summarizer.checks import FactIndex, facts
from summarizer.points import Context, as_line
from summarizer.reading import content_sentences, words

from .points import points_of
from .smallest_change import shortens

SHORTEST, LONGEST = 5, 40
"""Minimum and maximum number of words of a bullet."""

LABEL = re.compile(r"^(?:NEW|UPDATE|BREAKING|REPORT|JUST IN)\s*:\s*")
"""Labels that live pages put before a bullet."""
_ABBREVIATION_END = re.compile(r"\b(?:\w\.){2,}$|\.\.$")


@dataclass(frozen=True, slots=True)
class Pair:
    """Input and expected output of the rewriter for one point.

    Attributes:
        sources: The sentences, in article order.
        context: The sentences that say what "he" or "the move" in `sources` refers to; may be empty.
        title: The headline; None if there is none.
        targets: Texts of the point: one, or one in each length.
        refused: Texts that a reader would not print, each with how bad it is, above 0; empty if nobody judged.
        as_it_is: True if the target is the sentence itself with references put in (`AS_IT_IS`).
    """

    sources: str
    context: str
    title: str | None
    targets: tuple[str, ...]
    refused: tuple[tuple[str, float], ...] = ()
    as_it_is: bool = False


def pairs(examples: Iterable[Example]) -> list[Pair]:
    """Returns the pairs of the articles: one for each point that has a usable text."""
    found: list[Pair] = []
    for example in tqdm(examples, "pairs", file=sys.stderr, mininterval=5):
        found += _pairs(example)
    return found


def _pairs(example: Example) -> Iterator[Pair]:
    sentences = content_sentences(example.text)
    explaining = Context(sentences)
    for point in points_of(example, sentences):
        sources, context = as_line(sentences, point.sources), explaining.of_sentences(point.sources)
        known = FactIndex(f"{sources} {context} {example.title or ''}")
        targets = []
        for text in point.texts.values():
            target = unfinished(LABEL.sub("", text))
            fits = SHORTEST <= len(words(target)) <= LONGEST and all(map(known.supports, facts(target)))
            if fits and shortens(target, sources):
                targets.append(target)
        if targets:
            yield Pair(sources, context, example.title, tuple(targets))


def unfinished(text: str) -> str:
    """Returns a text without its final full stop, which the rewriter does not write. An abbreviation keeps its own."""
    return text if _ABBREVIATION_END.search(text) else text.rstrip(".")
