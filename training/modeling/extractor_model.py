"""The extractor in torch: an encoder from transformers, and the head that `summarizer/points/extractor.py` runs in
numpy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import PreTrainedModel

from summarizer.points import DISTANCE_FEATURES, FEATURES, SCORES, distance_features

PAIR_WIDTH = 64
"""Width of the queries and keys that score which sentences belong together."""
WEIGHTS = {"main": 0.3, "source": 0.2, "top": 0.2, "pairs": 0.5}
"""Weights of the losses of single sentences (by score) and of pairs, relative to the listwise loss."""


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
    """Computes the values of `summarizer.points.extractor.Scored` from sentence vectors and surface features."""

    def __init__(self, hidden: int, width: int = 256, heads: int = 4, layers: int = 2, dropout: float = 0.2) -> None:
        super().__init__()
        self.dropout = dropout
        self.input_norm = nn.LayerNorm(hidden)
        self.input = nn.Linear(3 * hidden + FEATURES, width)
        self.layers = nn.ModuleList(Layer(width, heads, dropout) for _ in range(layers))
        self.output_norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, len(SCORES))
        self.queries = nn.Linear(width, PAIR_WIDTH)
        self.keys = nn.Linear(width, PAIR_WIDTH)
        self.near = nn.Linear(DISTANCE_FEATURES + 1, 1)

    @classmethod
    def of(cls, weights: Mapping[str, Tensor], heads: int, dropout: float = 0.2) -> Head:
        """Creates a head with these weights; its sizes are taken from them."""
        width, inputs = weights["input.weight"].shape
        layers = {name.split(".")[1] for name in weights if name.startswith("layers.")}
        head = cls((inputs - FEATURES) // 3, width, heads, len(layers), dropout)
        head.load_state_dict({name: value.float() for name, value in weights.items()})
        return head

    def forward(self, vectors: Tensor, features: Tensor, mask: Tensor, titles: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Shapes: vectors (articles, sentences, hidden), features (articles, sentences, FEATURES), mask (articles,
        sentences), titles (articles, hidden), zeros for an article without a headline. Returns scores (articles,
        sentences, SCORES), and the queries and keys of `Scored` (articles, sentences, PAIR_WIDTH)."""
        x = self.input_norm(vectors)
        mean = (x * mask[..., None]).sum(1, keepdim=True) / mask.sum(1)[:, None, None]
        there = titles.abs().sum(-1, keepdim=True) > 0
        of_title = x * (self.input_norm(titles) * there)[:, None]
        h = self.input(torch.cat([F.dropout(x, self.dropout, self.training), x * mean, of_title, features], -1))
        h = F.dropout(h, self.dropout, self.training)
        for layer in self.layers:
            h = layer(h, mask)
        h = self.output_norm(h)
        return self.output(h), self.queries(h), self.keys(h)

    def pairs(self, vectors: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
        """Returns, for each sentence, the log-odds that each other sentence belongs to its point, shape (articles,
        sentences, sentences)."""
        unit = F.normalize(vectors, dim=-1)
        at = np.arange(vectors.shape[1])
        near = torch.from_numpy(distance_features(at[None, :] - at[:, None])).to(vectors.device)
        near = near.expand(len(vectors), -1, -1, -1)
        known = torch.cat([near, (unit @ unit.transpose(1, 2))[..., None]], -1)
        return queries @ keys.transpose(1, 2) / PAIR_WIDTH**0.5 + self.near(known)[..., 0]


def make_fast(encoder: PreTrainedModel) -> None:
    """Changes an encoder, in place, so that a step takes half the time: without dropout (on a CPU its random numbers
    take longer than the arithmetic; that of the head is enough)."""
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, "dropout", None), float):
            module.dropout = 0.0


