"""Writes a causal language model with LoRA as one graph of ONNX Runtime, with weights of 4 and 8 bits.

The graph reads one row of tokens: which of them see which others is given, so that a story and all of its texts share a
row, as in training (`modeling/packed_rows.py`). LoRA stays apart, multiplied by an input: 0 while the story is read.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from .modeling import BLOCK, Quantized, bits_of, packed_codes, quantized

FILE_SIZE = 90_000_000
"""Maximum number of bytes of a file with weights."""
ADAPTER = "adapter.bin"
"""The file with the LoRA matrices."""
OPSET, RUNTIME_DOMAIN = 21, "com.microsoft"
_MAX_PLACES = 4096
_SHAPE = (
    "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size",
    "rms_norm_eps", "rope_parameters", "max_position_embeddings", "tie_word_embeddings", "eos_token_id", "pad_token_id",
)  # fmt: skip
"""What of the base's configuration is kept, to train the writer further (`modeling/dequantize.py`)."""
_EXTERNAL = 1024
"""Arrays of fewer bytes than this stay in the graph."""


def write_onnx(model: Any, tokenizer: Any, output: Path) -> None:
    """Writes `model.onnx`, `weights-N.bin`, `adapter.bin`, `tokenizer.json` and `config.json`.

    Args:
        model: A Qwen2 of transformers, or a PeftModel of one. Its linear layers need not be rounded yet.
        tokenizer: Its fast tokenizer.
        output: Folder of the part; made anew.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    graph = _Graph(output)
    config = model.config
    _qwen(graph, model, config)
    graph.save(config)
    tokenizer.backend_tokenizer.save(str(output / "tokenizer.json"))
    settings = {
        "end_id": tokenizer.eos_token_id,
        "vocabulary": config.vocab_size,
        "heads": config.num_key_value_heads,
        "width": config.hidden_size // config.num_attention_heads,
        "base": {name: value for name, value in config.to_dict().items() if name in _SHAPE},
    }
    (output / "config.json").write_text(json.dumps({"writer": settings}, indent=2) + "\n", "utf-8")


class _Graph:
    """Collects nodes and arrays; large arrays go to files at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._nodes: list[Any] = []
        self._arrays: list[Any] = []
        self._file = 0
        self._sizes: Counter[str] = Counter()

    def node(self, op: str, inputs: Sequence[str], count: int = 1, domain: str = "", **attributes: Any) -> Any:
        """Adds a node; returns the name of its output, or a list of names if `count` is not 1."""
        names = [f"{op}_{len(self._nodes)}" + (f"_{i}" if i else "") for i in range(count)]
        self._nodes.append(helper.make_node(op, list(inputs), names, domain=domain, **attributes))
        return names[0] if count == 1 else names

    def named(self, op: str, inputs: Sequence[str], name: str, **attributes: Any) -> None:
        """Adds a node whose output is one of the graph."""
        self._nodes.append(helper.make_node(op, list(inputs), [name], **attributes))

    def array(self, values: npt.NDArray[Any] | Sequence[int], name: str = "") -> str:
        """Adds a constant; returns its name. Lists are 64-bit integers."""
        data = np.ascontiguousarray(values if isinstance(values, np.ndarray) else np.array(values, np.int64))
        name = name or f"constant_{len(self._arrays)}"
        if data.nbytes < _EXTERNAL:
            self._arrays.append(onnx.numpy_helper.from_array(data, name))
            return name
        # LoRA has a file of its own: the others stay the same when the writer is trained further.
        adapter = name.endswith((".lora_A", ".lora_B"))
        place = ADAPTER if adapter else f"weights-{self._file}.bin"
        if not adapter and self._sizes[place] and self._sizes[place] + data.nbytes > FILE_SIZE:
            self._file += 1
            place = f"weights-{self._file}.bin"
        with (self._folder / place).open("ab") as file:
            file.write(data.tobytes())
        tensor = TensorProto(
            name=name, data_type=helper.np_dtype_to_tensor_dtype(data.dtype), data_location=TensorProto.EXTERNAL
        )
        tensor.dims.extend(data.shape)
        for key, value in (("location", place), ("offset", self._sizes[place]), ("length", data.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        self._arrays.append(tensor)
        self._sizes[place] += data.nbytes
        return name

    def half(self, values: Tensor, name: str) -> str:
        """Adds a constant that is stored in float16 and computed with in float32."""
        return self.float(self.array(values.detach().half().numpy(), name))

    def float(self, name: str) -> str:
        """Turns an array into float32."""
        return str(self.node("Cast", [name], to=TensorProto.FLOAT))

    def matrix(self, values: Quantized, name: str) -> tuple[str, str, str]:
        """Adds the codes, scales and zero points of a matrix; returns their names."""
        bits = values.bits
        return (
            self.array(packed_codes(values.codes, bits).numpy(), f"{name}.codes"),
            self.array(values.scales.numpy(), f"{name}.scales"),
            self.array(packed_codes(values.zeros, bits).numpy(), f"{name}.zeros"),
        )

    def save(self, config: Any) -> None:
        width, heads = config.hidden_size // config.num_attention_heads, config.num_key_value_heads

        def value(name: str, shape: Sequence[Any], kind: int = TensorProto.FLOAT) -> Any:
            return helper.make_tensor_value_info(name, kind, shape)

        inputs = [
            value("input_ids", ["tokens"], TensorProto.INT64),
            value("places", ["tokens"], TensorProto.INT64),
            value("seen", ["tokens", "all"]),
            value("adapted", [1]),
            value("asked", ["answers"], TensorProto.INT64),
        ]
        outputs = [value("logits", ["answers", config.vocab_size])]
        for i in range(config.num_hidden_layers):
            for kind in ("keys", "values"):
                inputs.append(value(f"past_{kind}_{i}", [heads, "past", width]))
                outputs.append(value(f"{kind}_{i}", [heads, "all", width]))
        graph = helper.make_graph(self._nodes, "writer", inputs, outputs, self._arrays)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME_DOMAIN, 1)]
        (self._folder / "model.onnx").write_bytes(
            helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
        )


