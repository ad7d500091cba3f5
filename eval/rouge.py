"""ROUGE as the papers mean it: rouge-score, stemmer on, one bullet a line (Lin 2004); their "ROUGE-L" is rougeLsum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from rouge_score import rouge_scorer

MEASURES = ("rouge1", "rouge2", "rougeLsum")

_SCORER = rouge_scorer.RougeScorer(list(MEASURES), use_stemmer=True)


def rouge(predictions: Iterable[Sequence[str]], references: Iterable[Sequence[str]]) -> npt.NDArray[np.float64]:
    """F1 of each list of bullets against its human list, times 100.

    Args:
        predictions: A list of bullets for each article; an empty one scores 0.
        references: The human list of each article, in the same order.

    Returns:
        Shape (articles, 3): rouge1, rouge2, rougeLsum.

    Raises:
        ValueError: The two differ in length.
    """
    rows = []
    for prediction, reference in zip(predictions, references, strict=True):
        scores = _SCORER.score("\n".join(reference), "\n".join(prediction))
        rows.append([100 * scores[measure].fmeasure for measure in MEASURES])
    return np.asarray(rows, float).reshape(-1, len(MEASURES))
