"""Pairs bullets with reference bullets: which reference points are made, and which are missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rouge_score.tokenizers import Tokenizer
from scipy.optimize import linear_sum_assignment

from .oracle import f1, unigrams

MATCH = 0.3
"""Minimum ROUGE-1 F1 of two bullets that make the same point; below, they share little but "the" and "of"."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matching:
    """The best one-to-one pairing of a list with a reference list.

    Attributes:
        pairs: (index of the bullet, index of the reference bullet, ROUGE-1 F1) of each pair, F1 at least `MATCH`.
        precision: Sum of the pairs' F1, divided by the number of bullets, 0 to 1.
        recall: The same sum, divided by the number of reference bullets.
        missed: Number of reference bullets without a partner.
        unmatched: Number of bullets without a partner.
    """

    pairs: tuple[tuple[int, int, float], ...]
    precision: float
    recall: float
    missed: int
    unmatched: int

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def likeness(left: Sequence[str], right: Sequence[str], tokenizer: Tokenizer) -> Floats:
    """ROUGE-1 F1 between each bullet of two lists, shape (left, right), 0 to 1."""
    ours, theirs = [unigrams(b, tokenizer) for b in left], [unigrams(b, tokenizer) for b in right]
    rows = [[f1((x & y).total(), x.total(), y.total()) for y in theirs] for x in ours]
    return np.asarray(rows, float).reshape(len(left), len(right))


def match(bullets: Sequence[str], reference: Sequence[str], tokenizer: Tokenizer) -> Matching:
    """Pairs bullets with reference bullets so that the sum of their ROUGE-1 F1 is maximal (the assignment problem,
    Kuhn 1955). Bullets with an F1 below `MATCH` make different points and are not paired."""
    alike = likeness(bullets, reference, tokenizer)
    again = [bullet in bullets[:i] for i, bullet in enumerate(bullets)]
    alike[again] = 0.0  # a repeated bullet makes no new point
    alike[alike < MATCH] = 0.0  # before pairing, so that two weak pairs do not outweigh a good one
    rows, columns = linear_sum_assignment(-alike)
    pairs = tuple((int(i), int(j), float(alike[i, j])) for i, j in zip(rows, columns, strict=True) if alike[i, j] > 0)
    total = sum(value for *_, value in pairs)
    return Matching(
        pairs,
        precision=total / len(bullets) if bullets else 0.0,
        recall=total / len(reference) if reference else 0.0,
        missed=len(reference) - len(pairs),
        unmatched=len(bullets) - len(pairs),
    )


def redundancy(bullets: Sequence[str], tokenizer: Tokenizer) -> float:
    """Mean ROUGE-1 F1 between the bullets of one list, 0 to 1; NaN for fewer than two."""
    if len(bullets) < 2:
        return float("nan")
    return float(likeness(bullets, bullets, tokenizer)[np.triu_indices(len(bullets), 1)].mean())
