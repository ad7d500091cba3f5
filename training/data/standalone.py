"""Points that were made to stand alone, and texts of points that readers judged: the training data of the writer."""

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


@dataclass(frozen=True, slots=True)
class JudgedText:
    """A text of a point with the verdict of a reader, one of `VERDICTS`."""

    length: Length
    text: str
    verdict: str


@dataclass(frozen=True, slots=True)
class StandalonePoint:
    """A point whose texts are learnt.

    Attributes:
        sources: Indices of its sentences, in article order.
        texts: Its texts that stand alone, by length. May be empty.
        judged: Texts with verdicts. May be empty.
        verdict: What a reader said of its sentences as they stand, one of `VERDICTS`. "" if nobody did.
        kind: key, background or repetition. "" if nobody said.
    """

    sources: tuple[int, ...]
    texts: Mapping[Length, str]
    judged: tuple[JudgedText, ...] = ()
    verdict: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class StandaloneArticle:
    """An article with its points.

    Attributes:
        id: Its id.
        title: Its headline, if there is one.
        sentences: The sentences of its story.
        points: Its points.
    """

    id: str
    title: str | None
    sentences: Sequence[Sentence]
    points: Sequence[StandalonePoint]


def standalone(sources: str, language: str = "en") -> list[StandaloneArticle]:
    """Reads articles with points that stand alone, or with judged texts. Rows of one file with the same id are one
    article.

    Args:
        sources: Files, separated by commas. A row has "id", "article", "title" (optional), and one of two forms of
            points. "points": each with "sources" (spans of the article), "standard" and "brief" (or one of them), and
            optionally "verdict" and "kind"; header lists have this form too. Or "sources" and "candidates", each with
            "text", "verdict", and "length" ("sentence" for a sentence of the article): one point with judged texts.
        language: Language of the articles, for splitting sentences.

    Raises:
        ValueError: A row lacks a field or has an unknown verdict, or no row is left.
    """
    found = []
    for source in sources.split(","):
        known: dict[str, tuple[Mapping[str, Any], Sequence[Sentence], list[StandalonePoint]]] = {}
        for row in tqdm(rows(source, "train"), desc=f"reading {source}", unit=" rows", leave=False):
            values = row.values
            if missing := [name for name in ("id", "article") if not values.get(name)]:
                hint = "`python -m training unpack` puts articles in"
                raise ValueError(f'{row.where}: "{missing[0]}" is missing; {hint}')
            name = str(values["id"])
            if name not in known:
                known[name] = values, content_sentences(values["article"], language), []
            _, sentences, points = known[name]
            try:
                new = [_point(one, sentences) for one in values.get("points") or [values]]
            except (KeyError, ValueError) as error:
                raise ValueError(f"{row.where}: {error}") from error
            points += [point for point in new if point.sources and (point.texts or point.judged)]
        found += [
            StandaloneArticle(name, values.get("title") or None, sentences, points)
            for name, (values, sentences, points) in known.items()
            if points
        ]
    if not found:
        raise ValueError(f"{sources} has no article with points that stand alone")
    return found


def shuffled(articles: Sequence[StandaloneArticle], seed: int) -> list[StandaloneArticle]:
    """Returns the articles in an order that depends on the seed alone."""
    return random.Random(seed).sample(list(articles), len(articles))


def _point(values: Mapping[str, Any], sentences: Sequence[Sentence]) -> StandalonePoint:
    spans = values["sources"]
    indices = sorted({i for start, end in spans if (i := sentence_at((start, end), sentences)) is not None})
    texts = {length: _line(values[length]) for length in _LENGTHS if values.get(length)}
    judged = [
        JudgedText("brief" if one.get("length") == "brief" else "standard", _line(one["text"]), one["verdict"])
        for one in values.get("candidates") or []
    ]
    verdict, kind = str(values.get("verdict", "")), str(values.get("kind", ""))
    for given in (verdict, *(one.verdict for one in judged)):
        if given and given not in VERDICTS:
            raise ValueError(f"the verdict {given!r} is none of {', '.join(VERDICTS)}")
    return StandalonePoint(tuple(indices), texts, tuple(judged), verdict, kind)


def _line(text: str) -> str:
    return " ".join(text.split())
