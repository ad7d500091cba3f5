"""A model that writes the whole list. Which runtime it runs in is not known here: `transformers_engine.py` has
transformers', `ctranslate2_engine.py` has CTranslate2's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

from ..summary import Length
from .prompts import GenerationSettings

TOKENS = 8192
"""Tokens of a batch, padding included."""
_MOST_DIGITS = 10
"""A number of bullets that takes as many tokens as any."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model wrote of one text.

    Attributes:
        bullets: Its bullets, in its order.
        cut: Whether it was still writing when it reached the cap; its last bullet is then left out.
    """

    bullets: tuple[str, ...]
    cut: bool


class Engine(Protocol):
    """A model and its tokenizer, in some runtime."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer."""

    def write(self, prompts: Sequence[list[int]], settings: GenerationSettings) -> list[list[int]]:
        """The tokens that follow each prompt, without the prompt, with the one that ends the answer if it came."""

    def save(self, folder: Path) -> None:
        """Writes the model and its tokenizer."""


class Generator:
    """A model that writes lists.

    Args:
        engine: The model.
        settings: How it is asked and read.
    """

    def __init__(self, engine: Engine, settings: GenerationSettings) -> None:
        self.engine, self.settings = engine, settings
        self._tokenizer = engine.tokenizer
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        special = self._tokenizer.encode("", add_special_tokens=True)
        self._special = set(special.ids) | {
            i for i, token in self._tokenizer.get_added_tokens_decoder().items() if token.special
        }

    def __call__(self, texts: Sequence[str], counts: Sequence[int], length: Length = "standard") -> list[Answer]:
        """Writes the lists of texts, each cut to what the window holds.

        Args:
            texts: Articles, or parts of them.
            counts: Wanted bullets of each, for a model that can be told.
            length: "standard" or "brief", likewise.
        """
        prompts = [
            prompt_ids(text, self._tokenizer, self.settings.asked(count, length))
            for text, count in zip(texts, counts, strict=True)
        ]
        answers: dict[int, Answer] = {}
        for batch in _batches([len(ids) for ids in prompts], self.settings.max_new_tokens):
            written = self.engine.write([prompts[i] for i in batch], self.settings)
            answers.update((i, self._read(ids)) for i, ids in zip(batch, written, strict=True))
        return [answers[i] for i in range(len(texts))]

    def tokens(self, text: str) -> int:
        """Tokens of a text."""
        return len(token_ids(self._tokenizer, text))

    @cached_property
    def room(self) -> int:
        """Tokens of an article that the window holds."""
        return room(self._tokenizer, self.settings.asked(_MOST_DIGITS, "standard"))

    def save(self, folder: Path) -> None:
        """Writes the model, its tokenizer, and how it is asked."""
        self.engine.save(folder)
        self.settings.save(folder)

    def _read(self, ids: Sequence[int]) -> Answer:
        cut = len(ids) >= self.settings.max_new_tokens and ids[-1] not in self._special
        # PEGASUS and others count the token of a new line among the special ones.
        kept = [i for i in ids if i not in self._special or self._tokenizer.id_to_token(i) in ("<n>", "<q>", "\n")]
        bullets = self.settings.bullets(self._tokenizer.decode(kept, skip_special_tokens=False))
        return Answer(tuple(bullets[:-1] if cut and len(bullets) > 1 else bullets), cut)


def room(tokenizer: Tokenizer, settings: GenerationSettings) -> int:
    """Tokens of an article that the window holds beside the prompt."""
    prompt = len(token_ids(tokenizer, settings.before)) + len(token_ids(tokenizer, settings.after))
    rest = settings.max_new_tokens if settings.kind == "causal" else len(token_ids(tokenizer, "", special=True))
    return max(1, settings.window - prompt - rest)


def prompt_ids(text: str, tokenizer: Tokenizer, settings: GenerationSettings, answer: int | None = None) -> list[int]:
    """What the model reads of a text: the article is cut so that prompt and answer fit, never the prompt.

    Args:
        text: The article.
        tokenizer: Of the model.
        settings: Its settings.
        answer: Tokens of the answer of a causal model, where they are known; default: the most that may come.
    """
    if settings.kind == "causal":
        spare = room(tokenizer, settings) + (settings.max_new_tokens - answer if answer is not None else 0)
        article = token_ids(tokenizer, text)[:spare]
        return [*token_ids(tokenizer, settings.before), *article, *token_ids(tokenizer, settings.after)]
    read = tokenizer.encode(settings.before + text)
    ids: list[int] = read.ids
    if len(ids) > settings.window:
        closing = next((i for i, special in enumerate(reversed(read.special_tokens_mask)) if not special), 0)
        ids = ids[: settings.window - closing] + ids[len(ids) - closing :]
    return ids


def token_ids(tokenizer: Tokenizer, text: str, special: bool = False) -> list[int]:
    """The tokens of a text, with those that its kind of model wants around it if `special`."""
    ids: list[int] = tokenizer.encode(text, add_special_tokens=special).ids
    return ids


def _batches(sizes: Sequence[int], answer: int) -> Iterator[list[int]]:
    """Places of texts of similar length, the longest first, at most `TOKENS` tokens together."""
    batch: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if batch and (len(batch) + 1) * (sizes[batch[0]] + answer) > TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
