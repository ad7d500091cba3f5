"""The writer in torch: an encoder reads the story, and a small decoder copies from it.

At each step the decoder points to a token of the story (Vinyals et al. 2015, "Pointer Networks") or chooses a token of
a small vocabulary, as a pointer-generator does (See et al. 2017, "Get To The Point"). Its input is the encoder's vector
of the token that it copied last, so it knows what it has written in its context. `summarizer/points/writer.py` computes
the same in numpy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from summarizer.checks import VERDICTS
from summarizer.points import MAX_TEXT_TOKENS, NEAR, TEXT_LENGTHS

from ..data import KINDS

_FAR = -1e4


class DecoderLayer(nn.Module):
    """Attention to the text so far, attention to the story, and a feed-forward network, each behind a norm."""

    def __init__(self, width: int, heads: int, encoder_width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_self, self.norm_story, self.norm_out = (nn.LayerNorm(width) for _ in range(3))
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.story_query, self.story_out = nn.Linear(width, width), nn.Linear(width, width)
        self.story_key, self.story_value = nn.Linear(encoder_width, width), nn.Linear(encoder_width, width)
        self.own_key, self.own_value = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, hidden: Tensor, own: Tensor, owner: Tensor, causal: Tensor, there: Tensor) -> Tensor:
        """Shapes: x (texts, tokens, width), hidden (stories, places, encoder width), own (texts, places): 1 for the
        places of the text's own sentence; owner (texts,); causal (tokens, tokens); there (texts, 1, 1, places)."""
        y = self.norm_self(x)
        x = x + self.dropout(self.out(self._attend(self.query(y), self.key(y), self.value(y), causal)))
        marked = own.to(hidden.dtype)[..., None]
        key = self.story_key(hidden)[owner] + marked * self.own_key
        value = self.story_value(hidden)[owner] + marked * self.own_value
        seen = self._attend(self.story_query(self.norm_story(x)), key, value, there)
        x = x + self.dropout(self.story_out(seen))
        return x + self.dropout(self.narrow(nn.functional.gelu(self.wide(self.norm_out(x)))))

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
        parts = (one.unflatten(-1, (self.heads, -1)).transpose(1, 2) for one in (query, key, value))
        found = nn.functional.scaled_dot_product_attention(*parts, attn_mask=mask)
        return found.transpose(1, 2).flatten(2)


