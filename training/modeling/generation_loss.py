"""The loss of what writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

IGNORED = -100
"""Label of a token that nothing is learnt from."""
SHARPNESS = 10.0
"""What a difference in mean log-probability counts."""


@dataclass(frozen=True)
class Loss:
    """Cross-entropy of the answer's tokens, over all tokens of the step: the same however many processes and parts it
    is divided among, which a model's own loss is not.

    Attributes:
        shifted: Whether the scores at each token are about the next one, as a causal model's are.
        smoothing: Label smoothing, 0 to 1.
        preference: What the comparisons of a step count beside it, where there are some.
    """

    shifted: bool
    smoothing: float
    preference: float = 0.0

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
        here = (labels != IGNORED).sum().clamp(min=1)
        everywhere = here if num_items_in_batch is None else num_items_in_batch
        loss = total / everywhere
        if self.preference and "better" in outputs:  # a part of a step counts as much as it has tokens
            compared = preference(logits, outputs["answers"], outputs["better"])
            loss = loss + self.preference * compared * here / everywhere
        return loss


def preference(logits: Tensor, answers: Tensor, better: Tensor) -> Tensor:
    """How far the better text of each comparison is from being the more likely one: -log of the logistic function of
    `SHARPNESS` times the difference of their mean log-probabilities a token, by which the search ranks texts (Meng et
    al. 2024, SimPO, without a margin). It needs no second model: the cross-entropy of good texts beside it keeps the
    language whole (Xu et al. 2024, CPO).

    Args:
        logits: Shape (texts, tokens, vocabulary).
        answers: Shape (texts, tokens), IGNORED where nothing is asked.
        better: Shape (comparisons, 2): the better text and the worse one.
    """
    there = answers != IGNORED
    tokens = logits.log_softmax(-1).gather(-1, answers.clamp(min=0)[..., None])[..., 0]
    mean = (tokens * there).sum(-1) / there.sum(-1)
    return -nn.functional.logsigmoid(SHARPNESS * (mean[better[:, 0]] - mean[better[:, 1]])).mean()
