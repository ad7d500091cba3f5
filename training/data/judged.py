"""Points that readers judged, and true points with faults planted into them: what the verifier learns from."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from tqdm import tqdm

from eval.data import Example, rows
from summarizer.checks import VERDICTS, Kind, facts
from summarizer.points import COSTS, FullNames, as_line, context_of, finished
from summarizer.reading import content_sentences

from .faults import planted
from .pairs import Pair, pairs, unfinished

HELD_OUT = 10
"""Of so many articles one chooses the checkpoint, and one is kept for the final figures."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A point with what a reader said of it.

    Attributes:
        id: The article's.
        text: The point.
        sources: The sentences that it was made from, on one line.
        context: What explains them; may be empty.
        title: The headline; None where there is none.
        verdict: One of `VERDICTS`.
        score: The mean log-probability a token that the shipped rewriter gave it; None where another wrote it.
        sentence: Whether it is the article's own sentence.
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
    def kind(self) -> Kind:
        """Who wrote it."""
        return "sentences" if self.sentence else "others" if self.score is None else "rewrites"


def judged(source: str, corrections: bool = True) -> list[Judged]:
    """The judged points of a file: JSONL (.gz) with `id`, `source_text`, `context` and `title`, which may be missing,
    and `candidates`, each with `text` and `verdict`, with `score` where the shipped rewriter wrote it, and with the
    `length` "sentence" where it is the article's own sentence. Or lists that editors approved at the desk: what they
    left as it was is good, what they changed or deleted has the fault that they gave as the reason; without a reason it
    says nothing here.

    Args:
        source: The file.
        corrections: Whether what a reader wrote in the place of a text that he refused is given too (`corrected`): the
            rewriter learns from it, the verifier only from what a model wrote.

    Raises:
        ValueError: A row lacks something, or has another verdict; the message says where.
    """
    found = []
    for row in rows(source, "train"):
        values = row.values
        try:
            if values.get("status") == "approved":
                found += _of_editors(values, corrections)
                continue
            about = (str(values["source_text"]), str(values.get("context") or ""), values.get("title") or None)
            for candidate in values["candidates"]:
                verdict = candidate["verdict"]
                if verdict not in VERDICTS:
                    raise ValueError(f"the verdict {verdict!r} is not one of {', '.join(VERDICTS)}")
                if candidate.get("corrected") and not corrections:
                    continue
                of = {"score": candidate.get("score"), "sentence": candidate.get("length") == "sentence"}
                found.append(Judged(str(values["id"]), candidate["text"], *about, verdict, **of))
        except KeyError as error:
            raise ValueError(f"{row.where}: {error} is missing; a judged rewrite has id, source_text and candidates "
                             "with text and verdict") from error  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{row.where}: {error}") from error
    return found


def _of_editors(record: Mapping[str, Any], corrections: bool) -> Iterator[Judged]:
    """What an approved list says of the software's points in it."""
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
    """What trains, what chooses the checkpoint, and what is kept for the final figures: by article, the same in every
    run."""
    parts: tuple[list[Judged], list[Judged], list[Judged]] = ([], [], [])
    for one in found:
        at = crc32(one.id.encode()) % HELD_OUT
        parts[2 if at == 0 else 1 if at == 1 else 0].append(one)
    return parts


def preferred(found: Sequence[Judged]) -> list[Pair]:
    """For each group of sentences the texts that a reader would print, beside those that he would not, which are as bad
    as their fault costs when a point is chosen (`COSTS`). Left out are the article's own sentences, and groups with
    nothing good and nothing better."""
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
    """True points of human lists, half of them with a fault, each kind about as often.

    Args:
        examples: Articles with human lists.
        count: Points to give, at most.
        seed: Of what is drawn.
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
