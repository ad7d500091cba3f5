"""Points that stand alone, made of sentences of the article: the training data of the rewriter.

A writer made them stand alone with as little change as possible. Of his changes those are learnt that put in references
(for `AS_IT_IS`), or leave words out as well (for a text of that length). A sentence that was good as it stood stays.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

from tqdm import tqdm

from eval.data import rows
from summarizer.checks import FactIndex, facts
from summarizer.points import as_line, bullet_of
from summarizer.reading import words

from .judged import HELD_OUT, story_of
from .pairs import SHORTEST, Pair, unfinished
from .smallest_change import edited, reference_edits, shortens

MAX_WORDS = 50
"""Maximum number of words of a sentence; a longer one has too many tokens for the rewriter."""
SAME = 0.5
"""Number of sentences that stay as they are, relative to those into which references are put."""


def references(source: str) -> tuple[list[Pair], list[Pair]]:
    """Returns pairs whose target is the sentence with references put in, or with words left out as well: those to
    learn, and those of a tenth of the articles, which select the checkpoint.

    Args:
        source: Points, JSONL (.gz): `id`, `article`, optionally `title`, and `points`, each with `sources` and either
            `resolved`, the sentence with references put in, or texts that stand alone, `standard` and `brief`, and the
            `verdict` on the sentence as it stands.

    Raises:
        ValueError: A row lacks a field; the message names the row.
    """
    found: tuple[list[Pair], list[Pair]] = ([], [])
    unchanged: tuple[list[Pair], list[Pair]] = ([], [])
    for row in tqdm(rows(source, "train"), "references", file=sys.stderr, mininterval=5):
        try:
            chooses = crc32(str(row.values["id"]).encode()) % HELD_OUT == 1
            for changes, pair in _pairs(row.values):
                (found if changes else unchanged)[chooses].append(pair)
        except KeyError as error:
            raise ValueError(f"{row.where}: {error} is missing; a row has id, article and points, with sources, "
                             "verdict and standard") from error  # fmt: skip
    for pairs, same in zip(found, unchanged, strict=True):
        pairs += same[: round(SAME * sum(pair.as_it_is for pair in pairs))]
    return found


def _pairs(row: Mapping[str, Any]) -> Iterator[tuple[bool, Pair]]:
    story = story_of(str(row["id"]), row["article"], row.get("title") or None)
    for point in row["points"]:
        chosen = story.chosen([(start, end) for start, end in point["sources"]])
        if not chosen:
            continue
        itself = bullet_of([story.sentences[i].text for i in chosen])
        whole = point.get("resolved")
        if whole is None:
            edits = list(reference_edits(itself, point["standard"]))
            whole = edited(itself, edits) if edits or point["verdict"] == "good" else None
        shorter = [text for text in (point.get("standard"), point.get("brief")) if text and shortens(text, itself)]
        sources, context = as_line(story.sentences, chosen), story.context.of_sentences(chosen)
        # What the rewriter does not read it would learn to invent.
        known = FactIndex(f"{sources} {context} {story.title or ''}")

        def read(text: str, known: FactIndex = known) -> bool:
            return all(map(known.supports, facts(text)))

        if whole is not None and len(words(whole)) <= MAX_WORDS and read(whole):
            yield whole != itself, Pair(sources, context, story.title, (unfinished(whole),), as_it_is=True)
        targets = tuple(unfinished(text) for text in shorter if len(words(text)) >= SHORTEST and read(text))
        if targets:
            yield True, Pair(sources, context, story.title, targets)
