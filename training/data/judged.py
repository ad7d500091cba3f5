"""Points that readers judged, and true points with planted faults: the training data of the verifier."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from tqdm import tqdm

from eval.data import Example, rows
from summarizer.checks import VERDICTS, TextKind, facts
from summarizer.points import COSTS, FullNames, as_line, bullet_of, context_of, finished
from summarizer.reading import content_sentences

from .faults import planted
from .pairs import Pair, pairs, unfinished
from .points import sentence_at

HELD_OUT = 10
"""Of this many articles, one selects the checkpoint and one is held out for the final scores."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A point with the verdict of a reader.

    Attributes:
        id: Id of the article.
        text: The point.
        sources: The sentences that it was made from, on one line.
        context: Sentences that explain them; may be empty.
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
        return "sentences" if self.sentence else "others" if self.score is None else "rewrites"


def judged(source: str, corrections: bool = True) -> list[Judged]:
    """Returns the judged points of a file, JSONL (.gz). A row has one of three forms.

    Judged rewrites have `id`, `source_text`, optionally `context` and `title`, and `candidates`. Each candidate has
    `text` and `verdict`, also `score` if the shipped rewriter wrote it, and the `length` "sentence" if it is a sentence
    of the article.

    Points of an article, with `id`, `article`, optionally `title`, and `points`. Each has `sources` (spans), and may
    have the `verdict` on its sentences as they stand, and `judged`: texts of it, as the candidates above.

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
    for row in rows(source, "train"):
        values = row.values
        try:
            if values.get("status") == "approved":
                found += _of_editors(values, corrections)
                continue
            if "points" in values:
                found += _of_points(values)
                continue
            about = (str(values["source_text"]), str(values.get("context") or ""), values.get("title") or None)
            for candidate in values["candidates"]:
                if corrections or not candidate.get("corrected"):
                    found.append(_text(values, candidate, about))
        except KeyError as error:
            raise ValueError(f"{row.where}: {error} is missing; a judged rewrite has id, source_text and candidates "
                             "with text and verdict") from error  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{row.where}: {error}") from error
    return found


def _text(row: Mapping[str, Any], candidate: Mapping[str, Any], about: tuple[str, str, str | None]) -> Judged:
    verdict = candidate["verdict"]
    if verdict not in VERDICTS:
        raise ValueError(f"the verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
    of_article = candidate.get("length") == "sentence"
    return Judged(str(row["id"]), candidate["text"], *about, verdict, candidate.get("score"), of_article)


def _of_points(row: Mapping[str, Any]) -> Iterator[Judged]:
    sentences = content_sentences(row["article"])
    names = FullNames(row["article"], facts(row["article"]))
    for point in row["points"]:
        chosen = sorted({i for span in point["sources"] if (i := sentence_at(span, sentences)) is not None})
        if not chosen:
            continue
        about = (as_line(sentences, chosen), context_of(sentences, chosen, names), row.get("title") or None)
        if "verdict" in point:
            itself = {"text": bullet_of([sentences[i].text for i in chosen]), "verdict": point["verdict"]}
            yield _text(row, itself | {"length": "sentence"}, about)
        for one in point.get("judged", ()):
            yield _text(row, one, about)


def _of_editors(record: Mapping[str, Any], corrections: bool) -> Iterator[Judged]:
    """Yields the judged points of an approved list; with `corrections`, also the editor's own texts, which are good."""
    text, title = record["text"], record.get("title")
    sentences = content_sentences(text, record.get("language", "en"))
    names = FullNames(text, facts(text))
    id = str(record.get("article_id", text[:200]))

    def about(spans: Sequence[Mapping[str, int]]) -> tuple[str, str, str | None] | None:
        chosen = [
            i for i, s in enumerate(sentences) if any(s.start < one["end"] and one["start"] < s.end for one in spans)
        ]
        return (as_line(sentences, chosen), context_of(sentences, chosen, names), title) if chosen else None

    removed = [one | {"draft": one["text"], "text": None} for one in record.get("removed", ())]
    for one in (*record["bullets"], *removed):
        draft, now = one.get("draft"), one["text"]
        verdict = "good" if now == draft else one.get("reason")
        before, after = (about(one.get(name) or one.get("sources", ())) for name in ("draft_sources", "sources"))
        if draft is not None and before and verdict in VERDICTS:
            yield Judged(id, draft, *before, verdict, sentence=" ".join(draft.split()) in before[0])
        if corrections and draft is not None and now not in (None, draft) and after:
            yield Judged(id, now, *after, "good")


def divided(found: Sequence[Judged]) -> tuple[list[Judged], list[Judged], list[Judged]]:
    """Splits points into three parts: for training, for selecting the checkpoint, and for the final scores. The split
    is by article and the same in every run."""
    parts: tuple[list[Judged], list[Judged], list[Judged]] = ([], [], [])
    for one in found:
        at = crc32(one.id.encode()) % HELD_OUT
        parts[2 if at == 0 else 1 if at == 1 else 0].append(one)
    return parts


def preferred(found: Sequence[Judged]) -> list[Pair]:
    """Returns a pair for each group of sentences, with the texts that a reader would print as targets and the others as
    refused texts.

    How bad a refused text is, is the cost of its fault in the selection of points (`COSTS`). Sentences of the article
    are left out, and so are groups without a good text whose texts are all equally bad.
    """
    groups: dict[tuple[str, str, str | None], dict[str, float]] = {}
    for one in found:
        if one.sentence:
            continue
        texts = groups.setdefault((one.sources, one.context, one.title), {})
        texts[unfinished(one.text)] = COSTS.get(one.verdict, 0.0)
    made = []
    for about, texts in groups.items():
        good = tuple(text for text, bad in texts.items() if not bad)
        refused = tuple((text, bad) for text, bad in texts.items() if bad)
        if good or len({bad for _, bad in refused}) > 1:
            made.append(Pair(*about, good, refused))
    return made


def with_faults(examples: Iterable[Example], count: int, seed: int) -> list[Judged]:
    """Returns true points of human lists, half of them with a fault; each kind of fault is about equally frequent.

    Args:
        examples: Articles with human lists.
        count: Maximum number of points.
        seed: Random seed.
    """
    draw = random.Random(seed)
    found = list(_with_faults(examples, draw))
    draw.shuffle(found)
    return found[:count]


def _with_faults(examples: Iterable[Example], draw: random.Random) -> Iterator[Judged]:
    given: dict[str, int] = {}
    for example in tqdm(examples, "faults", file=sys.stderr, mininterval=5):
        made = pairs([example], progress=False)
        for pair in made:
            for at, target in enumerate(pair.targets):
                title = pair.title if draw.random() < 0.7 else None
                about = (pair.sources, pair.context, title)
                if draw.random() < 0.5:
                    yield Judged(example.id, finished(target), *about, "good")
                    continue
                others = [other.targets[min(at, len(other.targets) - 1)] for other in made if other is not pair]
                bad = list(planted(target, pair.sources, f"{pair.context} {title or ''}", example.text, others, draw))
                if bad:
                    draw.shuffle(bad)
                    rarest = min(bad, key=lambda one: given.get(one.kind, 0))
                    given[rarest.kind] = given.get(rarest.kind, 0) + 1
                    yield Judged(example.id, rarest.text, *about, rarest.fault)
