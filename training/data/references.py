"""Sentences into which references are put: what the rewriter learns to write for `AS_IT_IS`.

The data are points that a writer made stand alone with as little change as possible. Of his changes only those are kept
that say who or what a mention means: "he", "the company" or "their" is replaced, or a name is completed, with the
person's role. (Choi et al. 2021, "Decontextualization", call them NP swap and name completion.) The rest of the
sentence stays as it is, and so does a sentence that was good as it stood.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any
from zlib import crc32

from tqdm import tqdm

from eval.data import rows
from summarizer.checks import QUOTED, FactIndex, facts
from summarizer.points import as_line, bullet_of
from summarizer.reading import words

from .judged import HELD_OUT, story_of
from .pairs import Pair, unfinished

_TOKEN = re.compile(r"\w+(?:[-.’']\w+)*|[^\w\s]")
_PERSONAL = frozenset("he she they it him them".split())
_POSSESSIVE = frozenset("his her their its".split())
_DETERMINERS = frozenset("the this that these those".split())
_REPORTING = frozenset("said says say told tells wrote writes added adds".split())
_PREPOSITIONS = frozenset("in at on for of to from by and with after as".split())
_APART = frozenset('.;:"“”‘()')
_SINGLE_QUOTED = re.compile(r"(?<!\w)['‘][^\n]*?['’](?!\w)")
_MENTION, _MEANING, _NAME = 6, 14, 7
"""Maximum number of tokens of a mention, of what is put in its place, and of what completes a name."""

MAX_WORDS = 50
"""Maximum number of words of a sentence; a longer one has too many tokens for the rewriter."""
SAME = 0.5
"""Number of sentences that stay as they are, relative to those that change."""

Edit = tuple[int, int, str]
"""Start and end of a mention in the sentence, and the words in its place."""


def references(source: str) -> tuple[list[Pair], list[Pair]]:
    """Returns pairs whose target is the sentence with references put in: those to learn, and those of a tenth of the
    articles, which select the checkpoint.

    Args:
        source: Points, JSONL (.gz): `id`, `article`, optionally `title`, and `points`, each with `sources` and either
            `resolved`, the sentence with references put in, or `standard`, a text that stands alone, and the `verdict`
            on the sentence as it stands.

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
        pairs += same[: round(SAME * len(pairs))]
    return found


def _pairs(row: Mapping[str, Any]) -> Iterator[tuple[bool, Pair]]:
    story = story_of(str(row["id"]), row["article"], row.get("title") or None)
    for point in row["points"]:
        chosen = story.chosen([(start, end) for start, end in point["sources"]])
        if not chosen:
            continue
        itself = bullet_of([story.sentences[i].text for i in chosen])
        target = point.get("resolved")
        if target is None:
            edits = list(reference_edits(itself, point["standard"]))
            target = edited(itself, edits) if edits or point["verdict"] == "good" else None
        if target is not None and len(words(target)) <= MAX_WORDS:
            sources, context = as_line(story.sentences, chosen), story.context.of_sentences(chosen)
            # What the rewriter does not read it would learn to invent.
            known = FactIndex(f"{sources} {context} {story.title or ''}")
            if not all(map(known.supports, facts(target))):
                continue
            yield target != itself, Pair(sources, context, story.title, (unfinished(target),), as_it_is=True)


def edited(sentence: str, edits: list[Edit]) -> str:
    """Returns the sentence after the edits."""
    for start, end, meaning in sorted(edits, reverse=True):
        sentence = sentence[:start] + meaning + sentence[end:]
    return re.sub(r"\s+,", ",", sentence[:1].upper() + sentence[1:])


def reference_edits(sentence: str, alone: str) -> Iterator[Edit]:
    """Yields those changes from a sentence to the text that stands alone that only say who or what a mention means.
    Nothing inside quotation marks changes."""
    old, new = list(_TOKEN.finditer(sentence)), list(_TOKEN.finditer(alone))
    quoted = [match.span() for marks in (QUOTED, _SINGLE_QUOTED) for match in marks.finditer(sentence)]
    before, after = ([match.group().lower().replace("’", "'") for match in of] for of in (old, new))
    same = SequenceMatcher(None, before, after, autojunk=False)
    for kind, i, i_end, j, j_end in same.get_opcodes():
        if kind not in ("replace", "insert") or i == len(old):
            continue
        at, meaning = old[i].start(), [match.group() for match in new[j:j_end]]
        if any(start <= at < end for start, end in quoted) or not _says_what_is_meant(meaning):
            continue
        put_in = alone[new[j].start() : new[j_end - 1].end()]
        mention = [match.group() for match in old[i:i_end]]
        if i and old[i - 1].group().lower() in _DETERMINERS:  # "the move", "the 2009 reform"
            if _is_proper(meaning, starts=False) and "," not in (*mention, *meaning) and len(mention) < 3:
                yield at, old[i_end - 1].end() if mention else at, put_in if mention else f"{put_in} "
        elif mention:
            if _is_mention(mention, meaning, starts=j == 0):
                yield at, old[i_end - 1].end(), put_in
        elif j_end < len(new) and _completes_name(meaning, old[i].group(), new[j_end].group(), starts=i == 0):
            yield at, at, f"{put_in} "


def _says_what_is_meant(meaning: list[str]) -> bool:
    plain = not any(word.lower() in _REPORTING or word in _APART for word in meaning)
    return len(meaning) <= _MEANING and plain and meaning[0] not in ",-–—'" and "'" not in meaning[:-1]


def _is_mention(mention: list[str], meaning: list[str], starts: bool) -> bool:
    """True if a mention may be replaced by what is meant. `starts` is True at the start of the sentence."""
    first, last = mention[0].lower(), meaning[-1].lower()
    if len(mention) > _MENTION:
        return False
    if len(mention) == 1 and mention[0][0].isupper() and first not in _PERSONAL | _POSSESSIVE | _DETERMINERS:
        return last == first  # a longer form of the same name
    proper = _is_proper(meaning, starts)
    if not proper and len(meaning) < 2:
        return False
    owner = last.endswith(("'s", "’s", "'", "’"))
    if len(mention) == 1 and first in _PERSONAL | _POSSESSIVE:
        return meaning[0].lower() not in _PERSONAL | _POSSESSIVE and owner == (first in _POSSESSIVE)
    if first in _DETERMINERS:
        return (first == "the" and proper) if len(mention) == 1 else "," not in mention[:-1]
    return first in _POSSESSIVE


def _is_proper(meaning: list[str], starts: bool) -> bool:
    """True if words have a name. The capital at the start of a sentence counts only before another word."""
    first = (
        starts and len(meaning) > 1 and meaning[0][0].isupper() and meaning[0].lower() not in _DETERMINERS | {"a", "an"}
    )
    return first or any(word[0].isupper() for word in meaning[starts:])


def _completes_name(meaning: list[str], name: str, now: str, starts: bool) -> bool:
    """True if words complete the name that follows them. `now` is the name in the text that stands alone."""
    if not name[0].isupper() or not now[0].isupper() or len(meaning) > _NAME or "," in meaning:
        return False
    if meaning[0].lower() in _PREPOSITIONS:
        return False
    return meaning[0][0].isupper() if starts else meaning[-1][0].isupper()
