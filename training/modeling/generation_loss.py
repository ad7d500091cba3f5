"""Loss of the rewriter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

IGNORED = -100
"""Label of a token that the loss ignores."""
SHARPNESS = 10.0
"""Factor of the difference in mean log-probability in `preference`."""


@dataclass(frozen=True)
class Loss:
    """Mean cross-entropy over all answer tokens of a step. Unlike a model's own loss, it does not depend on the number
    of processes and accumulation parts that share the step.

    Attributes:
        smoothing: Label smoothing, 0 to 1.
        preference: Weight of the comparisons of texts in a step, relative to the cross-entropy.
    """

    smoothing: float
    preference: float = 0.0

    def __call__(self, outputs: Any, labels: Tensor, num_items_in_batch: Tensor | int | None = None) -> Tensor:
        """Shapes: outputs.logits (articles, tokens, vocabulary), labels (articles, tokens)."""
        logits = outputs["logits"].float()
        total = nn.functional.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=IGNORED,
            reduction="sum",
            label_smoothing=self.smoothing,
        )
        here = (labels != IGNORED).sum().clamp(min=1)
        everywhere = here if num_items_in_batch is None else num_items_in_batch
        loss = total / everywhere
        if self.preference and "better" in outputs:  # parts of a step are weighted by their number of tokens
            compared = preference(logits, outputs["answers"], outputs["better"])
            loss = loss + self.preference * compared * here / everywhere
        return loss


def preference(logits: Tensor, answers: Tensor, better: Tensor) -> Tensor:
    """Loss that makes the better text of each comparison the more likely one.

    It is -log of the logistic function of `SHARPNESS` times the difference of the texts' mean log-probabilities per
    token, by which beam search ranks texts (Meng et al. 2024, SimPO, without a margin). No reference model is needed:
    the cross-entropy of good texts, which is added to it, keeps the language intact (Xu et al. 2024, CPO).

    Args:
        logits: Shape (texts, tokens, vocabulary).
        answers: Shape (texts, tokens), IGNORED for tokens that do not count.
        better: Shape (comparisons, 2): the better text and the worse one.
    """
    there = answers != IGNORED
    tokens = logits.log_softmax(-1).gather(-1, answers.clamp(min=0)[..., None])[..., 0]
    mean = (tokens * there).sum(-1) / there.sum(-1)
    return -nn.functional.logsigmoid(SHARPNESS * (mean[better[:, 0]] - mean[better[:, 1]])).mean()
