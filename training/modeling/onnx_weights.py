"""Turns a shipped writer back into a model of transformers, for fine-tuning without network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import onnx
import torch
from onnx.external_data_helper import load_external_data_for_model
from peft import LoraConfig, get_peft_model, set_peft_model_state_dict
from torch import Tensor
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from .quantization import LINEAR, Quantized, bits_of, unpacked_codes


def writer_of(part: Path) -> tuple[Any, Any]:
    """Returns the writer as a PeftModel, and its tokenizer. The base has its rounded weights, in float32.

    Args:
        part: Folder of the part.

    Raises:
        ValueError: A file is missing or damaged; the message names the file and the reason.
    """
    try:
        settings = json.loads((part / "config.json").read_text("utf-8"))["writer"]
        graph = onnx.load(str(part / "model.onnx"), load_external_data=False)
        load_external_data_for_model(graph, str(part))
        arrays = {one.name: torch.from_numpy(onnx.numpy_helper.to_array(one).copy()) for one in graph.graph.initializer}
        base = Qwen2ForCausalLM(Qwen2Config(**settings["base"]))
        base.load_state_dict(_state(base, arrays))
    except Exception as error:  # onnx raises errors of many kinds
        raise ValueError(f"{part} cannot be read: {error}") from error
    ranks = {name: len(value.T) for name, value in arrays.items() if name.endswith(".lora_A")}
    rank = next(iter(ranks.values()))
    layers = sorted({int(name.split(".")[1]) for name in ranks})
    lora = LoraConfig(
        r=rank, lora_alpha=rank, target_modules=list(LINEAR), layers_to_transform=layers, task_type="CAUSAL_LM"
    )
    model = get_peft_model(base, lora)
    adapted = {
        f"base_model.model.model.{name}.weight": value.float().T.contiguous()
        for name, value in arrays.items()
        if name.endswith((".lora_A", ".lora_B"))
    }
    set_peft_model_state_dict(model, adapted)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(part / "tokenizer.json"))
    tokenizer.eos_token = tokenizer.convert_ids_to_tokens(settings["end_id"])
    tokenizer.pad_token = tokenizer.convert_ids_to_tokens(settings["base"]["pad_token_id"])
    return model, tokenizer


def _state(base: Qwen2ForCausalLM, arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns the state of the base: matrices from their codes, everything else as it is."""
    state = {}
    for name, old in base.state_dict().items():
        short = name.removeprefix("model.").removesuffix(".weight")
        if name == "lm_head.weight":
            short = "embed_tokens"
        if f"{short}.codes" in arrays:
            bits = bits_of(short) if short != "embed_tokens" else 8
            codes, zeros = (
                unpacked_codes(arrays[f"{short}.{kind}"], bits, columns)
                for kind, columns in (("codes", old.shape[1]), ("zeros", arrays[f"{short}.scales"].shape[1]))
            )
            state[name] = Quantized(codes, arrays[f"{short}.scales"], zeros, bits).values()
        else:
            state[name] = arrays[name.removeprefix("model.")]
    return state
