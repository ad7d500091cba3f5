"""Turns a run into a model folder: `python -m training export runs/extractor --output models/base`."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.converters import TransformersConverter
from safetensors.numpy import load_file, save_file
from transformers import AutoTokenizer

from summarizer.models import FORMAT
from summarizer.points import HIGHLIGHTS

from .modeling import shipped_part, write_shortlist
from .run import card, public

_LICENCE = re.compile(r"^licen[cs]e:\s*(\S+)", re.MULTILINE)
_OF_RUN = ("command", "seconds", "machine")


@dataclass
class ExportArguments:
    """Arguments of `python -m training export RUN`."""

    run: str = field(metadata={"help": "Folder of a finished run; the flag itself may be left out."})
    output: str = field(metadata={"help": "The model folder to write; files of an earlier export are replaced."})
    name: str = field(default="", metadata={"help": "Name of the model. Default: that of the folder."})
    base: str = field(
        default="", metadata={"help": "Name of the base checkpoint, for the card. Default: from the run."}
    )
    base_licence: str = field(
        default="", metadata={"help": "Licence of the base, for the card. Default: from the card of the base."}
    )
    languages: str = field(
        default="en", metadata={"help": "Languages of the training articles: codes, separated by commas."}
    )
    data_description: str = field(default="", metadata={"help": "A sentence about the training data, for the card."})
    quantization: str = field(
        default="int8", metadata={"help": "Type of the weights: int8, int16, float16 or float32."}
    )


def export(args: ExportArguments) -> None:
    """Writes the folder. `python -m eval --card` adds the scores to the card.

    Raises:
        FileNotFoundError: The run is not finished.
    """
    run, output = Path(args.run), Path(args.output)
    if not (run / "run.json").is_file():
        raise FileNotFoundError(f"{run / 'run.json'} is missing: the run is not finished, or {run} is not a run")
    record = json.loads((run / "run.json").read_text("utf-8"))
    task = record["task"]
    earlier = output / "config.json"
    config = json.loads(earlier.read_text("utf-8")) if earlier.is_file() else {}
    old = [part for part in ("rewriter", "verifier", "highlights") if part in config and part != task]
    if old and config.get("format") != FORMAT:
        raise ValueError(
            f"{output} has a {' and a '.join(old)} of format {config.get('format')}, which cannot work beside a part "
            f"of format {FORMAT}; export into a copy of models/base, or into a new folder"
        )
    output.mkdir(parents=True, exist_ok=True)
    exporters = {
        "extractor": _extractor,
        "rewriter": _rewriter,
        "verifier": _verifier,
        "highlights": _highlights,
    }
    exporters[task](run, output / task, record, args.quantization)

    languages = [code.strip() for code in args.languages.split(",")]
    config |= {"format": FORMAT, "name": args.name or output.name, "languages": languages}
    config[task] = provenance(record, args)
    _write(output / "config.json", config)
    (output / "README.md").write_text(card(config), "utf-8")
    files = sorted(p for p in output.rglob("*") if p.is_file() and p.suffix != ".md" and p.name != "checksums.json")
    for path in files:  # safetensors writes files that only their owner can read
        path.chmod(0o644)
    sums = {str(p.relative_to(output)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    _write(output / "checksums.json", sums)
    size = sum(p.stat().st_size for p in files) / 1e6
    print(f"{output}: {len(files)} files, {size:.1f} MB", file=sys.stderr)


def _extractor(run: Path, part: Path, record: dict[str, Any], quantization: str) -> None:
    _encoder(run / "encoder", part, quantization)
    _head(run, part)
    encoder = json.loads((part / "config.json").read_text("utf-8"))
    encoder["extractor"] = {name: record[name] for name in ("heads", "special_ids")}
    _write(part / "config.json", encoder)


def _rewriter(run: Path, part: Path, record: dict[str, Any], quantization: str) -> None:
    convert(run / "checkpoint", part, quantization)
    write_shortlist(part)


def _highlights(run: Path, part: Path, record: dict[str, Any], quantization: str) -> None:
    part.mkdir(parents=True, exist_ok=True)
    _head(run, part)


def _head(run: Path, part: Path) -> None:
    head = {name: value.astype(np.float16) for name, value in load_file(run / "head.safetensors").items()}
    save_file(head, part / "head.safetensors")


def _verifier(run: Path, part: Path, record: dict[str, Any], quantization: str) -> None:
    _encoder(run / "encoder", part, quantization)
    save_file(load_file(run / "head.safetensors"), part / "head.safetensors")
    config = json.loads((part / "config.json").read_text("utf-8"))
    about = {"calibration": record["calibration"], "threshold": record["arguments"]["threshold"]}
    _write(part / "config.json", config | {"verifier": about})


def _encoder(checkpoint: Path, part: Path, quantization: str) -> None:
    """Converts an encoder, and copies its tokenizer."""
    _with_position_type(checkpoint / "config.json")
    TransformersConverter(str(checkpoint)).convert(str(part), quantization=quantization, force=True)
    shutil.copy(checkpoint / "tokenizer.json", part / "tokenizer.json")


def convert(checkpoint: Path, part: Path, quantization: str) -> None:
    """Converts a checkpoint to CTranslate2's format, which the library's `Rewriter` reads."""
    _Converter(str(checkpoint)).convert(str(part), quantization=quantization, force=True)
    config = json.loads((part / "config.json").read_text("utf-8"))
    end = AutoTokenizer.from_pretrained(checkpoint).eos_token
    # CTranslate2 cannot read null for a missing token.
    _write(
        part / "config.json",
        {name: end if value is None and name.endswith("_token") else value for name, value in config.items()},
    )
    shutil.copy(checkpoint / "tokenizer.json", part / "tokenizer.json")


class _Converter(TransformersConverter):  # type: ignore[misc]
    """CTranslate2's converter, corrected: it scales the logits of a T5 with tied embeddings, but transformers 5 calls
    the embeddings of every T5 tied."""

    def load_model(self, model_class: Any, resolved_path: str, **kwargs: Any) -> Any:
        model = super().load_model(model_class, resolved_path, **kwargs)
        tied = model.get_output_embeddings().weight is model.get_input_embeddings().weight
        model.config.tie_word_embeddings = tied
        return model


def _with_position_type(path: Path) -> None:
    """Adds an attribute that CTranslate2's BERT converter needs and transformers 5 no longer writes."""
    config = json.loads(path.read_text("utf-8"))
    _write(path, {"position_embedding_type": "absolute"} | config)


