"""Articles for a causal language model: a story, and behind it texts, none of which sees another. So the
story is read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from .generation_loss import IGNORED


@dataclass(frozen=True)
class PackedRows:
    """Turns an article into the input of a model that has read its story.

    An article has "story", the ids of its story, and "texts": for each text its ids, and for each of them the token
    that is learnt there, or IGNORED. There is one article in a batch; `gradient_accumulation_steps` puts several into a
    step.
    """

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Returns `story`, shape (1, story tokens); `input_ids` and `position_ids` of the texts, shape (1, tokens);
        `attention_mask`, 0 or minus infinity, shape (1, 1, tokens, story tokens + tokens); `logits_to_keep`, the places
        where a token is learnt; and these tokens as `labels`, shape (learnt,)."""
        (item,) = items
        read = len(item["story"])
        ids: list[int] = []
        places: list[int] = []
        text: list[int] = []
        kept: list[int] = []
        labels: list[int] = []
        for number, (given, learnt) in enumerate(item["texts"]):
            kept += [len(ids) + i for i, token in enumerate(learnt) if token != IGNORED]
            labels += [token for token in learnt if token != IGNORED]
            ids += given
            places += range(read, read + len(given))
            text += [number] * len(given)
        of = torch.tensor(text)
        own = (of[:, None] == of[None, :]).tril()
        hidden = torch.cat([torch.zeros(len(ids), read, dtype=torch.bool), ~own], 1)
        return {
            "story": torch.tensor([item["story"]]),
            "input_ids": torch.tensor([ids]),
            "position_ids": torch.tensor([places]),
            "attention_mask": torch.zeros(hidden.shape).masked_fill(hidden, float("-inf"))[None, None],
            "logits_to_keep": torch.tensor(kept),
            "labels": torch.tensor(labels),
        }
