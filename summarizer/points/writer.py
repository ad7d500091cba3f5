"""Makes the points of a story stand alone, with as little change as possible.

A BERT encoder reads the story once, in CTranslate2 (int8). A small decoder in numpy then writes the texts side by side:
at each step it copies a token of the story, or writes one of a small vocabulary (pointer-generator, See et al. 2017).
`training/modeling/pointer_writer.py` is the same in torch.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import ctranslate2
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from ..cpu import use_wide_instructions
from ..deadline import Deadline
from ..reading import Sentence
from ..summary import Length
from .copied_text import Step, copied_text
from .story import SENTENCE_CHARACTERS, Story, story

MAX_TEXT_TOKENS = 80
"""Maximum number of tokens of a text, with its end. A text that has no end by then is dropped."""
WRITER_BEAM = 4
"""Number of texts that are followed at once for each point, and the maximum number of texts that are returned."""
TEXT_LENGTHS: tuple[Length, ...] = get_args(Length)
"""The lengths in which a text can be written, in the order that the model knows."""
NEAR = 8
"""Number of places behind the last copied one of the own sentence that the decoder knows to be near."""

_Array = npt.NDArray[np.float32]
_Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text that the writer wrote.

    Attributes:
        text: The text.
        score: Mean log-probability per token.
    """

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class _Read:
    """What the decoder needs of a story that was read: the encoder's vectors, shape (places, size), and what is
    computed from them once for all texts. The last axis but one of all arrays is the place."""

    hidden: _Array
    copied: _Array
    keys: tuple[_Array, ...]
    values: tuple[_Array, ...]
    pointed: _Array


