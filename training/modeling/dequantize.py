"""Turns the shipped extractor back into a checkpoint of transformers, for fine-tuning without network.

It is CTranslate2's `model.bin`: named variables, most matrices in int8 with a scale for each row. Converted
to float32, they differ from the trained weights by up to half a step of int8. If they are not changed, they convert to
the same int8 again. Names and fused matrices follow CTranslate2's converter of BERT.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
)

from summarizer.errors import ModelError
from summarizer.models import folder_of

VERSION = 6
"""Supported version of CTranslate2's binary format."""
_TYPES = dict(enumerate((torch.float32, torch.int8, torch.int16, torch.int32, torch.float16, torch.bfloat16)))
_ACTIVATIONS = {0: "relu", 1: "gelu_new", 2: "silu", 3: "gelu"}
_LEAVES = {"weight": "weight", "bias": "bias", "gamma": "weight", "beta": "bias", "encodings": "weight"}
_BERT = {
    "encoder/embeddings_0": "embeddings.word_embeddings",
    "encoder/embeddings_1": "embeddings.token_type_embeddings",
    "encoder/position_encodings": "embeddings.position_embeddings",
    "encoder/layernorm_embedding": "embeddings.LayerNorm",
    "encoder/layer_*/self_attention/linear_0": "encoder.layer.*.attention.self.query|key|value",
    "encoder/layer_*/self_attention/linear_1": "encoder.layer.*.attention.output.dense",
    "encoder/layer_*/self_attention/layer_norm": "encoder.layer.*.attention.output.LayerNorm",
    "encoder/layer_*/ffn/linear_0": "encoder.layer.*.intermediate.dense",
    "encoder/layer_*/ffn/linear_1": "encoder.layer.*.output.dense",
    "encoder/layer_*/ffn/layer_norm": "encoder.layer.*.output.LayerNorm",
    "pooler_dense": "pooler.dense",
}
"""Names in CTranslate2 and in transformers. `*` is the number of a layer; `a|b` are fused, the rows of a above those of
b."""


def shipped_part(model: str, name: str) -> Path | None:
    """Returns the folder of a part of a model of this project; None if `model` is something else: a checkpoint of
    transformers, or a name on the Hub.

    Raises:
        ValueError: It is a model of this project without that part.
    """
    try:
        folder = folder_of(model)
    except ModelError:
        return None
    config = folder / "config.json"
    if not config.is_file() or "format" not in json.loads(config.read_text("utf-8")):
        return None
    if not any((folder / name / file).is_file() for file in ("model.bin", "model.onnx")):
        raise ValueError(f"{folder} has no {name} to train on")
    return folder / name


