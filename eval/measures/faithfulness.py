"""What a list says against what its article says, counted without a model: facts that stand in the text, how far the
bullets are copied, and whether each can be read alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

import regex

from summarizer.checks import FACT_KINDS, FactIndex, facts, needs_context, starts_with_anaphor

Judge = Callable[[list[str], list[list[str]]], Sequence[float]]
"""A metric of your own: the articles and their lists of bullets go in, a figure for each article comes out."""

_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+(?:[.,'’-][\p{L}\p{M}\p{N}]+)*")
NOVEL = (1, 2, 3, 4)


class ArticleFacts:
    """An article, read once for all the lists that are held against it.

    Args:
        text: The article.
    """

    def __init__(self, text: str) -> None:
        self._known = FactIndex(text)
        self._words = words(text)
        self._grams = {n: set(_ngrams(self._words, n)) for n in NOVEL}

    def supported(self, bullets: Sequence[str]) -> dict[str, float]:
        """How much of what can be looked up stands in the article.

        Returns:
            "supported": share of the bullets whose numbers, dates, names and quotes all stand in the article, times
            100, 0 for a list without bullets; and for each kind, as "supported_number", the share of its facts, NaN
            where the list states none.
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
        """How far a list is made of the article's own pieces (Grusky et al. 2018, Newsroom).

        Returns:
            "coverage": share of the list's words that lie in a piece shared with the article, times 100;
            "density": mean length, over the list's words, of the piece that each lies in, in words;
            "compression": words of the article for each word of the list;
            "novel_1gram" to "novel_4gram": share of the n-grams that are nowhere in the article, times 100.
            NaN where the list has no words.
        """
        lists = [words(bullet) for bullet in bullets]
        size = sum(map(len, lists))
        pieces = [length for one in lists for length in fragments(self._words, one)]
        result = {
            "coverage": 100 * sum(pieces) / size if size else float("nan"),
            "density": sum(length**2 for length in pieces) / size if size else float("nan"),
            "compression": len(self._words) / size if size else float("nan"),
        }
        for n, there in self._grams.items():
            result[f"novel_{n}gram"] = _percent([gram not in there for one in lists for gram in _ngrams(one, n)])
        return result


def fragments(source: Sequence[str], words: Sequence[str]) -> list[int]:
    """Lengths of the longest pieces of `words` that stand in `source`, taken greedily from the left, without overlap
    (the fragments F of Grusky et al. 2018)."""
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
    """Share of the bullets that open with a pronoun or "The move" whose noun is not in them, times 100."""
    return _percent([starts_with_anaphor(bullet) for bullet in bullets])


def standing_alone(bullets: Sequence[str]) -> float:
    """Share of the bullets that can be understood alone, as far as rules of form tell, times 100."""
    return _percent([not needs_context(bullet) for bullet in bullets])


def words(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


def judge(name: str) -> Judge:
    """The function behind a name such as `mynewsroom.nli:entailment`.

    Raises:
        ValueError: The name has another form, or there is no such module or function.
    """
    module, _, function = name.partition(":")
    if not function:
        raise ValueError(f'{name!r} names no function; write "package.module:function"')
    try:
        found: Judge = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{name!r} cannot be imported: {error}") from error
    return found


def _ngrams(tokens: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[i:] for i in range(n)), strict=False))


def _percent(values: Sequence[bool]) -> float:
    return 100 * sum(values) / len(values) if values else float("nan")
