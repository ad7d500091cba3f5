"""Fine-tunes the extractor: `python -m training extractor --config training/configs/extractor.yaml`.

From the points of reference lists, it learns which sentences are their sources, which of these matter most, and which
belong together (`data/points.py`). The model and its loss are in `modeling/extractor_model.py`. Training has several
stages, each with the Trainer of transformers:
- head: only the head, on the vectors of the frozen encoder (minutes). An untrained head would damage the encoder while
  it learns that leads are important;
- auxiliary: encoder and head together, on other articles, if there are any;
- all_weights: encoder and head together, on the training articles;
- average: no training; the mean of up to three sets of weights: those after the last two stages and, if the base is a
  model of this project, those of the base (a model soup: Wortsman et al. 2022).
The stage with the best validation score is kept. To resume a killed run from its last checkpoint, run the same command
again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import PartialState
from safetensors.torch import load_file, save_file
from torch import nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, EvalPrediction, Trainer, TrainingArguments, set_seed

from eval.data import Example
from eval.measures import stands
from eval.metric import KeyPoints
from summarizer.points import Scored, bullet_of, group
from summarizer.summary import Length

from .arguments import PartArguments, is_first_process
from .data import PARTS, load
from .modeling import (
    ExtractorCollator,
    ExtractorDataset,
    ExtractorModel,
    Head,
    encoder_of,
    shipped_part,
)
from .packaging import finish, found_before_training
from .run import add_callbacks, claim_folder, train_or_resume, write_whole

Floats = npt.NDArray[np.float32]
STAGES = ("head", "auxiliary", "all_weights")
"""The stages that train."""
_SCORES = ("eval_rouge", "eval_source_f1", "eval_points_found")


@dataclass
class ExtractorArguments(PartArguments):
    """Arguments of `python -m training extractor`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/extractor", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={
            "help": "A BERT-like checkpoint (a Hub name or a folder), or a model of this project, such as "
            "base; its extractor is then fine-tuned further."
        },
    )
    auxiliary: str | None = field(
        default=None, metadata={"help": "More articles, for a stage before `train`; same formats as `train`."}
    )
    auxiliary_epochs: float = field(default=1.0, metadata={"help": "Epochs over `auxiliary`; all weights are trained."})
    head_epochs: float = field(default=6.0, metadata={"help": "Epochs of the head alone, with the encoder frozen."})
    head_learning_rate: float = field(default=1e-3, metadata={"help": "Learning rate while the encoder is frozen."})
    epochs: float = field(default=3.0, metadata={"help": "Epochs over `train`; all weights are trained."})
    learning_rate: float = field(default=5e-5, metadata={"help": "Learning rate of the encoder."})
    tuned_head_learning_rate: float = field(
        default=2e-4, metadata={"help": "Learning rate of the head, with all weights."}
    )
    max_sentences: int = field(default=60, metadata={"help": "Maximum sentences of a training article."})
    title_share: float = field(
        default=0.5, metadata={"help": "Share of the articles with a headline whose headline is read, 0 to 1."}
    )
    width: int = field(default=256, metadata={"help": "Width of the head."})
    heads: int = field(default=4, metadata={"help": "Attention heads of the head."})
    layers: int = field(default=2, metadata={"help": "Layers of the head."})
    dropout: float = field(default=0.2, metadata={"help": "Dropout in the head."})


