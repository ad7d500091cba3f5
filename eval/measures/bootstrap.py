"""Uncertainty: bootstrap intervals over articles, and the paired bootstrap between two systems (Koehn 2004)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
SEED = 13
_CHUNK = 10_000_000
"""Maximum number of draws in memory at once."""

Floats = npt.NDArray[np.float64]


class Figure(NamedTuple):
    """A mean over articles with the ends of its 95% interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """The mean difference of two systems, with its 95% interval and two-sided p-value."""

    difference: float
    low: float
    high: float
    p: float


def with_intervals(values: Floats, drawn: Floats) -> list[Figure]:
    """Figures from means, shape (columns,), and the means of bootstrap samples, shape (resamples, columns)."""
    low, high = _ends(drawn)
    return [Figure(*map(float, row)) for row in zip(values, low, high, strict=True)]


def differences(a: Floats, b: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> list[Difference]:
    """The mean of system a minus system b on the same articles, for each column.

    Args:
        a: Scores of one system, shape (articles, columns); NaN if there is no value.
        b: Scores of the other system, on the same articles in the same order. Articles without both values are ignored.
        resamples: Number of bootstrap samples of the articles.
        seed: Seed of the sampling.

    Raises:
        ValueError: The two arrays differ in shape, or are empty.
    """
    if np.shape(a) != np.shape(b) or not len(a):
        raise ValueError(f"a paired bootstrap needs scores for the same articles, got {len(a)} and {len(b)} scores")
    difference = np.asarray(a, float) - np.asarray(b, float)
    drawn = resampled(difference, resamples, seed)
    low, high = _ends(drawn)
    with np.errstate(invalid="ignore", divide="ignore"):
        tail = np.minimum((drawn <= 0).sum(0), (drawn >= 0).sum(0)) / np.isfinite(drawn).sum(0)
    # The number of samples limits how small a measured p-value can be.
    p = np.where(np.isfinite(low), np.clip(2 * tail, 2 / resamples, 1.0), np.nan)
    return [Difference(*map(float, row)) for row in zip(means(difference), low, high, p, strict=True)]


def resampled(scores: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> Floats:
    """Means of bootstrap samples, shape (resamples, columns), from scores of shape (articles, columns)."""
    n = len(scores)
    rng = np.random.default_rng(seed)
    there = np.isfinite(scores)
    filled = np.where(there, scores, 0.0)
    whole = bool(there.all())
    found = np.empty((resamples, scores.shape[1]))
    step = max(1, _CHUNK // n)
    for at in range(0, resamples, step):
        size = min(step, resamples - at)
        drawn = rng.integers(0, n, (size, n), np.int32)
        # Count how often each article was drawn, so that all means come from one matrix product.
        offsets = drawn + n * np.arange(size, dtype=np.int64)[:, None]
        times = np.bincount(offsets.ravel(), minlength=size * n).reshape(size, n).astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            found[at : at + size] = times @ filled / (n if whole else times @ there)
    return found


def means(scores: Floats) -> Floats:
    """The mean of each column over the articles that have a value; NaN if none has."""
    there = np.isfinite(scores)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, scores, 0.0).sum(0) / there.sum(0))


def _ends(drawn: Floats) -> Floats:
    """The 2.5th and the 97.5th percentile of each column, shape (2, columns), over the samples that have a value.

    NaN for a column without a value in more than a tenth of the samples: too few articles have one for an interval."""
    enough = np.isfinite(drawn).mean(0) >= 0.9
    found = np.full((2, drawn.shape[1]), np.nan)
    if enough.any():
        found[:, enough] = np.nanpercentile(drawn[:, enough], [2.5, 97.5], axis=0)
    return found
