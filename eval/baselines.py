"""Simple systems to compare with (lead, random choice, LexRank, TextRank), and oracles as upper bounds."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from rouge_score.tokenizers import Tokenizer
from sumy.models.dom import ObjectDocumentModel, Paragraph
from sumy.models.dom import Sentence as SumySentence
from sumy.nlp.stemmers import Stemmer
from sumy.summarizers import AbstractSummarizer
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer

from summarizer.reading import words

from .data import Example
from .measures import f1, greedy_oracle, likeness, unigrams

BASELINES = ("lead", "random", "lexrank", "textrank", "main-oracle", "source-oracle", "oracle")


def lead(sentences: Sequence[str], count: int) -> list[str]:
    """The first sentences of the story: a strong baseline for news."""
    return list(sentences[:count])


def random(sentences: Sequence[str], count: int, seed: int) -> list[str]:
    """Random sentences, in article order; the same for the same story and seed."""
    rng = np.random.default_rng([seed, zlib.crc32("\n".join(sentences).encode())])
    chosen = rng.choice(len(sentences), min(count, len(sentences)), replace=False)
    return [sentences[i] for i in sorted(chosen)]


def oracle(
    sentences: Sequence[str], references: Sequence[Sequence[str]], count: int, tokenizer: Tokenizer
) -> list[str]:
    """The sentences that best cover a reference list, in article order; hardly any choice of sentences scores higher.
    With several reference lists, returns the choice with the highest ROUGE-1 F1 against its own list."""
    choices = [sorted(greedy_oracle(sentences, reference, count, tokenizer)) for reference in references]

    def reached(number: int) -> float:
        ours = [sentences[i] for i in choices[number]]
        x, y = (sum((unigrams(text, tokenizer) for text in of), Counter[str]()) for of in (ours, references[number]))
        return f1((x & y).total(), x.total(), y.total())

    return [sentences[i] for i in choices[max(range(len(choices)), key=reached)]]


def points_oracle(example: Example, whole: bool) -> list[str]:
    """Replaces each point of a header list by text from its sources.

    Args:
        example: The article, with points that have sources.
        whole: True: all source sentences of the point. False: the source sentence most similar to the point, which is
            about the best that a choice of single sentences can reach.

    Raises:
        ValueError: A point has no sources.
    """
    found = []
    for point, text in zip(example.listed, example.bullets, strict=True):
        sources = [" ".join(example.text[start:end].split()) for start, end in point.sources]
        if not sources:
            raise ValueError(f"{example.id}: a point has no sources; this oracle needs the sources of every point")
        found.append(" ".join(sources) if whole else sources[int(np.argmax(likeness(text, sources)))])
    return found


def lexrank(sentences: Sequence[str], count: int) -> list[str]:
    """Sumy's LexRank (Erkan and Radev 2004) on this library's sentences."""
    return _sumy(LexRankSummarizer, sentences, count)


def textrank(sentences: Sequence[str], count: int) -> list[str]:
    """Sumy's TextRank (Mihalcea and Tarau 2004) on this library's sentences."""
    return _sumy(TextRankSummarizer, sentences, count)


class _Words:
    """Replaces sumy's tokenizer, which downloads data on first use."""

    def to_words(self, sentence: str) -> list[str]:
        return words(sentence)


def _sumy(kind: Callable[[Stemmer], AbstractSummarizer], sentences: Sequence[str], count: int) -> list[str]:
    document = ObjectDocumentModel([Paragraph([SumySentence(s, _Words()) for s in sentences])])
    return [str(s) for s in kind(Stemmer("english"))(document, count)]
