"""The greedy oracle: the article sentences that best cover the reference bullets (Nallapati et al. 2017, SummaRuNNer).

The shares of source sentences in training and the oracle row of an evaluation use the n-gram overlap in this file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rouge_score.tokenizers import Tokenizer

from .rouge import EnglishTokenizer

ENGLISH = EnglishTokenizer()
"""The tokenizer of rouge-score with `use_stemmer=True`; the training labels use it."""

MIN_LIKENESS = 0.2
"""Minimum likeness of a bullet and its source sentence; below, they share little but "the" and "of"."""


def unigrams(text: str, tokenizer: Tokenizer = ENGLISH) -> Counter[str]:
    """Counts the tokens of a text."""
    return Counter(tokenizer.tokenize(text))


@lru_cache(maxsize=4096)  # every bullet of an article is compared with the same sentences
def ngrams(text: str, tokenizer: Tokenizer = ENGLISH) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Counts the unigrams and bigrams of a text. Pass one bullet at a time: no bigram should span two bullets."""
    tokens = tokenizer.tokenize(text)
    return Counter(tokens), Counter(zip(tokens, tokens[1:], strict=False))


def f1(overlap: int, candidate: int, reference: int) -> float:
    """Harmonic mean of precision and recall from counts."""
    return 2 * overlap / (candidate + reference) if candidate + reference else 0.0


def likeness(text: str, sentences: Sequence[str], tokenizer: Tokenizer = ENGLISH) -> list[float]:
    """ROUGE-1 F1 + ROUGE-2 F1 between a text and each sentence, 0 to 2."""
    wanted = ngrams(text, tokenizer)
    sizes = [n.total() for n in wanted]
    return [
        sum(
            f1((one & other).total(), one.total(), size)
            for one, other, size in zip(ngrams(sentence, tokenizer), wanted, sizes, strict=True)
        )
        for sentence in sentences
    ]


def source_of(bullet: str, sentences: Sequence[str], tokenizer: Tokenizer = ENGLISH) -> int | None:
    """Index of the sentence that is most like a bullet, the first if several are equal; None if no sentence reaches
    `MIN_LIKENESS`."""
    found = likeness(bullet, sentences, tokenizer)
    best = max(range(len(found)), key=found.__getitem__, default=None)
    return best if best is not None and found[best] >= MIN_LIKENESS else None


def greedy_oracle(
    sentences: Sequence[str], bullets: Sequence[str], most: int = 3, tokenizer: Tokenizer = ENGLISH
) -> list[int]:
    """Indices of at most `most` sentences, in the order of choice. Each step adds the sentence that most raises
    ROUGE-1 F1 + ROUGE-2 F1 against all bullets; stops when no sentence raises it."""
    candidates = [ngrams(sentence, tokenizer) for sentence in sentences]
    wanted = [sum((ngrams(bullet, tokenizer)[n] for bullet in bullets), Counter[Any]()) for n in (0, 1)]
    have = [Counter[Any](), Counter[Any]()]
    chosen: list[int] = []
    best = 0.0
    while len(chosen) < most:
        sums = [[h + c for h, c in zip(have, new, strict=True)] for new in candidates]
        gains = [
            (sum(f1((n & w).total(), n.total(), w.total()) for n, w in zip(new, wanted, strict=True)), -i)
            for i, new in enumerate(sums)
            if i not in chosen
        ]
        if not gains or max(gains)[0] <= best:
            break
        best, i = max(gains)[0], -max(gains)[1]
        chosen.append(i)
        have = sums[i]
    return chosen
