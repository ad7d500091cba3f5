"""Weights in blocks of few bits, as ONNX Runtime's MatMulNBits reads them.

The writer is trained on top of the rounded weights that it will run with, so that its LoRA makes up for the rounding
(Dettmers et al. 2023, "QLoRA: Efficient Finetuning of Quantized LLMs").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

BLOCK = 32
"""Number of weights of a row that share a scale and a zero point."""
_ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
_MLP = ("gate_proj", "up_proj", "down_proj")
LINEAR = (*_ATTENTION, *_MLP)
"""The linear layers of a block of the language model."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """A matrix of the shape (rows, columns) as unsigned integers.

    Attributes:
        codes: uint8, shape (rows, columns).
        scales: float16, shape (rows, blocks).
        zeros: The code of 0, uint8, shape (rows, blocks).
        bits: Bits of a code, 4 or 8.
    """

    codes: Tensor
    scales: Tensor
    zeros: Tensor
    bits: int

    def values(self) -> Tensor:
        """Returns the rounded weights, float32."""
        blocks = self.codes.unflatten(1, (-1, BLOCK)).float() - self.zeros[..., None]
        return (blocks * self.scales.float()[..., None]).flatten(1)


def quantized(weight: Tensor, bits: int) -> Quantized:
    """Rounds a matrix; each block has the range of its weights. The number of columns is a multiple of `BLOCK`."""
    blocks = weight.detach().float().unflatten(1, (-1, BLOCK))
    low, high = blocks.amin(-1).clamp_max(0), blocks.amax(-1).clamp_min(0)
    most = 2**bits - 1
    scales = ((high - low) / most).clamp_min(1e-7).half()
    zeros = (-low / scales.float()).round().clamp(0, most)
    codes = (blocks / scales.float()[..., None] + zeros[..., None]).round().clamp(0, most)
    return Quantized(codes.flatten(1).to(torch.uint8), scales, zeros.to(torch.uint8), bits)


def bits_of(layer: str) -> int:
    """Returns the bits of a linear layer, by its name: 8 in the attention, which is small and suffers most, else 4."""
    return 8 if layer.endswith(_ATTENTION) else 4


def round_weights(model: Any) -> None:
    """Rounds the linear layers and the embeddings of a language model in place; they stay in their type."""
    table = model.get_input_embeddings()
    table.weight.data = quantized(table.weight.data, 8).values().to(table.weight.dtype)
    for name, module in model.named_modules():
        name = name.removesuffix(".base_layer")
        if isinstance(module, nn.Linear) and name.endswith(LINEAR):
            module.weight.data = quantized(module.weight.data, bits_of(name)).values().to(module.weight.dtype)


def packed_codes(codes: Tensor, bits: int) -> Tensor:
    """Puts two codes of 4 bits into each byte, the first one in the lower half. Codes of 8 bits stay as they are."""
    if bits == 8:
        return codes
    if codes.shape[1] % 2:
        codes = nn.functional.pad(codes, (0, 1))
    return codes[:, ::2] | codes[:, 1::2] << 4


def unpacked_codes(packed: Tensor, bits: int, columns: int) -> Tensor:
    """Reverses `packed_codes`, for a matrix with this many columns."""
    if bits == 8:
        return packed
    return torch.stack([packed & 15, packed >> 4], -1).flatten(1)[:, :columns]
