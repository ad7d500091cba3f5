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
    likeness = [_likeness(bullet, sentence, tokenizer) for sentence in sentences]
    best = max(range(len(likeness)), key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= LEAST else None


def _likeness(bullet: str, sentence: str, tokenizer: Tokenizer) -> float:
    (ours1, ours2), (theirs1, theirs2) = _ngrams(bullet, tokenizer), _ngrams(sentence, tokenizer)
    one = f1((ours1 & theirs1).total(), ours1.total(), theirs1.total())
    return one + f1((ours2 & theirs2).total(), ours2.total(), theirs2.total())
