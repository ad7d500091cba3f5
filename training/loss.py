"""The loss of what writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

IGNORED = -100
"""Label of a token that nothing is learnt from."""


@dataclass(frozen=True)
class Loss:
    """Cross-entropy of the answer's tokens, over all tokens of the step: the same however many processes and parts it
    is divided among, which a model's own loss is not.

    Attributes:
        shifted: Whether the scores at each token are about the next one, as a causal model's are.
        smoothing: Label smoothing, 0 to 1.
    """

    shifted: bool
    smoothing: float

    def __call__(self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Shapes: outputs.logits (articles, tokens, vocabulary), labels (articles, tokens)."""
        logits = outputs["logits"].float()
        if self.shifted:  # a causal model says at each token what the next one is
            logits, labels = logits[:, :-1], labels[:, 1:]
        total = nn.functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=self.smoothing,
        )
        return total / (num_items_in_batch if num_items_in_batch is not None else (labels != IGNORED).sum())
