"""Points that readers judged: the training data of the verifier."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zlib import crc32

from tqdm import tqdm

from eval.data import rows
from summarizer.checks import VERDICTS, TextKind
from summarizer.points import COSTS, Context, as_line, bullet_of
from summarizer.reading import Sentence, content_sentences

from .pairs import Pair, unfinished
from .points import sentence_at
from .smallest_change import shortens

HELD_OUT = 10
"""Of this many articles, one selects the checkpoint and one is held out for the final scores."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A point with the verdict of a reader.

    Attributes:
        id: Id of the article.
        text: The point.
        sources: The sentences that it was made from, on one line.
        context: The sentences that explain them; may be empty.
        title: The headline; None if there is none.
        verdict: One of `VERDICTS`.
        score: Mean log-probability per token from the shipped rewriter; None if the shipped rewriter did not write it.
        sentence: True if the point is a sentence of the article.
    """

    id: str
    text: str
    sources: str
    context: str
    title: str | None
    verdict: str
    score: float | None = None
    sentence: bool = False

    @property
    def kind(self) -> TextKind:
        """Who wrote the text: the shipped rewriter, the article, or another author."""
        if self.sentence:
            return "sentences"
        return "others" if self.score is None else "rewrites"


@dataclass(frozen=True, slots=True)
class Story:
    """An article whose points were judged or written.

    Attributes:
        id: Its id.
        title: The headline; None if there is none.
        sentences: The sentences of the story.
        context: Finds the sentences that explain a point.
    """

    id: str
    title: str | None
    sentences: tuple[Sentence, ...]
    context: Context

    @classmethod
    def of(cls, id: str, text: str, title: str | None, language: str = "en") -> Story:
        """Returns the story of an article's text."""
        sentences = content_sentences(text, language)
        return cls(id, title, sentences, Context(sentences))

    def chosen(self, spans: Sequence[tuple[int, int]]) -> list[int]:
        """Returns the indices of the sentences that the spans overlap."""
        return sorted({i for span in spans if (i := sentence_at(span, self.sentences)) is not None})

    def judged(
        self,
        chosen: Sequence[int],
        text: str,
        verdict: str,
        score: float | None = None,
        sentence: bool = False,
    ) -> Judged:
        """Returns a text on some sentences with its verdict."""
        if verdict not in VERDICTS:
            raise ValueError(f"the verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
        sources, context = as_line(self.sentences, chosen), self.context.of_sentences(chosen)
        return Judged(self.id, text, sources, context, self.title, verdict, score, sentence)


story_of = lru_cache(maxsize=8)(Story.of)


def judged(source: str, corrections: bool = True) -> list[Judged]:
    """Returns the judged points of a file, JSONL (.gz). A row has one of two forms.

    Points of an article, with `id`, `article`, optionally `title`, and `points`. Each has `sources` (spans), and may
    have the `verdict` on its sentences as they stand, and `judged`: texts of it. Each of them has `text` and `verdict`,
    also `score` if the shipped rewriter wrote it, and the `length` "sentence" if it is a sentence of the article.

    A list that an editor approved at the desk: a point that the editor did not change is good. A point that the editor
    changed or deleted has the fault that was given as the reason; without a reason it is skipped.

    Args:
        source: The file.
        corrections: If True, also returns the texts that readers wrote to replace a refused text (`corrected`). The
            rewriter learns from them; the verifier learns only from texts that a model wrote.

    Raises:
        ValueError: A row lacks a field or has an unknown verdict; the message names the row.
    """
    found = []
    for row in tqdm(rows(source, "train"), "judged", file=sys.stderr, mininterval=5):
        try:
            made = _of_editors if row.values.get("status") == "approved" else _of_points
            found += made(row.values, corrections)
        except KeyError as error:
            raise ValueError(f"{row.where}: {error} is missing; a row has id, article and points, with sources and "
                             "judged texts") from error  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{row.where}: {error}") from error
    return found


def _of_points(row: Mapping[str, Any], corrections: bool) -> Iterator[Judged]:
    story = story_of(str(row["id"]), row["article"], row.get("title") or None)
    for point in row["points"]:
        chosen = story.chosen([(start, end) for start, end in point["sources"]])
        if not chosen:
            continue
        if "verdict" in point:
            itself = bullet_of([story.sentences[i].text for i in chosen])
            yield story.judged(chosen, itself, point["verdict"], sentence=True)
        for text in point.get("judged", ()):
            if corrections or not text.get("corrected"):
                of_article = text.get("length") == "sentence"
                yield story.judged(chosen, text["text"], text["verdict"], text.get("score"), of_article)


def _of_editors(record: Mapping[str, Any], corrections: bool) -> Iterator[Judged]:
    """Yields the judged points of an approved list; with `corrections`, also the editor's own texts, which are good."""
    text = record["text"]
    id = str(record.get("article_id", text[:200]))
    story = story_of(id, text, record.get("title"), record.get("language", "en"))
    removed = [bullet | {"draft": bullet["text"], "text": None} for bullet in record.get("removed", ())]
    for bullet in (*record["bullets"], *removed):
        draft, now = bullet.get("draft"), bullet["text"]
        verdict = "good" if now == draft else bullet.get("reason")
        before, after = (
            story.chosen([(span["start"], span["end"]) for span in bullet.get(name) or bullet.get("sources", ())])
            for name in ("draft_sources", "sources")
        )
        if draft is not None and before and verdict in VERDICTS:
            itself = " ".join(draft.split()) in as_line(story.sentences, before)
            yield story.judged(before, draft, verdict, sentence=itself)
        if corrections and draft is not None and now not in (None, draft) and after:
            yield story.judged(after, now, "good")


def divided(found: Sequence[Judged]) -> tuple[list[Judged], list[Judged], list[Judged]]:
    """Splits points into three parts: for training, for selecting the checkpoint, and for the final scores. The split
    is by article and the same in every run."""
    parts: tuple[list[Judged], list[Judged], list[Judged]] = ([], [], [])
    for point in found:
        at = crc32(point.id.encode()) % HELD_OUT
        parts[2 if at == 0 else 1 if at == 1 else 0].append(point)
    return parts


def preferred(found: Sequence[Judged]) -> list[Pair]:
    """Returns a pair for each group of sentences, with the texts that a reader would print as targets and the others as
    refused texts.

    How bad a refused text is, is the cost of its fault in the selection of points (`COSTS`). Only texts that leave
    words out of their sentences count (`smallest_change.py`). A group has one good text and the worst refused one,
    since each more costs as much time as another group. Groups without a good text are left out.
    """
    groups: dict[tuple[str, str, str | None], dict[str, float]] = {}
    for point in found:
        if point.sentence or not shortens(point.text, point.sources):
            continue
        texts = groups.setdefault((point.sources, point.context, point.title), {})
        texts[unfinished(point.text)] = COSTS.get(point.verdict, 0.0)
    made = []
    for about, texts in groups.items():
        good = tuple(text for text, bad in texts.items() if not bad)
        refused = sorted(((text, bad) for text, bad in texts.items() if bad), key=lambda item: -item[1])
        if good:
            made.append(Pair(*about, good[:1], tuple(refused[:1])))
    return made
