"""What a list's points stand on against what a human list's points stand on: sentences, points, and their order."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.stats import spearmanr

FOUND = 0.5
"""F1 of sentences from which a point of ours is held to be one of the human list's."""


class Stands(NamedTuple):
    """How far two lists stand on the same.

    Attributes:
        source_f1: F1 of the sentences that the lists stand on, in percent.
        points_found: F1 of the points: one of ours and one of theirs are the same where the F1 of their sentences is at
            least `FOUND`, each taken once; in percent.
        order: Spearman's rank correlation of the points that are the same, -1 to 1; NaN for fewer than two.
    """

    source_f1: float
    points_found: float
    order: float


def stands(ours: Sequence[Set[int]], theirs: Sequence[Set[int]]) -> Stands:
    """Compares two lists.

    Args:
        ours: For each point, in reading order, the sentences it stands on.
        theirs: The same of the human list.
    """
    all_ours, all_theirs = set().union(*ours), set().union(*theirs)
    alike = np.array([[_f1(a, b) for b in theirs] for a in ours]).reshape(len(ours), len(theirs))
    rows, columns = linear_sum_assignment(-np.where(alike >= FOUND, 1 + alike, 0))
    same = [(a, b) for a, b in zip(rows, columns, strict=True) if alike[a, b] >= FOUND]
    order = float(spearmanr(*zip(*same, strict=True)).statistic) if len(same) > 1 else float("nan")
    return Stands(100 * _f1(all_ours, all_theirs), 200 * len(same) / max(len(ours) + len(theirs), 1), order)


def _f1(one: Set[int], other: Set[int]) -> float:
    return 2 * len(one & other) / max(len(one) + len(other), 1)
