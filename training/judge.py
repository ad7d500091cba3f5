"""Calibrates the judge's scores to probabilities, and measures how well they separate good texts from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.stats import rankdata
from torch import Tensor, nn
from tqdm import tqdm

from summarizer.checks import VERDICTS, Calibration, Verdict
from summarizer.deadline import Deadline
from summarizer.points import CALIBRATED, Writer, story

from .data import StandaloneArticle

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


@dataclass(frozen=True, slots=True)
class Answers:
    """What a judge says of texts, and what readers said.

    Attributes:
        scores: The judge's scores of the verdicts, shape (texts, VERDICTS).
        likelihoods: The writer's mean log-probability of each text, shape (texts,); 0 for sentences of articles.
        verdicts: What readers said.
    """

    scores: npt.NDArray[np.float64]
    likelihoods: npt.NDArray[np.float64]
    verdicts: list[str]


def answers(writer: Writer, articles: Sequence[StandaloneArticle]) -> dict[str, Answers]:
    """Returns what the judge of an exported writer says of the judged sentences and texts of some articles, by kind
    (`CALIBRATED`). Its scores are those before calibration if it has none yet."""
    limit = Deadline()
    found: dict[str, list[tuple[Verdict, float, str]]] = {kind: [] for kind in CALIBRATED}
    for article in tqdm(articles, unit=" articles", desc="judging"):
        numbers = {i: n for n, i in enumerate(dict.fromkeys(point.sentence for point in article.points), 1)}
        read = writer.read(story(article.sentences, [(i,) for i in numbers], article.title), limit)
        for point in article.points:
            number, own = numbers[point.sentence], article.sentences[point.sentence].text
            if point.verdict:
                (written,) = writer.write(read, [number], [own], limit, enough=[0.0])
                found["sentences"].append((written.sentence, 0.0, point.verdict))
            for one in point.judged:
                asked = {"standard": [one.standard], "own": True}
                (judged,) = writer.judge(read, [number], [own], [one.text], limit, **asked)
                found["texts"].append((judged.verdict, judged.score, one.verdict))
    return {
        kind: Answers(
            np.log(np.maximum([astuple(verdict) for verdict, _, _ in rows], 1e-9).reshape(-1, len(VERDICTS))),
            np.array([likelihood for _, likelihood, _ in rows]),
            [said for _, _, said in rows],
        )
        for kind, rows in found.items()
    }


def fitted(found: Answers) -> Calibration:
    """Returns the calibration that makes the readers' verdicts most probable (L-BFGS), with a weak penalty that pulls
    it towards the identity."""
    logits, likelihoods = torch.from_numpy(found.scores), torch.from_numpy(found.likelihoods)[:, None]
    labels = torch.tensor([VERDICTS.index(verdict) for verdict in found.verdicts])
    slope = torch.ones(1, dtype=torch.float64, requires_grad=True)
    shift, weights = (torch.zeros(len(VERDICTS), dtype=torch.float64, requires_grad=True) for _ in range(2))
    optimizer = torch.optim.LBFGS([slope, shift, weights], max_iter=200, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(slope * logits + shift + weights * likelihoods, labels)
        loss = loss + _RIDGE * ((slope - 1).square() + shift.square().sum() + weights.square().sum()).sum()
        loss.backward()
        return loss

    if len(found.verdicts):
        optimizer.step(closure)
    rounded = (tuple(round(value, 4) for value in values.tolist()) for values in (shift, weights))
    return Calibration(round(slope.item(), 4), *rounded)


def measures(found: Answers, calibration: Calibration) -> dict[str, Any]:
    """Returns the number of texts, the share of good ones, the AUC of good texts against others, and for each fault the
    AUC of good texts against those that have it."""
    good = calibration(found.scores, found.likelihoods)[:, 0]
    said = np.array(found.verdicts)
    wanted = said == "good"
    by_fault = {
        fault: round(auc(good[kept], wanted[kept]), 4)
        for fault in VERDICTS[1:]
        if (said == fault).any()
        for kept in [wanted | (said == fault)]
    }
    share = round(float(wanted.mean()), 4) if len(said) else 0.0
    return {"texts": len(said), "good": share, "auc": round(auc(good, wanted), 4), "auc_by_fault": by_fault}
