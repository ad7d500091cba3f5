"""Turns what the writer copied into a text: spaces, capitals and marks as an editor sets them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from .story import Story

_CLOSING = frozenset(".,;:!?%)]}’”")
_OPENING = frozenset("“(‘[$£€-")
_SUFFIXES = frozenset("s t re ve ll m d".split())
"""What follows an apostrophe without a space."""
_LOWER = frozenset(
    "the a an he she it they his her its their this that these in on at by for from but and of to".split()
)
"""Words that lose their capital inside a sentence, whether or not the story has them without one."""
_WORD = re.compile(r"[\w’'-]+")


class Step(NamedTuple):
    """A token of a text.

    Attributes:
        place: The index of the token in the story, if it was copied; else -1.
        token: What was written, if it was not copied; "##" stands before a part of a word.
    """

    place: int
    token: str = ""


def copied_text(story: Story, steps: Sequence[Step]) -> str:
    """Returns the text of some steps. What was copied in one run looks as in the story; a word that starts a sentence
    there loses its capital inside the text, unless it is a name."""
    plain = _LOWER | {word for word in _WORD.findall(story.text) if word.islower()}
    text, last = "", -1
    pieces = [story.text[slice(*story.offsets[place])] if place >= 0 else token for place, token in steps]
    for (place, token), piece, next_piece in zip(steps, pieces, [*pieces, ""][1:], strict=True):
        if place < 0:
            text += token.removeprefix("##") if _glued(text, token) else f" {token}"
        else:
            start, _ = story.offsets[place]
            if last >= 0 and place == last + 1:
                text += (" " if start > story.offsets[last][1] else "") + piece
            else:
                word = _WORD.match(story.text, start)
                inside = start > 0 and story.text[start - 1].isalnum() and piece[:1].isalnum()
                opens = text and not text.endswith((".", "!", "?")) and _opens(story, place)
                if opens and not inside and word and word.group()[1:] == word.group()[1:].lower():
                    piece = piece[:1].lower() + piece[1:] if word.group().lower() in plain else piece
                spaced = piece in "-'" and next_piece not in _SUFFIXES and story.text[max(start - 1, 0)].isspace()
                text += piece if inside or (_glued(text, piece) and not spaced) else f" {piece}"
        last = place
    text = text.strip()
    return text[:1].upper() + text[1:]


def _opens(story: Story, place: int) -> bool:
    """True if a token of the story is the first of its sentence or of a quotation."""
    start = story.offsets[place][0]
    return not place or story.sentences[place] != story.sentences[place - 1] or story.text[start - 1] in "“\"‘'"


def _glued(text: str, piece: str) -> bool:
    """True if a piece follows a text without a space."""
    if not text or piece.startswith("##") or piece[0] in _CLOSING or text[-1] in _OPENING:
        return True
    if piece in "-'" or (piece in _SUFFIXES and text[-1] in "'’"):
        return True
    quotes = text.count('"') % 2 == 1
    return quotes and (piece == '"' or text[-1] == '"')
