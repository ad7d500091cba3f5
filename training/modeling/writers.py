"""A T5 or a language model that reads the sentences of a point once and learns to write it in several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Any

import torch
from torch import Tensor
from transformers import LlamaForCausalLM, T5ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from .generation_loss import IGNORED


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


class CausalWriter(LlamaForCausalLM):
    """A language model that goes on from the sentences of a point in several ways, each blind to the others."""

    def forward(self, input_ids: Tensor | None = None, at: Tensor | None = None, **rest: Any) -> Any:
        """As a Llama's; with `at`, shape (texts, tokens), the places in their rows where the next token is asked for,
        `owner`, shape (texts,), those rows, and a boolean attention mask, shape (rows, tokens, tokens) (`Continued`).
        """
        if at is None:
            return super().forward(input_ids=input_ids, **rest)
        rest.pop("labels", None)  # the Trainer's loss reads them
        for_loss = {name: rest.pop(name) for name in ("answers", "better") if name in rest}
        owner, seen = rest.pop("owner"), rest.pop("attention_mask")[:, None]
        of = torch.get_autocast_dtype(seen.device.type) if torch.is_autocast_enabled(seen.device.type) else self.dtype
        mask = torch.zeros(seen.shape, dtype=of, device=seen.device).masked_fill(~seen, torch.finfo(of).min)
        hidden = self.model(input_ids=input_ids, attention_mask=mask, use_cache=False, **rest).last_hidden_state
        return {"logits": self.lm_head(hidden[owner[:, None], at]), **for_loss}


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


@dataclass(frozen=True)
class Continued(Texts):
    """The same for a language model: behind the sentences of a pair stand its texts one after the other, in one row.
    Each sees the sentences and itself, and its places go on from the sentences'."""

    def _read(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        rows, places, parts, at = [], [], [], []
        for item in items:
            read = list(item["input_ids"])
            start, place, part = len(read), list(range(len(read))), [0] * len(read)
            for number, (asks, text) in enumerate(item["texts"], 1):
                written = [*asks, *text[:-1]]
                at.append(range(len(read) - 1, len(read) + len(written)))  # the first only asks, and is not learnt
                read += written
                place += range(start, start + len(written))
                part += [number] * len(written)
            rows, places, parts = [*rows, read], [*places, place], [*parts, part]
        part = self._padded(parts, -1)
        own = part[:, :, None] == part[:, None, :]
        before = torch.ones(part.shape[1], part.shape[1], dtype=torch.bool).tril()
        return {
            "input_ids": self._padded(rows, self.pad_id),
            "position_ids": self._padded(places, 0),
            "attention_mask": before & (own | (part == 0)[:, None, :]),
            "at": self._padded([list(one) for one in at], 0),
        }


def _comparable(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two texts are of one length: a brief point is neither better nor worse than a long one."""
    return 2 * max(len(one), len(other)) <= 3 * min(len(one), len(other))
