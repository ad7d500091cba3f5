"""Points that were made to stand alone: the training data of the writer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from tqdm import tqdm

from eval.data import rows
from summarizer.checks import VERDICTS
from summarizer.reading import Sentence, content_sentences
from summarizer.summary import Length

from .points import sentence_at

_LENGTHS: tuple[Length, ...] = get_args(Length)
KINDS = ("key", "background", "repetition")
"""What a point is to its story: news, background or trivia, or what an earlier point of the list says."""


@dataclass(frozen=True, slots=True)
class StandalonePoint:
    """A point that was made to stand alone.

    Attributes:
        sentence: Index of its sentence; of several, the last.
        texts: Its texts that stand alone, by length.
        verdict: What a reader said of the sentence as it stands, one of `VERDICTS`; None if nobody did.
        kind: One of `KINDS`; None if nobody said.
    """

    sentence: int
    texts: Mapping[Length, str]
    verdict: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class StandaloneArticle:
    """An article with its points.

    Attributes:
        title: Its headline, if there is one.
        sentences: The sentences of its story.
        points: Its points.
    """

    title: str | None
    sentences: Sequence[Sentence]
    points: Sequence[StandalonePoint]


def standalone(sources: str, language: str = "en") -> list[StandaloneArticle]:
    """Reads articles with points that stand alone.

    Args:
        sources: Files, separated by commas. A row has "id", "article", "title" (optional) and "points", each with
            "sources" (spans of the article), "standard", "brief" (or one of them), and optionally "verdict" and "kind".
        language: Language of the articles, for splitting sentences.

    Raises:
        ValueError: A row lacks a field, or has an unknown verdict or kind; or no row is left.
    """
    found = []
    for source in sources.split(","):
        for row in tqdm(rows(source, "train"), desc=f"reading {source}", unit=" articles", leave=False):
            values = row.values
            if missing := [name for name in ("article", "points") if not values.get(name)]:
                hint = "`python -m training unpack` puts articles in"
                raise ValueError(f'{row.where}: "{missing[0]}" is missing; {hint}')
            sentences = content_sentences(values["article"], language)
            try:
                points = [point for one in values["points"] if (point := _point(one, sentences))]
            except (KeyError, ValueError) as error:
                raise ValueError(f"{row.where}: {error}") from error
            if points:
                found.append(StandaloneArticle(values.get("title") or None, sentences, points))
    if not found:
        raise ValueError(f"{sources} has no article with points that stand alone")
    return found


def shuffled(articles: Sequence[StandaloneArticle], seed: int) -> list[StandaloneArticle]:
    """Returns the articles in an order that depends on the seed alone."""
    return random.Random(seed).sample(list(articles), len(articles))


def _point(values: Mapping[str, Any], sentences: Sequence[Sentence]) -> StandalonePoint | None:
    places = [i for start, end in values["sources"] if (i := sentence_at((start, end), sentences)) is not None]
    texts = {length: " ".join(values[length].split()) for length in _LENGTHS if values.get(length)}
    verdict, kind = values.get("verdict"), values.get("kind")
    for name, given, known in (("verdict", verdict, VERDICTS), ("kind", kind, KINDS)):
        if given is not None and given not in known:
            raise ValueError(f"the {name} {given!r} is none of {', '.join(known)}")
    return StandalonePoint(max(places), texts, verdict, kind) if places and texts else None
