"""Finds the sentence of an article that is most similar to a bullet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rouge_score.tokenizers import Tokenizer

from .oracle import ENGLISH, f1, ngrams

MIN_LIKENESS = 0.2
"""Minimum ROUGE-1 F1 + ROUGE-2 F1 of a bullet and its sentence; below, they share little but "the" and "of"."""

# Cached, because every bullet of an article is compared with the same sentences.
_ngrams = lru_cache(maxsize=4096)(ngrams)


def source_of(bullet: str, sentences: Sequence[str], tokenizer: Tokenizer = ENGLISH) -> int | None:
    """Index of the sentence with the highest ROUGE-1 F1 + ROUGE-2 F1 with the bullet, as the oracle would choose it.

    If several are equal, returns the first. Returns None if no sentence reaches `MIN_LIKENESS`."""
    likeness = [_likeness(bullet, sentence, tokenizer) for sentence in sentences]
    best = max(range(len(likeness)), key=likeness.__getitem__, default=None)
    return best if best is not None and likeness[best] >= MIN_LIKENESS else None


def _likeness(bullet: str, sentence: str, tokenizer: Tokenizer) -> float:
    (ours1, ours2), (theirs1, theirs2) = _ngrams(bullet, tokenizer), _ngrams(sentence, tokenizer)
    one = f1((ours1 & theirs1).total(), ours1.total(), theirs1.total())
    return one + f1((ours2 & theirs2).total(), ours2.total(), theirs2.total())
