"""Uncertainty: bootstrap intervals over articles, and the paired bootstrap between two systems (Koehn 2004)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
SEED = 13
_CHUNK = 10_000_000
"""Draws that are held at once."""

Floats = npt.NDArray[np.float64]


class Figure(NamedTuple):
    """A mean over articles with the ends of its 95% interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """How far one system is above another: mean, 95% interval, two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def figures(scores: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> list[Figure]:
    """The means of columns with their 95% percentile intervals.

    Args:
        scores: Shape (articles, columns); NaN where a column has no value for an article.
        resamples: Bootstrap samples of the articles.
        seed: Seed of the sampling. The same articles are drawn for every column.
    """
    scores = np.asarray(scores, float)
    means = _resampled(scores, resamples, seed)
    low, high = _nan_percentile(means, [2.5, 97.5])
    return [Figure(*map(float, row)) for row in zip(_nan_mean(scores), low, high, strict=True)]


def interval(scores: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[float, float]:
    """The 95% interval of the mean of scores, shape (articles,)."""
    (figure,) = figures(np.asarray(scores, float)[:, None], resamples, seed)
    return figure.low, figure.high


def differences(a: Floats, b: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> list[Difference]:
    """How far system a is above system b on the same articles, column by column.

    Args:
        a: Scores of the one system, shape (articles, columns).
        b: Scores of the other, on the same articles in the same order.
        resamples: Bootstrap samples of the articles.
        seed: Seed of the sampling.

    Raises:
        ValueError: The two differ in shape, or are empty.
    """
    if np.shape(a) != np.shape(b) or not len(a):
        raise ValueError(f"a paired bootstrap needs the same articles twice, got {len(a)} and {len(b)} scores")
    difference = np.asarray(a, float) - np.asarray(b, float)
    means = _resampled(difference, resamples, seed)
    low, high = _nan_percentile(means, [2.5, 97.5])
    tail = np.minimum((means <= 0).mean(0), (means >= 0).mean(0))
    p = np.minimum(1.0, 2 * np.maximum(tail, 1 / resamples))
    return [Difference(*map(float, row)) for row in zip(_nan_mean(difference), low, high, p, strict=True)]


def paired(a: Floats, b: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Difference:
    """`differences` of one column: a and b have shape (articles,)."""
    if len(a) != len(b):
        raise ValueError(f"a paired bootstrap needs the same articles twice, got {len(a)} and {len(b)} scores")
    return differences(np.asarray(a, float)[:, None], np.asarray(b, float)[:, None], resamples, seed)[0]


def _resampled(scores: Floats, resamples: int, seed: int) -> Floats:
    """Means of bootstrap samples, shape (resamples, columns), from scores of shape (articles, columns)."""
    n = len(scores)
    if not n:
        return np.full((resamples, scores.shape[1]), np.nan)
    rng = np.random.default_rng(seed)
    there = np.isfinite(scores)
    filled = np.where(there, scores, 0.0)
    whole = bool(there.all())
    found = np.empty((resamples, scores.shape[1]))
    step = max(1, _CHUNK // n)
    for at in range(0, resamples, step):
        size = min(step, resamples - at)
        drawn = rng.integers(0, n, (size, n), np.int32)
        # How often each article was drawn; a sample's mean is then one matrix product.
        offsets = drawn + n * np.arange(size, dtype=np.int64)[:, None]
        times = np.bincount(offsets.ravel(), minlength=size * n).reshape(size, n).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[at : at + size] = times @ filled / (n if whole else times @ there)
    return found


def _nan_mean(scores: Floats) -> Floats:
    there = np.isfinite(scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, scores, 0.0).sum(0) / there.sum(0))


def _nan_percentile(means: Floats, ends: list[float]) -> Floats:
    """Percentiles by column; NaN for a column that has no value in some resample, rather than a figure of the rest."""
    return np.asarray(np.percentile(means, ends, axis=0))
