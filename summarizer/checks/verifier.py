"""Estimates the probability that an editor would print a point.

A small cross-encoder reads the point together with the sentences that it was made from. It runs in CTranslate2, without
torch. It was trained on rewrites that readers had judged (`training/verifier.py`). Each token has a mark: a token of
the point was kept, moved or inserted; a token of the sentences was kept or left out.
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
TextKind = Literal["rewrites", "sentences", "others"]

VERDICTS = ("good", "untrue", "broken", "leaning", "poor")
"""Readers' verdicts on a rewrite. good: an editor would print it; untrue: it says something that its sentences do not;
broken: it is not a whole sentence; leaning: it cannot be understood alone; poor: it says next to nothing."""
FAULTS: tuple[Fault, ...] = get_args(Fault)
FAULT_NAMES: dict[Fault, str] = {
    "untrue": "untrue",
    "broken": "not a whole sentence",
    "leaning": "not clear alone",
    "poor": "says too little",
}
"""Names of the faults in messages."""
TEXT_KINDS: tuple[TextKind, ...] = get_args(TextKind)
"""Kinds of texts, by writer; each has its own calibration. rewrites: the shipped rewriter, whose score is used too;
sentences: the article; others: any other writer."""
MAX_TOKENS = 384
"""Maximum number of input tokens. A longer input is truncated at the end, where the context is."""
_MAX_CHARACTERS = 12 * MAX_TOKENS
"""Maximum number of characters of each text that is tokenized: more than MAX_TOKENS tokens of any usual text."""
MARKS = 7
KEPT, MOVED, ONLY_IN_CONTEXT, ADDED, SOURCE_KEPT, SOURCE_DROPPED, CONTEXT = range(MARKS)
"""Marks of tokens. KEPT: a token of the point that the sentences have in the same order. MOVED: the sentences have it
elsewhere. ONLY_IN_CONTEXT: only the headline or the context has it. ADDED: none of them has it. SOURCE_KEPT: a token of
the sentences that the point has in the same order. SOURCE_DROPPED: any other token of the sentences. CONTEXT: headline,
context and special tokens."""


@dataclass(frozen=True, slots=True)
class VerifierInput:
    """The encoder's input: a point with its sentences, the headline and the context.

    Attributes:
        ids: Token ids.
        marks: The mark of each token.
        size: Number of tokens of the point. They follow the first token of the input.
    """

    ids: list[int]
    marks: list[int]
    size: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """Turns the head's scores and the rewriter's score into probabilities of the verdicts. Fitted on judged points by
    vector scaling (Guo et al. 2017): one slope for all verdicts and a shift for each. Each verdict also has a weight
    for the rewriter's score.

    Attributes:
        slope: Factor of the head's scores.
        shift: For each verdict, what is added to its score.
        score: For each verdict, the weight of the rewriter's mean log-probability per token.
    """

    slope: float = 1.0
    shift: tuple[float, ...] = (0.0,) * len(VERDICTS)
    score: tuple[float, ...] = (0.0,) * len(VERDICTS)

    def __call__(self, logits: Array, score: float = 0.0) -> Array:
        """Returns the probabilities of the verdicts for the head's scores. Both have the shape (..., VERDICTS)."""
        x = self.slope * logits + np.asarray(self.shift) + score * np.asarray(self.score)
        x = np.exp(x - x.max(-1, keepdims=True))
        return np.asarray(x / x.sum(-1, keepdims=True), np.float32)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verifier's verdict on a point.

    Attributes:
        good: Probability that an editor would print it, 0 to 1.
        untrue: Probability that it says something that its sentences do not.
        broken: Probability that it is not a whole sentence.
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
        """The most probable fault."""
        return max(FAULTS, key=lambda fault: getattr(self, fault))

    def check(self, threshold: float) -> Check:
        """Returns the verdict as a check. It passes if `good` reaches the threshold."""
        evidence = f"an editor would print it: {self.good:.0%}"
        if self.good < 0.5:
            evidence += f"; most probably {FAULT_NAMES[self.fault]}"
        return Check("verifier", self.good >= threshold, evidence)


