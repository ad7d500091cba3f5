"""Writes bullets from the sentences they stand on, in a given number of words: a small language model or a T5 in
CTranslate2, no torch.

What it writes are candidates. Which of them may be shown is not decided here (`checks/`), nor which one is
(`reranking.py`).
"""

from __future__ import annotations

import json
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
"""Tokens that go in; of what is longer a T5 does not read the end, where the context stands, and a language model not
the start, where headline and context do."""
MAX_TARGET_TOKENS = 80
"""Tokens that come out; a candidate of this size was cut, and is no candidate."""
CONTEXT_WORDS = 70
"""Words of context, about."""
REACH = 8
"""Sentences back in which the person is looked for whom a sentence calls "he"."""
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
"""What may be written after what was read, as CTranslate2 takes it: `training/modeling/shortlist.py` makes it."""


def prompt(sources: str, context: str, title: str | None = None, causal: bool = False) -> str:
    """What is read: the sentences, the headline, and what explains the sentences. Training and the library use the
    same.

    Args:
        sources: The sentences, on one line.
        context: What explains them; may be empty.
        title: The headline; None where there is none.
        causal: Whether a language model reads it, which goes on where it ends; else a T5's encoder.
    """
    if causal:
        before = (f"Title: {title}\n" if title else "") + (f"Context: {context}\n" if context else "")
        return f"{before}Article: {sources}\n"
    return sources + (f" Title: {title}" if title else "") + (f" Context: {context}" if context else "")


def asked(length: int, causal: bool = False) -> str:
    """What the text begins with: the wanted number of words."""
    return f"{length} words:" if causal else f"{length}:"


def context_of(sentences: Sequence[Sentence], chosen: Sequence[int], full_names: FullNames) -> str:
    """What says who and what the chosen sentences speak of, on one line, in article order and about CONTEXT_WORDS long:
    the sentences that give persons in full whom the chosen ones call by their last name, or name the one whom they call
    "he"; the one before each; the article's first."""
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
    """Of a sentence that says "he" before it names anybody, the nearest before it that does; None for others."""
    pronoun = _PERSON.search(sentences[i].text)
    if not pronoun or full_names.speaks_of(sentences[i].text[: pronoun.start()]):
        return None
    near = range(i - 1, max(i - 1 - REACH, -1), -1)
    return next((j for j in near if full_names.speaks_of(sentences[j].text)), None)


def as_line(sentences: Sequence[Sentence], chosen: Sequence[int]) -> str:
    """Some sentences of an article on one line."""
    return " ".join(" ".join(sentences[i].text.split()) for i in chosen)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bullet that the rewriter wrote.

    Attributes:
        text: Its text, with a capital at the start and a full stop at the end.
        score: The model's mean log-probability a token.
    """

    text: str
    score: float


class Rewriter:
    """An exported rewriter, ready to write.

    Args:
        folder: Holds `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and, of a T5, `vmap.txt`, which may be
            missing.
        threads: Bullets that are written side by side, one core each.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        OSError, ValueError: `config.json` is missing, or is no JSON.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        use_wide_instructions()
        self._causal = bool(json.loads((folder / "config.json").read_text("utf-8")).get("causal"))
        kind = ctranslate2.Generator if self._causal else ctranslate2.Translator
        self._model = kind(str(folder), device="cpu", compute_type="default", inter_threads=threads, intra_threads=1)
        # Scores are worked out for a fifth of a T5's vocabulary: half the cost of a token (benchmarks/NOTES.md).
        self._shortlist = (folder / SHORTLIST).is_file()
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def start(
        self, sources: str, context: str, title: str | None, lengths: Sequence[int]
    ) -> Callable[[], list[Candidate]]:
        """Begins to write one point, at several lengths.

        Args:
            sources: The sentences it is made from, on one line.
            context: The sentences that explain them, or nothing.
            title: The headline, if there is one.
            lengths: Wanted words; each gives `BEAM` candidates.

        Returns:
            A function that waits for the candidates: each text once, the best first.
        """
        # All lengths of one point are one batch, so that what is written depends on nothing else that runs.
        read = self._tokens(prompt(sources, context, title, self._causal), alone=not self._causal)
        asks = [self._tokens(asked(length, self._causal), alone=False) for length in lengths]
        running = (self._goes_on if self._causal else self._answers)(read, asks)

        def wait() -> list[Candidate]:
            best: dict[str, float] = {}
            for tokens, score in running():
                text = self._text(tokens)
                best[text] = max(score, best.get(text, score))
            best.pop("", None)
            return [Candidate(text, score) for text, score in sorted(best.items(), key=lambda item: -item[1])]

        return wait

    def _answers(self, read: list[str], asks: list[list[str]]) -> _Running:
        """A T5's search."""
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

    def _goes_on(self, read: list[str], asks: list[list[str]]) -> _Running:
        """A language model's search. What all lengths share is read once."""
        running = self._model.generate_batch(
            asks,
            static_prompt=read[-MAX_SOURCE_TOKENS:],
            cache_static_prompt=False,
            include_prompt_in_result=False,
            max_length=MAX_TARGET_TOKENS,
            **_SEARCH,
        )

        def wait() -> Iterator[tuple[list[str], float]]:
            for result in (each.result() for each in running):
                for tokens, score in zip(result.sequences, result.scores, strict=True):
                    if len(tokens) < MAX_TARGET_TOKENS:
                        yield tokens, score

        return wait

    def _tokens(self, text: str, alone: bool = True) -> list[str]:
        tokens: list[str] = self._tokenizer.encode(text, add_special_tokens=alone).tokens
        return tokens

    def _text(self, tokens: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(token) for token in tokens]
        text = " ".join(self._tokenizer.decode([i for i in ids if i is not None]).split())
        return finished(text)


def finished(text: str) -> str:
    """A bullet with a capital at its start and a full stop at its end; "" stays as it is."""
    if text and not text.rstrip("\"'”’").endswith((".", "!", "?")):
        text += "."
    return text[:1].upper() + text[1:]
