"""Calibrates the verifier's logits to probabilities, and measures how good the probabilities are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from summarizer.checks import TEXT_KINDS, VERDICTS, Calibration, TextKind

from .data import Judged

_MIN_POINTS = 100
"""Minimum number of judged points for which a kind of point gets its own calibration."""
_RIDGE = 1e-4
"""Weight of the penalty that pulls a fit towards the identity, relative to the mean loss of a point."""
_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def auc(scores: npt.NDArray[Any], wanted: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve, 0 to 1: how often a wanted point scores higher than an unwanted one, where a
    tie counts half."""
    ranks = rankdata(scores)
    yes = int(wanted.sum())
    no = len(wanted) - yes
    return float((ranks[wanted].sum() - yes * (yes + 1) / 2) / max(yes * no, 1))


def curve(good: npt.NDArray[Any], wanted: npt.NDArray[np.bool_]) -> list[dict[str, float]]:
    """Returns, for each threshold, the share of the points that reach it and the share of good points among these."""
    rows = []
    for threshold in _THRESHOLDS:
        shown = good >= threshold
        share = float(wanted[shown].mean()) if shown.any() else float("nan")
        reach = float(shown.mean()) if len(shown) else float("nan")
        rows.append({"threshold": threshold, "shown": round(reach, 4), "good": round(share, 4)})
    return rows


def calibrations(
    said: npt.NDArray[Any], points: Sequence[Judged], before: Mapping[TextKind, Calibration] | None = None
) -> dict[TextKind, Calibration]:
    """Returns a calibration for each kind of point.

    A kind with too few points gets the calibration of the verifier that training started from. If that has none, the
    calibration is fitted on all points.

    Args:
        said: Logits of held-out points, shape (points, VERDICTS).
        points: The held-out points.
        before: Calibrations of the verifier that training started from.
    """
    found = {}
    for kind, rows in rows_by_kind(points).items():
        if len(rows) >= _MIN_POINTS:
            found[kind] = _fitted(said[rows], [points[i] for i in rows])
        elif before and kind in before:
            found[kind] = before[kind]
        else:
            found[kind] = _fitted(said, [replace(point, score=None) for point in points])
    return found


def _fitted(said: npt.NDArray[Any], points: Sequence[Judged]) -> Calibration:
    """Fits by maximum likelihood (L-BFGS), with a weak penalty that pulls the fit towards the identity."""
    logits = torch.from_numpy(said).double()
    score = torch.tensor([point.score or 0.0 for point in points], dtype=torch.float64)[:, None]
    labels = torch.tensor([VERDICTS.index(point.verdict) for point in points])
    slope = torch.ones(1, dtype=torch.float64, requires_grad=True)
    shift, scored = (torch.zeros(len(VERDICTS), dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.LBFGS([slope, shift, scored], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(slope * logits + shift + score * scored, labels)
        loss = loss + _RIDGE * ((slope - 1).square() + shift.square().sum() + scored.square().sum() / 100).sum()
        loss.backward()
        return loss

    if len(points):
        optimizer.step(closure)
    return Calibration(
        round(slope.item(), 4), *(tuple(round(value, 4) for value in of.tolist()) for of in (shift, scored))
    )


def rows_by_kind(points: Sequence[Judged]) -> dict[TextKind, list[int]]:
    """Returns the indices of the points of each kind."""
    return {kind: [i for i, point in enumerate(points) if point.kind == kind] for kind in TEXT_KINDS}


def measures(
    said: npt.NDArray[Any], points: Sequence[Judged], fitted: Mapping[TextKind, Calibration]
) -> dict[str, Any]:
    """Returns the measures of calibrated logits, with probabilities computed as in `Verifier`."""
    by_kind = (fitted.get(point.kind, Calibration()) for point in points)
    good = np.array([fit(row, point.score or 0.0)[0] for fit, row, point in zip(by_kind, said, points, strict=True)])
    wanted = np.array([point.verdict == "good" for point in points], bool)
    return {
        "points": len(points),
        "good": round(float(wanted.mean()), 4) if len(points) else 0.0,
        "auc": round(auc(good, wanted), 4),
        "auc_by_fault": auc_by_fault(good, [point.verdict for point in points]),
        "curve": curve(good, wanted),
    }


def auc_by_fault(scores: npt.NDArray[Any], verdicts: Sequence[str]) -> dict[str, float]:
    """Returns, for each fault, the AUC of good points against points with that fault."""
    found = {}
    for fault in VERDICTS[1:]:
        both = [i for i, verdict in enumerate(verdicts) if verdict in ("good", fault)]
        found[fault] = round(auc(scores[both], np.array([verdicts[i] == "good" for i in both], bool)), 4)
    return found
