"""Compares the sources of a list's points with those of a reference list: sentences and points."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from summarizer.reading import content_sentences

from ..data import Example

FOUND = 0.5
"""Minimum F1 of the source sentences of two points that count as the same."""


class Stands(NamedTuple):
    """How well the sources of two lists agree.

    Attributes:
        source_f1: F1 of the source sentences of the two lists, in percent.
        points_found: F1 of the points, in percent. Two points are the same if the F1 of their source sentences is at
            least `FOUND`; each point is paired at most once.
    """

    source_f1: float
    points_found: float


UNKNOWN = Stands(float("nan"), float("nan"))
"""The result if the sources of one of the lists are unknown."""


class Wanted:
    """The sources of a reference list.

    Args:
        example: The article, with points that have sources.
        language: Language of the article.
    """

    def __init__(self, example: Example, language: str = "en") -> None:
        self._sentences = content_sentences(example.text, language)
        self._wanted = [self._on(point.sources) for point in example.listed if point.sources]
        self._at = {" ".join(s.text.split()): i for i, s in enumerate(self._sentences)}

    def reached(self, bullets: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]] | None = None) -> Stands:
        """Compares the sources of a list with those of the reference list.

        Args:
            bullets: The list.
            spans: Source spans of each bullet. Default: the source of a bullet is the article sentence that equals it;
                the result is `UNKNOWN` if a bullet equals none.
        """
        if spans is None:
            places = [self._at.get(" ".join(bullet.split())) for bullet in bullets]
            ours = [{i} for i in places if i is not None]
        else:
            ours = [self._on(point) for point in spans]
        if not self._wanted or len(ours) < len(bullets):
            return UNKNOWN
        return stands(ours, self._wanted)

    def _on(self, spans: Sequence[tuple[int, int]]) -> set[int]:
        """Indices of the sentences of which one of the spans covers at least half."""
        return {
            i
            for i, s in enumerate(self._sentences)
            if any(2 * (min(s.end, end) - max(s.start, start)) >= s.end - s.start for start, end in spans)
        }


def stands(ours: Sequence[Set[int]], theirs: Sequence[Set[int]]) -> Stands:
    """Compares the sources of two lists.

    Args:
        ours: Source sentences of each point, in reading order.
        theirs: The same for the reference list.
    """
    all_ours: set[int] = set().union(*ours)
    all_theirs: set[int] = set().union(*theirs)
    alike = np.array([[_f1(a, b) for b in theirs] for a in ours]).reshape(len(ours), len(theirs))
    rows, columns = linear_sum_assignment(-np.where(alike >= FOUND, 1 + alike, 0))
    same = int((alike[rows, columns] >= FOUND).sum())
    return Stands(100 * _f1(all_ours, all_theirs), 200 * same / max(len(ours) + len(theirs), 1))


def _f1(one: Set[int], other: Set[int]) -> float:
    return 2 * len(one & other) / max(len(one) + len(other), 1)
