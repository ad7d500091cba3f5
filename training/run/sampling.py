"""In which order the articles come: batches of similar length, and the same order however often a run was killed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers.trainer_pt_utils import get_length_grouped_indices


class ByLength(Sampler[int]):
    """Random order in which neighbours are of similar length. What transformers has for it draws from the global random
    numbers, so that a run that goes on sees other batches than one that was never stopped; here the order follows from
    the seed and the epoch.

    Args:
        lengths: Of the items.
        batch_size: Items a step, over all processes.
        seed: Of the run.
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int) -> None:
        self._lengths, self._batch_size, self._seed = list(lengths), batch_size, seed
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._lengths)

    def set_epoch(self, epoch: int) -> None:
        """Called before each pass."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(1000 * self._seed + self._epoch)
        return iter(get_length_grouped_indices(self._lengths, self._batch_size, generator=generator))


class GroupedByLength:
    """For a Trainer: items are drawn by `ByLength`, going by their `input_ids`."""

    def _get_train_sampler(self, train_dataset: Any = None) -> ByLength:
        items = train_dataset if train_dataset is not None else self.train_dataset  # type: ignore[attr-defined]
        args = self.args  # type: ignore[attr-defined]
        step = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        return ByLength([len(item["input_ids"]) for item in items], step, args.seed)
