"""Fine-tunes the writer: `python -m training writer --config training/configs/writer.yaml`.

The writer makes the sentence that a point stands on understandable without its context, in two lengths, with as little
change as possible. It copies from the story (`modeling/pointer_writer.py`). To resume a killed run from its last
checkpoint, run the same command again.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn
from transformers import AutoModel, AutoTokenizer, Trainer, TrainingArguments, set_seed

from eval.data import fingerprint

from .arguments import RunArguments, is_first_process
from .data import StandaloneArticle, shuffled, standalone
from .modeling import PointerCollator, PointerWriter, encoder_of, new_tokens, pointer_item, shipped_part
from .run import GroupedByLength, add_callbacks, claim_folder, command, machine, train_or_resume, write_whole


@dataclass
class WriterArguments(RunArguments):
    """Arguments of `python -m training writer`; each is a flag and a key of the YAML file."""

    train: str = field(
        default="runs/standalone.jsonl.gz",
        metadata={"help": "Articles with points that stand alone, JSONL (.gz); several files separated by commas."},
    )
    validation: str | None = field(
        default=None,
        metadata={"help": "The same, to select the checkpoint. Default: some articles of `train` are held out."},
    )
    output: str = field(default="runs/writer", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={
            "help": "The encoder: any BERT-like checkpoint (a Hub name or a folder), or a model of this project, such "
            "as base, whose extractor's encoder is taken."
        },
    )
    vocabulary: int = field(
        default=3000, metadata={"help": "Number of tokens that can be written without being copied."}
    )
    width: int = field(default=384, metadata={"help": "Width of the decoder; a multiple of 64."})
    layers: int = field(default=2, metadata={"help": "Number of layers of the decoder."})
    epochs: float = field(default=3.0, metadata={"help": "Epochs over the articles."})
    learning_rate: float = field(default=1e-4, metadata={"help": "Peak learning rate of the encoder."})
    decoder_learning_rate: float = field(default=6e-4, metadata={"help": "Peak learning rate of the decoder."})
    batch_size: int = field(default=8, metadata={"help": "Articles per step, over all processes."})
    held_out: int = field(default=60, metadata={"help": "Maximum number of articles that select the checkpoint."})

    def __post_init__(self) -> None:
        """Raises ValueError if the width is no multiple of 64, the width of a head."""
        super().__post_init__()
        if self.width % 64 or self.width <= 0:
            raise ValueError(f"width {self.width} is not a multiple of 64")


def main(args: WriterArguments) -> None:
    """Trains, and writes to `args.output`: `encoder/` and `head.safetensors` (the best checkpoint), `run.json` (data,
    settings and scores), and in `steps/` the Trainer's checkpoints, `metrics.jsonl` and `run.png`."""
    output = Path(args.output)
    sources = {name: value for name in ("train", "validation") if (value := getattr(args, name))}
    notes = asdict(args) | {name: " ".join(map(fingerprint, value.split(","))) for name, value in sources.items()}
    claim_folder(output, notes, (), args.resume)
    began = time.time()
    set_seed(args.seed)
    train, validation = divided_articles(args)
    train = train[: args.limit]
    encoder, tokenizer = _encoder(args.base_model)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    learnt, held = (
        [item for one in part if (item := pointer_item(one, backend))["texts"]] for part in (train, validation)
    )
    if not learnt or not held:
        raise ValueError(f"{len(learnt)} articles for training and {len(held)} for validation: more are needed")
    pieces = new_tokens(learnt, args.vocabulary, tokenizer.all_special_ids)
    vocabulary = list(pieces)
    model = PointerWriter(encoder, vocabulary, args.width, args.layers)
    trainer = _Trainer(
        model=model,
        args=_settings(args, output / "steps"),
        train_dataset=learnt,
        eval_dataset=held,
        data_collator=PointerCollator(tokenizer.cls_token_id, tokenizer.sep_token_id, vocabulary),
        processing_class=tokenizer,
        optimizers=(_optimizer(model, args), None),
    )
    add_callbacks(trainer, output / "steps", "loss", args.patience)
    train_or_resume(trainer, output / "steps")
    if not is_first_process():
        return
    model.encoder.save_pretrained(output / "encoder")
    tokenizer.save_pretrained(output / "encoder")
    head = {name: value.contiguous() for name, value in model.state_dict().items() if not name.startswith("encoder.")}
    save_file(head, output / "head.safetensors")
    about = {
        "task": "writer",
        "command": command(args, "writer"),
        "arguments": asdict(args),
        "data": {
            name: {"fingerprint": notes[name], "articles": len(part)}
            for name, part in (("train", learnt), ("validation", held))
            if name in sources
        },
        "pairs": {"train": sum(len(item["texts"]) for item in learnt)},
        "heads": model.heads,
        "pieces": list(pieces.values()),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "validation": {"loss": trainer.state.best_metric},
        "seconds": round(time.time() - began),
        "machine": machine(),
    }
    write_whole(output / "run.json", json.dumps(about, indent=2) + "\n")


def divided_articles(args: WriterArguments) -> tuple[list[StandaloneArticle], list[StandaloneArticle]]:
    """Returns the articles for training and those that select the checkpoint."""
    train = shuffled(standalone(args.train, args.language), args.seed)
    if args.validation:
        return train, standalone(args.validation, args.language)[: args.held_out]
    return train[args.held_out :], train[: args.held_out]


def _encoder(name: str) -> tuple[Any, Any]:
    """Returns the encoder, without dropout, and its tokenizer."""
    part = shipped_part(name, "extractor")
    encoder, tokenizer = (
        encoder_of(part) if part else (AutoModel.from_pretrained(name), AutoTokenizer.from_pretrained(name))
    )
    for module in encoder.modules():  # on a CPU, dropout's random numbers take longer than the arithmetic
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return encoder.train(), tokenizer


def _optimizer(model: PointerWriter, args: WriterArguments) -> torch.optim.Optimizer:
    read = list(model.encoder.parameters())
    known = set(map(id, read))
    written = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [{"params": read, "lr": args.learning_rate}, {"params": written, "lr": args.decoder_learning_rate}]
    return torch.optim.AdamW(groups, weight_decay=0.01, betas=(0.9, 0.98))


def _settings(args: WriterArguments, output: Path) -> TrainingArguments:
    shared = args.for_trainer(output) | {"greater_is_better": False}
    return TrainingArguments(
        **shared,
        num_train_epochs=args.epochs,
        learning_rate=args.learning_rate,
        per_device_eval_batch_size=args.batch_size,
        prediction_loss_only=True,
        remove_unused_columns=False,
        warmup_steps=0.03,
        metric_for_best_model="loss",
        label_names=["labels"],
    )


class _Trainer(GroupedByLength, Trainer):
    pass