def verifier_input(tokenizer: Tokenizer, text: str, sources: str, context: str, title: str | None) -> VerifierInput:
    """Returns the encoder's input for a point, the sentences that it was made from, their context and the headline."""
    # Cut before anything is compared: the time grows with the square of the tokens.
    texts = [part[:_MAX_CHARACTERS] for part in (text, sources, title or "", context)]
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    point, there, headline, around = (part.ids[:MAX_TOKENS] for part in encoded)
    empty = tokenizer.encode("").ids  # the special tokens at the start and the end of a text
    opens, closes = empty[0], empty[-1]
    marks, left = _marks(point, there, {*headline, *around})
    ids = [opens, *point, closes, *there, closes]
    kinds = [CONTEXT, *marks, CONTEXT, *left, CONTEXT]
    for part in (headline, around):
        if part:
            ids += [*part, closes]
            kinds += [CONTEXT] * (len(part) + 1)
    return VerifierInput(ids[:MAX_TOKENS], kinds[:MAX_TOKENS], min(len(point), MAX_TOKENS - 1))


def log_odds(scores: Array) -> Array:
    """Returns the log-odds of "good", shape (...), from the scores of the verdicts, shape (..., VERDICTS)."""
    rest = scores[..., 1:]
    top = rest.max(-1)
    return np.asarray(scores[..., 0] - top - np.log(np.exp(rest - top[..., None]).sum(-1)), np.float32)


def _marks(point: Sequence[int], there: Sequence[int], beside: set[int]) -> tuple[list[int], list[int]]:
    known = set(there)
    marks = [MOVED if i in known else ONLY_IN_CONTEXT if i in beside else ADDED for i in point]
    left = [SOURCE_DROPPED] * len(there)
    for a, b, size in SequenceMatcher(None, point, there, autojunk=False).get_matching_blocks():
        marks[a : a + size] = [KEPT] * size
        left[b : b + size] = [SOURCE_KEPT] * size
    return marks, left


class Verifier:
    """Runs an exported verifier.

    Args:
        folder: Contains `model.bin`, `config.json`, a vocabulary, `tokenizer.json` and `head.safetensors`.
        threads: Number of points that are read in parallel, one core each.

    Attributes:
        threshold: Minimum probability of "good" for a rewrite to be shown.

    Raises:
        RuntimeError: CTranslate2 cannot read the model.
        ValueError: The verifier was made by an older version.
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
                "this verifier was made by an older version; replace it with the folder `verifier` of models/base, or "
                "train it further with `python -m training verifier` and export it"
            )
        self._calibrations = {kind: Calibration(**fitted[kind]) for kind in TEXT_KINDS}
        self.threshold = float(settings["threshold"])
        head = load_file(folder / "head.safetensors")
        self._weight, self._bias = (np.asarray(head[name], np.float32) for name in ("weight", "bias"))
        self._pool = ThreadPoolExecutor(threads, "verifier")

    def start(
        self,
        texts: Sequence[str],
        kind: TextKind,
        sources: str,
        context: str,
        title: str | None,
        scores: Sequence[float] | None = None,
    ) -> Future[list[Verdict]]:
        """Starts to read the candidates of one point. The result has one verdict for each.

        Args:
            texts: The candidates.
            kind: Who wrote them.
            sources: The sentences that they were made from, on one line.
            context: The sentences that explain the sources. May be empty.
            title: The headline, if there is one.
            scores: The rewriter's mean log-probability per token of each text. Required for "rewrites".
        """
        if scores is None:
            if kind == "rewrites":
                raise ValueError(f"`scores` is missing: the kind {kind!r} needs the rewriter's score of each text")
            scores = [0.0] * len(texts)
        return self._pool.submit(self._read, texts, self._calibrations[kind], sources, context, title, scores)

    def close(self) -> None:
        """Waits for the points that are being read, and frees the threads."""
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
        read = [verifier_input(self._tokenizer, text, sources, context, title) for text in texts]
        longest = max(len(item.ids) for item in read)
        ids = [item.ids + [0] * (longest - len(item.ids)) for item in read]
        marks = [item.marks + [0] * (longest - len(item.marks)) for item in read]
        lengths = ctranslate2.StorageView.from_array(np.array([len(item.ids) for item in read], np.int32))
        given = ctranslate2.StorageView.from_array(np.array(ids, np.int32))
        hidden = np.asarray(self._encoder.forward_batch(given, lengths, marks).last_hidden_state)
        pooled = np.stack([_pooled(row, item.size) for row, item in zip(hidden, read, strict=True)])
        logits = pooled @ self._weight.T + self._bias
        return [Verdict(*map(float, calibration(row, score))) for row, score in zip(logits, scores, strict=True)]


def _pooled(hidden: Any, size: int) -> Array:
    """Returns the head's input, shape (3 * hidden,): the vector of the first token, and the mean and the maximum of the
    point's token vectors."""
    point = hidden[1 : 1 + max(size, 1)]
    return np.asarray(np.concatenate([hidden[0], point.mean(0), point.max(0)]), np.float32)
