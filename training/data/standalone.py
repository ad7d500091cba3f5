"""Points that were made to stand alone: the training data of the writer."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from tqdm import tqdm

from eval.data import rows
from summarizer.checks import VERDICTS
from summarizer.points import KINDS
from summarizer.reading import Sentence, content_sentences
from summarizer.summary import Length

from .points import sentence_at

_LENGTHS: tuple[Length, ...] = get_args(Length)


@dataclass(frozen=True, slots=True)
class JudgedText:
    """A text of a point with the verdict of a reader.

    Attributes:
        text: The text.
        verdict: One of `VERDICTS`.
        standard: For a brief text, the standard one that it was made of; "" if there is none.
    """

    text: str
    verdict: str
    standard: str = ""


@dataclass(frozen=True, slots=True)
class StandalonePoint:
    """A point that was made to stand alone, or whose texts were judged.

    Attributes:
        sentence: Index of its sentence; of several, the last.
        texts: Its texts that stand alone, by length. May be empty.
        verdict: What a reader said of the sentence as it stands, one of `VERDICTS`; None if nobody did.
        kind: One of `KINDS`; None if nobody said.
        judged: Texts with verdicts, whoever wrote them. May be empty.
    """

    sentence: int
    texts: Mapping[Length, str]
    verdict: str | None
    kind: str | None
    judged: tuple[JudgedText, ...] = ()


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
    """Reads articles with points that stand alone, or lists that editors approved at the desk.

    Of an approved list each point is learnt as the editor left it. A draft that the editor did not change is a good
    text; one that was changed or deleted has the fault that was given as the reason, and without a reason none.

    Args:
        sources: Files, separated by commas. A row has "id", "article", "title" (optional) and "points", each with
            "sources" (spans of the article), and any of "standard", "brief", "verdict" (on the sentence as it stands),
            "kind", and "judged" (texts, each with "text" and "verdict"; a brief one also with its "standard").
        language: Language of the articles, for splitting sentences.

    Raises:
        ValueError: A row lacks a field, or has an unknown verdict or kind; or no row is left.
    """
    found = []
    for source in sources.split(","):
        for row in tqdm(rows(source, "train"), desc=f"reading {source}", unit=" articles", leave=False):
            values = row.values
            if values.get("status") == "approved":
                values = _of_editors(values)
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
    judged = tuple(_judged(one) for one in values.get("judged", ()))
    stated = [("verdict", verdict, VERDICTS), ("kind", kind, KINDS)]
    for name, given, known in (*stated, *(("verdict", one.verdict, VERDICTS) for one in judged)):
        if given is not None and given not in known:
            raise ValueError(f"the {name} {given!r} is none of {', '.join(known)}")
    return StandalonePoint(max(places), texts, verdict, kind, judged) if places and (texts or judged) else None


def _of_editors(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns an approved list as an article with points."""
    points = []
    removed = [one | {"draft": one["text"], "text": None} for one in record.get("removed", ())]
    for one in (*record["bullets"], *removed):
        draft, now = one.get("draft"), one["text"]
        before, after = (
            [[span["start"], span["end"]] for span in one.get(name) or one.get("sources", ())]
            for name in ("draft_sources", "sources")
        )
        verdict = "good" if now == draft else one.get("reason")
        if draft is not None and before and verdict in VERDICTS:
            points.append({"sources": before, "judged": [{"text": draft, "verdict": verdict}]})
        if now and now != draft and after:
            points.append({"sources": after, (record.get("options") or {}).get("length", "standard"): now})
    return {"article": record["text"], "title": record.get("title"), "points": points}


def _judged(one: Mapping[str, str]) -> JudgedText:
    text, standard = (" ".join(one.get(name, "").split()) for name in ("text", "standard"))
    return JudgedText(text, one["verdict"], standard)
