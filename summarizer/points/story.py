"""The story as the writer reads it: the sentences that its points stand on, each marked with the number of its point,
and those that tell who and what they speak of.

Making a sentence understandable without its context is decontextualization (Choi et al. 2021, "Decontextualization:
Making Sentences Stand-Alone"). The writer is a causal language model. It reads the story once and continues it
with the texts of each point. Training uses the same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..reading import Sentence

STORY_WORDS = 300
"""Maximum number of words of a story, unless the sentences of its points alone have more."""
SENTENCE_CHARACTERS = 600
"""Maximum number of characters of a sentence; the rest is cut."""
JUDGE, KIND, WRITE = "?", "!", ":"
"""What the writer is asked with, one token each: for a verdict on what stands before, for what the point is to its
story (one of `KINDS`), and for the next text."""
KINDS = ("key", "background", "repetition")
"""What a point is to its story: news, background or trivia, or what an earlier point of the list says."""
_WORD_CHARACTERS = 8
"""A story without spaces counts as words of this many characters."""
_CAPITALIZED = re.compile(r"\b[A-Z][\w’'-]*\w")
_GAP = "[...]"


def story(sentences: Sequence[Sentence], points: Sequence[Sequence[int]], title: str | None = None) -> str:
    """Returns the story of some points, in article order; "[...]" stands for what is left out.

    Args:
        sentences: The sentences of the article.
        points: For each point the indices of its sentences. They are marked with its number, from 1.
        title: The headline, if there is one. It stands above the story.
    """
    numbers = {i: number for number, point in enumerate(points, 1) for i in point}
    kept: set[int] = set()
    size = 0
    for i in _by_need(sentences, sorted(numbers)):
        cost = _size(sentences[i].text)
        if i in numbers or size + cost <= STORY_WORDS:
            kept.add(i)
            size += cost
    parts = [_line(title) + "\n"] if title else []
    last = -1
    for i in sorted(kept):
        mark = f"[{numbers[i]}] " if i in numbers else ""
        parts += [_GAP] * (i != last + 1) + [mark + _line(sentences[i].text)]
        last = i
    return " ".join(parts + [_GAP] * (last != len(sentences) - 1))


def request(point: int, sentence: str) -> str:
    """Returns what stands behind the story for a point: its number and its sentence. After that the writer is asked for
    a verdict on the sentence (JUDGE), for its kind (KIND), and for the standard text (WRITE), which ends with a line
    break; for a verdict on that, and for the brief text, which ends with the end token; and for a verdict on that."""
    return f"\n[{point}] {_line(sentence)}\n"


def _by_need(sentences: Sequence[Sentence], chosen: Sequence[int]) -> Iterator[int]:
    """Yields the index of each sentence once, the most needed first: those of the points, the opening of the story,
    those right before a point, those that first name who or what a point names, the next sentences of the opening,
    those two before a point, and the others."""
    plain = {word for s in sentences for word in s.text.split() if word.islower()}
    first: dict[str, int] = {}
    names = [
        [name for name in _CAPITALIZED.findall(s.text[:SENTENCE_CHARACTERS]) if name.lower() not in plain]
        for s in sentences
    ]
    for i, found in enumerate(names):
        for name in found:
            first.setdefault(name, i)
    order = [
        *chosen,
        *range(min(1, len(sentences))),
        *(i - 1 for i in chosen if i),
        *(first[name] for i in chosen for name in names[i]),
        *range(min(3, len(sentences))),
        *(i - 2 for i in chosen if i > 1),
        *range(len(sentences)),
    ]
    yield from dict.fromkeys(order)


def _size(text: str) -> int:
    return max(len(text[:SENTENCE_CHARACTERS].split()), len(text[:SENTENCE_CHARACTERS]) // _WORD_CHARACTERS)


def _line(text: str) -> str:
    return " ".join(text[:SENTENCE_CHARACTERS].split())
