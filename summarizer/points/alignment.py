"""Finds the sentences of an article that a bullet was made from.

Used for an editor's own points and for the training pairs of the rewriter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ..reading import read, stems

MIN_RECALL = 0.35
"""Minimum share of a bullet's content words that its source sentences must contain."""
SECOND_GAIN = 0.2
"""Minimum share of a bullet's content words that a second source sentence must add."""
REACH = 3
"""Maximum distance between the two source sentences of a bullet, in sentences."""


class Aligner:
    """Finds the source sentences of bullets in one article.

    Args:
        sentences: The texts of the article's sentences, in order.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        self._bags = [set(stems(sentence)) for sentence in sentences]
        self._pairs = [set(pairwise(read(sentence))) for sentence in sentences]

    def __call__(self, bullet: str) -> tuple[int, ...]:
        """Returns the indices of the one or two sentences that contain most of a bullet's content words and word pairs,
        in article order. Of equally good sentences, the first is chosen. Returns () if the chosen ones contain less
        than `MIN_RECALL` of the content words."""
        content, pairs = set(stems(bullet)), set(pairwise(read(bullet)))
        if not content or not self._bags:
            return ()

        def recall(chosen: Sequence[int]) -> float:
            return len(content & set().union(*(self._bags[i] for i in chosen))) / len(content)

        def worth(chosen: Sequence[int]) -> float:
            there = set().union(*(self._pairs[i] for i in chosen))
            return recall(chosen) + len(pairs & there) / max(len(pairs), 1)

        best = max(range(len(self._bags)), key=lambda i: worth([i]))
        chosen: tuple[int, ...] = (best,)
        near = [i for i in range(max(0, best - REACH), min(len(self._bags), best + REACH + 1)) if i != best]
        if near:
            second = max(near, key=lambda i: worth([best, i]))
            if len(content & (self._bags[second] - self._bags[best])) / len(content) >= SECOND_GAIN:
                chosen = (min(best, second), max(best, second))
        return chosen if recall(chosen) >= MIN_RECALL else ()
