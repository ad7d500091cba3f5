"""Articles as the extractor reads them in training: token ids by sentence, features, labels, and batches of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from eval.data import Example
from summarizer.boilerplate import story
from summarizer.points.extractor import surface_features, token_ids, windows

from .labels import Overlap, labels, overlaps


class Articles(Dataset[dict[str, Any]]):
    """Examples as the model reads them: token ids by sentence, features, labels.

    Args:
        examples: Articles with human bullets.
        tokenizer: The encoder's, from `tokenizers`.
        main_bullets: Bullets of a human list that count, from its top.
        oracle_share: Weight of the greedy oracle in the labels, 0 to 1.
        most: Sentences of an article that are read; default: all.
        lists: Whether what whole lists would score is prepared as well.
        language: Of the articles.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        tokenizer: Any,
        main_bullets: int,
        oracle_share: float,
        most: int | None = None,
        lists: bool = True,
        language: str = "en",
    ) -> None:
        self.items: list[dict[str, Any]] = []
        self.examples: list[Example] = []
        self.sentences: list[tuple[Any, ...]] = []
        for example in tqdm(examples, "labels", file=sys.stderr, mininterval=5):
            sentences = story(example.text, language)[:most]
            if not sentences:
                continue
            texts = [s.text for s in sentences]
            bullets = example.bullets[:main_bullets]
            item = {
                "tokens": token_ids(tokenizer, sentences),
                "features": surface_features(sentences),
                "labels": labels(texts, bullets, oracle_share),
            }
            if lists:
                item["overlaps"] = overlaps(texts, bullets)
            self.items.append(item)
            self.examples.append(example)
            self.sentences.append(sentences)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.items[index]


@dataclass(frozen=True)
class Collator:
    """A batch of articles as tensors; see `ExtractorModel.forward` for the shapes."""

    open_id: int
    close_id: int
    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Pads articles to the batch's most sentences, and windows to its longest."""
        n = max(len(item["labels"]) for item in items)
        batch = {
            "features": _padded([item["features"] for item in items], n),
            "mask": _padded([np.ones(len(item["labels"]), bool) for item in items], n),
            "labels": _padded([item["labels"] for item in items], n, -100.0),
        }
        if "vectors" not in items[0] and "overlaps" in items[0]:
            batch["overlaps"] = [_stacked([item["overlaps"][n] for item in items]) for n in (0, 1)]
        if "vectors" in items[0]:
            return batch | {"vectors": _padded([item["vectors"] for item in items], n)}
        ids, owners = [], []
        for i, item in enumerate(items):
            tokens = item["tokens"]
            for window in windows([len(t) for t in tokens]):
                read = range(window.start, window.end)
                ids.append([self.open_id, *(t for j in read for t in tokens[j]), self.close_id])
                own = [i * n + j + 1 if j >= window.fresh else 0 for j in read for _ in tokens[j]]
                owners.append([0, *own, 0])
        length = max(map(len, ids))
        return batch | {
            "input_ids": torch.tensor([row + [self.pad_id] * (length - len(row)) for row in ids]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids]),
            "owner": torch.tensor([row + [0] * (length - len(row)) for row in owners]),
        }


def _stacked(overlaps: Sequence[Overlap]) -> tuple[Tensor, Tensor, Tensor]:
    """Overlaps of articles, padded with zeros to the most sentences and the most n-grams among them."""
    sentences, grams = (max(o.counts.shape[axis] for o in overlaps) for axis in (0, 1))
    counts = np.zeros((len(overlaps), sentences, grams), np.float32)
    for row, overlap in zip(counts, overlaps, strict=True):
        row[: overlap.counts.shape[0], : overlap.counts.shape[1]] = overlap.counts
    wanted, sizes = _padded([o.wanted for o in overlaps], grams), _padded([o.sizes for o in overlaps], sentences)
    return torch.from_numpy(counts), wanted, sizes


def _padded(arrays: Sequence[np.ndarray[Any, Any]], length: int, value: float = 0.0) -> Tensor:
    """Arrays of shape (n, ...) stacked to (arrays, length, ...)."""
    first = arrays[0]
    result = np.full((len(arrays), length, *first.shape[1:]), value, first.dtype)
    for row, array in zip(result, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(result)
