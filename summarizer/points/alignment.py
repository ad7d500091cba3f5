"""Which sentences of an article a bullet was made from: behind the sources of what a checkpoint wrote, and behind the
pairs that the rewriter is trained on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from ..reading import read, stems

LEAST = 0.35
"""Share of a bullet's content words that its sentences must hold to be its sources."""
SECOND_GAIN = 0.2
"""Share of its content words that a second sentence must add to be taken."""
REACH = 3
"""How many sentences further on or back the second of the two that a bullet is made from may stand."""


class Aligner:
    """The sentences of one article, ready to have bullets held against them.

    Args:
        sentences: Their texts, in order.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        self._bags = [set(stems(sentence)) for sentence in sentences]
        self._pairs = [set(pairwise(read(sentence))) for sentence in sentences]

    def __call__(self, bullet: str) -> tuple[int, ...]:
        """Indices of the one or two sentences that hold most of a bullet's content words and of its pairs of words, in
        article order, the first of equals; () where none holds `LEAST` of its content words."""
        said, worth = self._worth(bullet)
        if not said or not self._bags:
            return ()
        best = max(range(len(self._bags)), key=lambda i: worth([i]))
        chosen: tuple[int, ...] = (best,)
        near = [i for i in range(max(0, best - REACH), min(len(self._bags), best + REACH + 1)) if i != best]
        if near:
            second = max(near, key=lambda i: worth([best, i]))
            if len(said & (self._bags[second] - self._bags[best])) / len(said) >= SECOND_GAIN:
                chosen = (min(best, second), max(best, second))
        return chosen if self.recall(bullet, chosen) >= LEAST else ()

    def best(self, bullet: str, among: Sequence[int]) -> int:
        """Which one of some sentences holds most of a bullet."""
        _, worth = self._worth(bullet)
        return max(among, key=lambda i: worth([i]))

    def _worth(self, bullet: str) -> tuple[set[str], Callable[[Sequence[int]], float]]:
        """The bullet's content words, and how much of it sentences hold, 0 to 2."""
        said, pairs = set(stems(bullet)), set(pairwise(read(bullet)))

        def worth(chosen: Sequence[int]) -> float:
            bag = set().union(*(self._bags[i] for i in chosen))
            there = set().union(*(self._pairs[i] for i in chosen))
            return len(said & bag) / max(len(said), 1) + len(pairs & there) / max(len(pairs), 1)

        return said, worth

    def recall(self, bullet: str, chosen: Sequence[int], context: str = "") -> float:
        """Share of a bullet's content words that sentences hold, with the one that explains them, 0 to 1."""
        said, there = set(stems(bullet)), set(stems(context)).union(*(self._bags[i] for i in chosen))
        return len(said & there) / len(said) if said else 0.0
