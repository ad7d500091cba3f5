"""Turns scores into points: the source sentences of each, their number, and their order.

Main sentences are chosen greedily, the most likely first. The score of a sentence that probably belongs to the point of
a chosen sentence is lowered. Then each other sentence joins the main sentence that it most probably belongs to, if the
probability is high enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ..reading import Sentence, words
from ..summary import Length
from .extractor import Array, Scored
from .point import Point

CANDIDATES = 48
"""Number of sentences considered as main sentences for a usual list. It keeps the work linear in the article's
length."""
_SHARED_TRIGRAMS = 0.5
"""Two sentences say the same if they share more than this fraction of the trigrams of the one with fewer."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How points are chosen. The values were chosen on validation articles.

    Attributes:
        same_point_penalty: How much the score of a sentence is lowered if it belongs to a chosen point, 0 to 1.
        min_join_probability: Minimum probability for a sentence to join a point.
        max_sentences: Maximum number of sentences of a point. In header lists four points in ten have three or four;
            but the rewriter's texts from three or four sentences were rarely good (docs/quality.md).
        count_factor: Factor from the sum of all main probabilities to the number of points.
        min_points: Minimum number of points, if the article has that many sentences.
        max_points: Maximum number of points.
        brief_points: Number of points of a `brief` list.
    """

    same_point_penalty: float = 0.7
    min_join_probability: float = 0.3
    max_sentences: int = 2
    count_factor: float = 1.1
    min_points: int = 3
    max_points: int = 7
    brief_points: int = 3


SETTINGS: dict[Length, Settings] = {
    "standard": Settings(),
    "brief": Settings(),
    "highlights": Settings(count_factor=0.8, min_points=2, max_points=4),
}


def group(
    scored: Scored,
    count: int | Literal["auto"],
    length: Length,
    settings: Settings | None = None,
    spare: int = 0,
) -> tuple[Point, ...]:
    """Returns the points of a list, in article order of their main sentences, which in news is the order of importance.

    Args:
        scored: The sentences of an article with the extractor's scores.
        count: Number of points; with "auto" it depends on the article. Fewer are returned only if the article has too
            few different sentences.
        length: A `brief` list has only the most important points.
        settings: How the points are chosen. Default: the `SETTINGS` of the length.
        spare: Number of further points to add at the end, marked as spare, the best first.
    """
    settings = settings or SETTINGS[length]
    n = len(scored.sentences)
    usual = settings.brief_points if length == "brief" else settings.max_points
    shown = min(n, usual if count == "auto" else count)
    wanted = settings.max_points if count == "auto" else max(count, settings.max_points if length == "brief" else 0)
    mains, together = _mains(scored, wanted + spare, settings)
    expected = round(settings.count_factor * float(_sigmoid(scored.main).sum()))
    if count == "auto":
        size = max(min(settings.min_points, n), min(expected, settings.max_points))
    else:
        size = min(wanted, max(shown, round(float(_sigmoid(scored.main).sum())))) if length == "brief" else shown
    groups = _grouped(scored, mains[:size], together, length, settings)
    left: list[Point] = []
    if len(groups) > shown:
        best = sorted(range(len(groups)), key=lambda i: -groups[i].likely)
        left = [groups[i] for i in best[shown:]]
        groups = [groups[i] for i in sorted(best[:shown])]
    if len(left) < spare:
        used = {i for point in (*groups, *left) for i in point.chosen}
        more = (
            {point.main: point for point in _grouped(scored, mains, together, length, settings)} if mains[size:] else {}
        )
        left += [_less(more[main], used) for main in mains[size:] if main not in used]
    return tuple(_with_free_sentences([*groups, *(replace(point, spare=True) for point in left[:spare])]))


def _mains(scored: Scored, count: int, settings: Settings) -> tuple[list[int], dict[int, Array]]:
    """Returns the main sentences, most likely first, and for each the probability that each sentence of the article
    belongs to its point."""
    n = len(scored.sentences)
    looked_at = np.argsort(-scored.main, kind="stable")[: max(CANDIDATES, 3 * count)]
    left = np.full(n, -np.inf, np.float32)
    left[looked_at] = scored.main[looked_at]
    trigrams_of: dict[int, set[tuple[str, ...]]] = {}
    chosen: list[int] = []
    together: dict[int, Array] = {}
    while len(chosen) < count and np.isfinite(left).any():
        best = int(left.argmax())
        left[best] = -np.inf
        trigrams = _trigrams(scored.sentences[best])
        if any(_same(trigrams, trigrams_of[other]) for other in chosen):
            continue
        chosen.append(best)
        trigrams_of[best] = trigrams
        together[best] = _sigmoid(scored.together(best))
        left += np.asarray(np.log1p(-settings.same_point_penalty * together[best].clip(0, 0.999)), np.float32)
    return chosen, together


def _grouped(
    scored: Scored, mains: Sequence[int], together: dict[int, Array], length: Length, settings: Settings
) -> list[Point]:
    """Returns each main sentence with the sentences that join it, in article order of the main sentences."""
    mains = sorted(mains)
    belongs = np.stack([together[i] for i in mains])
    belongs[:, mains] = 0
    to = belongs.argmax(0)
    joins = belongs.max(0) >= settings.min_join_probability
    groups = []
    for row, main in enumerate(mains):
        others = [int(i) for i in np.flatnonzero(joins & (to == row))]
        others = sorted(others, key=lambda i: -belongs[row, i])[: settings.max_sentences - 1]
        chosen = tuple(sorted([main, *others]))
        score, top = float(_sigmoid(scored.main[main])), float(_sigmoid(scored.top[main]))
        likely = top if length == "brief" else score
        groups.append(Point(scored.sentences, chosen, main, round(score, 4), likely=likely))
    return groups


def _less(point: Point, used: set[int]) -> Point:
    """Returns a point without the sentences that other points use. It keeps its main sentence."""
    return replace(point, chosen=tuple(i for i in point.chosen if i == point.main or i not in used))


def _with_free_sentences(points: Sequence[Point]) -> Iterator[Point]:
    """Yields the points, each with the sentence before its main one (`Point.before`) if no other point uses it."""
    used = {i for point in points for i in point.chosen}
    for point in points:
        before = point.main - 1
        if (
            before >= 0
            and before not in used
            and point.sentences[before].section == point.sentences[point.main].section
        ):
            used.add(before)
            yield replace(point, before=before)
        else:
            yield point


def _same(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> bool:
    return len(one & other) > _SHARED_TRIGRAMS * min(len(one), len(other)) if one and other else one == other


def _trigrams(sentence: Sentence) -> set[tuple[str, ...]]:
    tokens = [w.lower() for w in words(sentence.text)]
    return set(zip(tokens, tokens[1:], tokens[2:], strict=False)) or {tuple(tokens)}


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -30, 30))), np.float32)
