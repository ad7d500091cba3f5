"""Exports a writer: int4 weights in ONNX, which `summarizer.points.Writer` runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import onnx
from onnx.external_data_helper import ExternalDataInfo
from transformers import AutoConfig, AutoTokenizer

FREQUENT = 4000
"""Number of tokens that may be written in every text: the first of the vocabulary, which is ordered by frequency. All
others must be in the story."""
_FILE_BYTES = 90_000_000
"""Maximum size of a file of weights."""
_OPTIONS = ("algo_config=k_quant", "prune_lm_head=true", "block_size=32")


def write_onnx(checkpoint: Path, part: Path) -> None:
    """Writes a causal checkpoint of transformers as `model.onnx`, files of weights of at most 90 MB, `tokenizer.json`
    and `config.json`.

    Raises:
        RuntimeError: The builder of onnxruntime-genai failed.
    """
    part.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        made = Path(folder) / "model"
        command = [sys.executable, "-m", "onnxruntime_genai.models.builder", "-m", str(checkpoint), "-o", str(made)]
        command += ["-p", "int4", "-e", "cpu", "-c", folder, "--extra_options", *_OPTIONS]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"the export to ONNX failed: {done.stderr.strip().splitlines()[-1]}")
        _split(made, part)
    shutil.copy(checkpoint / "tokenizer.json", part / "tokenizer.json")
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    config = AutoConfig.from_pretrained(checkpoint)
    about = {
        "end_id": tokenizer.eos_token_id,
        "frequent": min(FREQUENT, len(tokenizer)),
        "heads": config.num_key_value_heads,  # of the cache, as its width
        "width": getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads,
    }
    (part / "config.json").write_text(json.dumps({"writer": about}, indent=2) + "\n", "utf-8")


def _split(made: Path, part: Path) -> None:
    """Copies a model, its weights in several files."""
    model = onnx.load(made / "model.onnx", load_external_data=False)
    number = size = 0
    for old in part.glob("weights-*.bin"):
        old.unlink()
    for tensor in model.graph.initializer:
        if tensor.data_location != onnx.TensorProto.EXTERNAL:
            continue
        info = ExternalDataInfo(tensor)
        with (made / info.location).open("rb") as file:
            file.seek(info.offset or 0)
            data = file.read(info.length)
        if size and size + len(data) > _FILE_BYTES:
            number, size = number + 1, 0
        name = f"weights-{number}.bin"
        with (part / name).open("ab") as file:
            file.write(data)
        del tensor.external_data[:]
        for key, value in (("location", name), ("offset", str(size)), ("length", str(len(data)))):
            tensor.external_data.add(key=key, value=value)
        size += len(data)
    onnx.save_model(model, part / "model.onnx")
