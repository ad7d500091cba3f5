"""A T5 that reads the sentences of a point once and learns to write it in several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, T5ForConditionalGeneration
from transformers.activations import NewGELUActivation
from transformers.modeling_outputs import BaseModelOutput

from .generation_loss import IGNORED


class Writer(T5ForConditionalGeneration):
    """A T5 whose decoder may have several rows for one row of the encoder, because the encoder is most of the work."""

    def forward(self, input_ids: Tensor | None = None, owner: Tensor | None = None, **rest: Any) -> Any:
        """Same as T5's; with `owner`, shape (texts,), the row of `input_ids` that each decoder row belongs to.
        `answers` and `better` are passed on to the loss (see `Texts`)."""
        if owner is None:
            return super().forward(input_ids=input_ids, **rest)
        mask = rest.pop("attention_mask")
        rest.pop("labels", None)  # the Trainer's loss reads them
        for_loss = {name: rest.pop(name) for name in ("answers", "better") if name in rest}
        hidden = self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state
        read = BaseModelOutput(last_hidden_state=hidden[owner])
        found = super().forward(encoder_outputs=read, attention_mask=mask[owner], **rest)
        return {"logits": found.logits, **for_loss}


def use_fused_gelu(model: PreTrainedModel) -> None:
    """Replaces, in place, the activation, which transformers computes in eight steps, by torch's function of the same
    values: a fifth of the time of a step on a CPU."""
    for module in list(model.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, NewGELUActivation):
                setattr(module, name, nn.GELU(approximate="tanh"))


@dataclass(frozen=True)
class Texts:
    """Turns a batch of pairs into tensors: a row of `input_ids` for each pair, and a row of `decoder_input_ids` and
    `labels` for each of its texts. The first tokens of a text request its length and have no labels.

    Texts that a reader refused have no labels either. If texts of the batch can be compared, `answers` has the labels
    of all texts, and each row of `better`, shape (comparisons, 2), is the index of a better text and of a worse one.

    Attributes:
        pad_id: Id of the padding token, which is also the start token of T5's decoder.
    """

    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Items have "input_ids"; "texts", each with the ids of the length request and of the text itself; and "bad",
        how bad each text is: 0 for a text to learn, more for a refused one."""
        texts = list(chain.from_iterable(item["texts"] for item in items))
        owner = [i for i, item in enumerate(items) for _ in item["texts"]]
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
            **self._read(items),
            "owner": torch.tensor(owner),
            "labels": labels,
            **({"answers": answers, "better": torch.tensor(better)} if better else {}),
        }

    def _read(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        read = [item["input_ids"] for item in items]
        texts = [[self.pad_id, *asks, *text[:-1]] for item in items for asks, text in item["texts"]]
        return {
            "input_ids": self._padded(read, self.pad_id),
            "attention_mask": self._padded([[1] * len(ids) for ids in read], 0),
            "decoder_input_ids": self._padded(texts, self.pad_id),
        }

    def _padded(self, rows: Sequence[Sequence[int]], value: int) -> Tensor:
        longest = -(-max(map(len, rows)) // 8) * 8
        return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


def _comparable(one: Sequence[int], other: Sequence[int]) -> bool:
    """True if two texts have about the same length: a brief text is not compared with a long one."""
    return 2 * max(len(one), len(other)) <= 3 * min(len(one), len(other))
