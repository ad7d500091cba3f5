"""A small causal language model in ONNX Runtime, without torch, and the tokens that it has read.

What it has read is a story and texts behind it, none of which sees another. So the story is read once for all of them
(`training/onnx_export.py` writes the graph, `training/modeling/packed_rows.py` does the same in training).
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

Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]
_STORY, _NOBODY = 0, -1


class LanguageModel:
    """Runs an exported language model. Thread-safe; one step is computed at a time.

    Args:
        folder: Contains `model.onnx` with its weights, `tokenizer.json` and `config.json`.
        threads: Number of cores to use.

    Attributes:
        settings: The settings of the export.

    Raises:
        Exception: A file is missing, or is not what it should be. ONNX Runtime and tokenizers have errors of their own.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime  # takes a tenth of a second, and only models with a writer need it

        self.settings = json.loads((folder / "config.json").read_text("utf-8"))["writer"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.end = int(self.settings["end_id"])
        # Tokens that end a line may have a full stop before the line break.
        self.breaks = frozenset(i for piece, i in self._tokenizer.get_vocab().items() if piece.endswith("Ċ"))
        shape = (int(self.settings["heads"]), 0, int(self.settings["width"]))
        names = [one.name for one in self._session.get_inputs()]
        self.empty = {name: np.zeros(shape, np.float32) for name in names if name.startswith("past_")}
        self._caches = [one.name for one in self._session.get_outputs()][1:]
        self._lock = Lock()

    def ids(self, text: str) -> list[int]:
        """Returns the tokens of a text."""
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def text(self, ids: Sequence[int]) -> str:
        """Returns the text of some tokens, on one line."""
        return " ".join(self._tokenizer.decode(list(ids)).split())

    def run(
        self,
        ids: Sequence[int],
        places: Sequence[int] | _Ints,
        seen: npt.NDArray[np.bool_],
        past: dict[str, Floats],
        asked: Sequence[int],
        *,
        adapted: bool,
    ) -> tuple[Floats, dict[str, Floats]]:
        """Reads some tokens.

        Args:
            ids: The tokens.
            places: Their places, which the positional encoding takes.
            seen: Which tokens each of them sees, shape (tokens, cached tokens + tokens).
            past: The caches.
            asked: Indices of the tokens whose next token is asked for.
            adapted: Whether LoRA is used; the story is read without it.

        Returns:
            The logits, shape (asked, vocabulary), and the caches with the new tokens.
        """
        given = {
            "input_ids": np.array(ids, np.int64),
            "places": np.asarray(places, np.int64),
            "seen": np.where(seen, 0, -np.inf).astype(np.float32),
            "adapted": np.array([adapted], np.float32),
            "asked": np.array(asked, np.int64),
        }
        with self._lock:
            logits, *caches = self._session.run(None, given | past)
        return logits, {f"past_{name}": cache for name, cache in zip(self._caches, caches, strict=True)}


@dataclass(frozen=True, slots=True)
class ReadStory:
    """A story that the model has read.

    Attributes:
        past: The model's state after the story: for each name of a cache an array of the shape (heads, tokens, width).
        ids: Its tokens.
    """

    past: dict[str, Floats]
    ids: tuple[int, ...]


def read_story(model: LanguageModel, ids: Sequence[int]) -> ReadStory:
    """Reads a story, at least one token."""
    count = len(ids)
    _, past = model.run(ids, range(count), np.tri(count, dtype=bool), model.empty, [count - 1], adapted=False)
    return ReadStory(past, tuple(ids))


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens to read behind a story. They see the story, the earlier tokens of the same text, and themselves.

    Attributes:
        text: Number of the text that they belong to, from 1.
        ids: The tokens.
        place: The place of the first of them in the text.
        asked: For how many of them, from the end, the next token is asked.
    """

    text: int
    ids: Sequence[int]
    place: int
    asked: int = 1


class Sheet:
    """A story and the texts that have been read behind it.

    Args:
        model: The language model.
        story: The story.
    """

    def __init__(self, model: LanguageModel, story: ReadStory) -> None:
        self._model, self._story = model, story
        self._past = story.past
        self._owner = np.full(len(story.ids), _STORY)
        self._places = np.arange(len(story.ids))

    def read(self, parts: Sequence[Part]) -> list[Floats]:
        """Reads the next tokens of some texts together. Returns for each part the logits of the tokens that follow
        those that were asked, shape (asked, vocabulary)."""
        sizes = [len(part.ids) for part in parts]
        ends = np.cumsum(sizes)
        of = np.repeat([part.text for part in parts], sizes)
        places = np.concatenate([len(self._story.ids) + part.place + np.arange(len(part.ids)) for part in parts])
        # A token sees the story, and the tokens of its text up to itself.
        old = (self._owner == _STORY) | ((self._owner == of[:, None]) & (self._places < places[:, None]))
        new = (of == of[:, None]) & (places <= places[:, None])
        asked = [i for part, end in zip(parts, ends, strict=True) for i in range(end - part.asked, end)]
        logits, self._past = self._model.run(
            [i for part in parts for i in part.ids], places, np.hstack([old, new]), self._past, asked, adapted=True
        )
        self._owner, self._places = np.concatenate([self._owner, of]), np.concatenate([self._places, places])
        return np.split(logits, np.cumsum([part.asked for part in parts])[:-1])

    def forget(self, text: int, place: int) -> None:
        """Forgets the tokens of a text from a place on."""
        self._owner[(self._owner == text) & (self._places >= len(self._story.ids) + place)] = _NOBODY


def log_softmax(logits: Floats) -> Floats:
    """Returns log-probabilities, for logits of the shape (..., vocabulary)."""
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)
