"""Would an editor print this point? A small cross-encoder reads it beside the sentences that it was made from;
CTranslate2, no torch.

It learnt from rewrites that readers judged (`training/verifier.py`). Each token says how it stands to the other side:
whether a word of the point was kept, moved or put in, and whether a word of the sentences was kept or left out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal, get_args

import ctranslate2
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from ..cpu import use_wide_instructions
from ..summary import Check

Array = npt.NDArray[np.float32]
Fault = Literal["untrue", "broken", "leaning", "poor"]
Kind = Literal["rewrites", "sentences", "others"]

VERDICTS = ("good", "untrue", "broken", "leaning", "poor")
"""What readers say of a rewrite: it would be printed; it says what its sentences do not; it is no whole sentence; it
cannot be understood alone; it says next to nothing."""
FAULTS: tuple[Fault, ...] = get_args(Fault)
FAULT_NAMES: dict[Fault, str] = {
    "untrue": "untrue",
    "broken": "no whole sentence",
    "leaning": "not clear alone",
    "poor": "it says too little",
}
"""What messages call them."""
TEXT_KINDS: tuple[Kind, ...] = get_args(Kind)
"""Who wrote a point, each with its own fit of the probabilities: the rewriter that ships, whose score counts; the
article itself; another model."""
MOST_TOKENS = 288
"""Tokens that are read; what is longer is cut, the context first."""
MARKS = 7
KEPT, MOVED, BESIDE, PUT_IN, KEPT_THERE, LEFT_OUT, CONTEXT = range(MARKS)
"""How a token stands to the other side. Of the point: in the sentences, in their order; in them elsewhere; in the
headline or the context alone; nowhere. Of the sentences: in the point; not in it. And what only explains."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A point beside its sentences, as the encoder reads them.

    Attributes:
        ids: Token ids.
        marks: For each, how it stands to the other side.
        size: Tokens of the point, which stand behind the first.
    """

    ids: list[int]
    marks: list[int]
    size: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """From what the head says, and the rewriter, to the probabilities of the verdicts, fitted on judged points: one
    slope for all and a shift for each (vector scaling, Guo et al. 2017), and for each what the rewriter's score counts.

    Attributes:
        slope: What the head's scores count.
        shift: What is added to each.
        score: What the rewriter's mean log-probability a token adds to each.
    """

    slope: float = 1.0
    shift: tuple[float, ...] = (0.0,) * len(VERDICTS)
    score: tuple[float, ...] = (0.0,) * len(VERDICTS)

    def __call__(self, said: Array, score: float = 0.0) -> Array:
        """The probabilities, shape (..., VERDICTS), of the head's scores, the same shape."""
        x = self.slope * said + np.asarray(self.shift) + score * np.asarray(self.score)
        x = np.exp(x - x.max(-1, keepdims=True))
        return np.asarray(x / x.sum(-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of a point.

    Attributes:
        good: Probability that an editor would print it, 0 to 1.
        untrue: Probability that it says what its sentences do not.
        broken: Probability that it is no whole sentence.
        leaning: Probability that it cannot be understood alone.
        poor: Probability that it says next to nothing.
    """

    good: float
    untrue: float = 0.0
    broken: float = 0.0
    leaning: float = 0.0
    poor: float = 0.0

    @property
    def fault(self) -> Fault:
        """What is wrong with it most probably, if something is."""
        return max(FAULTS, key=lambda fault: getattr(self, fault))

    def check(self, least: float) -> Check:
        """It as a check, passed from the probability `least`."""
        said = f"an editor would print it: {self.good:.0%}"
        if self.good < 0.5:
            said += f"; most probably {FAULT_NAMES[self.fault]}"
        return Check("verifier", self.good >= least, said)


def reading(tokenizer: Tokenizer, text: str, sources: str, context: str, title: str | None) -> Reading:
    """A point with the sentences that it was made from, the headline and what explains them."""
    texts = [text, sources, title or "", context]
    point, there, headline, around = (e.ids for e in tokenizer.encode_batch_fast(texts, add_special_tokens=False))
    empty = tokenizer.encode("").ids  # what a text begins and ends with
    opens, closes = empty[0], empty[-1]
    marks, left = _marks(point, there, {*headline, *around})
    ids = [opens, *point, closes, *there, closes]
    kinds = [CONTEXT, *marks, CONTEXT, *left, CONTEXT]
    for part in (headline, around):
        if part:
            ids += [*part, closes]
            kinds += [CONTEXT] * (len(part) + 1)
    return Reading(ids[:MOST_TOKENS], kinds[:MOST_TOKENS], min(len(point), MOST_TOKENS - 1))


def log_odds(scores: Array) -> Array:
    """Log-odds of "good" from the scores of the verdicts, shape (..., VERDICTS) to (...)."""
    rest = scores[..., 1:]
    top = rest.max(-1)
    return np.asarray(scores[..., 0] - top - np.log(np.exp(rest - top[..., None]).sum(-1)), np.float32)


def _marks(point: Sequence[int], there: Sequence[int], beside: set[int]) -> tuple[list[int], list[int]]:
    known = set(there)
    marks = [MOVED if i in known else BESIDE if i in beside else PUT_IN for i in point]
    left = [LEFT_OUT] * len(there)
    for a, b, size in SequenceMatcher(None, point, there, autojunk=False).get_matching_blocks():
        marks[a : a + size] = [KEPT] * size
        left[b : b + size] = [KEPT_THERE] * size
    return marks, left


class Verifier:
    """An exported verifier, ready to read.

    Args:
        folder: Holds `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and `head.safetensors`.
        threads: Points that are read side by side, one core each.

    Attributes:
        least: Probability that a rewrite must have to be shown.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        ValueError: It was made by an older version.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        use_wide_instructions()
        self._encoder = ctranslate2.Encoder(
            str(folder), device="cpu", compute_type="default", inter_threads=threads, intra_threads=1
        )
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        settings = json.loads((folder / "config.json").read_text("utf-8"))["verifier"]
        fitted = settings["calibration"]
        if not all(kind in fitted for kind in TEXT_KINDS):
            raise ValueError(
                "it is of an older version; put the folder `verifier` of models/base in its place, or train it on "
                "with `python -m training verifier` and export it"
            )
        self._calibrations = {kind: Calibration(**fitted[kind]) for kind in TEXT_KINDS}
        self.least = float(settings["least"])
        head = load_file(folder / "head.safetensors")
        self._weight, self._bias = (np.asarray(head[name], np.float32) for name in ("weight", "bias"))
        self._pool = ThreadPoolExecutor(threads, "verifier")

    def start(
        self,
        texts: Sequence[str],
        kind: Kind,
        sources: str,
        context: str,
        title: str | None,
        scores: Sequence[float] | None = None,
    ) -> Future[list[Verdict]]:
        """Begins to read the candidates of one point; the result has a verdict for each.

        Args:
            texts: The candidates.
            kind: Who wrote them.
            sources: The sentences that they were made from, on one line.
            context: The sentences that explain those, or nothing.
            title: The headline, if there is one.
            scores: The rewriter's mean log-probability a token of each.
        """
        if scores is None:
            if kind == "rewrites":
                raise ValueError("of what the rewriter wrote its scores are needed")
            scores = [0.0] * len(texts)
        return self._pool.submit(self._read, texts, self._calibrations[kind], sources, context, title, scores)

    def close(self) -> None:
        """Waits for what is being read, and lets go of the threads."""
        self._pool.shutdown()

    def _read(
        self,
        texts: Sequence[str],
        calibration: Calibration,
        sources: str,
        context: str,
        title: str | None,
        scores: Sequence[float],
    ) -> list[Verdict]:
        if not texts:
            return []
        read = [reading(self._tokenizer, text, sources, context, title) for text in texts]
        longest = max(len(one.ids) for one in read)
        ids = [one.ids + [0] * (longest - len(one.ids)) for one in read]
        marks = [one.marks + [0] * (longest - len(one.marks)) for one in read]
        lengths = ctranslate2.StorageView.from_array(np.array([len(one.ids) for one in read], np.int32))
        given = ctranslate2.StorageView.from_array(np.array(ids, np.int32))
        hidden = np.asarray(self._encoder.forward_batch(given, lengths, marks).last_hidden_state)
        pooled = np.stack([_pooled(row, one.size) for row, one in zip(hidden, read, strict=True)])
        said = pooled @ self._weight.T + self._bias
        return [Verdict(*map(float, calibration(row, score))) for row, score in zip(said, scores, strict=True)]


def _pooled(hidden: Any, size: int) -> Array:
    """What the head reads, shape (3 * hidden,): the first token's vector, and the mean and the largest of the
    point's."""
    point = hidden[1 : 1 + max(size, 1)]
    return np.asarray(np.concatenate([hidden[0], point.mean(0), point.max(0)]), np.float32)