class PointerWriter(nn.Module):
    """The encoder and the decoder.

    Args:
        encoder: A BERT from transformers.
        vocabulary: Ids of the tokens that may be written without being copied.
        width: Width of the decoder; a multiple of 64.
        layers: Number of its layers.
    """

    def __init__(self, encoder: Any, vocabulary: Sequence[int], width: int = 384, layers: int = 2) -> None:
        super().__init__()
        size = encoder.config.hidden_size
        self.encoder, self.width, self.heads = encoder, width, max(width // 64, 1)
        self.register_buffer("vocabulary", torch.tensor(list(vocabulary), dtype=torch.long))
        self.stop = nn.Parameter(torch.zeros(size))
        self.copied, self.written, self.begin = (nn.Linear(size, width) for _ in range(3))
        self.position, self.length = nn.Embedding(MAX_TEXT_TOKENS, width), nn.Embedding(len(TEXT_LENGTHS), width)
        self.norm_in, self.norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.layers = nn.ModuleList(DecoderLayer(width, self.heads, size) for _ in range(layers))
        self.point_key, self.point_query = nn.Linear(size, width), nn.Linear(width, width)
        self.moves = nn.Linear(width, 4)
        self.word, self.norm_word = nn.Linear(width, size), nn.LayerNorm(size)
        self.word_bias = nn.Parameter(torch.full((len(vocabulary) + 1,), -4.0))
        self.answer = nn.Linear(size, len(VERDICTS) + len(KINDS))

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        token_type_ids: Tensor,
        owner: Tensor,
        own: Tensor,
        length: Tensor,
        place: Tensor,
        token: Tensor,
        far: Tensor,
        labels: Tensor,
        answers: Tensor,
    ) -> dict[str, Tensor]:
        """Returns the loss: the mean of -log p(token) over the tokens of all texts, and a tenth of the cross-entropy of
        the answers.

        Args:
            input_ids: Shape (stories, places), with special tokens.
            attention_mask: The same shape; 0 for padding.
            token_type_ids: The same shape; 1 for the sentences of points.
            owner: Shape (texts,), the story of each text.
            own: Shape (texts, places); true for the text's own sentence.
            length: Shape (texts,); 0 for standard, 1 for brief.
            place: Shape (texts, tokens), the place that the token before was copied from; -1 if it was not.
            token: The same shape, the index in the vocabulary of the token before, if it was not copied.
            far: The same shape, the last place of the own sentence that was copied so far; -1 if there is none.
            labels: Shape (targets, 3): text, step, and a place, or `places` plus an index of the vocabulary (its size
                is the end). A token that may be copied from several places has a row for each.
            answers: Shape (texts, 2): index of the verdict and of the kind; -100 where unknown.
        """
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        scores = self.log_p(hidden, attention_mask, owner, own, length, place, token, far)
        tokens = place.shape[1]
        texts, steps, wanted = labels.unbind(1)
        flat = torch.zeros(place.numel(), device=scores.device)
        flat = flat.index_add(0, texts * tokens + steps, scores[texts, steps, wanted].exp())
        learnt = torch.zeros(place.numel(), dtype=torch.bool, device=scores.device)
        learnt[texts * tokens + steps] = True
        said = self.answer(_mean(hidden, owner, own)).float()
        asked = sum(
            nn.functional.cross_entropy(part, answers[:, i], reduction="sum")
            for i, part in enumerate(said.split([len(VERDICTS), len(KINDS)], 1))
        )
        loss = -(flat[learnt] + 1e-8).log().mean()
        return {"loss": loss + 0.1 * asked / len(owner)}

    def log_p(
        self,
        hidden: Tensor,
        attention_mask: Tensor,
        owner: Tensor,
        own: Tensor,
        length: Tensor,
        place: Tensor,
        token: Tensor,
        far: Tensor,
    ) -> Tensor:
        """Returns the log-probability of each place and each token of the vocabulary, the end last, shape (texts,
        tokens, places + vocabulary + 1). `hidden` has the encoder's vectors; the other arguments are those of
        `forward`."""
        there = attention_mask.bool()[owner]
        x = self._inputs(hidden, owner, _mean(hidden, owner, own), length, place, token)
        tokens = place.shape[1]
        causal = torch.ones(tokens, tokens, dtype=torch.bool, device=x.device).tril()
        for layer in self.layers:
            x = layer(x, hidden, own, owner, causal, there[:, None, None])
        return self._scores(self.norm(x), hidden, owner, own, there, place, far).log_softmax(-1)

    def gradient_checkpointing_enable(self, **how: Any) -> None:
        """Called by the Trainer: the encoder computes activations twice instead of storing them."""
        self.encoder.gradient_checkpointing_enable(**how)

    def gradient_checkpointing_disable(self) -> None:
        """Called by the Trainer: the encoder stores its activations again."""
        self.encoder.gradient_checkpointing_disable()

    def _table(self) -> Tensor:
        return torch.cat([self.encoder.get_input_embeddings().weight[self.vocabulary], self.stop[None]])

    def _inputs(
        self, hidden: Tensor, owner: Tensor, mean: Tensor, length: Tensor, place: Tensor, token: Tensor
    ) -> Tensor:
        copied = self.copied(hidden)[owner[:, None], place.clamp(min=0)]
        written = self.written(self._table()[token]).to(copied.dtype)
        steps = torch.arange(place.shape[1], device=place.device)
        x = torch.where((place >= 0)[..., None], copied, written) + self.position(steps)
        first = torch.zeros_like(place, dtype=torch.bool)
        first[:, 0] = True
        x = torch.where(first[..., None], self.begin(mean)[:, None].to(x.dtype), x)
        return self.norm_in(x + self.length(length)[:, None])  # type: ignore[no-any-return]

    def _scores(
        self, x: Tensor, hidden: Tensor, owner: Tensor, own: Tensor, there: Tensor, place: Tensor, far: Tensor
    ) -> Tensor:
        key = self.point_key(hidden)[owner]
        scores = torch.einsum("tld,tpd->tlp", self.point_query(x), key).float() / math.sqrt(self.width)
        moves = self.moves(x).float()
        at = torch.arange(hidden.shape[1], device=x.device)
        own, far = own.bool()[:, None], far[..., None]
        ahead = own & (at > far)
        reached = ((at == place[..., None] + 1) & (place >= 0)[..., None], own, ahead, ahead & (at <= far + NEAR))
        for i, one in enumerate(reached):
            scores = scores + moves[..., i : i + 1] * one
        scores = scores.masked_fill(~there[:, None], _FAR)
        words = self.norm_word(self.word(x)) @ self._table().to(x.dtype).T
        return torch.cat([scores, words.float() / 2 + self.word_bias], -1)


def _mean(hidden: Tensor, owner: Tensor, own: Tensor) -> Tensor:
    """Returns the mean vector of each text's own sentence, shape (texts, encoder width)."""
    return torch.einsum("tp,tpe->te", own.to(hidden.dtype), hidden[owner]) / own.sum(1, keepdim=True)
