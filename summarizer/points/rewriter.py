"""Makes a bullet from source sentences by the smallest change: who or what is meant is put in, and words are left out.

The shipped rewriter is a T5. It runs in CTranslate2, without torch. A language model can take its place (`writers/`). A
writer only writes candidates: `checks/` decides which of them may be shown, and `text_choice.py` which one is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import ctranslate2
from tokenizers import Tokenizer

from ..checks import TextKind
from ..cpu import use_wide_instructions
from ..deadline import Deadline
from ..summary import Length, Method

MAX_SOURCE_TOKENS = 320
"""Maximum number of input tokens. A longer input is truncated at the end, where the context is."""
MAX_TARGET_TOKENS = 80
"""Maximum number of output tokens. An output of this length was truncated, and is dropped."""
BEAM = 4
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


AS_IT_IS = 0
"""Requested length of a text that is the sentence itself, with what "he" or "the move" means put in: the sentence is
decontextualized (Choi et al. 2021)."""


def length_prefix(length: int) -> str:
    """Returns the prefix of the output: the requested number of words, or AS_IT_IS."""
    return f"{length}:"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A bullet that the rewriter wrote.

    Attributes:
        text: Its text, with a capital at the start and a full stop at the end.
        score: The model's mean log-probability per token.
        as_it_is: True if it was asked for as `AS_IT_IS`.
    """

    text: str
    score: float
    as_it_is: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """A point to be written.

    Attributes:
        sources: The sentences that it is made from, on one line.
        context: The sentences that explain the sources. May be empty.
        title: The headline, if there is one.
        lengths: Requested numbers of words, or AS_IT_IS, for the shipped rewriter. May be empty.
        length: The length, for a language model.
        story: Text of the article, for a language model.
        end: Where the last of the sentences ends in the story.
        versions: Number of texts that a language model is asked for.
    """

    sources: str
    context: str
    title: str | None
    lengths: tuple[int, ...]
    length: Length = "standard"
    story: str = ""
    end: int = 0
    versions: int = 1


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made of a task.

    Attributes:
        candidates: The texts, the best first.
        kind: "rewrites" of the shipped rewriter, "others" of a language model.
        method: The `method` of a bullet with such a text.
        fault: Why there is no text, or not the text of the writer that was asked; "" if all is well.
    """

    candidates: tuple[Candidate, ...]
    kind: TextKind
    method: Method = "rewritten"
    fault: str = ""


class Writer(Protocol):
    """Writes points."""

    def start(self, task: Task, deadline: Deadline) -> Callable[[], Written]:
        """Starts to write one point. Returns a function that waits for the texts.

        Raises:
            WriterError: A language model cannot be reached.
            TimeLimitError: The article's time is up.
        """

    def close(self) -> None:
        """Frees the model."""


class Rewriter:
    """Runs an exported rewriter; implements `Writer`.

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

    def start(self, task: Task, deadline: Deadline) -> Callable[[], Written]:
        """Starts to write one point. Each of its lengths results in up to `BEAM` candidates, the likeliest first."""
        if not task.lengths:
            return lambda: Written((), "rewrites")
        # All lengths of one point are one batch, so that the output does not depend on other points.
        read = self._tokens(prompt(task.sources, task.context, task.title))
        running = self._model.translate_batch(
            [[*read[:-1][: MAX_SOURCE_TOKENS - 1], read[-1]]] * len(task.lengths),
            target_prefix=(asks := [self._tokens(length_prefix(length), alone=False) for length in task.lengths]),
            max_decoding_length=MAX_TARGET_TOKENS,
            use_vmap=self._shortlist,
            beam_size=BEAM,
            num_hypotheses=BEAM,
            return_scores=True,
            asynchronous=True,
        )

        def wait() -> Written:
            found = [
                Candidate(text, score, length == AS_IT_IS)
                for length, ask, result in zip(task.lengths, asks, (each.result() for each in running), strict=True)
                for tokens, score in zip(result.hypotheses, result.scores, strict=True)
                if len(tokens) < MAX_TARGET_TOKENS and (text := self._text(tokens[len(ask) :]))
            ]
            return Written(tuple(sorted(found, key=lambda candidate: -candidate.score)), "rewrites")

        return wait

    def close(self) -> None:
        """Does nothing: CTranslate2 frees the threads with the model."""

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
