"""How well each sentence of an article covers the human bullets: what the extractor learns to predict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from eval.oracle import f1, greedy_oracle, ngrams

ORACLE_SENTENCES = 3


def labels(sentences: Sequence[str], bullets: Sequence[str], oracle_share: float) -> npt.NDArray[np.float32]:
    """A label between 0 and 1 for each sentence, shape (n,).

    A mixture of two: whether the greedy oracle takes the sentence (it knows what the list as a whole needs, but gives
    all to one of two sentences that say the same), and the mean of ROUGE-1 F1 and ROUGE-2 F1 with the bullet that the
    sentence is most like (it grades, and F1 prefers a sentence that says little else).

    Args:
        sentences: The sentences of the story.
        bullets: The human list.
        oracle_share: Weight of the oracle; 1 is the greedy oracle alone.
    """
    soft = np.zeros(len(sentences), np.float32)
    references = [ngrams(bullet) for bullet in bullets]
    for i, sentence in enumerate(sentences):
        one, two = ngrams(sentence)
        scores = [
            f1((one & r1).total(), one.total(), r1.total()) + f1((two & r2).total(), two.total(), r2.total())
            for r1, r2 in references
        ]
        soft[i] = max(scores) / 2
    hard = np.zeros(len(sentences), np.float32)
    hard[greedy_oracle(sentences, bullets, ORACLE_SENTENCES)] = 1
    return oracle_share * hard + (1 - oracle_share) * soft


class Overlap(NamedTuple):
    """What a list's ROUGE-n is counted from, for one n. Only the human list's n-grams can be shared, so a sentence is a
    row of counts of these.

    Attributes:
        counts: Shape (sentences, n-grams): how often each n-gram of the human list stands in each sentence.
        wanted: Shape (n-grams,): how often it stands in the human list.
        sizes: Shape (sentences,): all n-grams of each sentence.
    """

    counts: npt.NDArray[np.float32]
    wanted: npt.NDArray[np.float32]
    sizes: npt.NDArray[np.float32]


def overlaps(sentences: Sequence[str], bullets: Sequence[str]) -> tuple[Overlap, Overlap]:
    """The overlap with a human list in unigrams and in bigrams."""
    human, texts = [ngrams(bullet) for bullet in bullets], [ngrams(sentence) for sentence in sentences]
    found = []
    for n in (0, 1):
        wanted: Counter[Any] = sum((one[n] for one in human), Counter[Any]())
        counts = [[text[n][gram] for gram in wanted] for text in texts]
        sizes = [text[n].total() for text in texts]
        found.append(
            Overlap(
                np.asarray(counts, np.float32).reshape(len(texts), -1),
                np.fromiter(wanted.values(), np.float32),
                np.asarray(sizes, np.float32),
            )
        )
    return found[0], found[1]
