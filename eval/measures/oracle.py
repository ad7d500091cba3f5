"""The greedy oracle: the article sentences that best cover the reference bullets (Nallapati et al. 2017, SummaRuNNer).

The training labels and the oracle row of an evaluation both use the n-gram overlap in this file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rouge_score.tokenizers import Tokenizer

from .rouge import EnglishTokenizer

ENGLISH = EnglishTokenizer()
"""The tokenizer of rouge-score with `use_stemmer=True`; the training labels use it."""


def unigrams(text: str, tokenizer: Tokenizer = ENGLISH) -> Counter[str]:
    """Counts the tokens of a text."""
    return Counter(tokenizer.tokenize(text))


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


def greedy_oracle(
    sentences: Sequence[str], bullets: Sequence[str], most: int = 3, tokenizer: Tokenizer = ENGLISH
) -> list[int]:
    """Indices of at most `most` sentences, in the order of choice. Each step adds the sentence that most raises
    ROUGE-1 F1 + ROUGE-2 F1 against all bullets; stops when no sentence raises it."""
    candidates = [ngrams(s, tokenizer) for s in sentences]
    references = [ngrams(b, tokenizer) for b in bullets]
    words = sum((r[0] for r in references), Counter[str]())
    bigrams = sum((r[1] for r in references), Counter[tuple[str, str]]())
    n1, n2 = words.total(), bigrams.total()
    # Only n-grams of the bullets can overlap, which keeps the counters small.
    sizes = [(c[0].total(), c[1].total()) for c in candidates]
    common = [
        (
            Counter({k: v for k, v in c[0].items() if k in words}),
            Counter({k: v for k, v in c[1].items() if k in bigrams}),
        )
        for c in candidates
    ]
    chosen: list[int] = []
    have: tuple[Counter[str], Counter[tuple[str, str]]] = (Counter(), Counter())
    length, best = (0, 0), 0.0
    while len(chosen) < most:
        gains = []
        for i, (one, two) in enumerate(common):
            if i not in chosen and one:
                o1 = sum(min(have[0][k] + v, words[k]) - min(have[0][k], words[k]) for k, v in one.items())
                o2 = sum(min(have[1][k] + v, bigrams[k]) - min(have[1][k], bigrams[k]) for k, v in two.items())
                o1 += sum(min(v, words[k]) for k, v in have[0].items())
                o2 += sum(min(v, bigrams[k]) for k, v in have[1].items())
                gains.append((f1(o1, length[0] + sizes[i][0], n1) + f1(o2, length[1] + sizes[i][1], n2), -i))
        if not gains or max(gains)[0] <= best:
            break
        best, i = max(gains)[0], -max(gains)[1]
        chosen.append(i)
        have = (have[0] + common[i][0], have[1] + common[i][1])
        length = (length[0] + sizes[i][0], length[1] + sizes[i][1])
    return chosen
