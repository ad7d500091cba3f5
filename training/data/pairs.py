"""Points of human lists with the sentences that they were made from: the training data of the rewriter.

Header lists have points in both lengths. A text is left out if it is too short or too long, or if it has a number,
name, date or quote that its sentences do not have. A bullet of a plain list is also left out if its sentences have too
few of its words (an editor knew more, or wrote from the headline), because it would teach the rewriter to invent, or if
it cannot be understood alone. Each text names persons in full: a list does so only once, but a point must be clear
alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tqdm import tqdm

from eval.data import Example
from summarizer.checks import FactIndex, facts, needs_context
from summarizer.points import Aligner, Context, FullNames, as_line
from summarizer.reading import content_sentences, words

from .points import points_of

LEAST_RECALL = 0.75
"""Minimum share of a bullet's content words that its sentences (with their context) must contain."""
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


def pairs(examples: Iterable[Example], progress: bool = True) -> list[Pair]:
    """Returns the pairs of the articles: one for each point that has a usable text."""
    found: list[Pair] = []
    for example in tqdm(examples, "pairs", file=sys.stderr, mininterval=5, disable=not progress):
        found += _pairs(example)
    return found


def _pairs(example: Example) -> Iterator[Pair]:
    sentences = content_sentences(example.text)
    full_names = FullNames(example.text, facts(example.text))
    explaining = Context(sentences, full_names)
    aligner: Aligner | None = None
    for point in points_of(example, sentences):
        sources, context = as_line(sentences, point.sources), explaining.of_sentences(point.sources)
        known = FactIndex(f"{sources} {context} {example.title or ''}")
        targets = []
        for text in point.texts.values():
            target = LABEL.sub("", text)
            if not SHORTEST <= len(words(target)) <= LONGEST or not all(map(known.supports, facts(target))):
                continue
            if not point.given:
                aligner = aligner or Aligner([s.text for s in sentences])
                too_long = len(words(target)) >= len(words(sources))
                if needs_context(target) or too_long or aligner.recall(target, point.sources, context) < LEAST_RECALL:
                    continue
            targets.append(unfinished(full_names(target)))
        if targets:
            yield Pair(sources, context, example.title, tuple(targets))


def unfinished(text: str) -> str:
    """Returns a text without its final full stop, which the rewriter does not write. An abbreviation keeps its own."""
    return text if _ABBREVIATION_END.search(text) else text.rstrip(".")