def encoder_of(part: Path) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Returns the encoder of an extractor in float32, and its tokenizer. The head is in
    `head.safetensors`, which needs no conversion.

    Args:
        part: Folder of the part; `model.bin`, `config.json` and `tokenizer.json` are read.

    Raises:
        ValueError: A file is missing, damaged or not that of a BERT; the message names the file and the reason.
    """
    with _naming(part / "config.json") as path:
        about = json.loads(path.read_text("utf-8"))
        tokens = {"pad_token": "[PAD]", "mask_token": "[MASK]", "unk_token": about["unk_token"]}
        epsilon = about["layer_norm_epsilon"]
        tokens |= zip(("cls_token", "sep_token"), about["extractor"]["special_ids"], strict=True)
    tokenizer = _tokenizer(part / "tokenizer.json", tokens)
    with _naming(part / "model.bin") as path:
        found = _variables(path, "TransformerEncoderSpec")
        config = BertConfig(
            vocab_size=len(found["encoder/embeddings_0/weight"]),
            hidden_size=len(found["encoder/layernorm_embedding/gamma"]),
            num_hidden_layers=_layers(found, "encoder"),
            num_attention_heads=int(found["encoder/num_heads"]),
            intermediate_size=len(found["encoder/layer_0/ffn/linear_0/weight"]),
            hidden_act=_ACTIVATIONS[int(found["encoder/activation"])],
            max_position_embeddings=len(found["encoder/position_encodings/encodings"]),
            type_vocab_size=len(found["encoder/embeddings_1/weight"]),
            layer_norm_eps=epsilon,
            pad_token_id=tokenizer.pad_token_id,
        )
        model = BertModel(config)
        model.load_state_dict(_renamed(found, _BERT))
    tokenizer.model_max_length = config.max_position_embeddings
    return model.eval(), tokenizer


def _renamed(found: Mapping[str, Tensor], names: Mapping[str, str]) -> dict[str, Tensor]:
    """Returns the variables in `names` under their names in transformers. Splits fused ones evenly."""
    state: dict[str, Tensor] = {}
    for name, value in found.items():
        layer = re.search(r"/layer_(\d+)/", name)
        number = layer[1] if layer else ""
        place, _, leaf = name.replace(f"/layer_{number}/", "/layer_*/").rpartition("/")
        if place in names and leaf in _LEAVES:
            start, _, ends = names[place].replace("*", number).rpartition(".")
            count = ends.count("|") + 1
            pieces = value.split(len(value) // count)
            for end, piece in zip(ends.split("|"), pieces, strict=True):
                state[f"{start}.{end}.{_LEAVES[leaf]}"] = piece
    return state


def _layers(found: Mapping[str, Tensor], stack: str) -> int:
    return sum(re.fullmatch(rf"{stack}/layer_\d+/ffn/linear_0/weight", name) is not None for name in found)


def _variables(path: Path, kind: str) -> dict[str, Tensor]:
    """Returns all variables of a `model.bin` by name, in float32. `kind` is the name of its specification."""
    with path.open("rb") as file:

        def take(size: int) -> bytes:
            if len(data := file.read(size)) < size:
                raise ValueError("it is truncated")
            return data

        def number(form: str) -> int:
            return int(struct.unpack(f"<{form}", take(struct.calcsize(form)))[0])

        def text() -> str:
            return take(number("H")).rstrip(b"\0").decode()

        def tensor() -> Tensor:
            shape = [number("I") for _ in range(number("B"))]
            of, size = _TYPES[number("B")], number("I")
            if size != math.prod(shape) * of.itemsize:
                raise ValueError(f"{size} bytes are not the size of a {of} tensor of shape {shape}")
            return torch.frombuffer(bytearray(take(size)), dtype=of).reshape(shape)

        if (version := number("I")) != VERSION:
            raise ValueError(f"its binary version is {version}; only version {VERSION} is supported")
        if (there := text()) != kind:
            raise ValueError(f"it is a {there}, not a {kind}")
        number("I")  # the revision; a variable that it renamed will be missing
        stored = {text(): tensor() for _ in range(number("I"))}
        same = {text(): text() for _ in range(number("I"))}
    scales = {name: stored[f"{name}_scale"].reshape(-1, 1) for name in stored if f"{name}_scale" in stored}
    found = {name: value / scales[name] if name in scales else value.float() for name, value in stored.items()}
    return found | {name: found[other] for name, other in same.items()}


def _tokenizer(file: Path, tokens: Mapping[str, str | int]) -> PreTrainedTokenizerFast:
    """Loads a `tokenizer.json`. `tokens` are its special tokens, by text or id."""
    with _naming(file):
        backend = Tokenizer.from_file(str(file))
        backend.no_truncation()  # settings left from training
        backend.no_padding()
        named = {name: backend.id_to_token(of) if isinstance(of, int) else of for name, of in tokens.items()}
        for name, token in named.items():
            if token is None or backend.token_to_id(token) is None:
                raise ValueError(f"its vocabulary lacks the {name} {tokens[name]}")
        return PreTrainedTokenizerFast(tokenizer_object=backend, **named)


@contextmanager
def _naming(file: Path) -> Iterator[Path]:
    """Turns every error inside the block into a ValueError that names the file."""
    try:
        yield file
    except Exception as error:  # `tokenizers` raises only this class
        what = f"it has no {error}" if isinstance(error, KeyError) else error
        raise ValueError(f"{file} cannot be read: {what}") from error
