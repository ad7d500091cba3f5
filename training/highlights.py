"""Fine-tunes the part of a model that makes highlights: `python -m training highlights --config
training/configs/highlights.yaml`.

It learns how a newsroom writes its own lists: a head on the vectors of the model's extractor learns which sentences
their points stand on, and a T5 learns the points in the editors' own words. The other lengths do not change.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors.torch import load_file, save_file
from transformers import set_seed

from .arguments import is_first_process
from .data import PARTS, Data, load, pairs
from .extractor import train_head
from .modeling import (
    ExtractorCollator,
    ExtractorDataset,
    ExtractorModel,
    Head,
    Writer,
    encoder_of,
    rewriter_of,
    shipped_part,
)
from .packaging import finish, found_before_training
from .rewriter import T5Arguments, rouge, some, train_t5
from .run import claim_folder

TASK = "highlights"


@dataclass
class HighlightsArguments(T5Arguments):
    """Arguments of `python -m training highlights`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/highlights", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="base",
        metadata={
            "help": "A model of this project: its extractor reads the sentences, and its part for highlights, or "
            "without one its extractor's head and its rewriter, are fine-tuned."
        },
    )
    head_epochs: int = field(default=4, metadata={"help": "Epochs of the head over the articles."})
    max_sentences: int = field(default=60, metadata={"help": "Maximum sentences of a training article."})


def main(args: HighlightsArguments) -> None:
    """Trains, and writes to `args.output`: `head.safetensors`, `checkpoint/` (the T5, in the format of transformers),
    `model/` (ready for `Summarizer.from_pretrained`, with its card), `run.json` (data, settings and scores), and in
    `steps/` the Trainer's checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    claim_folder(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    extractor = shipped_part(args.base_model, "extractor")
    if not extractor:
        raise ValueError(f"{args.base_model} is no model of this project; base_model must be one, such as base")
    data = load(args, output)
    train = pairs(data.train, own_words=True)
    validation = some(pairs(data.validation, own_words=True), args)
    if not train or not validation:
        raise ValueError(
            f"{len(train)} pairs for training and {len(validation)} for validation: too few bullets can be traced to "
            "sentences of their article; more articles are needed"
        )
    heads = _train_head(args, extractor, data)
    part = shipped_part(args.base_model, TASK)
    assert part is not None
    trainer = train_t5(args, *rewriter_of(part, Writer), train, validation)
    if not is_first_process():
        return
    about = {
        "heads": heads,
        "pairs": {"train": len(train), "validation": len(validation)},
        "validation": rouge(output / "checkpoint", validation),
    }
    finish(args, TASK, data, about, trainer.state, began)


def _train_head(args: HighlightsArguments, extractor: Path, data: Data) -> int:
    """Trains the head, writes it to `head.safetensors`, and returns its number of attention heads."""
    encoder, tokenizer = encoder_of(extractor)
    settings = json.loads((extractor / "config.json").read_text("utf-8"))["extractor"]
    own = extractor.parent / TASK / "head.safetensors"
    start = load_file(own if own.is_file() else extractor / "head.safetensors")
    model = ExtractorModel(encoder, Head.of(start, settings["heads"]))
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    items = ExtractorDataset(data.train, backend, args.max_sentences, args.title_share, args.language).items
    collator = ExtractorCollator(tuple(settings["special_ids"]), tokenizer.pad_token_id)
    train_head(model, items, collator, args)
    if is_first_process():
        save_file(model.head.state_dict(), Path(args.output) / "head.safetensors")
    return int(settings["heads"])