class Writer:
    """Runs an exported writer. Thread-safe.

    Args:
        folder: Contains `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and `head.safetensors`.
        threads: Number of stories that are read in parallel, one core each.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        OSError, KeyError, ValueError: A file is missing, or is not what it should be.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        use_wide_instructions()
        self._encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="default", inter_threads=threads, intra_threads=1
        )
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        settings = json.loads((folder / "config.json").read_text("utf-8"))["writer"]
        self._vocabulary: list[str] = settings["vocabulary"]
        self._heads = int(settings["heads"])
        self._first, self._last = settings["special_ids"]
        self._weights = {n: np.asarray(v, np.float32) for n, v in load_file(folder / "head.safetensors").items()}
        self._layers = sum(name.endswith(".own_key") for name in self._weights)

    def __call__(
        self,
        sentences: Sequence[Sentence],
        chosen: Sequence[int],
        length: Length,
        title: str | None,
        deadline: Deadline,
        beam: int = WRITER_BEAM,
    ) -> list[list[WrittenText]]:
        """Returns up to `beam` texts for each point, the most probable first. A point whose sentence is longer than
        `SENTENCE_CHARACTERS` or does not fit into the story has none.

        Args:
            sentences: The sentences of the article.
            chosen: For each point the index of its sentence.
            length: Length of the texts.
            title: The headline, if there is one.
            deadline: The time limit, which is checked at each step.
            beam: Number of texts that are followed for each point (beam search).

        Raises:
            TimeLimitError: The time was up before the texts were written.
        """
        deadline.check()
        read = story(self.tokenizer, sentences, chosen, title)
        places = np.concatenate([[-2], read.sentences, [-2]])
        whole = [len(sentences[at].text) <= SENTENCE_CHARACTERS for at in chosen]
        there = [i for i, at in enumerate(chosen) if whole[i] and (places == at).any()]
        found: list[list[WrittenText]] = [[] for _ in chosen]
        if there:
            own = np.stack([places == chosen[at] for at in there])
            for at, texts in zip(
                there, self._search(read, own, TEXT_LENGTHS.index(length), deadline, beam), strict=True
            ):
                found[at] = texts
        return found

    def _search(
        self, read: Story, own: npt.NDArray[np.bool_], length: int, deadline: Deadline, beam: int
    ) -> list[list[WrittenText]]:
        """Beam search for the texts of all points at once. Rows are points times `beam`."""
        known = self._read(read, np.logical_or.reduce(own))
        places, size = len(known.hidden), len(known.hidden) + len(self._vocabulary) + 1
        points = len(own)
        own = np.repeat(own, beam, 0)
        rows = len(own)
        scores = np.full((points, beam), -np.inf, np.float32)
        scores[:, 0] = 0.0
        place, token, far = (np.full(rows, -1) for _ in range(3))
        past: list[tuple[_Array, _Array]] = []
        written: list[tuple[Step, ...]] = [()] * rows
        done: list[list[tuple[float, tuple[Step, ...]]]] = [[] for _ in range(points)]
        for step in range(MAX_TEXT_TOKENS):
            deadline.check()
            x, past = self._step(known, own, length, step, place, token, past)
            log_p = self._scores(x, known, own, place, far)
            log_p[:, [0, places - 1]] = -np.inf  # the special tokens
            total = (scores[..., None] + log_p.reshape(points, beam, size)).reshape(points, -1)
            source = np.arange(rows)
            scores = np.full((points, beam), -np.inf, np.float32)
            texts = list(written)
            place, token = np.full(rows, -1), np.full(rows, 0)
            for point in range(points):
                best = np.argpartition(-total[point], 2 * beam)[: 2 * beam]
                kept = 0
                for rank, at in enumerate(best[np.argsort(-total[point][best], kind="stable")]):
                    score, row, chosen = float(total[point, at]), point * beam + at // size, int(at % size)
                    if not math.isfinite(score) or kept == beam:
                        break
                    if chosen == size - 1:
                        if rank < beam:
                            done[point].append((score / (step + 1), written[row]))
                        continue
                    to = point * beam + kept
                    source[to], scores[point, kept] = row, score
                    if chosen < places:
                        texts[to], place[to] = (*written[row], Step(chosen - 1)), chosen
                    else:
                        token[to] = chosen - places
                        texts[to] = (*written[row], Step(-1, self._vocabulary[token[to]]))
                    kept += 1
                done[point] = sorted(done[point], key=lambda text: -text[0])[:beam]
                if len(done[point]) == beam and scores[point, 0] / (step + 1) <= done[point][-1][0]:
                    scores[point] = -np.inf  # no text that goes on is likely to be among the best
            if not np.isfinite(scores).any():
                break
            written = texts
            far = np.where((place >= 0) & own[np.arange(rows), place], np.maximum(far[source], place), far[source])
            past = [(key[source], value[source]) for key, value in past]
        return [self._texts(read, one) for one in done]

    @staticmethod
    def _texts(read: Story, found: Sequence[tuple[float, tuple[Step, ...]]]) -> list[WrittenText]:
        best: dict[str, float] = {}
        for score, steps in found:
            best.setdefault(copied_text(read, steps), score)
        return [WrittenText(text, score) for text, score in best.items() if text]

    def _read(self, read: Story, types: npt.NDArray[np.bool_]) -> _Read:
        ids = np.array([[self._first, *read.ids, self._last]], np.int32)
        lengths = ctranslate2.StorageView.from_array(np.array([ids.shape[1]], np.int32))
        given = ctranslate2.StorageView.from_array(ids)
        out = self._encoder.forward_batch(given, lengths, [types.astype(int).tolist()])
        hidden = np.asarray(out.last_hidden_state, np.float32)[0]
        layers = range(self._layers)
        return _Read(
            hidden,
            self._linear("copied", hidden),
            tuple(self._split(self._linear(f"layers.{i}.story_key", hidden)) for i in layers),
            tuple(self._split(self._linear(f"layers.{i}.story_value", hidden)) for i in layers),
            self._linear("point_key", hidden),
        )

    def _step(
        self,
        known: _Read,
        own: npt.NDArray[np.bool_],
        length: int,
        step: int,
        place: _Places,
        token: _Places,
        past: Sequence[tuple[_Array, _Array]],
    ) -> tuple[_Array, list[tuple[_Array, _Array]]]:
        """Returns the decoder's vectors, shape (rows, width), and its state with this step."""
        weights = self._weights
        if step:
            written = self._linear("written", weights["table"][token])
            x = np.where((place >= 0)[:, None], known.copied[place], written) + weights["position.weight"][step]
        else:
            mean = own.astype(np.float32) @ known.hidden / own.sum(1, keepdims=True)
            x = self._linear("begin", mean)
        x = self._norm("norm_in", x + weights["length.weight"][length])
        state = []
        for i in range(self._layers):
            name = f"layers.{i}"
            y = self._norm(f"{name}.norm_self", x)
            key, value = (self._rows(self._linear(f"{name}.{part}", y)) for part in ("key", "value"))
            if past:
                key = np.concatenate([past[i][0], key], 2)
                value = np.concatenate([past[i][1], value], 2)
            state.append((key, value))
            query = self._rows(self._linear(f"{name}.query", y))
            x = x + self._linear(f"{name}.out", _joined(_softmax(_dot(query, key)) @ value))
            query = self._rows(self._linear(f"{name}.story_query", self._norm(f"{name}.norm_story", x)))
            marked = own[:, None, None].astype(np.float32)
            scores = _dot(query, known.keys[i]) + _dot(query, self._split(weights[f"{name}.own_key"][None])) * marked
            seen = _softmax(scores)
            value = seen @ known.values[i]
            value = value + (seen * marked).sum(-1, keepdims=True) * self._split(weights[f"{name}.own_value"][None])
            x = x + self._linear(f"{name}.story_out", _joined(value))
            x = x + self._linear(
                f"{name}.narrow", _gelu(self._linear(f"{name}.wide", self._norm(f"{name}.norm_out", x)))
            )
        return x, state

    def _scores(self, x: _Array, known: _Read, own: npt.NDArray[np.bool_], place: _Places, far: _Places) -> _Array:
        """Returns the log-probability of each place and each token of the vocabulary, shape (rows, places +
        vocabulary + 1); the last is the end of the text."""
        x = self._norm("norm", x)
        scores = self._linear("point_query", x) @ known.pointed.T / math.sqrt(x.shape[-1])
        moves = self._linear("moves", x)
        at = np.arange(len(known.hidden))
        ahead = own & (at > far[:, None])
        follows = (at == place[:, None] + 1) & (place >= 0)[:, None]
        for i, reached in enumerate((follows, own, ahead, ahead & (at <= far[:, None] + NEAR))):
            scores = scores + moves[:, i : i + 1] * reached
        words = self._norm("norm_word", self._linear("word", x)) @ self._weights["table"].T / 2
        found = np.concatenate([scores, words + self._weights["word_bias"]], -1)
        found = found - found.max(-1, keepdims=True)
        return np.asarray(found - np.log(np.exp(found).sum(-1, keepdims=True)), np.float32)

    def _linear(self, name: str, x: _Array) -> _Array:
        return np.asarray(x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"], np.float32)

    def _norm(self, name: str, x: _Array) -> _Array:
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
        return x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]

    def _split(self, x: _Array) -> _Array:
        """From (places, width) to (heads, places, width of a head)."""
        return x.reshape(len(x), self._heads, -1).swapaxes(0, 1)

    def _rows(self, x: _Array) -> _Array:
        """From (rows, width) to (rows, heads, 1, width of a head)."""
        return x.reshape(len(x), self._heads, 1, -1)


def _dot(query: _Array, key: _Array) -> _Array:
    return np.asarray(query @ key.swapaxes(-1, -2) / math.sqrt(query.shape[-1]), np.float32)


def _joined(x: _Array) -> _Array:
    return x.reshape(len(x), -1)


def _softmax(x: _Array) -> _Array:
    x = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(x / x.sum(-1, keepdims=True), np.float32)


def _gelu(x: _Array) -> _Array:
    return np.asarray(0.5 * x * (1 + _erf(x / math.sqrt(2))), np.float32)


def _erf(x: _Array) -> _Array:
    """The error function, to seven digits (Abramowitz and Stegun 1964, formula 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    powers = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.asarray(np.sign(x) * (1 - powers * np.exp(-x * x)), np.float32)
