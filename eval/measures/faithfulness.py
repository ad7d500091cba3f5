"""Compares a list with its article, without a model: facts that are in the text, the amount of copied text, and the
bullets that can be understood alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

import regex

from summarizer.checks import FACT_KINDS, FactIndex, facts, needs_context, starts_with_anaphor

Metric = Callable[[list[str], list[list[str]]], Sequence[float]]
"""A user-defined metric: takes the articles and their lists of bullets, returns a number for each article."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[.,'’-][\p{L}\p{M}\p{N}]+)*")
NOVEL = (1, 2, 3, 4)


class ArticleFacts:
    """An article, indexed once for all the lists that are compared with it.

    Args:
        text: The article.
    """

    def __init__(self, text: str) -> None:
        self._known = FactIndex(text)
        self._words = words(text)
        self._grams = {n: set(_ngrams(self._words, n)) for n in NOVEL}

    def supported(self, bullets: Sequence[str]) -> dict[str, float]:
        """Percentages of bullets and facts that are supported by the article.

        Returns:
            "supported": percentage of the bullets whose numbers, dates, names and quotes are all in the article; 0 for
            a list without bullets. For each kind, such as "supported_number": percentage of the list's facts of that
            kind that are in the article; NaN if the list states none.
        """
        holds: dict[str, list[bool]] = {kind: [] for kind in FACT_KINDS}
        whole = []
        for bullet in bullets:
            stated = [(fact.kind, self._known.supports(fact)) for fact in facts(bullet)]
            whole.append(all(ok for _, ok in stated))
            for kind, ok in stated:
                holds[kind].append(ok)
        return {"supported": _percent(whole) if whole else 0.0} | {
            f"supported_{kind}": _percent(holds[kind]) for kind in FACT_KINDS
        }

    def copied(self, bullets: Sequence[str]) -> dict[str, float]:
        """Measures how much of a list is copied from the article (Grusky et al. 2018, Newsroom).

        Returns:
            "coverage": percentage of the list's words that are in a fragment shared with the article;
            "density": mean, over the list's words, of the length in words of the fragment that contains the word;
            "compression": words of the article per word of the list;
            "novel_1gram" to "novel_4gram": percentage of the list's n-grams that are not in the article.
            NaN if the list has no words, or no n-grams of that length.
        """
        lists = [words(bullet) for bullet in bullets]
        size = sum(map(len, lists))
        pieces = [length for bullets in lists for length in fragments(self._words, bullets)]
        result = {
            "coverage": 100 * sum(pieces) / size if size else float("nan"),
            "density": sum(length**2 for length in pieces) / size if size else float("nan"),
            "compression": len(self._words) / size if size else float("nan"),
        }
        for n, there in self._grams.items():
            result[f"novel_{n}gram"] = _percent([gram not in there for texts in lists for gram in _ngrams(texts, n)])
        return result


def fragments(source: Sequence[str], words: Sequence[str]) -> list[int]:
    """Lengths of the longest sequences in `words` that also occur in `source`, found greedily from the left, without
    overlap (the fragments F of Grusky et al. 2018)."""
    places: dict[str, list[int]] = {}
    for at, word in enumerate(source):
        places.setdefault(word, []).append(at)
    found, i = [], 0
    while i < len(words):
        best = 0
        for at in places.get(words[i], ()):
            length = 1
            while i + length < len(words) and at + length < len(source) and words[i + length] == source[at + length]:
                length += 1
            best = max(best, length)
        if best:
            found.append(best)
        i += max(best, 1)
    return found


def dangling(bullets: Sequence[str]) -> float:
    """Percentage of the bullets that open with a pronoun, or a phrase such as "The move", without its noun."""
    return _percent([starts_with_anaphor(bullet) for bullet in bullets])


def standing_alone(bullets: Sequence[str]) -> float:
    """Percentage of the bullets that can be understood alone, as far as formal rules can tell."""
    return _percent([not needs_context(bullet) for bullet in bullets])


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def load_metric(name: str) -> Metric:
    """Imports a metric function by a name such as `mynewsroom.nli:entailment`.

    Raises:
        ValueError: The name has another form, or the module or function does not exist.
    """
    module, _, function = name.partition(":")
    if not function:
        raise ValueError(f'{name!r} names no function; write "package.module:function"')
    try:
        found: Metric = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{name!r} cannot be imported: {error}") from error
    return found


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def _percent(values: Sequence[bool]) -> float:
    return 100 * sum(values) / len(values) if values else float("nan")
