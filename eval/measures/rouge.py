"""ROUGE as in published papers: rouge-score, stemmer on, one bullet a line (Lin 2004). Their "ROUGE-L" is rougeLsum.

Published figures for English use rouge-score's own tokenizer. It keeps only `a` to `z` and digits, so two equal
sentences in Hindi score 0. All languages except English therefore use `UnicodeTokenizer`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
import regex
from nltk.stem.porter import PorterStemmer
from rouge_score import rouge_scorer, scoring, tokenize
from rouge_score.tokenizers import Tokenizer

MEASURES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
PARTS = ("precision", "recall", "f1")
Several = Literal["best", "mean"]
References = Sequence[Sequence[str]]
"""The reference lists of one article: several annotators may have written one each."""

_STEMMER = PorterStemmer()
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー々〆"
"""Scripts written without spaces: each character is a token."""
_TOKEN = regex.compile(
    r"\p{N}+(?:[.,]\p{N}+)*"  # 1,200.50 is one number
    rf"|[{_UNSPACED}]\p{{M}}*"
    rf"|[[\p{{L}}\p{{M}}\p{{N}}_]--[{_UNSPACED}]]+(?:['’][[\p{{L}}\p{{M}}]--[{_UNSPACED}]]+)*",
    regex.V1,
)


@lru_cache(maxsize=500_000)
def _stem(token: str) -> str:
    return str(_STEMMER.stem(token)) if len(token) > 3 else token


class EnglishTokenizer(Tokenizer):  # type: ignore[misc]
    """rouge-score's tokenizer with `use_stemmer=True`, but with a cache of stems, for speed."""

    def tokenize(self, text: str) -> list[str]:
        """Returns the stems of the words of a text."""
        return [_stem(token) for token in tokenize.tokenize(text, None)]


class UnicodeTokenizer(Tokenizer):  # type: ignore[misc]
    """Tokenizer for any script: whole words in lower case, without stemming. `café` is one word, `1,200.50` one number;
    in scripts written without spaces, each character is a token."""

    def tokenize(self, text: str) -> list[str]:
        """Returns the tokens of a text."""
        return list(_TOKEN.findall(unicodedata.normalize("NFC", text).casefold()))


def is_english(language: str) -> bool:
    """True if a language code ("en", "en-US", "en_GB", "eng") is English."""
    return language.lower().replace("_", "-").split("-", maxsplit=1)[0] in ("en", "eng", "english")


def tokenizer(language: str) -> Tokenizer:
    """Returns the tokenizer for a language code: rouge-score's for English, `UnicodeTokenizer` for all others."""
    return EnglishTokenizer() if is_english(language) else UnicodeTokenizer()


def rouge(
    predictions: Iterable[Sequence[str]],
    references: Iterable[References],
    language: str = "en",
    several: Several = "best",
) -> npt.NDArray[np.float64]:
    """ROUGE of each list of bullets against its reference lists, times 100.

    Args:
        predictions: A list of bullets for each article; an empty one scores 0.
        references: The reference lists of each article, in the same order; for a single list, a sequence of one.
        language: Language code; selects the tokenizer.
        several: Scoring against several reference lists: "best" takes the list with the highest F1, measure by
            measure, as rouge-score does; "mean" averages over all lists.

    Returns:
        Shape (articles, 4, 3): rouge1, rouge2, rougeL, rougeLsum; precision, recall, F1.

    Raises:
        ValueError: `predictions` and `references` differ in length, or `several` has another value.
    """
    predictions, references = list(predictions), list(references)
    if len(predictions) != len(references):
        raise ValueError(f"there are {len(predictions)} lists of bullets for {len(references)} articles")
    if several not in ("best", "mean"):
        raise ValueError(f'several must be "best" or "mean", not {several!r}')
    scorer = rouge_scorer.RougeScorer(list(MEASURES), tokenizer=tokenizer(language))
    rows = [
        _merged([_parts(scorer.score("\n".join(reference), "\n".join(prediction))) for reference in lists], several)
        for prediction, lists in zip(predictions, references, strict=True)
    ]
    return np.asarray(rows, float).reshape(-1, len(MEASURES), len(PARTS))


def _parts(scores: dict[str, scoring.Score]) -> list[list[float]]:
    return [[100 * s.precision, 100 * s.recall, 100 * s.fmeasure] for s in (scores[m] for m in MEASURES)]


def _merged(scores: list[list[list[float]]], several: Several) -> npt.NDArray[np.float64]:
    stacked = np.asarray(scores)
    if several == "mean":
        return np.asarray(stacked.mean(0))
    best = stacked[:, :, 2].argmax(0)
    return np.asarray(stacked[best, np.arange(len(MEASURES))])
