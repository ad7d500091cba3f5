"""Fine-tunes the extractor: `python -m training extractor --config training/configs/extractor.yaml`.

From the points of reference lists, it learns which sentences are their sources, which of these matter most, and which
belong together (`data/points.py`). The model and its loss are in `modeling/extractor_model.py`. A new head is first
trained alone, then encoder and head together in one run of transformers' Trainer. A model that was fine-tuned from a
model of this project is averaged with it, weight by weight, if that scores better (a model soup: Wortsman et al. 2022).
To resume a killed run from its last checkpoint, run the same command again.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tqdm import tqdm
from transformers import (
    AutoModel,
    AutoTokenizer,
    EvalPrediction,
    Trainer,
    get_linear_schedule_with_warmup,
    set_seed,
)

from eval.measures import stands
from eval.metric import KeyPoints
from summarizer.points import HIGHLIGHTS, Scored, bullet_of, group
from summarizer.summary import Length

from .arguments import PartArguments, is_first_process
from .data import PARTS, load
from .modeling import (
    ExtractorCollator,
    ExtractorDataset,
    ExtractorModel,
    Head,
    encoder_of,
    make_fast,
    shipped_part,
)
from .packaging import finish, found_before_training
from .run import claim_folder, trained

HEAD_BATCH, HEAD_RATE = 32, 1e-3
"""Batch size and learning rate while a new head is trained alone."""
_SCORES = ("eval_rouge", "eval_source_f1", "eval_points_found")


@dataclass
class ExtractorArguments(PartArguments):
    """Arguments of `python -m training extractor`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/extractor", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={
            "help": "A BERT-like checkpoint (a Hub name or a folder), or a model of this project, such as base; its "
            "extractor is then fine-tuned further."
        },
    )
    auxiliary: str | None = field(
        default=None, metadata={"help": "More articles to train on, beside `train`; same formats."}
    )
    head_of: str | None = field(
        default=None,
        metadata={
            "help": "highlights: train only the head that chooses the points of this length; the other lengths do not "
            "change. Default: train the extractor, with the head of the other lengths."
        },
    )
    head_articles: int = field(
        default=1000, metadata={"help": "Number of articles that a new head is first trained on, alone."}
    )
    head_epochs: int = field(default=10, metadata={"help": "Epochs of a new head over these articles."})
    epochs: float = field(default=2.0, metadata={"help": "Epochs over all articles, in which all weights are trained."})
    learning_rate: float = field(default=1e-4, metadata={"help": "Learning rate of the encoder."})
    head_learning_rate: float = field(default=3e-4, metadata={"help": "Learning rate of the head, in these epochs."})
    max_sentences: int = field(default=60, metadata={"help": "Maximum sentences of a training article."})
    title_share: float = field(
        default=0.5, metadata={"help": "Share of the articles with a headline whose headline is read, 0 to 1."}
    )
    width: int = field(default=256, metadata={"help": "Width of the head."})
    heads: int = field(default=4, metadata={"help": "Attention heads of the head."})
    layers: int = field(default=2, metadata={"help": "Layers of the head."})
    dropout: float = field(default=0.2, metadata={"help": "Dropout in the head."})


