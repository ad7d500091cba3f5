"""Loss of the models that write text: the writer and the generator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

IGNORED = -100
"""Label of a token that the loss ignores."""


@dataclass(frozen=True)
class Loss:
    """Mean cross-entropy over all answer tokens of a step. Unlike a model's own loss, it does not depend on the number
    of processes and accumulation parts that share the step.

    Attributes:
        shifted: True if the logits at each token predict the next one, as those of a causal model do.
        smoothing: Label smoothing, 0 to 1.
    """

    shifted: bool
    smoothing: float

    def __call__(self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Shapes: outputs.logits (articles, tokens, vocabulary), labels (articles, tokens)."""
        logits = outputs["logits"].float()
        if self.shifted:
            logits, labels = logits[:, :-1], labels[:, 1:]
        total = nn.functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=self.smoothing,
        )
        here = (labels != IGNORED).sum().clamp(min=1)
        everywhere = here if num_items_in_batch is None else num_items_in_batch
        return total / everywhere
