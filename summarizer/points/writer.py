"""Makes the points of a story stand alone: a small causal language model, int4, in ONNX Runtime, without torch.

The story is read once. All of its texts are then written side by side, one token of each at a time.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..deadline import Deadline

MAX_STORY_TOKENS = 1024
"""Maximum number of tokens of a story; the rest is cut."""
MAX_TEXT_TOKENS = 80
"""Maximum number of tokens of a text. A text of this length was cut, and is dropped."""

_Array = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReadStory:
    """A story that the writer has read.

    Attributes:
        past: The model's state after the story: for each name of a cache input an array of the shape (1, heads, tokens,
            width).
        tokens: Number of tokens of the story.
        allowed: Tokens that may be written, shape (vocabulary,): those of the story and the most frequent ones.
    """

    past: dict[str, _Array]
    tokens: int
    allowed: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text that the writer wrote.

    Attributes:
        text: The text; "" if it was cut.
        score: Mean log-probability per token.
    """

    text: str
    score: float


class Writer:
    """Runs an exported writer. Thread-safe; one story is computed at a time.

    Args:
        folder: Contains `model.onnx` with its weights, `tokenizer.json` and `config.json`.
        threads: Number of cores to use.

    Raises:
        RuntimeError: ONNX Runtime cannot read the model.
        OSError, KeyError, ValueError: A file is missing, or is not what it should be.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime  # takes a tenth of a second, and only models with a writer need it

        settings = json.loads((folder / "config.json").read_text("utf-8"))["writer"]
        self._end = int(settings["end_id"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._model = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        # The vocabulary is ordered by frequency, after the single characters (training/modeling/pruning.py).
        self._frequent = int(settings["frequent"])
        shape = (1, int(settings["heads"]), 0, int(settings["width"]))
        caches = [one.name for one in self._model.get_inputs() if one.name.startswith("past")]
        self._empty = {name: np.zeros(shape, np.float32) for name in caches}
        self._outputs = [one.name for one in self._model.get_outputs()]
        self._lock = Lock()

    def read(self, story: str, deadline: Deadline) -> ReadStory:
        """Reads a story (`story.story`)."""
        deadline.check()
        ids = self._ids(story)[:MAX_STORY_TOKENS]
        logits, past = self._run(np.array([ids]), self._empty)
        allowed = np.zeros(logits.shape[-1], bool)
        allowed[: self._frequent] = True
        allowed[ids] = True
        return ReadStory(past, len(ids), allowed)

    def write(self, story: ReadStory, requests: Sequence[str], deadline: Deadline) -> list[WrittenText]:
        """Returns a text for each request (`story.request`), each with the most probable token at each place.

        Raises:
            TimeLimitError: The time was up before the texts were written.
        """
        forced = [self._ids(request) for request in requests]
        written: list[list[int]] = [[] for _ in requests]
        scores = [0.0] * len(requests)
        rows, past = list(range(len(requests))), _repeated(story.past, len(requests))
        tokens = [ids[0] for ids in forced]
        for step in range(1, max(map(len, forced), default=0) + MAX_TEXT_TOKENS):
            deadline.check()
            logits, past = self._run(np.array(tokens)[:, None], past)
            logits = _log_softmax(np.where(story.allowed, logits[:, -1], -np.inf))
            best = logits.argmax(-1)
            going = []
            tokens = []
            for at, row in enumerate(rows):
                if step < len(forced[row]):
                    tokens.append(forced[row][step])
                    going.append(at)
                    continue
                token = int(best[at])
                written[row].append(token)
                scores[row] += float(logits[at, token])
                if token != self._end and len(written[row]) < MAX_TEXT_TOKENS:
                    tokens.append(token)
                    going.append(at)
            if not going:
                break
            if len(going) < len(rows):
                rows = [rows[at] for at in going]
                past = {name: value[going] for name, value in past.items()}
        return [
            WrittenText(self._text(ids), score / max(len(ids), 1)) for ids, score in zip(written, scores, strict=True)
        ]

    def answers(self, story: ReadStory, requests: Sequence[str], words: Sequence[str], deadline: Deadline) -> _Array:
        """Returns the probability of each word as the answer to each request, shape (requests, words)."""
        first = [self._ids(f" {word}")[0] for word in words]
        found = []
        for request in requests:
            deadline.check()
            logits, _ = self._run(np.array([self._ids(request)]), story.past)
            found.append(np.exp(_log_softmax(logits[0, -1, first])))
        return np.array(found, np.float32)

    def _run(self, ids: npt.NDArray[np.int64], past: dict[str, _Array]) -> tuple[_Array, dict[str, _Array]]:
        length = next(iter(past.values())).shape[2]
        given = {"input_ids": ids, "attention_mask": np.ones((len(ids), length + ids.shape[1]), np.int64), **past}
        with self._lock:
            found = dict(zip(self._outputs, self._model.run(None, given), strict=True))
        return found.pop("logits"), {name.replace("present", "past_key_values"): v for name, v in found.items()}

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _text(self, ids: Sequence[int]) -> str:
        return " ".join(self._tokenizer.decode(ids[:-1]).split()) if ids and ids[-1] == self._end else ""


def _repeated(past: dict[str, _Array], count: int) -> dict[str, _Array]:
    return {name: np.repeat(value, count, 0) for name, value in past.items()}


def _log_softmax(logits: _Array) -> _Array:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)
