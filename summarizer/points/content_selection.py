"""Turns scores into points: which sentences are points of the list, how many, and in which order.

Sentences are chosen greedily, the most likely first. The score of a sentence that probably belongs to the point of a
chosen sentence is lowered, so that a list does not say the same twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..reading import Sentence, words
from ..summary import Length
from .candidates import Point
from .extractor import Array, Scored
from .tidy import bullet_of

CANDIDATES = 48
"""Number of sentences considered as points of a usual list. It keeps the work linear in the article's
length."""
_SHARED_TRIGRAMS = 0.5
"""Two sentences say the same if they share more than this fraction of the trigrams of the one with fewer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How points are chosen. The values were chosen on validation articles.

    Attributes:
        same_point_penalty: How much the score of a sentence is lowered if it belongs to a chosen point, 0 to 1.
        count_factor: Factor from the sum of all main probabilities to the number of points.
        min_points: Minimum number of points, if the article has that many sentences.
        max_points: Maximum number of points.
        brief_points: Number of points of a `brief` list.
    """

    same_point_penalty: float = 0.7
    count_factor: float = 1.1
    min_points: int = 3
    max_points: int = 7
    brief_points: int = 3


SETTINGS = Settings()


def choose(
    scored: Scored,
    count: int | Literal["auto"],
    length: Length,
    settings: Settings = SETTINGS,
    spare: int = 0,
) -> tuple[Point, ...]:
    """Returns the points of a list, in article order, which in news is the order of importance.

    Args:
        scored: The sentences of an article with the extractor's scores.
        count: Number of points; with "auto" it depends on the article. Fewer are returned only if the article has too
            few different sentences.
        length: A `brief` list has only the most important points.
        settings: How the points are chosen.
        spare: Number of further points to add at the end, marked as spare, the best first.
    """
    n = len(scored.sentences)
    usual = settings.brief_points if length == "brief" else settings.max_points
    shown = min(n, usual if count == "auto" else count)
    wanted = settings.max_points if count == "auto" else max(count, settings.max_points if length == "brief" else 0)
    mains = _mains(scored, wanted + spare, settings)
    expected = float(_sigmoid(scored.main).sum())
    if count == "auto":
        size = max(min(settings.min_points, n), min(round(settings.count_factor * expected), settings.max_points))
    else:
        size = min(wanted, max(shown, round(expected))) if length == "brief" else shown
    top = sorted(mains[:size], key=lambda i: (-scored.top[i], i))  # of more than are shown, the most important ones
    listed, left = sorted(top[:shown]), [*top[shown:], *mains[size:]][:spare]
    return tuple(_point(scored, i, length, i in left) for i in (*listed, *left))


def _point(scored: Scored, i: int, length: Length, spare: bool) -> Point:
    score, top = (float(_sigmoid(scores[i])) for scores in (scored.main, scored.top))
    return Point(i, score, top if length == "brief" else score, spare)


def _mains(scored: Scored, count: int, settings: Settings) -> list[int]:
    """Returns the sentences of the points, most likely first."""
    n = len(scored.sentences)
    looked_at = np.argsort(-scored.main, kind="stable")[: max(CANDIDATES, 3 * count)]
    left = np.full(n, -np.inf, np.float32)
    left[looked_at] = scored.main[looked_at]
    said: dict[int, set[tuple[str, ...]]] = {}
    chosen: list[int] = []
    while len(chosen) < count and np.isfinite(left).any():
        best = int(left.argmax())
        left[best] = -np.inf
        trigrams = _trigrams(scored.sentences[best])
        if any(_same(trigrams, said[other]) for other in chosen):
            continue
        chosen.append(best)
        said[best] = trigrams
        together = _sigmoid(scored.together(best)).clip(0, 0.999)
        left += np.asarray(np.log1p(-settings.same_point_penalty * together), np.float32)
    return chosen


def _same(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> bool:
    return len(one & other) > _SHARED_TRIGRAMS * min(len(one), len(other)) if one and other else one == other


def _trigrams(sentence: Sentence) -> set[tuple[str, ...]]:
    tokens = [w.lower() for w in words(bullet_of([sentence.text]))]
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False)) or {tuple(tokens)}


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float32)
