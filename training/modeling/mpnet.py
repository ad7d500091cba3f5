"""MPNet (Song et al. 2020) as an encoder: attention that is quicker to train, and its conversion for CTranslate2, which
has no MPNet of its own.

MPNet is a BERT whose layers share a bias of relative positions, as in T5. CTranslate2 leaves out absolute positions
where such a bias is, so they are stored as the second kind of embedding, which BERT has for sentence pairs: the caller
passes the position of each token as its type (`summarizer/points/extractor.py`).
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import numpy as np
import torch.nn.functional as F
from ctranslate2.converters import utils
from ctranslate2.converters.transformers import ModelLoader, register_loader
from ctranslate2.specs import common_spec, transformer_spec
from torch import Tensor, nn
from transformers.models.mpnet.modeling_mpnet import MPNetSelfAttention

MAX_DISTANCE = 128
"""Distance from which all relative positions have the same bias, as in transformers."""
FIRST = 2
"""Row of the table of absolute positions that belongs to the first token."""


def use_fused_attention(encoder: nn.Module) -> None:
    """Makes an MPNet compute its attention in one step: the same values in less time. No effect on other encoders."""
    for module in encoder.modules():
        if isinstance(module, MPNetSelfAttention):
            module.forward = MethodType(_fused, module)


def _fused(
    self: Any, hidden_states: Tensor, attention_mask: Tensor | None = None, position_bias: Any = None, **_: Any
) -> tuple[Tensor]:
    articles, tokens, _width = hidden_states.shape

    def heads(x: Tensor) -> Tensor:
        return x.view(articles, tokens, self.num_attention_heads, -1).transpose(1, 2)

    bias = position_bias if attention_mask is None else position_bias + attention_mask
    q, k, v = heads(self.q(hidden_states)), heads(self.k(hidden_states)), heads(self.v(hidden_states))
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.expand(articles, -1, -1, -1))
    return (self.o(mixed.transpose(1, 2).reshape(articles, tokens, -1)),)


@register_loader("MPNetConfig")
class MPNetLoader(ModelLoader):  # type: ignore[misc]
    """Converts an MPNet, without its pooling layer."""

    @property
    def architecture_name(self) -> str:
        """The class of transformers."""
        return "MPNetModel"

    def get_model_spec(self, model: Any) -> Any:
        """Returns the model as CTranslate2 stores it."""
        encoder = transformer_spec.TransformerEncoderSpec(
            model.config.num_hidden_layers,
            model.config.num_attention_heads,
            pre_norm=False,
            activation=common_spec.Activation.GELU,
            num_source_embeddings=2,
            embeddings_merge=common_spec.EmbeddingsMerge.ADD,
            layernorm_embedding=True,
            relative_attention_bias=True,
        )
        encoder.scale_embeddings = False
        self.set_embeddings(encoder.embeddings[0], model.embeddings.word_embeddings)
        encoder.embeddings[1].weight = model.embeddings.position_embeddings.weight.detach()[FIRST:]
        self.set_layer_norm(encoder.layernorm_embedding, model.embeddings.LayerNorm)
        for spec, layer in zip(encoder.layer, model.encoder.layer, strict=True):
            attention = layer.attention.attn
            parts = [common_spec.LinearSpec() for _ in range(3)]
            for part, module in zip(parts, (attention.q, attention.k, attention.v), strict=True):
                self.set_linear(part, module)
            utils.fuse_linear(spec.self_attention.linear[0], parts)
            self.set_linear(spec.self_attention.linear[1], attention.o)
            self.set_layer_norm(spec.self_attention.layer_norm, layer.attention.LayerNorm)
            spec.self_attention.relative_attention_bias = model.encoder.relative_attention_bias.weight
            spec.self_attention.relative_attention_max_distance = np.dtype("int32").type(MAX_DISTANCE)
            self.set_linear(spec.ffn.linear_0, layer.intermediate.dense)
            self.set_linear(spec.ffn.linear_1, layer.output.dense)
            self.set_layer_norm(spec.ffn.layer_norm, layer.output.LayerNorm)
        return transformer_spec.TransformerEncoderModelSpec(encoder)

    def set_vocabulary(self, spec: Any, tokens: list[str]) -> None:
        """Adds the vocabulary."""
        spec.register_vocabulary(tokens)

    def set_config(self, config: Any, model: Any, tokenizer: Any) -> None:
        """Adds what CTranslate2 cannot read from the weights."""
        config.unk_token = tokenizer.unk_token
        config.layer_norm_epsilon = model.config.layer_norm_eps
