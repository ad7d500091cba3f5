"""Turns a part of a shipped model back into a checkpoint of transformers, for fine-tuning without network.

A shipped part is CTranslate2's `model.bin`: named variables, most matrices in int8 with a scale for each row. Converted
to float32, they differ from the trained weights by up to half a step of int8. If they are not changed, they convert to
the same int8 again. Names and fused matrices follow CTranslate2's converters of BERT and T5.
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
    T5Config,
    T5ForConditionalGeneration,
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
    """Returns the folder of a part of a model of this project; None if `model` is something else, such as a
    checkpoint of transformers.

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
    if not (folder / name / "model.bin").is_file():
        raise ValueError(f"{folder} has no {name} to train on")
    return folder / name


def encoder_of(part: Path) -> tuple[BertModel, PreTrainedTokenizerFast]:
    """Returns the encoder of an extractor or a verifier in float32, and its tokenizer. The head is in
    `head.safetensors`, which needs no conversion.

    Args:
        part: Folder of the part; `model.bin`, `config.json` and `tokenizer.json` are read.

    Raises:
        ValueError: A file is missing, damaged or not that of a BERT; the message names the file and the reason.
    """
    with _naming(part / "config.json") as path:
        about = json.loads(path.read_text("utf-8"))
        unknown, epsilon = about["unk_token"], about["layer_norm_epsilon"]
        ends = None if "verifier" in about else about["extractor"]["special_ids"]
    with _naming(part / "tokenizer.json") as path:
        ends = ends or Tokenizer.from_file(str(path)).encode("").ids
    tokens = {"pad_token": "[PAD]", "mask_token": "[MASK]", "cls_token": ends[0], "sep_token": ends[1]}
    tokenizer = _tokenizer(path, {**tokens, "unk_token": unknown})
    with _naming(part / "model.bin") as path:
        found = _variables(path, "TransformerEncoderSpec")
        model = _bert(found, epsilon, tokenizer.pad_token_id)
    tokenizer.model_max_length = model.config.max_position_embeddings
    return model.eval(), tokenizer


def _bert(found: Mapping[str, Tensor], epsilon: float, pad: int) -> BertModel:
    config = BertConfig(
        vocab_size=len(found["encoder/embeddings_0/weight"]),
        hidden_size=len(found["encoder/layernorm_embedding/gamma"]),
        num_hidden_layers=_layers(found, "encoder"),
        num_attention_heads=int(found["encoder/num_heads"]),
        intermediate_size=len(found["encoder/layer_0/ffn/linear_0/weight"]),
        hidden_act=_ACTIVATIONS[int(found["encoder/activation"])],
        layer_norm_eps=epsilon,
        pad_token_id=pad,
        max_position_embeddings=len(found["encoder/position_encodings/encodings"]),
        type_vocab_size=len(found["encoder/embeddings_1/weight"]),
    )
    model = BertModel(config)
    model.load_state_dict(_renamed(found, _BERT))
    return model


def rewriter_of(
    part: Path,
    t5: type[T5ForConditionalGeneration] = T5ForConditionalGeneration,
) -> tuple[T5ForConditionalGeneration, PreTrainedTokenizerFast]:
    """Returns the rewriter in float32, and its tokenizer. `training.export.convert` does the reverse.

    Args:
        part: Folder of the part; `model.bin`, `config.json` and `tokenizer.json` are read.
        t5: Class of the model.

    Raises:
        ValueError: A file is missing, damaged or not that of a T5; the message names the file and the reason.
    """
    with _naming(part / "config.json") as path:
        about = json.loads(path.read_text("utf-8"))
        kept_as = {"pad_token": "bos_token", "eos_token": "eos_token", "unk_token": "unk_token"}
        tokens = {name: about[kept] for name, kept in kept_as.items()}
        epsilon = about["layer_norm_epsilon"] or 1e-6  # CTranslate2's and T5's default
    tokenizer = _tokenizer(part / "tokenizer.json", tokens)
    with _naming(part / "model.bin") as path:
        model = _t5(path, epsilon, tokenizer, t5)
    return model.eval(), tokenizer


def _t5(
    path: Path, epsilon: float, tokenizer: PreTrainedTokenizerFast, kind: type[T5ForConditionalGeneration]
) -> T5ForConditionalGeneration:
    found = _variables(path, "TransformerSpec")
    words = found["decoder/embeddings/weight"]
    gated = "encoder/layer_0/ffn/linear_0_noact/weight" in found
    attention, heads = "encoder/layer_0/self_attention", int(found["encoder/num_heads"])
    config = T5Config(
        vocab_size=len(words),
        d_model=words.shape[1],
        d_kv=len(found[f"{attention}/linear_0/weight"]) // 3 // heads,
        d_ff=len(found["encoder/layer_0/ffn/linear_0/weight"]),
        num_layers=_layers(found, "encoder"),
        num_decoder_layers=_layers(found, "decoder"),
        num_heads=heads,
        relative_attention_num_buckets=len(found[f"{attention}/relative_attention_bias"]),
        relative_attention_max_distance=int(found[f"{attention}/relative_attention_max_distance"]),
        feed_forward_proj={(0, False): "relu", (1, True): "gated-gelu"}[int(found["encoder/activation"]), gated],
        layer_norm_epsilon=epsilon,
        dropout_rate=0.0,  # as in the training from a base checkpoint (`training/rewriter.py`)
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    # transformers 5 sets "tied" for every T5, and would drop the head and scale the logits; "untied" also separates the
    # three embeddings.
    config.tie_word_embeddings = config.scale_decoder_outputs = "decoder/scale_outputs" in found
    state = _renamed(found, _t5_names(gated))
    state |= dict.fromkeys(("shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"), words)
    state["lm_head.weight"] = found["decoder/projection/weight"]
    for stack in ("encoder", "decoder"):  # stored in the first layer, used by all
        if (table := found.get(f"{stack}/layer_0/self_attention/relative_attention_bias")) is not None:
            state[f"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias.weight"] = table
    model = kind(config)
    model.set_input_embeddings(model.shared)
    model.load_state_dict(state)
    return model


def _t5_names(gated: bool) -> dict[str, str]:
    names: dict[str, str] = {}
    for stack, last in (("encoder", 1), ("decoder", 2)):
        there, here = f"{stack}/layer_*", f"{stack}.block.*.layer"
        names |= {
            f"{stack}/layer_norm": f"{stack}.final_layer_norm",
            f"{there}/self_attention/layer_norm": f"{here}.0.layer_norm",
            f"{there}/self_attention/linear_0": f"{here}.0.SelfAttention.q|k|v",
            f"{there}/self_attention/linear_1": f"{here}.0.SelfAttention.o",
            f"{there}/attention/layer_norm": f"{here}.1.layer_norm",
            f"{there}/attention/linear_0": f"{here}.1.EncDecAttention.q",
            f"{there}/attention/linear_1": f"{here}.1.EncDecAttention.k|v",
            f"{there}/attention/linear_2": f"{here}.1.EncDecAttention.o",
            f"{there}/ffn/layer_norm": f"{here}.{last}.layer_norm",
            f"{there}/ffn/linear_0": f"{here}.{last}.DenseReluDense.{'wi_0' if gated else 'wi'}",
            f"{there}/ffn/linear_0_noact": f"{here}.{last}.DenseReluDense.wi_1",
            f"{there}/ffn/linear_1": f"{here}.{last}.DenseReluDense.wo",
        }
    return names


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