def main(args: ExtractorArguments) -> None:
    """Trains, and writes to `args.output`: `head.safetensors` and, unless only a head is trained, `encoder/` (the best
    weights), `model/` (ready for `Summarizer.from_pretrained`, with its card), `run.json` (data, settings and scores),
    and in `steps/` the Trainer's checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    if args.head_of not in (None, HIGHLIGHTS):
        raise ValueError(f"head_of must be {HIGHLIGHTS} or left out, not {args.head_of!r}")
    claim_folder(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    model, tokenizer, shipped = _base(args)
    start = _weights(model) if shipped else None
    special_ids = (tokenizer.cls_token_id, tokenizer.sep_token_id)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    train = ExtractorDataset(
        [*data.train, *data.auxiliary], backend, args.max_sentences, args.title_share, args.language
    )
    validation = ExtractorDataset(data.validation, backend, language=args.language)
    collator = ExtractorCollator(special_ids, tokenizer.pad_token_id)
    if args.head_of:
        model.encoder.requires_grad_(False)
        train.items, validation.items = (_read(model, part.items, collator, args.half) for part in (train, validation))
    elif start is None:
        _train_head(model, train.items[: args.head_articles], collator, args)
    optimizer = torch.optim.AdamW(
        [
            {"params": model.encoder.parameters(), "lr": args.learning_rate},
            {"params": model.head.parameters(), "lr": args.head_learning_rate},
        ],
        weight_decay=0.01,
    )
    lists = _Lists(validation, model, HIGHLIGHTS if args.head_of else None)
    trainer = trained(
        args, output / "steps", model, train.items, validation.items, collator,
        metric="rouge_mean", warmup=0.1, compute_metrics=lists, optimizers=(optimizer, None),
    )  # fmt: skip
    scores, averaged = _best(trainer, start)
    if not is_first_process():
        return
    if not args.head_of:
        model.encoder.save_pretrained(output / "encoder")
        tokenizer.save_pretrained(output / "encoder")
    save_file(model.head.state_dict(), output / "head.safetensors")
    about = {
        "heads": model.head.layers[0].heads,
        "special_ids": special_ids,
        "averaged_with_base": averaged,
        "validation": scores,
    }
    finish(args, args.head_of or "extractor", data, about, trainer.state, began)


def _base(args: ExtractorArguments) -> tuple[ExtractorModel, Any, bool]:
    """Returns the model to train and its tokenizer: a checkpoint of transformers with a new head, or the extractor of a
    model of this project, and then True."""
    part = shipped_part(args.base_model, "extractor")
    if part:
        encoder, tokenizer = encoder_of(part)
        settings = json.loads((part / "config.json").read_text("utf-8"))["extractor"]
        heads = [part.parent / args.head_of / "head.safetensors"] if args.head_of else []
        start = next(path for path in (*heads, part / "head.safetensors") if path.is_file())
        head = Head.of(load_file(start), settings["heads"], args.dropout)
    elif args.head_of:
        raise ValueError(f"{args.base_model} is no model of this project; for head_of, base_model must be one")
    else:
        tokenizer = AutoTokenizer.from_pretrained(args.base_model)
        encoder = AutoModel.from_pretrained(args.base_model, dtype=torch.float32)
        head = Head(encoder.config.hidden_size, args.width, args.heads, args.layers, args.dropout)
    if None in (tokenizer.cls_token_id, tokenizer.sep_token_id):
        raise ValueError(
            f"{args.base_model} has no cls_token or no sep_token; the extractor needs a BERT-like base_model"
        )
    make_fast(encoder)
    return ExtractorModel(encoder, head), tokenizer, part is not None


def _read(
    model: ExtractorModel, items: Sequence[dict[str, Any]], collator: ExtractorCollator, half: bool
) -> list[dict[str, Any]]:
    """Returns the items with the vectors of their sentences and headline, which the encoder computes once, in bfloat16
    if `half` is true."""
    device = _device()
    model.to(device).eval()
    read = []
    for item in tqdm(items, "vectors", file=sys.stderr, mininterval=5):
        batch = collator([item])
        inputs = [batch[name].to(device) for name in ("input_ids", "attention_mask", "owner", "mask")]
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=half):
            vectors, titles = model.vectors(*inputs)
        read.append({**item, "vectors": vectors[0].cpu().numpy(), "title": titles[0].cpu().numpy()})
    model.train()
    return read


def _device() -> torch.device:
    return (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        if torch.cuda.is_available()
        else torch.device("cpu")
    )


def _train_head(
    model: ExtractorModel, items: Sequence[dict[str, Any]], collator: ExtractorCollator, args: ExtractorArguments
) -> None:
    """Trains a new head alone, on the vectors of the encoder as it is. With an untrained head the first steps would
    damage the encoder, and the head learns a few articles often faster than many once."""
    done = Path(args.output) / "head_start.safetensors"
    if done.exists():
        model.head.load_state_dict(load_file(done))
        return
    device, read = _device(), _read(model, items, collator, args.half)
    draw = np.random.default_rng(args.seed)
    batches = [
        order[at : at + HEAD_BATCH]
        for order in (draw.permutation(len(read)) for _ in range(args.head_epochs))
        for at in range(0, len(read), HEAD_BATCH)
    ]
    optimizer = torch.optim.AdamW(model.head.parameters(), HEAD_RATE, weight_decay=0.01)
    schedule = get_linear_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))
    for rows in tqdm(batches, "head", file=sys.stderr, mininterval=5):
        batch = {name: value.to(device) for name, value in collator([read[i] for i in rows]).items()}
        model(**batch)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    if is_first_process():
        save_file(model.head.state_dict(), done)


def _weights(model: ExtractorModel) -> dict[str, torch.Tensor]:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _best(trainer: Trainer, start: dict[str, torch.Tensor] | None) -> tuple[dict[str, float], bool]:
    """Returns the validation scores of the trained model, and False; or those of its mean with the weights `start`, if
    they are better, and True. The model is left with these weights."""
    scores = _scores(trainer)
    if start is None:
        return scores, False
    model = trainer.model
    trained = _weights(model)
    model.load_state_dict({name: (value + trained[name]) / 2 for name, value in start.items()})
    of_mean = _scores(trainer)
    if of_mean["rouge_mean"] > scores["rouge_mean"]:
        return of_mean, True
    model.load_state_dict(trained)
    return scores, False


def _scores(trainer: Trainer) -> dict[str, float]:
    return {k.removeprefix("eval_"): v for k, v in trainer.evaluate().items() if k.startswith(_SCORES)}


class _Lists:
    """Metrics of the Trainer: compares the lists that the scores of the validation articles produce with the reference
    lists. Measures ROUGE of the unchanged source sentences, and how far the source sentences are the same."""

    def __init__(self, articles: ExtractorDataset, model: ExtractorModel, length: Length | None = None) -> None:
        self._articles, self._model = articles, model
        longer = sum("standard" in point.texts for points in articles.points for point in points)
        usual: Length = "standard" if 2 * longer >= sum(map(len, articles.points)) else "brief"
        self._length = length or usual

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        near = self._model.head.near
        weights = torch.cat([near.weight[0], near.bias]).detach().float().cpu().numpy()
        written, wanted, measures = [], [], []
        for i, row in enumerate(zip(*prediction.predictions, strict=True)):
            sentences, points = self._articles.sentences[i], self._articles.points[i]
            logits, queries, keys, vectors = (part[: len(sentences)].astype(np.float32) for part in row)
            unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            groups = group(Scored(sentences, *logits.T, unit, queries, keys, weights), "auto", self._length)
            written.append([bullet_of([sentences[j].text for j in point.chosen]) for point in groups])
            wanted.append([point.texts.get(self._length) or next(iter(point.texts.values())) for point in points])
            measures.append(stands([set(point.chosen) for point in groups], [set(p.sources) for p in points]))
        found = KeyPoints(keep_in_memory=True).compute(predictions=written, references=wanted)
        scores = {name: found[name] for name in ("rouge1", "rouge2", "rougeLsum")}
        source_f1, points_found = (float(np.mean(column)) for column in zip(*measures, strict=True))
        return scores | {
            "rouge_mean": float(np.mean(list(scores.values()))),
            "source_f1": source_f1,
            "points_found": points_found,
        }
