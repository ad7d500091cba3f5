"""Training data of the extractor: token ids by sentence, features, labels, and batches of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from eval.data import BRIEF_POINTS, Example
from summarizer.points import SCORES, surface_features, token_ids, windows
from summarizer.reading import Sentence, content_sentences

from ..data import PointSources, points_of, shares


class ExtractorDataset:
    """Examples as input of the model: token ids by sentence, features, labels.

    Args:
        examples: Articles with reference lists.
        tokenizer: Tokenizer of the encoder, from `tokenizers`.
        most: Maximum number of sentences of an article. Default: all.
        titled: Share of the articles with a headline whose headline is read, 0 to 1. The choice depends on their ids,
            so it is the same in every run.
        language: Language of the articles.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        tokenizer: Any,
        most: int | None = None,
        titled: float = 1.0,
        language: str = "en",
    ) -> None:
        self.items: list[dict[str, Any]] = []
        self.sentences: list[tuple[Sentence, ...]] = []
        self.points: list[list[PointSources]] = []
        for example in tqdm(examples, "labels", file=sys.stderr, mininterval=5):
            sentences = content_sentences(example.text, language)[:most]
            points = points_of(example, sentences)
            if not points:
                continue
            title = example.title if crc32(example.id.encode()) % 1000 < 1000 * titled else None
            self.items.append(
                {
                    "tokens": token_ids(tokenizer, sentences, title),
                    "titled": title is not None,
                    "features": surface_features(sentences, title),
                    "labels": labels(points, sentences),
                    "groups": groups(points, len(sentences)),
                }
            )
            self.sentences.append(sentences)
            self.points.append(points)


@dataclass(frozen=True)
class ExtractorCollator:
    """A batch of articles as tensors; see `ExtractorModel.forward` for the shapes.

    Attributes:
        special_ids: Ids of the tokens that open and close a window.
        pad_id: Id of the padding token.
    """

    special_ids: tuple[int, int]
    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Pads articles to the largest number of sentences in the batch, and windows to the longest window."""
        n = max(len(item["labels"]) for item in items)
        batch = {
            "features": _padded([item["features"] for item in items], n),
            "mask": _padded([np.ones(len(item["labels"]), bool) for item in items], n),
            "labels": _padded([item["labels"] for item in items], n),
            "groups": torch.stack([_square(item["groups"], n) for item in items]),
        }
        if "vectors" in items[0]:
            titles = torch.from_numpy(np.stack([item["title"] for item in items]))
            return batch | {"vectors": _padded([item["vectors"] for item in items], n), "titles": titles}
        opening, close = self.special_ids
        ids, owners = [], []
        for i, item in enumerate(items):
            tokens, first = item["tokens"], i * (n + 1) + (1 if item["titled"] else 2)
            for window in windows([len(t) for t in tokens]):
                read = range(window.start, window.end)
                ids.append([opening, *(t for j in read for t in tokens[j]), close])
                own = [first + j if j >= window.fresh else 0 for j in read for _ in tokens[j]]
                owners.append([0, *own, 0])
        length = max(map(len, ids))
        return batch | {
            "input_ids": torch.tensor([row + [self.pad_id] * (length - len(row)) for row in ids]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids]),
            "owner": torch.tensor([row + [0] * (length - len(row)) for row in owners]),
        }


def labels(points: Sequence[PointSources], sentences: Sequence[Sentence]) -> npt.NDArray[np.float32]:
    """Returns the labels of each sentence, shape (sentences, SCORES); see `summarizer.points.extractor.SCORES`. Labels
    about main sentences are soft: each source sentence gets its share of the point."""
    found = np.zeros((len(sentences), len(SCORES)), np.float32)
    for at, point in enumerate(sorted(points, key=lambda point: point.rank)):
        share, sources = shares(point, sentences), list(point.sources)
        found[sources, 0] += share
        found[sources, 1] = 1
        if at < BRIEF_POINTS:
            found[sources, 2] += share
    return found.clip(0, 1)


def groups(points: Sequence[PointSources], n: int) -> npt.NDArray[np.float32]:
    """Returns 1 where two sentences belong to one point, else 0, shape (n, n)."""
    found = np.zeros((n, n), np.float32)
    for point in points:
        found[np.ix_(point.sources, point.sources)] = 1
    return found


def _padded(arrays: Sequence[np.ndarray[Any, Any]], length: int) -> Tensor:
    """Stacks arrays of shape (n, ...) to shape (arrays, length, ...), padded with zeros at the end."""
    first = arrays[0]
    result = np.zeros((len(arrays), length, *first.shape[1:]), first.dtype)
    for row, array in zip(result, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(result)


def _square(array: np.ndarray[Any, Any], n: int) -> Tensor:
    result = np.zeros((n, n), array.dtype)
    result[: len(array), : len(array)] = array
    return torch.from_numpy(result)
