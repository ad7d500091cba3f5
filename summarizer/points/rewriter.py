"""Writes bullets from their source sentences, in a requested number of words.

The model is a T5. It runs in CTranslate2, without torch. It only writes candidates: `checks/`
decides which of them may be shown, and `text_choice.py` which one is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ctranslate2
from tokenizers import Tokenizer

from ..cpu import use_wide_instructions
from ..reading import Sentence, words
from .full_names import FullNames

MAX_SOURCE_TOKENS = 320
"""Maximum number of input tokens. A longer input is truncated at the end, where the context is."""
MAX_TARGET_TOKENS = 80
"""Maximum number of output tokens. An output of this length was truncated, and is dropped."""
CONTEXT_WORDS = 70
"""Approximate number of words of context."""
REACH = 8
"""Number of earlier sentences that are searched for the person whom a sentence calls "he"."""
_PERSON = re.compile(r"\b(?:he|she|his|her|him)\b", re.IGNORECASE)
BEAM = 4
_SEARCH = {
    "beam_size": BEAM,
    "num_hypotheses": BEAM,
    "no_repeat_ngram_size": 3,
    "return_scores": True,
    "asynchronous": True,
}
_Running = Callable[[], Iterator[tuple[list[str], float]]]
SHORTLIST = "vmap.txt"
"""CTranslate2's vocabulary map: the output tokens that an input allows. Made by `training/modeling/shortlist.py`."""


def prompt(sources: str, context: str, title: str | None = None) -> str:
    """Returns the model's input: the sentences, the headline, and the context. Training uses the same function.

    Args:
        sources: The sentences, on one line.
        context: The sentences that explain the sources. May be empty.
        title: The headline, or None.
    """
    return sources + (f" Title: {title}" if title else "") + (f" Context: {context}" if context else "")


def asked(length: int) -> str:
    """Returns the prefix of the output: the requested number of words."""
    return f"{length}:"


def context_of(sentences: Sequence[Sentence], chosen: Sequence[int], full_names: FullNames) -> str:
    """Returns the sentences that explain the chosen ones, on one line, in article order, about CONTEXT_WORDS long:
    those with the full names of persons whom the chosen ones call by their last name, those that name the person whom
    they call "he", the sentence before each chosen one, and the first sentence of the article."""
    text = as_line(sentences, chosen)
    wanted: list[int] = []
    for name in full_names.missing(text):
        wanted += [next((i for i, s in enumerate(sentences) if name in " ".join(s.text.split())), 0)]
    wanted += [j for i in chosen if (j := _person_before(sentences, i, full_names)) is not None]
    wanted += [i - 1 for i in chosen if i]
    kept: set[int] = set()
    size = 0
    for i in (*wanted, 0):
        if i not in kept and i not in chosen and size < CONTEXT_WORDS:
            kept.add(i)
            size += len(words(sentences[i].text))
    return as_line(sentences, sorted(kept))


def _person_before(sentences: Sequence[Sentence], i: int, full_names: FullNames) -> int | None:
    """For a sentence with "he" or "she" before any name, returns the nearest earlier sentence, within REACH, that names
    a person. Else None."""
    pronoun = _PERSON.search(sentences[i].text)
    if not pronoun or full_names.speaks_of(sentences[i].text[: pronoun.start()]):
        return None
    near = range(i - 1, max(i - 1 - REACH, -1), -1)
    return next((j for j in near if full_names.speaks_of(sentences[j].text)), None)


def as_line(sentences: Sequence[Sentence], chosen: Sequence[int]) -> str:
    """Returns some sentences of an article on one line."""
    return " ".join(" ".join(sentences[i].text.split()) for i in chosen)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bullet that the rewriter wrote.

    Attributes:
        text: Its text, with a capital at the start and a full stop at the end.
        score: The model's mean log-probability per token.
    """

    text: str
    score: float


class Rewriter:
    """Runs an exported rewriter.

    Args:
        folder: Contains `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and, optionally for a T5,
            `vmap.txt`.
        threads: Number of bullets that are written in parallel, one core each.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        OSError, ValueError: `config.json` is missing or is not valid JSON.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        use_wide_instructions()
        self._model = ctranslate2.Translator(
            str(folder), device="cpu", compute_type="default", inter_threads=threads, intra_threads=1
        )
        # With it, a T5 computes scores for only a part of its vocabulary, which is much of the cost of a token.
        self._shortlist = (folder / SHORTLIST).is_file()
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def start(
        self, sources: str, context: str, title: str | None, lengths: Sequence[int]
    ) -> Callable[[], list[Candidate]]:
        """Starts to write one point, at several lengths.

        Args:
            sources: The sentences that it is made from, on one line.
            context: The sentences that explain the sources. May be empty.
            title: The headline, if there is one.
            lengths: Requested numbers of words. Each results in up to `BEAM` candidates.

        Returns:
            A function that waits for the candidates and returns each text once, the best first.
        """
        # All lengths of one point are one batch, so that the output does not depend on other points.
        read = self._tokens(prompt(sources, context, title))
        asks = [self._tokens(asked(length), alone=False) for length in lengths]
        running = self._answers(read, asks)

        def wait() -> list[Candidate]:
            best: dict[str, float] = {}
            for tokens, score in running():
                text = self._text(tokens)
                best[text] = max(score, best.get(text, score))
            best.pop("", None)
            return [Candidate(text, score) for text, score in sorted(best.items(), key=lambda item: -item[1])]

        return wait

    def _answers(self, read: list[str], asks: list[list[str]]) -> _Running:
        """Starts the beam search of a T5."""
        read = [*read[:-1][: MAX_SOURCE_TOKENS - 1], read[-1]]
        running = self._model.translate_batch(
            [read] * len(asks),
            target_prefix=asks,
            max_decoding_length=MAX_TARGET_TOKENS,
            use_vmap=self._shortlist,
            **_SEARCH,
        )

        def wait() -> Iterator[tuple[list[str], float]]:
            for ask, result in zip(asks, (each.result() for each in running), strict=True):
                for tokens, score in zip(result.hypotheses, result.scores, strict=True):
                    if len(tokens) < MAX_TARGET_TOKENS:
                        yield tokens[len(ask) :], score

        return wait

    def _tokens(self, text: str, alone: bool = True) -> list[str]:
        tokens: list[str] = self._tokenizer.encode(text, add_special_tokens=alone).tokens
        return tokens

    def _text(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        text = " ".join(self._tokenizer.decode([i for i in ids if i is not None]).split())
        return finished(text)


def finished(text: str) -> str:
    """Returns a bullet with a capital at its start and a full stop at its end. "" is not changed."""
    if text and not text.rstrip("\"'”’").endswith((".", "!", "?")):
        text += "."
    return text[:1].upper() + text[1:]