def provenance(record: dict[str, Any], args: ExportArguments) -> dict[str, Any]:
    """Returns the data, settings and scores of a part, without local paths."""
    arguments = record["arguments"]
    shipped = _shipped(arguments["base_model"], record["task"])
    only_head = record["task"] == HIGHLIGHTS
    free = {
        "train",
        "validation",
        "auxiliary",
        "judged",
        "references",
        "test",
        "output",
        "base_model",
        "resume",
        "push_to_hub",
        "measured",
    }
    free |= {"compare_with", "parts_from", "languages"}
    if shipped:  # the base's are used
        free |= {"width", "heads", "layers", "head_articles", "head_epochs", "vocabulary"}
    free |= {"learning_rate", "head_of"} if only_head else set()
    free |= set() if arguments.get("judged") else {"preference"}
    return {
        "base": args.base or public(arguments["base_model"]),
        "base_licence": args.base_licence or shipped or _licence(arguments["base_model"]),
        "data": {name: {"file": public(arguments[name]), **about} for name, about in record["data"].items()},
        "data_description": args.data_description,
        "recipe": {name: value for name, value in arguments.items() if name not in free and value is not None},
        **{
            name: record[name]
            for name in (
                *_OF_RUN,
                "calibration",
                "heads",
                "pairs",
                "points",
                "steps",
                "best_step",
                "averaged_with_base",
                "validation",
            )
            if name in record
        },
        "quantization": "float16" if only_head else args.quantization,
    }


def _shipped(base: str, task: str) -> str:
    """Returns the base and licence of a part of a model of this project; "" for another base."""
    part = shipped_part(base, "extractor" if task == HIGHLIGHTS else task)
    if not part:
        return ""
    made = json.loads((part.parent / "config.json").read_text("utf-8"))[part.name]
    return f"from {made['base']}: {made['base_licence']}"


def _licence(base: str) -> str:
    """Returns the licence of a checkpoint, as named in its card."""
    readme = Path(base) / "README.md"
    named = _LICENCE.search(readme.read_text("utf-8")) if readme.is_file() else None
    return named[1] if named else "see the base checkpoint"


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
