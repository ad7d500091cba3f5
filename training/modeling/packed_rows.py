"""Articles as rows of a causal language model: a story, and behind it all of its answers, none of which attends to
another. So the story is read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class PackedRows:
    """Turns a batch of articles into one row, so that nothing is padded.

    An article has "input_ids", the story, and "texts": for each answer the ids of the request, which are read, and of
    the answer, which is learnt.
    """

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Returns `input_ids` and `position_ids`, shape (1, tokens); the boolean `attention_mask`, shape (1, 1, tokens,
        tokens); `logits_to_keep`, the places whose next token is learnt; and these tokens as `labels`, shape (1,
        answers)."""
        ids: list[int] = []
        places: list[int] = []
        article: list[int] = []
        part: list[int] = []
        kept: list[int] = []
        labels: list[int] = []
        for number, item in enumerate(items):
            read = list(item["input_ids"])
            ids += read
            places += range(len(read))
            part += [0] * len(read)
            for answer, (asks, text) in enumerate(item["texts"], 1):
                written = [*asks, *text[:-1]]
                kept += range(len(ids) + len(asks) - 1, len(ids) + len(written))
                labels += text
                ids += written
                places += range(len(read), len(read) + len(written))
                part += [answer] * len(written)
            article += [number] * (len(ids) - len(article))
        of, within = torch.tensor(article), torch.tensor(part)
        seen = (of[:, None] == of[None, :]) & ((within[:, None] == within[None, :]) | (within == 0)[None, :])
        return {
            "input_ids": torch.tensor([ids]),
            "position_ids": torch.tensor([places]),
            "attention_mask": seen.tril()[None, None],
            "logits_to_keep": torch.tensor(kept),
            "labels": torch.tensor([labels]),
        }


def row(story: Sequence[int], texts: Sequence[tuple[list[int], list[int]]], longest: int) -> dict[str, Any]:
    """Returns an article as an item of `PackedRows`. Answers that would make it longer than `longest` tokens are left
    out; a story that alone is longer keeps its start."""
    kept, size = [], min(len(story), longest)
    for asks, text in texts:
        if size + len(asks) + len(text) <= longest:
            kept.append((asks, text))
            size += len(asks) + len(text)
    return {"input_ids": list(story[:longest]), "texts": kept, "length": size}
