"""The points of human lists as groups of sentences: what the extractor, the grouping and the rewriter learn from.

A header list says which sentences its points stand on. Of a plain list (a newsroom's highlights) that is found by its
words (`summarizer/alignment.py`); a bullet whose words no sentence holds gives no point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eval.data import Example
from summarizer.alignment import Aligner
from summarizer.sentences import Sentence
from summarizer.summary import Length


@dataclass(frozen=True, slots=True)
class Stood:
    """A point with the sentences that it stands on.

    Attributes:
        texts: What it says, by length.
        rank: How important it is, from 1.
        sources: Indices of its sentences, in article order.
        main: Which of them weighs most.
        given: Whether the list says so itself.
    """

    texts: Mapping[Length, str]
    rank: int
    sources: tuple[int, ...]
    main: int
    given: bool


def stood(example: Example, sentences: Sequence[Sentence]) -> list[Stood]:
    """The points of an article's list, in reading order."""
    found = []
    aligner: Aligner | None = None
    for point in example.points:
        text = next(iter(point.texts.values()))
        sources = tuple(sorted({i for span in point.sources if (i := _sentence(span, sentences)) is not None}))
        main = _sentence(point.main, sentences) if point.main else None
        if not sources or main not in sources:
            aligner = aligner or Aligner([sentence.text for sentence in sentences])
            chosen = sources or aligner(text)
            if chosen:
                found.append(Stood(point.texts, point.rank, chosen, aligner.best(text, chosen), bool(sources)))
        else:
            found.append(Stood(point.texts, point.rank, sources, main, True))
    return found


def _sentence(span: tuple[int, int], sentences: Sequence[Sentence]) -> int | None:
    """The sentence that shares most of a span; None where none shares half of it."""
    start, end = span
    shared = [min(end, s.end) - max(start, s.start) for s in sentences]
    best = max(range(len(shared)), key=lambda i: shared[i], default=None)
    return (
        best
        if best is not None and 2 * shared[best] >= min(end - start, sentences[best].end - sentences[best].start)
        else None
    )
