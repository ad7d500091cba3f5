"""The extractor in torch: an encoder from transformers and the head that `summarizer/extractor.py` runs in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from summarizer.points.extractor import FEATURES

CANDIDATES = 12
"""Best sentences of an article that lists are made of in training: 220 lists of three."""
SINGLE_WEIGHT = 0.3
"""Weight of a sentence's own loss beside the list's: the two pull about equally on an article of 30 sentences."""


Overlaps = Sequence[tuple[Tensor, Tensor, Tensor]]
"""For unigrams and for bigrams, what `labels.Overlap` holds, with a first dimension for the articles."""


class Layer(nn.Module):
    """A pre-norm transformer layer over the sentences."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attention_norm = nn.LayerNorm(width)
        self.attention = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 2 * width)
        self.down = nn.Linear(2 * width, width)

    def forward(self, h: Tensor, mask: Tensor) -> Tensor:
        """Shapes: h (articles, sentences, width), mask (articles, sentences), True for a sentence."""
        articles, n, width = h.shape
        qkv = self.attention(self.attention_norm(h)).view(articles, n, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
        h = h + F.dropout(self.mix(mixed.transpose(1, 2).reshape(articles, n, width)), self.dropout, self.training)
        return h + F.dropout(self.down(F.relu(self.up(self.norm(h)))), self.dropout, self.training)


class Head(nn.Module):
    """Sentence vectors and surface features to one score a sentence."""

    def __init__(self, hidden: int, width: int = 256, heads: int = 4, layers: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        self.dropout = dropout
        self.input_norm = nn.LayerNorm(hidden)
        self.input = nn.Linear(2 * hidden + FEATURES, width)
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.output_norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, 1)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], heads: int, dropout: float = 0.2) -> Head:
        """A head with these weights; its sizes are theirs."""
        width, inputs = weights["input.weight"].shape
        layers = {name.split(".")[1] for name in weights if name.startswith("layers.")}
        head = cls((inputs - FEATURES) // 2, width, heads, len(layers), dropout)
        head.load_state_dict({name: value.float() for name, value in weights.items()})
        return head

    def forward(self, vectors: Tensor, features: Tensor, mask: Tensor) -> Tensor:
        """Shapes: vectors (articles, sentences, hidden), features (articles, sentences, FEATURES), mask (articles,
        sentences); gives scores (articles, sentences)."""
        x = self.input_norm(vectors)
        mean = (x * mask[..., None]).sum(1, keepdim=True) / mask.sum(1)[:, None, None]
        h = self.input(torch.cat([F.dropout(x, self.dropout, self.training), x * mean, features], -1))
        h = F.dropout(h, self.dropout, self.training)
        for layer in self.layers:
            h = layer(h, mask)
        return self.output(self.output_norm(h)).squeeze(-1)


class ExtractorModel(nn.Module):
    """Encoder and head, with the loss.

    Args:
        encoder: A BERT-like model from transformers.
        head: The head for its hidden size.
        label_temperature: How sharp the target distribution over the sentences is.
        risk_weight: Weight of the expected reward of lists beside the losses of single sentences; rewards differ by a
            few hundredths only.
    """

    def __init__(self, encoder: Any, head: Head, label_temperature: float, risk_weight: float = 0.0) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head
        self.label_temperature, self.risk_weight = label_temperature, risk_weight

    def gradient_checkpointing_enable(self, **how: Any) -> None:
        """For the Trainer: activations of the encoder are computed twice instead of kept."""
        self.encoder.gradient_checkpointing_enable(**how)

    def gradient_checkpointing_disable(self) -> None:
        """Undoes that."""
        self.encoder.gradient_checkpointing_disable()

    def vectors(self, input_ids: Tensor, attention_mask: Tensor, owner: Tensor, mask: Tensor) -> Tensor:
        """The mean of each sentence's token vectors, shape (articles, sentences, hidden). `owner`, shape (windows,
        tokens), says to which sentence of the batch a token belongs, counted over the padded (articles, sentences)
        from 1; 0 is for special tokens, padding and context."""
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        articles, n = mask.shape
        sums = hidden.new_zeros(articles * n + 1, hidden.shape[-1]).index_add(0, owner.flatten(), hidden.flatten(0, 1))
        counts = torch.bincount(owner.flatten(), minlength=articles * n + 1).clamp(min=1)
        return (sums / counts[:, None])[1:].view(articles, n, -1)

    def forward(
        self,
        features: Tensor,
        mask: Tensor,
        labels: Tensor | None = None,
        vectors: Tensor | None = None,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        owner: Tensor | None = None,
        overlaps: Overlaps = (),
    ) -> dict[str, Tensor]:
        """Scores from token ids, or from vectors that were made before. Labels: shape (articles, sentences), how well
        each sentence covers the human bullets; -100 where there is no sentence. With overlaps,
        what whole lists score counts as well."""
        if vectors is None:
            assert input_ids is not None and attention_mask is not None and owner is not None
            vectors = self.vectors(input_ids, attention_mask, owner, mask)
        with torch.autocast(vectors.device.type, enabled=False):
            logits = self.head(vectors.float(), features, mask)
        if labels is None:
            return {"logits": logits}
        loss = self.loss(logits, labels, mask)
        if overlaps:
            loss = loss - self.risk_weight * self.expected_reward(logits, mask, overlaps)
        return {"loss": loss, "logits": logits.masked_fill(~mask, -100.0)}

    def expected_reward(self, logits: Tensor, mask: Tensor, overlaps: Overlaps) -> Tensor:
        """What lists of three, drawn by their scores, would score on average: ROUGE-1 F1 + ROUGE-2 F1 (minimum risk
        training, Shen et al. 2016, over all lists of the best candidates instead of a sample). A list's log-probability
        is the sum of its sentences' scores, and it is rewarded as a whole, so that length and repetition count.

        Shapes: logits and mask (articles, sentences)."""
        articles, n = logits.shape
        best = logits.masked_fill(~mask, -1e4).topk(min(CANDIDATES, n)).indices
        lists = torch.tensor(list(combinations(range(best.shape[1]), min(3, n))), device=logits.device)
        members = best[:, lists]  # (articles, lists, 3)
        rows = torch.arange(articles, device=logits.device)[:, None, None]
        reward = logits.new_zeros(members.shape[:2])
        for counts, wanted, sizes in overlaps:
            shared = torch.minimum(counts[rows, members].sum(2), wanted[:, None, :]).sum(-1)
            reward += 2 * shared / (sizes[rows, members].sum(-1) + wanted.sum(-1)[:, None]).clamp(min=1)
        drawn = logits[rows, members].sum(-1).masked_fill(~mask[rows, members].all(-1), -1e4).softmax(-1)
        return (drawn * reward).sum(-1).mean()

    def loss(self, logits: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
        """The sum of two: the cross-entropy between the scores' softmax over the article's sentences and the labels'
        (ListNet, Cao et al. 2007), which asks for the best sentences, and the binary cross-entropy of each sentence,
        which makes a score the log-odds that it claims to be."""
        target = (labels * self.label_temperature).masked_fill(~mask, -1e4).softmax(-1)
        listwise = -(target * logits.masked_fill(~mask, -1e4).log_softmax(-1)).sum(-1)
        single = F.binary_cross_entropy_with_logits(logits, labels.clamp(0, 1), reduction="none")
        return (listwise + SINGLE_WEIGHT * (single * mask).sum(-1)).mean()