def main(args: ExtractorArguments) -> None:
    """Trains, and writes to `args.output`: `encoder/` and `head.safetensors` (the best checkpoint), `model/` (ready for
    `Summarizer.from_pretrained`, with its card), `run.json` (data, settings and scores), and for each stage the
    Trainer's checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    claim_folder(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    model, tokenizer = _start(args)
    collator = ExtractorCollator(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()

    def prepared(examples: Sequence[Example]) -> ExtractorDataset:
        return ExtractorDataset(examples, backend, args.max_sentences, args.title_share, args.language)

    train, validation = prepared(data.train), ExtractorDataset(data.validation, backend, language=args.language)

    passes = (args.head_epochs, args.auxiliary_epochs if args.auxiliary else 0, args.epochs)
    stages = [stage for stage, count in zip(STAGES, passes, strict=True) if count > 0]
    whole = [stage for stage in stages if stage != "head"]
    start = [deepcopy(model.state_dict())] if shipped_part(args.base_model, "extractor") else []
    if len(whole) + len(start) > 1:
        stages.append("average")

    def fit(stage: str) -> Trainer:
        if stage == "head":
            return _train_head(model, train, validation, collator, args)
        if stage == "average":
            PartialState().wait_for_everyone()  # until the first process has written the files
            left = []
            for one in whole:
                model.load_state_dict(load_file(output / f"after_{one}.safetensors"))
                left.append(deepcopy(model.state_dict()))
            model.load_state_dict(_average(start + left))
            settings = _settings(args, output / stage, 0, args.batch_size, bf16=args.half)
            return _trainer(model, settings, train, validation, collator)
        articles, epochs = train, args.epochs
        if stage == "auxiliary":
            articles, epochs = prepared(data.auxiliary), args.auxiliary_epochs
        return _train_all_weights(model, articles, validation, collator, args, output / stage, epochs)

    record = _in_stages(model, fit, stages, output)
    if not is_first_process():
        return
    model.encoder.save_pretrained(output / "encoder")
    tokenizer.save_pretrained(output / "encoder")
    save_file(model.head.state_dict(), output / "head.safetensors")
    best = [about["validation"] for about in record.values() if about["kept"]][-1]
    about = {"heads": model.head.layers[0].heads, "stages": record, "validation": best}
    finish(args, "extractor", data, about, began)


def _average(states: Sequence[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """Returns the mean of several states of one model, weight by weight."""
    return {
        name: torch.stack([state[name].float() for state in states]).mean(0).to(value.dtype)
        for name, value in states[0].items()
    }


def _start(args: ExtractorArguments) -> tuple[ExtractorModel, Any]:
    """Returns the model before training, and its tokenizer: a checkpoint of transformers with a new head, or the
    extractor of a model of this project with its own head."""
    part = shipped_part(args.base_model, "extractor")
    if part:
        encoder, tokenizer = encoder_of(part)
        heads = json.loads((part / "config.json").read_text("utf-8"))["extractor"]["heads"]
        head = Head.of(load_file(part / "head.safetensors"), heads, args.dropout)
    else:
        tokenizer = AutoTokenizer.from_pretrained(args.base_model)
        if tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
            raise ValueError(
                f"{args.base_model} has no cls_token or no sep_token; the extractor needs a BERT-like base_model"
            )
        encoder = AutoModel.from_pretrained(args.base_model)
        head = Head(encoder.config.hidden_size, args.width, args.heads, args.layers, args.dropout)
    # On a CPU, dropout inside the encoder (its random numbers) takes four times as long as the arithmetic; that of the
    # head is enough.
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return ExtractorModel(encoder, head), tokenizer


def _in_stages(
    model: ExtractorModel, fit: Callable[[str], Trainer], stages: Sequence[str], output: Path
) -> dict[str, Any]:
    """Runs the stages, each from the weights of the one before, and skips those that an earlier run has finished. Then
    loads the weights of the stage with the best validation score; later stages are recorded as not kept."""
    notes = output / "stages.json"
    earlier = json.loads(notes.read_text("utf-8")) if notes.exists() else {}
    record: dict[str, Any] = {}
    for stage in stages:
        done = output / f"after_{stage}.safetensors"
        if stage in earlier and done.exists():
            model.load_state_dict(load_file(done))
            record[stage] = earlier[stage]
            continue
        earlier = {}  # later stages started from other weights
        trainer = fit(stage)
        scores = {k.removeprefix("eval_"): v for k, v in trainer.evaluate().items() if k.startswith(_SCORES)}
        for item in (*trainer.train_dataset.items, *trainer.eval_dataset.items):
            item.pop("vectors", None)  # outdated: the next stage trains the encoder
            item.pop("title", None)
        state = trainer.state
        record[stage] = {"steps": state.global_step, "best_step": state.best_global_step, "validation": scores}
        if is_first_process():
            save_file(model.state_dict(), done)
            write_whole(notes, json.dumps(record, indent=2) + "\n")
    best = max(record, key=lambda stage: record[stage]["validation"]["rouge_mean"])
    if is_first_process():
        model.load_state_dict(load_file(output / f"after_{best}.safetensors"))
    return {stage: about | {"kept": stages.index(stage) <= stages.index(best)} for stage, about in record.items()}


def _train_head(
    model: ExtractorModel,
    train: ExtractorDataset,
    validation: ExtractorDataset,
    collator: ExtractorCollator,
    args: ExtractorArguments,
) -> Trainer:
    """Trains only the head. The encoder reads every article once, and its vectors are stored."""
    for articles in (validation, train):
        _add_vectors(model, articles, collator, args)
    model.encoder.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.head.parameters(), args.head_learning_rate, weight_decay=0.01)
    settings = _settings(args, Path(args.output) / "head", args.head_epochs, 4 * args.batch_size, bf16=False)
    trainer = _trainer(model, settings, train, validation, collator, optimizer, args.patience)
    trainer.train()
    trainer.save_state()
    model.encoder.requires_grad_(True)
    return trainer


@torch.no_grad()
def _add_vectors(
    model: ExtractorModel, articles: ExtractorDataset, collator: ExtractorCollator, args: ExtractorArguments
) -> None:
    model.eval()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    for item in tqdm(articles.items, "vectors of the frozen encoder", file=sys.stderr, mininterval=5):
        batch = collator([item])
        read = [batch[name].to(device) for name in ("input_ids", "attention_mask", "owner", "mask")]
        with torch.autocast(device.type, torch.bfloat16, enabled=args.half):
            vectors, titles = model.vectors(*read)
        item["vectors"], item["title"] = vectors[0].cpu().numpy(), titles[0].cpu().numpy()


def _train_all_weights(
    model: ExtractorModel,
    train: ExtractorDataset,
    validation: ExtractorDataset,
    collator: ExtractorCollator,
    args: ExtractorArguments,
    output: Path,
    epochs: float,
) -> Trainer:
    """Trains all weights, from the last checkpoint in `output` if there is one, and loads the best checkpoint."""
    settings = _settings(args, output, epochs, args.batch_size, bf16=args.half)
    optimizer = torch.optim.AdamW([
        {"params": [p for p in model.encoder.parameters() if p.requires_grad], "lr": args.learning_rate},
        {"params": model.head.parameters(), "lr": args.tuned_head_learning_rate},
    ], weight_decay=0.01)  # fmt: skip
    trainer = _trainer(model, settings, train, validation, collator, optimizer, args.patience)
    train_or_resume(trainer, output)
    return trainer


class _Lists:
    """Metrics of the Trainer: compares the lists that the scores of the validation articles produce with the human
    lists. Measures ROUGE of the unchanged source sentences, and how far the source sentences are the same."""

    def __init__(self, articles: ExtractorDataset, model: ExtractorModel) -> None:
        self._articles, self._model = articles, model
        longer = sum("standard" in point.texts for points in articles.points for point in points)
        self._length: Length = "standard" if 2 * longer >= sum(map(len, articles.points)) else "brief"

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        near = self._model.head.near
        weights = torch.cat([near.weight[0], near.bias]).detach().float().cpu().numpy()
        written, wanted, measures = [], [], []
        for i, row in enumerate(zip(*prediction.predictions, strict=True)):
            sentences, points = self._articles.sentences[i], self._articles.points[i]
            logits, queries, keys, vectors = (part[: len(sentences)].astype(np.float32) for part in row)
            unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            groups = group(Scored(sentences, *logits.T, unit, queries, keys, weights), "auto", self._length)
            written.append([bullet_of([sentences[j].text for j in one.sentences]) for one in groups])
            wanted.append([point.texts.get(self._length) or next(iter(point.texts.values())) for point in points])
            measures.append(stands([set(one.sentences) for one in groups], [set(p.sources) for p in points]))
        found = KeyPoints(keep_in_memory=True).compute(predictions=written, references=wanted)
        scores = {name: found[name] for name in ("rouge1", "rouge2", "rougeLsum")}
        source_f1, points_found, _ = (float(np.mean(column)) for column in zip(*measures, strict=True))
        return scores | {
            "rouge_mean": float(np.mean(list(scores.values()))),
            "source_f1": source_f1,
            "points_found": points_found,
        }


def _settings(args: ExtractorArguments, output: Path, epochs: float, batch_size: int, bf16: bool) -> TrainingArguments:
    shared = args.for_trainer(output, batch_size) | {"bf16": bf16}
    return TrainingArguments(
        **shared,
        num_train_epochs=epochs,
        per_device_eval_batch_size=16,
        warmup_steps=0.1,
        metric_for_best_model="rouge_mean",
        remove_unused_columns=False,
        label_names=["labels"],
    )


def _trainer(
    model: ExtractorModel,
    settings: TrainingArguments,
    train: ExtractorDataset,
    validation: ExtractorDataset,
    collator: ExtractorCollator,
    optimizer: torch.optim.Optimizer | None = None,
    patience: int = 0,
) -> Trainer:
    trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collator,
        compute_metrics=_Lists(validation, model),
        optimizers=(optimizer, None),
    )
    return add_callbacks(trainer, patience)
