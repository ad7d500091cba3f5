"""The story as the writer reads it: the sentences that its points stand on, and those that tell who and what they speak
of. Training reads the same.

Making a sentence understandable without its context is decontextualization (Choi et al. 2021, "Decontextualization:
Making Sentences Stand-Alone").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..reading import Sentence

STORY_WORDS = 300
"""Maximum number of words of a story, without its headline, unless the sentences of its points alone have more."""
MAX_STORY_TOKENS = 510
"""Maximum number of tokens of a story, without the two special ones; what follows is left out, in whole sentences."""
SENTENCE_CHARACTERS = 600
"""Maximum number of characters of a sentence and of the headline; the rest is cut."""
HEADLINE = -1
"""The headline's index among the sentences of a story."""
_WORD_CHARACTERS = 8
"""A story without spaces counts as words of this many characters."""
_NAME = re.compile(r"[^\W\d_](?:[\w-]*\w)?")


@dataclass(frozen=True, slots=True)
class Story:
    """The text that the writer reads, and its tokens.

    Attributes:
        text: The headline, if there is one, and some sentences in article order.
        ids: Token ids, without special tokens.
        offsets: Start and end of each token in `text`.
        sentences: Index of the sentence of each token, shape (tokens,); `HEADLINE` for the headline.
    """

    text: str
    ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    sentences: npt.NDArray[np.int64]


def story(
    tokenizer: Tokenizer, sentences: Sequence[Sentence], chosen: Sequence[int], title: str | None = None
) -> Story:
    """Returns the story of some points.

    Args:
        tokenizer: The tokenizer of the encoder.
        sentences: The sentences of the article.
        chosen: Indices of the sentences of the points.
        title: The headline, if there is one.
    """
    parts = [(HEADLINE, _line(title))] if title and title.strip() else []
    parts += [(i, _line(sentences[i].text)) for i in _kept(sentences, sorted(set(chosen)))]
    text = "\n".join(part for _, part in parts)
    ends = np.cumsum([len(part) + 1 for _, part in parts])
    read = tokenizer.encode(text, add_special_tokens=False)
    places = np.searchsorted(ends, [start for start, _ in read.offsets], side="right")
    size = len(places)
    if size > MAX_STORY_TOKENS:  # a sentence that does not fit as a whole is left out
        size = int(np.searchsorted(places, places[MAX_STORY_TOKENS]))
    sentence = np.array([parts[at][0] for at in places[:size]], np.int64)
    return Story(text, tuple(read.ids[:size]), tuple(read.offsets[:size]), sentence)


def _kept(sentences: Sequence[Sentence], chosen: Sequence[int]) -> list[int]:
    kept: set[int] = set()
    size = 0
    for i in _by_need(sentences, chosen):
        cost = _size(sentences[i].text)
        if i in chosen or size + cost <= STORY_WORDS:
            kept.add(i)
            size += cost
    return sorted(kept)


def _by_need(sentences: Sequence[Sentence], chosen: Sequence[int]) -> Iterator[int]:
    """Yields the index of each sentence once, the most needed first: those of the points, the opening of the story,
    those right before a point, those that first name who or what a point names, the next sentences of the opening,
    those two before a point, and the others."""
    words = [_NAME.findall(s.text[:SENTENCE_CHARACTERS]) for s in sentences]
    plain = {word for found in words for word in found if word.islower()}
    names = [[word for word in found if word[0].isupper() and word.lower() not in plain] for found in words]
    first: dict[str, int] = {}
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
