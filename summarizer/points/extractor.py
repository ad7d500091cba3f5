"""Scores each sentence of an article: how likely a point is based on it, and on which other sentences.

A BERT-like encoder reads the headline and the article in windows of whole sentences. The vector of a sentence is the
mean of its token vectors. These vectors and a few surface features go through a transformer over the sentences (the
head). It computes the scores of each sentence, and two vectors that tell which sentences belong to the same point. The
encoder runs in CTranslate2 (int8 on the CPU) and the head in numpy, without torch. Training uses the windows, features
and input text that are defined here, so it sees the same input as the library.
"""

from __future__ import annotations

import json
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from threadpoolctl import ThreadpoolController
from tokenizers import Tokenizer

from ..cpu import cores, use_wide_instructions
from ..deadline import Deadline
from ..reading import Sentence, words

Array = npt.NDArray[np.float32]

WINDOW = 512
"""Tokens of a window, including the two special tokens: the input length that BERT encoders are trained for."""
OVERLAP = 96
"""Maximum number of tokens of left context that a window repeats. Only whole sentences are repeated."""
MAX_SENTENCE_TOKENS = 128
"""Maximum number of tokens of a sentence. A longer one is truncated for the encoder; its offsets stay the same."""
BLOCK = 512
"""Number of sentences that attend to each other in the head. A longer article is processed in blocks of this size."""

