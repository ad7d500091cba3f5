"""Order of the articles: batches of similar length, in the same order no matter how often a run is resumed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import Trainer
from transformers.trainer_pt_utils import get_length_grouped_indices


class ByLength(Sampler[int]):
    """Random order in which neighbours have a similar length. The order depends only on the seed and the epoch. The
    sampler of transformers uses the global random generator, so a resumed run would see other batches than an
    uninterrupted run.

    Args:
        lengths: Lengths of the items.
        batch_size: Items per step, over all processes.
        seed: Seed of the run.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths, self._batch_size, self._seed = list(lengths), batch_size, seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch. It is called before each epoch."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(1000 * self._seed + self._epoch)
        return iter(get_length_grouped_indices(self._lengths, self._batch_size, generator=generator))


class LengthGroupedTrainer(Trainer):
    """A Trainer whose order of items is `ByLength`, with the number of `input_ids`, or of the `tokens` of all
    sentences, as length."""

    def _get_train_sampler(self, train_dataset: Any = None) -> ByLength:
        items = train_dataset if train_dataset is not None else self.train_dataset
        step = self.args.train_batch_size * self.args.gradient_accumulation_steps * self.args.world_size
        return ByLength([_length(item) for item in items], step, self.args.seed)


def _length(item: Mapping[str, Any]) -> int:
    return len(item["input_ids"]) if "input_ids" in item else sum(map(len, item["tokens"]))
