"""Points of human lists with the sentences that they were made from: what the rewriter learns from.

The points of header lists are learnt from as they are, in both lengths. A bullet of a plain list that says what its
sentences do not (an editor knew more, or wrote from the headline) would teach the rewriter to invent, and is left out;
so is one that cannot be read alone. Persons are given in full in each text: a list names them once, but a point must
stand alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tqdm import tqdm

from eval.data import Example
from summarizer.checks import FactIndex, facts, needs_context
from summarizer.points import Aligner, FullNames, as_line, context_of
from summarizer.reading import content_sentences, words

from .points import points_of

LEAST_RECALL = 0.75
"""Share of a bullet's content words that its sentences (with their context) must hold."""
SHORTEST, LONGEST = 5, 40
"""Words of a bullet."""

LABEL = re.compile(r"^(?:NEW|UPDATE|BREAKING|REPORT|JUST IN)\s*:\s*")
"""What a live page puts before a bullet."""
_ABBREVIATION_END = re.compile(r"\b(?:\w\.){2,}$|\.\.$")


@dataclass(frozen=True, slots=True)
class Pair:
    """What goes in and what should come out.

    Attributes:
        sources: The sentences, in article order.
        context: The sentences that name what they call "he" or "the move"; may be empty.
        title: The headline; None where there is none.
        targets: The point: a text, or one in each length.
        refused: Texts that a reader would not print, each with how bad it is, above 0; none where nobody judged.
    """

    sources: str
    context: str
    title: str | None
    targets: tuple[str, ...]
    refused: tuple[tuple[str, float], ...] = ()


def pairs(examples: Iterable[Example], progress: bool = True) -> list[Pair]:
    """The pairs of articles: one for each point, none where nothing fits."""
    found: list[Pair] = []
    for example in tqdm(examples, "pairs", file=sys.stderr, mininterval=5, disable=not progress):
        found += _pairs(example)
    return found


def _pairs(example: Example) -> Iterator[Pair]:
    sentences = content_sentences(example.text)
    full_names = FullNames(example.text, facts(example.text))
    aligner: Aligner | None = None
    for point in points_of(example, sentences):
        sources, context = as_line(sentences, point.sources), context_of(sentences, point.sources, full_names)
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
    """A text without the full stop at its end, which the rewriter does not write."""
    return text if _ABBREVIATION_END.search(text) else text.rstrip(".")