def _qwen(graph: _Graph, model: Any, config: Any) -> None:
    """Adds the whole model: input_ids (tokens,) and the caches, to the logits of the tokens that are asked for."""
    inner = model.get_base_model().model if hasattr(model, "get_base_model") else model.model
    epsilon = config.rms_norm_eps
    table = quantized(inner.embed_tokens.weight, 8)
    embeddings = graph.matrix(table, "embed_tokens")
    x = _embedded(graph, embeddings, table.codes.shape[1])
    width = config.hidden_size // config.num_attention_heads
    with torch.no_grad():
        cosine, sine = inner.rotary_emb(torch.zeros(1), torch.arange(_MAX_PLACES)[None])
    rotation = [graph.array(one[0, :, : width // 2].float().numpy()) for one in (cosine, sine)]
    for i, layer in enumerate(inner.layers):
        name = f"layers.{i}"
        read = _norm(graph, x, layer.input_layernorm, f"{name}.input_layernorm", epsilon)
        x = graph.node("Add", [x, _attention(graph, layer.self_attn, f"{name}.self_attn", config, i, read, rotation)])
        read = _norm(graph, x, layer.post_attention_layernorm, f"{name}.post_attention_layernorm", epsilon)
        x = graph.node("Add", [x, _mlp(graph, layer.mlp, f"{name}.mlp", read)])
    x = graph.node("Gather", [x, "asked"], axis=0)
    logits = _product(graph, _norm(graph, x, inner.norm, "norm", epsilon), embeddings, table)
    graph.named("Identity", [logits], "logits")


def _embedded(graph: _Graph, table: Sequence[str], columns: int) -> str:
    codes, scales, zeros = (graph.float(graph.node("Gather", [one, "input_ids"], axis=0)) for one in table)
    rows = graph.node("Reshape", [codes, graph.array([-1, columns // BLOCK, BLOCK])])
    last = graph.array([-1])
    rows = graph.node("Sub", [rows, graph.node("Unsqueeze", [zeros, last])])
    rows = graph.node("Mul", [rows, graph.node("Unsqueeze", [scales, last])])
    return str(graph.node("Reshape", [rows, graph.array([-1, columns])]))


def _norm(graph: _Graph, x: str, norm: Any, name: str, epsilon: float) -> str:
    scale = graph.array(norm.weight.detach().float().numpy(), f"{name}.weight")
    return str(graph.node("SimplifiedLayerNormalization", [x, scale], axis=-1, epsilon=epsilon, stash_type=1))


def _attention(graph: _Graph, layer: Any, name: str, config: Any, number: int, x: str, rotation: Sequence[str]) -> str:
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    width = config.hidden_size // heads
    query, key, value = (_linear(graph, x, layer, name, one) for one in ("q_proj", "k_proj", "v_proj"))
    turned = []
    for one in (query, key):
        row = graph.node("Unsqueeze", [one, graph.array([0])])
        places = graph.node("Unsqueeze", ["places", graph.array([0])])
        turned.append(graph.node("RotaryEmbedding", [row, places, *rotation], domain=RUNTIME_DOMAIN))
    # Queries that share a key are rows of one product: shape (groups, heads / groups * tokens, width).
    query = graph.node("Reshape", [turned[0], graph.array([-1, groups, heads // groups, width])])
    query = graph.node("Transpose", [query], perm=[1, 2, 0, 3])
    query = graph.node("Reshape", [query, graph.array([groups, -1, width])])
    caches = []
    for kind, one in (("keys", turned[1]), ("values", value)):
        new = graph.node("Reshape", [one, graph.array([-1, groups, width])])
        new = graph.node("Transpose", [new], perm=[1, 0, 2])
        graph.named("Concat", [f"past_{kind}_{number}", new], f"{kind}_{number}", axis=1)
        caches.append(f"{kind}_{number}")
    query = graph.node("Mul", [query, graph.array(np.array(width**-0.5, np.float32))])
    scores = graph.node("MatMul", [query, graph.node("Transpose", [caches[0]], perm=[0, 2, 1])])
    tokens = graph.node("Concat", [graph.array([groups, heads // groups]), graph.node("Shape", ["seen"])], axis=0)
    scores = graph.node("Add", [graph.node("Reshape", [scores, tokens]), "seen"])
    shares = graph.node("Softmax", [scores], axis=-1)
    together = graph.node("Concat", [graph.array([groups, -1]), graph.node("Shape", ["seen"], start=1)], axis=0)
    found = graph.node("MatMul", [graph.node("Reshape", [shares, together]), caches[1]])
    found = graph.node("Reshape", [found, graph.array([groups, heads // groups, -1, width])])
    found = graph.node("Transpose", [found], perm=[2, 0, 1, 3])
    return _linear(graph, graph.node("Reshape", [found, graph.array([-1, heads * width])]), layer, name, "o_proj")


def _mlp(graph: _Graph, layer: Any, name: str, x: str) -> str:
    gate, up = (_linear(graph, x, layer, name, one) for one in ("gate_proj", "up_proj"))
    gate = graph.node("QuickGelu", [gate], domain=RUNTIME_DOMAIN, alpha=1.0)  # x * sigmoid(x)
    return _linear(graph, graph.node("Mul", [gate, up]), layer, name, "down_proj")


def _linear(graph: _Graph, x: str, block: Any, block_name: str, name: str) -> str:
    """Adds a linear layer of a block, with its bias and its LoRA if it has them."""
    layer = getattr(block, name)
    name = f"{block_name}.{name}"
    base = getattr(layer, "base_layer", layer)
    matrix = quantized(base.weight, bits_of(name))
    y = _product(graph, x, graph.matrix(matrix, name), matrix)
    if base.bias is not None:
        y = graph.node("Add", [y, graph.array(base.bias.detach().float().numpy(), f"{name}.bias")])
    if base is not layer:
        first = layer.lora_A["default"].weight
        second = layer.lora_B["default"].weight * layer.scaling["default"]
        low = graph.node("MatMul", [x, graph.half(first.T, f"{name}.lora_A")])
        low = graph.node("Mul", [low, "adapted"])
        y = graph.node("Add", [y, graph.node("MatMul", [low, graph.half(second.T, f"{name}.lora_B")])])
    return str(y)


def _product(graph: _Graph, x: str, names: Sequence[str], matrix: Quantized) -> str:
    """Adds the product of x, shape (tokens, columns), and a matrix of the shape (rows, columns), transposed."""
    codes, scales, zeros = names
    rows, columns = matrix.codes.shape
    shape = graph.array([rows, columns // BLOCK, BLOCK * matrix.bits // 8])
    given = [x, graph.node("Reshape", [codes, shape]), graph.float(scales), zeros]
    sizes = {"K": columns, "N": rows, "bits": matrix.bits, "block_size": BLOCK}
    return str(graph.node("MatMulNBits", given, domain=RUNTIME_DOMAIN, accuracy_level=4, **sizes))