class ExtractorModel(nn.Module):
    """Encoder and head, with the loss.

    Args:
        encoder: A BERT-like model from transformers.
        head: The head for its hidden size.
    """

    def __init__(self, encoder: PreTrainedModel, head: Head) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def gradient_checkpointing_enable(self, **how: Any) -> None:
        """Called by the Trainer: the encoder computes activations twice instead of storing them."""
        self.encoder.gradient_checkpointing_enable(**how)

    def gradient_checkpointing_disable(self) -> None:
        """Called by the Trainer: the encoder stores its activations again."""
        self.encoder.gradient_checkpointing_disable()

    def vectors(self, input_ids: Tensor, attention_mask: Tensor, owner: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the mean token vector of each sentence, shape (articles, sentences, hidden), and of each headline,
        shape (articles, hidden).

        `owner`, shape (windows, tokens), is the sentence of the batch that a token belongs to: an index, from 1, into
        the flattened (articles, 1 + sentences), where each article begins with its headline. It is 0 for special
        tokens, padding and sentences that a window only reads as context.
        """
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        articles, n = mask.shape
        rows = articles * (n + 1) + 1
        sums = hidden.new_zeros(rows, hidden.shape[-1]).index_add(0, owner.flatten(), hidden.flatten(0, 1))
        counts = torch.bincount(owner.flatten(), minlength=rows).clamp(min=1)
        means = (sums / counts[:, None])[1:].view(articles, n + 1, -1)
        return means[:, 1:], means[:, 0]

    def forward(
        self,
        features: Tensor,
        mask: Tensor,
        labels: Tensor | None = None,
        groups: Tensor | None = None,
        vectors: Tensor | None = None,
        titles: Tensor | None = None,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        owner: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Computes scores from token ids, or from vectors that were computed before.

        Args:
            features: Shape (articles, sentences, FEATURES).
            mask: Shape (articles, sentences): True for a sentence, False for padding.
            labels: Shape (articles, sentences, SCORES): how far each score's event is true, 0 to 1.
            groups: Shape (articles, sentences, sentences): 1 where two sentences belong to one point, else 0.
            vectors: Shape (articles, sentences, hidden).
            titles: Shape (articles, hidden), with `vectors`.
            input_ids: Shape (windows, tokens); needed without `vectors`.
            attention_mask: The same shape.
            owner: The same shape; see the method `vectors`.

        Returns:
            "logits" (articles, sentences, SCORES), "queries", "keys", "vectors", and "loss" with labels.
        """
        if vectors is None or titles is None:
            assert input_ids is not None and attention_mask is not None and owner is not None
            vectors, titles = self.vectors(input_ids, attention_mask, owner, mask)
        with torch.autocast(vectors.device.type, enabled=False):
            vectors = vectors.float()
            logits, queries, keys = self.head(vectors, features, mask, titles.float())
            found = {"logits": logits, "queries": queries, "keys": keys, "vectors": vectors}
            if labels is None or groups is None:
                return found
            return {"loss": self.loss(logits, self.head.pairs(vectors, queries, keys), labels, groups, mask)} | found

    def loss(self, logits: Tensor, pairs: Tensor, labels: Tensor, groups: Tensor, mask: Tensor) -> Tensor:
        """Returns the weighted sum of three losses of an article, averaged over articles.

        - Listwise: cross-entropy between the softmax of the main scores over the article and its main sentences
          (ListNet, Cao et al. 2007). It ranks the best sentences first.
        - Single sentences: binary cross-entropy of each score. It makes the scores log-odds.
        - Pairs: binary cross-entropy of each pair, for source sentences of points.
        """
        main = logits[..., 0].masked_fill(~mask, -1e4)
        wanted = labels[..., 0] / labels[..., 0].sum(-1, keepdim=True).clamp(min=1)
        loss = -(wanted * main.log_softmax(-1)).sum(-1)
        single = F.binary_cross_entropy_with_logits(logits, labels, reduction="none")
        for i, name in enumerate(SCORES):
            loss = loss + WEIGHTS[name] * (single[..., i] * mask).sum(-1)
        stands = labels[..., 1]
        other = ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
        double = F.binary_cross_entropy_with_logits(pairs, groups, reduction="none")
        row = (double * (mask[:, None, :] & other)).sum(-1)
        loss = loss + WEIGHTS["pairs"] * (row * stands).sum(-1) / stands.sum(-1).clamp(min=1)
        return loss.mean()
