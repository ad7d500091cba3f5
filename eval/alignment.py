"""Which sentence of an article a bullet is most like."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rouge_score.tokenizers import Tokenizer

from .oracle import ENGLISH, f1, ngrams

LEAST = 0.2
"""ROUGE-1 F1 + ROUGE-2 F1 below which a bullet is like no sentence: they share little but "the" and "of"."""

# Every bullet of an article is held against the same sentences.
_ngrams = lru_cache(maxsize=4096)(ngrams)


def source_of(bullet: str, sentences: Sequence[str], tokenizer: Tokenizer = ENGLISH) -> int | None:
    """Index of the sentence with the greatest ROUGE-1 F1 + ROUGE-2 F1 with the bullet, the first one of equals: what
    the oracle would take for it. None where no sentence is at least `LEAST` like it."""
    ours = _ngrams(bullet, tokenizer)
    likeness = [
        sum(f1((x & y).total(), x.total(), y.total()) for x, y in zip(ours, _ngrams(sentence, tokenizer), strict=True))
        for sentence in sentences
    ]
    best = max(range(len(likeness)), key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= LEAST else None
