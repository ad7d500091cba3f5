"""Calibrates the judge's scores to probabilities, and measures how well they separate good texts from others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from torch import Tensor, nn

from summarizer.checks import VERDICTS, Calibration

_RIDGE = 1e-3
"""Weight of the penalty that pulls a fit towards the identity, relative to the mean loss of a text."""


def auc(scores: npt.NDArray[Any], wanted: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve, 0 to 1: how often a wanted text scores higher than an unwanted one, where a tie counts
    half. 0.5 if there are only wanted or only unwanted texts."""
    yes, no = int(wanted.sum()), int((~wanted).sum())
    if not yes or not no:
        return 0.5
    ranks = rankdata(scores)
    return float((ranks[wanted].sum() - yes * (yes + 1) / 2) / (yes * no))


def fitted(scores: npt.NDArray[Any], verdicts: Sequence[str]) -> Calibration:
    """Returns the calibration that makes the verdicts most probable (L-BFGS), with a weak penalty that pulls it towards
    the identity.

    Args:
        scores: The judge's scores of the verdicts for each text, shape (texts, VERDICTS).
        verdicts: What readers said of the texts.
    """
    logits = torch.from_numpy(scores).double()
    labels = torch.tensor([VERDICTS.index(verdict) for verdict in verdicts])
    slope = torch.ones(1, dtype=torch.float64, requires_grad=True)
    shift = torch.zeros(len(VERDICTS), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([slope, shift], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(slope * logits + shift, labels)
        loss = loss + _RIDGE * ((slope - 1).square() + shift.square().sum()).sum()
        loss.backward()
        return loss

    if len(verdicts):
        optimizer.step(closure)
    return Calibration(round(slope.item(), 4), tuple(round(value, 4) for value in shift.tolist()))


def measures(scores: npt.NDArray[Any], verdicts: Sequence[str], calibration: Calibration) -> dict[str, Any]:
    """Returns the number of texts, the share of good ones, the AUC of good texts against others, and for each fault the
    AUC of good texts against those that have it."""
    good = calibration(np.asarray(scores, np.float32))[:, 0] if len(verdicts) else np.zeros(0)
    said = np.array(verdicts)
    wanted = said == "good"
    by_fault = {
        fault: round(auc(good[kept], wanted[kept]), 4)
        for fault in VERDICTS[1:]
        if (said == fault).any()
        for kept in [wanted | (said == fault)]
    }
    share = round(float(wanted.mean()), 4) if len(verdicts) else 0.0
    return {"texts": len(verdicts), "good": share, "auc": round(auc(good, wanted), 4), "auc_by_fault": by_fault}