_DIGIT = re.compile(r"\d")
_LEANING = re.compile(
    r"""^["'“‘]?(?:he|she|it|they|we|i|you|his|her|hers|its|their|our|my|this|that|these|those|there|here|such|but|and
    |so|or|then|however|meanwhile|also|still|instead|yet|nor)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_QUOTE = re.compile(r"[\"“”«»]")
_FUNCTION_WORDS = frozenset(
    "a about after all also an and any are as at be because been before but by can could did do does for from had has "
    "have he her him his how i if in into is it its just like may more most new no not now of on one only or other our "
    "out over said says she should so some such than that the their them then there these they this those to under up "
    "us was we were what when where which while who will with would you your".split()
)
FEATURES = 18
DISTANCE_FEATURES = 6
SCORES = ("main", "source", "top")
"""The head's scores of a sentence. main: it is the main sentence of a point; source: it is a source sentence of a
point; top: it is the main sentence of one of the three most important points."""

_BLAS = ThreadpoolController()
_BLAS_LOCK = Lock()


@contextmanager
def one_core() -> Iterator[None]:
    """Keeps numpy's matrix products on one core. The products are small, but BLAS threads keep spinning after each one,
    on cores that are needed for the next windows. The lock makes sure that the caller's own setting is restored."""
    with _BLAS_LOCK, _BLAS.limit(limits=1, user_api="blas"):
        yield


@dataclass(frozen=True, slots=True)
class Window:
    """A run of sentences that the encoder reads at once.

    Attributes:
        start: Index of its first sentence.
        fresh: Index of the first sentence whose vector is taken from this window. Earlier ones are only context.
        end: Index after its last sentence.
    """

    start: int
    fresh: int
    end: int


@dataclass(frozen=True, slots=True)
class Scored:
    """The sentences of an article with the extractor's results.

    Attributes:
        sentences: The n sentences of the story.
        main: Shape (n,): log-odds that a sentence is the main one of a point.
        source: Shape (n,): log-odds that it is a source sentence of a point.
        top: Shape (n,): log-odds that it is the main sentence of one of the most important points.
        vectors: Shape (n, hidden): the sentences' vectors in context, of unit length.
        queries: Shape (n, width): query vectors of the attention that tells which sentences belong to one point.
        keys: Shape (n, width): key vectors of this attention.
        weights: Shape (DISTANCE_FEATURES + 2,): weights of the distance features and of the similarity, and a constant.
    """

    sentences: tuple[Sentence, ...]
    main: Array
    source: Array
    top: Array
    vectors: Array
    queries: Array
    keys: Array
    weights: Array

    def together(self, i: int) -> Array:
        """Returns the log-odds that each sentence belongs to the point of sentence `i`, shape (n,)."""
        n, width = self.keys.shape
        near = distance_features(np.arange(n) - i) @ self.weights[:-2]
        found: Array = self.keys @ self.queries[i] / np.sqrt(np.float32(width)) + near
        found += self.weights[-2] * (self.vectors @ self.vectors[i]) + self.weights[-1]
        return found


def windows(lengths: Sequence[int], size: int = WINDOW - 2, overlap: int = OVERLAP) -> list[Window]:
    """Divides an article into windows of whole sentences. Each sentence is fresh in exactly one window.

    Args:
        lengths: Number of tokens of each sentence, at most `size - overlap`.
        size: Maximum number of tokens of a window.
        overlap: Maximum number of context tokens before the fresh sentences. Only whole sentences are repeated.

    Returns:
        Windows in order. They have about the same length, so that they run well in parallel.
    """
    total = sum(lengths)
    count = 1 if total <= size else -(-(total - overlap) // (size - overlap))
    target = min(size, total / count + overlap)
    found: list[Window] = []
    fresh = 0
    while fresh < len(lengths):
        start, held = fresh, 0
        while start > 0 and held + lengths[start - 1] <= overlap:
            start -= 1
            held += lengths[start]
        end = fresh
        while end < len(lengths) and (end == fresh or (held + lengths[end] <= size and held < target)):
            held += lengths[end]
            end += 1
        found.append(Window(start, fresh, end))
        fresh = end
    return found


def input_text(sentence: Sentence) -> str:
    """Returns the tokenizer's input for a sentence: its text on one line."""
    return " ".join(sentence.text.split())


def distance_features(distances: npt.NDArray[Any]) -> Array:
    """Returns features of distances between sentences, shape (..., DISTANCE_FEATURES). Positive means forward."""
    far = np.abs(distances)
    return np.stack(
        [np.log1p(far) / 4, 1 / (1 + far), distances == 1, distances == -1, distances > 0, far <= 3], -1
    ).astype(np.float32)


def surface_features(sentences: Sequence[Sentence], title: str | None = None) -> Array:
    """Returns the features of each sentence that need no model, shape (n, FEATURES): position, length, form, and words
    shared with the rest of the article and with the headline."""
    n = len(sentences)
    bags = [[w.lower() for w in words(s.text)] for s in sentences]
    contents = [{w for w in bag if w not in _FUNCTION_WORDS and len(w) > 2} for bag in bags]
    counts = Counter(w for content in contents for w in content)
    lead = contents[0] if contents else set()
    headline = {w.lower() for w in words(title or "")} - _FUNCTION_WORDS
    rows = []
    for i, (sentence, bag, content) in enumerate(zip(sentences, bags, contents, strict=True)):
        length = max(len(bag), 1)
        shared = sum(counts[w] - 1 for w in content) / max(len(content), 1)
        rows.append(
            (
                i / n,
                np.log1p(i) / 4,
                1 / (1 + i),
                float(i == 0),
                float(i == n - 1),
                np.log1p(n) / 4,
                np.log(length) / 3,
                max(0.0, 10 - length) / 10,
                max(0.0, length - 35) / 35,
                min(len(_DIGIT.findall(sentence.text)), 8) / 8,
                float(bool(_QUOTE.search(sentence.text))),
                float(sentence.text[:1] in "\"'“‘«"),
                float(sentence.text.rstrip("\"'”’").endswith("?")),
                float(bool(_LEANING.match(sentence.text))),
                np.log1p(shared) / 2,
                len(content & lead) / max(len(content), 1),
                float(title is not None),
                len(content & headline) / max(len(headline), 1),
            )
        )
    return np.asarray(rows, np.float32).reshape(n, FEATURES)


class Head:
    """The transformer over the sentences, in numpy. `training/modeling/extractor_model.py` has it in torch; a test
    compares the two.

    Args:
        weights: Its tensors, by name.
        heads: Number of attention heads.
    """

    def __init__(self, weights: dict[str, npt.NDArray[Any]], heads: int) -> None:
        self._w: dict[str, Array] = {name: np.asarray(value, np.float32) for name, value in weights.items()}
        self._heads = heads
        self._layers = sum(name.endswith(".attention.weight") for name in weights)

    @classmethod
    def load(cls, folder: Path, heads: int) -> Head:
        """Loads the head of a part of a model."""
        return cls(load_file(folder / "head.safetensors"), heads)

    def __call__(self, vectors: Array, features: Array, title: Array | None = None) -> tuple[Array, Array, Array]:
        """Computes the scores of n sentences.

        Args:
            vectors: Shape (n, hidden).
            features: Shape (n, FEATURES).
            title: The headline's vector, shape (hidden,), if there is one.

        Returns:
            Scores, shape (n, len(SCORES)), and the `queries` and `keys` of `Scored`.
        """
        x = self._norm("input_norm", vectors)
        of_title = np.zeros_like(x) if title is None else x * self._norm("input_norm", title[None])
        h = self._linear("input", np.concatenate([x, x * x.mean(0), of_title, features], axis=1))
        h = np.concatenate([self._block(h[at : at + BLOCK]) for at in range(0, len(h), BLOCK)])
        return self._linear("output", h), self._linear("queries", h), self._linear("keys", h)

    @property
    def weights(self) -> Array:
        """The `weights` of `Scored`."""
        return np.concatenate([self._w["near.weight"][0], self._w["near.bias"]])

    def _block(self, h: Array) -> Array:
        for i in range(self._layers):
            h = h + self._attention(f"layers.{i}", self._norm(f"layers.{i}.attention_norm", h))
            up = self._linear(f"layers.{i}.up", self._norm(f"layers.{i}.norm", h))
            h = h + self._linear(f"layers.{i}.down", np.maximum(up, 0))
        return self._norm("output_norm", h)

    def _attention(self, name: str, x: Array) -> Array:
        n, width = x.shape
        qkv = self._linear(f"{name}.attention", x).reshape(n, 3, self._heads, width // self._heads)
        q, k, v = qkv.transpose(1, 2, 0, 3)
        weights = q @ k.transpose(0, 2, 1) / np.sqrt(np.float32(width // self._heads))
        weights = np.exp(weights - weights.max(-1, keepdims=True))
        mixed = (weights / weights.sum(-1, keepdims=True)) @ v
        return self._linear(f"{name}.mix", mixed.transpose(1, 0, 2).reshape(n, width))

    def _linear(self, name: str, x: Array) -> Array:
        return x @ self._w[f"{name}.weight"].T + self._w[f"{name}.bias"]

    def _norm(self, name: str, x: Array) -> Array:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        result: Array = centred / scale * self._w[f"{name}.weight"] + self._w[f"{name}.bias"]
        return result


class Extractor:
    """Runs an exported extractor.

    Args:
        folder: Contains `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and `head.safetensors`.
        threads: Number of windows that are read in parallel, one core each. Default: all cores that this process may
            use.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        # Parallel windows on one core each are faster than one window on several cores.
        self.threads = threads or cores()
        use_wide_instructions()
        self._encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="default", inter_threads=self.threads, intra_threads=1
        )
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        settings = json.loads((folder / "config.json").read_text("utf-8"))["extractor"]
        self._head = Head.load(folder, settings["heads"])
        self._open, self._close = settings["special_ids"]
        self._pool = ThreadPoolExecutor(self.threads, "extractor")

    def __call__(
        self,
        sentences: Sequence[Sentence],
        title: str | None = None,
        deadline: Deadline | None = None,
        head: Head | None = None,
    ) -> Scored:
        """Scores the sentences of an article (at least one). Thread-safe: the windows of parallel calls take turns.

        Args:
            sentences: The sentences.
            title: The headline, if there is one.
            deadline: The time limit. Default: none.
            head: Scores the sentences in place of the extractor's own head.

        Raises:
            TimeLimitError: The deadline has passed. Windows that have not started are cancelled.
        """
        deadline, head = deadline or Deadline(), head or self._head
        deadline.check()
        tokens = token_ids(self.tokenizer, sentences, title)
        deadline.check()
        read = np.concatenate(list(self._vectors(tokens, deadline)))
        headline, vectors = (read[0], read[1:]) if title else (None, read)
        features = surface_features(sentences, title)
        with one_core():
            scores, queries, keys = head(vectors, features, headline)
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-6)
        main, source, top = scores.T
        return Scored(tuple(sentences), main, source, top, unit, queries, keys, head.weights)

    def close(self) -> None:
        """Waits for the windows that are being read, and frees the threads."""
        self._pool.shutdown()

    def _vectors(self, tokens: list[list[int]], deadline: Deadline) -> Iterator[Array]:
        """Yields the vectors window by window. Only a few windows are queued at a time, so that a long article does not
        block others."""
        waiting: deque[Future[Array]] = deque()
        try:
            for window in windows([len(t) for t in tokens]):
                if len(waiting) > self.threads:
                    yield waiting.popleft().result(deadline.left)
                waiting.append(self._pool.submit(self._read, tokens, window))
            while waiting:
                yield waiting.popleft().result(deadline.left)
        except TimeoutError:
            deadline.check()
            raise
        finally:
            for part in waiting:
                part.cancel()

    def _read(self, tokens: list[list[int]], window: Window) -> Array:
        """Returns the vectors of a window's fresh sentences, shape (fresh sentences, hidden)."""
        read = tokens[window.start : window.end]
        ids = [self._open, *(token for sentence in read for token in sentence), self._close]
        hidden = np.asarray(self._encoder.forward_batch([ids]).last_hidden_state)[0]
        starts = np.array([*accumulate(map(len, read), initial=1)][:-1], np.intp)
        sums = np.add.reduceat(hidden[:-1], starts)[window.fresh - window.start :]
        return np.asarray(sums / np.array([len(t) for t in tokens[window.fresh : window.end]])[:, None], np.float32)


def token_ids(tokenizer: Tokenizer, sentences: Sequence[Sentence], title: str | None = None) -> list[list[int]]:
    """Returns the token ids of each sentence, without special tokens: at least one id, at most MAX_SENTENCE_TOKENS. If
    there is a headline, its ids come first."""
    texts = [*([title] if title else []), *(input_text(s) for s in sentences)]
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [e.ids[:MAX_SENTENCE_TOKENS] or [0] for e in encodings]
