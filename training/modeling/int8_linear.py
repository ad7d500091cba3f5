"""Linear layers that do not learn, computed in int8 in both directions: the way to train LoRA on a CPU.

A CPU with VNNI multiplies int8 about four times as fast as float32. The output and the gradient of the input are
computed in int8, with a scale for each row (Wortsman et al. 2023, "Stable and low-precision training for large-scale
vision-language models", SwitchBack); a gradient of the weights, which would suffer, is not needed here.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Int8Linear(nn.Module):
    """A linear layer with fixed weights, rounded to int8 with a scale for each output.

    Args:
        layer: The layer that it stands for.
    """

    codes: Tensor
    scales: Tensor
    bias: Tensor | None

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = layer.in_features, layer.out_features
        codes, scales = _rounded(layer.weight.detach().float())
        self.register_buffer("codes", codes)
        self.register_buffer("scales", scales[:, 0])
        self.register_buffer("bias", None if layer.bias is None else layer.bias.detach().float())

    def forward(self, x: Tensor) -> Tensor:
        """Takes float32 of the shape (..., in_features), returns (..., out_features)."""
        y: Tensor = _Product.apply(x.flatten(0, -2), self.codes, self.scales)
        if self.bias is not None:
            y = y + self.bias
        return y.unflatten(0, x.shape[:-1])


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, codes: Tensor, scales: Tensor) -> Tensor:
        ctx.save_for_backward(codes, scales)
        return _multiplied(x, codes.t()).mul_(scales)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        codes, scales = ctx.saved_tensors
        return _multiplied(gradients[0] * scales, codes), None, None


def _multiplied(x: Tensor, codes: Tensor) -> Tensor:
    rounded, scales = _rounded(x)
    return torch._int_mm(rounded, codes).float().mul_(scales)


def _rounded(x: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the rows of a matrix as int8, and the scale of each, shape (rows, 1)."""
    # Two passes, since torch.aminmax takes seven times as long.
    scales = torch.maximum(x.amax(1, keepdim=True), -x.amin(1, keepdim=True)).clamp_min(1e-12) / 127
    return (x / scales).round_().to(torch.int8), scales


def use_int8(model: nn.Module) -> None:
    """Replaces the linear layers of a model that do not learn, in place. Layers of LoRA learn, and stay."""
    for module in list(model.modules()):
        for name, layer in list(module.named_children()):
            if isinstance(layer, nn.Linear) and not layer.weight.requires_grad and name != "lm_head":
                setattr(module, name, Int8Linear(layer))
