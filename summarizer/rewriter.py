"""What a rewriter reads: the wanted length, the sentences of a bullet, and the one that explains them."""

from __future__ import annotations

from collections.abc import Sequence

from .selection import leans
from .sentences import Sentence


def prompt(sources: str, context: str, length: int) -> str:
    """What the model reads: the wanted number of words, the sentences, and the one that explains them. Training and
    the library use the same."""
    return f"{length} words: {sources}" + (f" Context: {context}" if context else "")


def context_of(sentences: Sequence[Sentence], chosen: Sequence[int]) -> str:
    """The sentence that says who "he" is: the one before the first chosen, if that leans on it; else the first of the
    article, where names stand in full. Empty where that one is chosen itself."""
    first = chosen[0]
    at = first - 1 if first and leans(sentences[first].text) else 0
    return "" if at in chosen else " ".join(sentences[at].text.split())
