"""Points of reference lists as groups of source sentences: the training data of the extractor and the rewriter.

A header list names the source sentences of its points. For a plain list (a newsroom's highlights), they are found by
comparing words (`summarizer/points/alignment.py`); a bullet without such sentences is skipped.
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
    """A point with its source sentences.

    Attributes:
        texts: Texts of the point, by length.
        rank: Importance, from 1 (most important).
        sources: Indices of the source sentences, in article order.
        main: Index of the main sentence, if the list names one.
    """

    texts: Mapping[Length, str]
    rank: int
    sources: tuple[int, ...]
    main: int | None


def points_of(example: Example, sentences: Sequence[Sentence]) -> list[PointSources]:
    """Returns the points of an article's list that have source sentences, in reading order."""
    found = []
    aligner: Aligner | None = None
    for point in example.points:
        sources = tuple(sorted({i for span in point.sources if (i := sentence_at(span, sentences)) is not None}))
        if not sources and point.texts:
            aligner = aligner or Aligner([sentence.text for sentence in sentences])
            sources = aligner(next(iter(point.texts.values())))
        if sources:
            main = sentence_at(point.main, sentences) if point.main else None
            found.append(PointSources(point.texts, point.rank, sources, main))
    return found


def shares(point: PointSources, sentences: Sequence[Sentence]) -> npt.NDArray[np.float64]:
    """Returns the share of a point that each of its sources expresses, shape (sources,), with the sum 1: the softmax of
    their similarity to its text. For a point without a text, the main sentence, if known, counts twice."""
    if point.texts:
        text = point.texts.get("standard") or next(iter(point.texts.values()))
        weights = np.exp(likeness(text, [sentences[i].text for i in point.sources]))
    else:
        weights = np.array([2.0 if i == point.main else 1.0 for i in point.sources])
    return weights / weights.sum()


def sentence_at(span: tuple[int, int], sentences: Sequence[Sentence]) -> int | None:
    """Returns the index of the sentence that overlaps a span most; None if less than half of the shorter one."""
    start, end = span
    shared = [min(end, s.end) - max(start, s.start) for s in sentences]
    best = max(range(len(shared)), key=lambda i: shared[i], default=None)
    return (
        best
        if best is not None and 2 * shared[best] >= min(end - start, sentences[best].end - sentences[best].start)
        else None
    )
