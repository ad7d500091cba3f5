"""Makes the points of a story stand alone: a small causal language model in ONNX Runtime, without torch.

The story is read once. Its texts are then written side by side. Most of a text is copied, so at each step the next
tokens of the sentence that it follows are guessed and checked together with those of all other texts; what comes out is
what one token at a time would give (Saxena 2023, "Prompt Lookup Decoding"; Leviathan et al. 2023, "Fast Inference from
Transformers via Speculative Decoding").
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from ..deadline import Deadline

MAX_STORY_TOKENS = 1024
"""Maximum number of tokens of a story; the rest is cut."""
MAX_TEXT_TOKENS = 140
"""Maximum number of tokens of a point's texts. What is longer was cut, and is dropped."""
GUESSES = 4
"""Number of tokens that are guessed at a time."""
FREQUENT = 4000
"""Tokens that may be written although the story lacks them: so many of the most frequent ones."""
_MATCH = 3
"""Maximum number of tokens that must agree before what follows them is guessed."""
_STORY, _REJECTED = 0, -1

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ReadStory:
    """A story that the writer has read.

    Attributes:
        past: The model's state after the story: for each name of a cache an array of the shape (heads, tokens, width).
        ids: Its tokens.
        unlikely: What is added to the scores of the next token, shape (vocabulary,): 0 for tokens of the story and
            frequent ones, minus infinity for others.
    """

    past: dict[str, _Floats]
    ids: tuple[int, ...]
    unlikely: _Floats


@dataclass(frozen=True, slots=True)
class WrittenPoint:
    """What the writer wrote for a point.

    Attributes:
        standard: The point in its standard length; "" if it was cut.
        brief: The point in its brief length; "" if it was cut or not asked for.
        scores: The mean log-probability of a token of each.
    """

    standard: str = ""
    brief: str = ""
    scores: tuple[float, float] = (0.0, 0.0)


@dataclass(slots=True)
class _Row:
    """A point that is being written: tokens whose successor is not known yet, what was written, and its scores."""

    pending: list[int]
    sentence: list[int]
    ids: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    place: int = 0


