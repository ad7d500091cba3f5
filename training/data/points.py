"""The points of human lists as groups of sentences: what the extractor, the grouping and the rewriter learn from.

A header list says which sentences its points stand on. Of a plain list (a newsroom's highlights) that is found by its
words (`summarizer/points/alignment.py`); a bullet whose words no sentence holds gives no point.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eval.data import Example
from eval.measures import likeness
from summarizer.points import Aligner
from summarizer.reading import Sentence
from summarizer.summary import Length


@dataclass(frozen=True, slots=True)
class PointSources:
    """A point with the sentences that it stands on.

    Attributes:
        texts: What it says, by length.
        rank: How important it is, from 1.
        sources: Indices of its sentences, in article order.
        main: Which of them the list calls the main one, if it does.
        given: Whether the list says so itself.
    """

    texts: Mapping[Length, str]
    rank: int
    sources: tuple[int, ...]
    main: int | None
    given: bool


def points_of(example: Example, sentences: Sequence[Sentence]) -> list[PointSources]:
    """The points of an article's list, in reading order."""
    found = []
    aligner: Aligner | None = None
    for point in example.points:
        sources = tuple(sorted({i for span in point.sources if (i := _sentence(span, sentences)) is not None}))
        given = bool(sources)
        if not sources and point.texts:
            aligner = aligner or Aligner([sentence.text for sentence in sentences])
            sources = aligner(next(iter(point.texts.values())))
        if sources:
            main = _sentence(point.main, sentences) if point.main else None
            found.append(PointSources(point.texts, point.rank, sources, main, given))
    return found


def shares(point: PointSources, sentences: Sequence[Sentence]) -> npt.NDArray[np.float64]:
    """How much of a point each of its sources says, shape (sources,), with the sum 1: the softmax of their likeness to
    its text. Of a point without a text, the main sentence, where it is known, counts as much as two others."""
    if point.texts:
        text = point.texts.get("standard") or next(iter(point.texts.values()))
        weights = np.exp(likeness(text, [sentences[i].text for i in point.sources]))
    else:
        weights = np.array([2.0 if i == point.main else 1.0 for i in point.sources])
    return weights / weights.sum()


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
