"""Aligns a text with the story that it was made from: which token of the story each of its tokens copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

from summarizer.points import Story

Copies = list[list[int]]
"""For each token of a text the places in the story that it may copy; empty for a token that the story lacks."""


def places_of(story: Story) -> Mapping[int, Sequence[int]]:
    """Returns the places of each token id in a story."""
    found: dict[int, list[int]] = defaultdict(list)
    for place, token in enumerate(story.ids):
        found[token].append(place)
    return found


def copies(story: Story, sentence: int, text: Sequence[int], places: Mapping[int, Sequence[int]]) -> Copies:
    """Returns what a text copies. What its own sentence has in the same order is copied from there. What that lacks is
    copied in runs that are as long as possible, from wherever the story has them. Such a run may go on into what the
    sentence has too: of "Ann Roe", where the sentence says "Roe", the whole name is copied, so that the writer learns
    to point to a person and not to a first name.

    Args:
        story: The story.
        sentence: Index of the sentence that the text was made from.
        text: The token ids of the text.
        places: `places_of(story)`.
    """
    own = [place for place in range(len(story.ids)) if story.sentences[place] == sentence]
    found: Copies = [[] for _ in text]
    for a, b, size in SequenceMatcher(
        None, [story.ids[place] for place in own], text, autojunk=False
    ).get_matching_blocks():
        for at in range(size):
            found[b + at] = [own[a + at]]
    for at in range(len(text)):
        if not found[at]:
            size, starts = _longest_run(story.ids, text[at:], places)
            for offset in range(size):
                found[at + offset] = [start + offset for start in starts]
    return found


def _longest_run(
    there: Sequence[int], text: Sequence[int], places: Mapping[int, Sequence[int]]
) -> tuple[int, list[int]]:
    """Returns the size of the longest run of the story that the text begins with, and where such runs start."""
    longest, starts = 0, []
    for start in places.get(text[0], ()) if text else ():
        size = 0
        while size < len(text) and start + size < len(there) and there[start + size] == text[size]:
            size += 1
        if size > longest:
            longest, starts = size, []
        if size == longest:
            starts.append(start)
    return longest, starts
