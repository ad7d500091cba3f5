"""A T5 that reads the sentences of a point once and learns to write it in several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import torch
from torch import Tensor
from transformers import T5ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from .loss import IGNORED


class Writer(T5ForConditionalGeneration):
    """A T5 whose decoder may have several rows for one row of the encoder, which is most of the work."""

    def forward(self, input_ids: Tensor | None = None, owner: Tensor | None = None, **rest: Any) -> Any:
        """As T5's; with `owner`, shape (texts,), the row of `input_ids` that each decoder row belongs to. `answers` and
        `better` are handed on to the loss (`Texts`)."""
        if owner is None:
            return super().forward(input_ids=input_ids, **rest)
        mask = rest.pop("attention_mask")
        rest.pop("labels", None)  # the Trainer's loss reads them
        for_loss = {name: rest.pop(name) for name in ("answers", "better") if name in rest}
        hidden = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state
        read = BaseModelOutput(last_hidden_state=hidden[owner])
        found = super().forward(encoder_outputs=read, attention_mask=mask[owner], **rest)
        return {"logits": found.logits, **for_loss}


@dataclass(frozen=True)
class Texts:
    """A batch of pairs as tensors: a row of `input_ids` for each pair, and a row of `decoder_input_ids` and `labels`
    for each of its texts, whose first tokens ask for a length and are not learnt. Where there are texts that a reader
    refused, they have no labels; `answers` are the labels of all, and `better`, shape (comparisons, 2), says which row
    is better than which.

    Attributes:
        pad_id: The tokenizer's, which T5's decoder starts with as well.
    """

    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Items: "input_ids"; "texts", pairs of the ids that ask and those that answer; and "bad", for each of them how
        bad it is: what is not 0 is no text to learn."""
        texts = list(chain.from_iterable(item["texts"] for item in items))
        owner = [i for i, item in enumerate(items) for _ in item["texts"]]
        read = [item["input_ids"] for item in items]
        answers = self._padded([[IGNORED] * len(asks) + text for asks, text in texts], IGNORED)
        bad = list(chain.from_iterable(item["bad"] for item in items))
        better = [
            (i, j)
            for i, j in permutations(range(len(texts)), 2)
            if owner[i] == owner[j] and bad[i] < bad[j] and _comparable(texts[i][1], texts[j][1])
        ]
        labels = answers.clone()
        labels[torch.tensor(bad) > 0] = IGNORED
        return {
            "input_ids": self._padded(read, self.pad_id),
            "attention_mask": self._padded([[1] * len(ids) for ids in read], 0),
            "owner": torch.tensor(owner),
            "decoder_input_ids": self._padded([[self.pad_id, *asks, *text[:-1]] for asks, text in texts], self.pad_id),
            "labels": labels,
            **({"answers": answers, "better": torch.tensor(better)} if better else {}),
        }

    def _padded(self, rows: Sequence[Sequence[int]], value: int) -> Tensor:
        longest = -(-max(map(len, rows)) // 8) * 8
        return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def _comparable(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two texts are of one length: a brief point is neither better nor worse than a long one."""
    return 2 * max(len(one), len(other)) <= 3 * min(len(one), len(other))