class Writer:
    """Runs an exported writer. Thread-safe; one step is computed at a time.

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
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._model = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._end = int(settings["end_id"])
        # Tokens that end a line may have a full stop before the line break.
        self._breaks = frozenset(i for piece, i in self._tokenizer.get_vocab().items() if piece.endswith("Ċ"))
        shape = (int(settings["heads"]), 0, int(settings["width"]))
        names = [one.name for one in self._model.get_inputs()]
        self._empty = {name: np.zeros(shape, np.float32) for name in names if name.startswith("past_")}
        self._caches = [one.name for one in self._model.get_outputs()][1:]
        self._lock = Lock()

    def read(self, story: str, deadline: Deadline) -> ReadStory:
        """Reads a story (`story.story`)."""
        deadline.check()
        ids = self._ids(story)[:MAX_STORY_TOKENS]
        count = len(ids)
        logits, past = self._run(
            ids, range(count), np.tri(count, dtype=bool), self._empty, adapted=False, asked=[count - 1]
        )
        unlikely = np.full(logits.shape[-1], -np.inf, np.float32)
        unlikely[:FREQUENT] = 0  # the vocabulary is ordered by frequency (training/modeling/pruning.py)
        unlikely[ids] = 0
        return ReadStory(past, tuple(ids), unlikely)

    def write(
        self,
        story: ReadStory,
        requests: Sequence[str],
        sentences: Sequence[str],
        deadline: Deadline,
        *,
        brief: bool = True,
    ) -> list[WrittenPoint]:
        """Returns the texts of each request (`story.request`); each token is the most probable one.

        Args:
            story: The story, read.
            requests: One for each point.
            sentences: The sentence that each point stands on, whose words are guessed.
            deadline: The time limit.
            brief: Write the brief texts too.

        Raises:
            TimeLimitError: The time was up before the texts were written.
        """
        rows = [_Row(self._ids(one), self._ids(f" {text}")) for one, text in zip(requests, sentences, strict=True)]
        past = story.past
        owner = np.full(len(story.ids), _STORY)  # of each cached token: the story, a row (from 1), or nobody
        going = list(range(len(rows)))
        while going:
            deadline.check()
            guesses = [_guessed(rows[i], story.ids) for i in going]
            ids = [token for i, guess in zip(going, guesses, strict=True) for token in (*rows[i].pending, *guess)]
            lengths = [len(rows[i].pending) + len(guess) for i, guess in zip(going, guesses, strict=True)]
            new = np.repeat(np.array(going) + 1, lengths)
            places = np.concatenate(
                [len(story.ids) + rows[i].place + np.arange(n) for i, n in zip(going, lengths, strict=True)]
            )
            known = np.concatenate([owner, new])
            seen = (known == _STORY) | (known == new[:, None])
            seen[:, len(owner) :] &= np.tri(len(new), dtype=bool)
            starts = np.cumsum([0, *lengths[:-1]])
            asked = [
                start + at
                for start, i, n in zip(starts, going, lengths, strict=True)
                for at in range(len(rows[i].pending) - 1, n)
            ]
            logits, past = self._run(ids, places, seen, past, adapted=True, asked=asked)
            scores = _log_softmax(logits + story.unlikely)
            owner, used = known, 0
            for i, guess, start in zip(list(going), guesses, starts, strict=True):
                row = rows[i]
                read = len(row.pending)
                accepted = self._accept(row, guess, scores[used : used + len(guess) + 1], brief)
                used += len(guess) + 1
                row.place += read + accepted
                owner[len(known) - len(new) + start + read + accepted :][: len(guess) - accepted] = _REJECTED
                if not row.pending:
                    going.remove(i)
        return [self._point(row) for row in rows]

    def likelihood(
        self, story: ReadStory, requests: Sequence[str], texts: Sequence[str], deadline: Deadline
    ) -> list[float]:
        """Returns the mean log-probability of a token of each text as the answer to its request."""
        found = []
        for request, text in zip(requests, texts, strict=True):
            deadline.check()
            asks, ids = self._ids(request), self._ids(text)
            given, read = [*asks, *ids], len(story.ids)
            count = len(given)
            seen = np.hstack([np.ones((count, read), bool), np.tri(count, dtype=bool)])
            asked = range(len(asks) - 1, count - 1)
            logits, _ = self._run(given, range(read, read + count), seen, story.past, adapted=True, asked=asked)
            found.append(float(_log_softmax(logits)[np.arange(len(ids)), ids].mean()))
        return found

    def _accept(self, row: _Row, guess: Sequence[int], scores: _Floats, brief: bool) -> int:
        """Adds the tokens that are known now to a row. Returns how many of the guesses were right; leaves the row
        without a pending token if its text has ended."""
        best = scores.argmax(-1)
        for at, token in enumerate(map(int, best)):
            row.ids.append(token)
            row.scores.append(float(scores[at, token]))
            ended = token == self._end or len(row.ids) == MAX_TEXT_TOKENS or (token in self._breaks and not brief)
            if ended or at == len(guess) or guess[at] != token:
                row.pending = [] if ended else [token]
                return at
        raise AssertionError("a row has a score for one token more than was guessed")

    def _run(
        self,
        ids: Sequence[int],
        places: Sequence[int] | npt.NDArray[np.int64],
        seen: npt.NDArray[np.bool_],
        past: dict[str, _Floats],
        *,
        adapted: bool,
        asked: Sequence[int],
    ) -> tuple[_Floats, dict[str, _Floats]]:
        given = {
            "input_ids": np.array(ids, np.int64),
            "places": np.asarray(places, np.int64),
            "seen": np.where(seen, 0, -np.inf).astype(np.float32),
            "adapted": np.array([adapted], np.float32),
            "asked": np.array(asked, np.int64),
        }
        with self._lock:
            logits, *caches = self._model.run(None, given | past)
        return logits, {f"past_{name}": cache for name, cache in zip(self._caches, caches, strict=True)}

    def _point(self, row: _Row) -> WrittenPoint:
        break_at = next((at for at, token in enumerate(row.ids) if token in self._breaks), None)
        if break_at is None:
            return WrittenPoint()
        first = row.ids[: break_at + 1], row.scores[: break_at + 1]
        second = row.ids[break_at + 1 :], row.scores[break_at + 1 :]
        whole = bool(second[0]) and second[0][-1] == self._end
        return WrittenPoint(
            self._text(first[0]),
            self._text(second[0]) if whole else "",
            (float(np.mean(first[1])), float(np.mean(second[1])) if whole else 0.0),
        )

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _text(self, ids: Sequence[int]) -> str:
        return " ".join(self._tokenizer.decode(list(ids)).split())


def _guessed(row: _Row, story: Sequence[int]) -> list[int]:
    """Returns the tokens that follow the last ones of a row in its sentence, in what it wrote, or in the story."""
    if not row.ids:
        return row.sentence[:GUESSES]
    for size in range(min(_MATCH, len(row.ids)), 0, -1):
        last = row.ids[-size:]
        for text in (row.sentence, row.ids[:-1], story if size > 1 else ()):
            for at in range(len(text) - size):
                if list(text[at : at + size]) == last:
                    return list(text[at + size : at + size + GUESSES])
    return []


def _log_softmax(logits: _Floats) -> _Floats:
    shifted = logits - logits.max(-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)), np.float32)
