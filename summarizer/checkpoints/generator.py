"""Generates whole lists with a model, independently of its runtime: `transformers_engine.py` runs it in transformers,
`ctranslate2_engine.py` in CTranslate2."""

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
"""Maximum tokens of a batch, including padding and answers."""
_MOST_DIGITS = 10
"""A number of bullets with two digits, to compute the longest prompt."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer to one text.

    Attributes:
        bullets: Its bullets, in order.
        cut: Whether it reached the token limit before its end. Its last bullet is then left out, unless it is the only
            one.
    """

    bullets: tuple[str, ...]
    cut: bool


class Engine(Protocol):
    """A model and its tokenizer, in one runtime."""

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer."""

    def write(self, prompts: Sequence[list[int]], settings: GenerationSettings) -> list[list[int]]:
        """Generates the tokens that follow each prompt, without the prompt; the end token is included if it came."""

    def save(self, folder: Path) -> None:
        """Writes the model and its tokenizer."""


class Generator:
    """A model that writes lists.

    Args:
        engine: The model.
        settings: Prompt, search, and how answers are parsed.
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
        """Writes a list for each text. Texts are truncated to the window.

        Args:
            texts: Articles, or parts of them.
            counts: Wanted number of bullets for each text. Used only if the prompt names a number.
            length: "standard" or "brief". Used only if the prompt names a length.
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
        """Number of tokens of a text."""
        return len(token_ids(self._tokenizer, text))

    @cached_property
    def room(self) -> int:
        """Number of article tokens that fit into the window."""
        return room(self._tokenizer, self.settings.asked(_MOST_DIGITS, "standard"))

    def save(self, folder: Path) -> None:
        """Writes the model, its tokenizer and its settings."""
        self.engine.save(folder)
        self.settings.save(folder)

    def _read(self, ids: Sequence[int]) -> Answer:
        cut = len(ids) >= self.settings.max_new_tokens and ids[-1] not in self._special
        # In PEGASUS and others the token of a new line is special; it separates bullets, so it is kept.
        kept = [i for i in ids if i not in self._special or self._tokenizer.id_to_token(i) in ("<n>", "<q>", "\n")]
        bullets = self.settings.bullets(self._tokenizer.decode(kept, skip_special_tokens=False))
        return Answer(tuple(bullets[:-1] if cut and len(bullets) > 1 else bullets), cut)


def room(tokenizer: Tokenizer, settings: GenerationSettings) -> int:
    """Number of article tokens that fit into the window with the prompt and, for a causal model, the answer."""
    prompt = len(token_ids(tokenizer, settings.before)) + len(token_ids(tokenizer, settings.after))
    rest = settings.max_new_tokens if settings.kind == "causal" else len(token_ids(tokenizer, "", special=True))
    return max(1, settings.window - prompt - rest)


def prompt_ids(text: str, tokenizer: Tokenizer, settings: GenerationSettings, answer: int | None = None) -> list[int]:
    """Returns the tokens that the model reads. If they do not fit, the article is truncated, never the prompt.

    Args:
        text: The article.
        tokenizer: The model's tokenizer.
        settings: The model's settings.
        answer: Number of tokens of a causal model's answer, if it is known. Default: the maximum.
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
    """Returns the tokens of a text; with `special`, also the special tokens that the tokenizer adds."""
    ids: list[int] = tokenizer.encode(text, add_special_tokens=special).ids
    return ids


def _batches(sizes: Sequence[int], answer: int) -> Iterator[list[int]]:
    """Yields batches of indices of texts of similar length, the longest first, with at most `TOKENS` tokens."""
    batch: list[int] = []
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if batch and (len(batch) + 1) * (sizes[batch[0]] + answer) > TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch
