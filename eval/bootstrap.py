"""Uncertainty: bootstrap intervals over articles, and the paired bootstrap between two systems (Koehn 2004)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

RESAMPLES = 10_000
SEED = 13

Floats = npt.NDArray[np.float64]


def interval(scores: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[float, float]:
    """The 95% percentile interval of the mean of scores, shape (articles,)."""
    means = _resampled(np.asarray(scores, float), resamples, seed)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def paired(a: Floats, b: Floats, resamples: int = RESAMPLES, seed: int = SEED) -> tuple[float, float, float, float]:
    """How far system a is above system b on the same articles.

    Args:
        a: Scores of the one system, shape (articles,).
        b: Scores of the other, on the same articles in the same order.
        resamples: Bootstrap samples.
        seed: Seed of the sampling.

    Returns:
        The mean difference a - b, the two ends of its 95% interval, and the two-sided p-value.

    Raises:
        ValueError: The two differ in length, or are empty.
    """
    if len(a) != len(b) or not len(a):
        raise ValueError(f"a paired bootstrap needs the same articles twice, got {len(a)} and {len(b)} scores")
    difference = np.asarray(a, float) - np.asarray(b, float)
    means = _resampled(difference, resamples, seed)
    low, high = np.percentile(means, [2.5, 97.5])
    tail = min(float((means <= 0).mean()), float((means >= 0).mean()))
    return float(difference.mean()), float(low), float(high), min(1.0, 2 * max(tail, 1 / resamples))


def _resampled(scores: Floats, resamples: int, seed: int) -> Floats:
    """Means of bootstrap samples, shape (resamples,), from scores of shape (articles,)."""
    rng = np.random.default_rng(seed)
    n = len(scores)
    # How often each article is drawn is multinomial, so a sample's mean is one matrix product.
    chunk = max(1, 10_000_000 // max(n, 1))
    sizes = [min(chunk, resamples - at) for at in range(0, resamples, chunk)]
    return np.concatenate([rng.multinomial(n, np.full(n, 1 / n), size) @ scores / n for size in sizes])
