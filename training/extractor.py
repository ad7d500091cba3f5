"""Fine-tunes the extractor: `python -m training extractor --config training/configs/extractor.yaml`.

In stages, each in transformers' Trainer:
- head: the head alone, on the vectors of the frozen encoder (minutes), because a head that starts from nothing spoils
  the encoder while it learns that leads are important;
- auxiliary, if there are such articles, and everything: encoder and head together, on sentences and on what whole lists
  score (minimum risk training).
A run that was killed goes on from its last checkpoint when the same command is given again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, EvalPrediction, Trainer, TrainingArguments, set_seed

from eval.data import Example
from eval.metric import KeyPoints
from summarizer.points.extractor import Scored
from summarizer.selection import select
from summarizer.tidy import bullet_of

from .arguments import PartArguments, is_first_process
from .articles import Articles, Collator
from .data import PARTS, load
from .finish import finish, found_before_training
from .modeling import ExtractorModel, Head
from .record import watch
from .resume import begin, go_on, write_whole
from .shipped import encoder_of, shipped_part

Floats = npt.NDArray[np.float32]
STAGES = ("head", "auxiliary", "everything")


@dataclass
class ExtractorArguments(PartArguments):
    """What `python -m training extractor` is told; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/extractor", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={
            "help": "Any BERT-like checkpoint: a Hub name or a folder; or a model of this project, such as base, whose "
            "extractor is then trained on."
        },
    )
    auxiliary: str | None = field(
        default=None, metadata={"help": "More articles, for a first stage before `train`; forms as there."}
    )
    auxiliary_epochs: float = field(default=1.0, metadata={"help": "Passes over `auxiliary` with everything trained."})
    head_epochs: float = field(default=6.0, metadata={"help": "Passes of the head alone, over the frozen encoder."})
    head_learning_rate: float = field(default=1e-3, metadata={"help": "Its learning rate."})
    epochs: float = field(default=3.0, metadata={"help": "Passes with everything trained."})
    learning_rate: float = field(default=5e-5, metadata={"help": "The encoder's learning rate."})
    tuned_head_learning_rate: float = field(default=2e-4, metadata={"help": "The head's, while everything is trained."})
    max_sentences: int = field(default=40, metadata={"help": "Sentences of an article that training reads."})
    main_bullets: int = field(default=3, metadata={"help": "Bullets of a human list that count, from its top."})
    risk_weight: float = field(
        default=50.0, metadata={"help": "Weight of what whole lists score; 0 for sentences alone."}
    )
    oracle_share: float = field(default=0.5, metadata={"help": "Weight of the greedy oracle in the labels, 0 to 1."})
    label_temperature: float = field(default=5.0, metadata={"help": "Sharpness of the labels' softmax."})
    width: int = field(default=256, metadata={"help": "Width of the head."})
    heads: int = field(default=4, metadata={"help": "Attention heads of the head."})
    layers: int = field(default=2, metadata={"help": "Layers of the head."})
    dropout: float = field(default=0.2, metadata={"help": "Dropout in the head."})


def main(args: ExtractorArguments) -> None:
    """Trains, and leaves in `args.output`: `encoder/` and `head.safetensors` (the best checkpoint's), `model/` (ready
    for `Summarizer.from_pretrained`, with its card), `run.json` (what it was made from and what it scored), and for
    each stage the Trainer's checkpoints, `metrics.jsonl` and `run.png`."""
    output = Path(args.output)
    begin(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    model, tokenizer = _start(args)
    collator = Collator(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()

    def prepared(examples: Sequence[Example], most: int | None = args.max_sentences) -> Articles:
        lists = bool(args.risk_weight)
        return Articles(examples, backend, args.main_bullets, args.oracle_share, most, lists, args.language)

    train, validation = prepared(data.train), prepared(data.validation, None)

    def fit(stage: str) -> Trainer:
        if stage == "head":
            return _train_head(model, train, validation, collator, args)
        articles, epochs = train, args.epochs
        if stage == "auxiliary":
            articles, epochs = prepared(data.auxiliary), args.auxiliary_epochs
        return _train_everything(model, articles, validation, collator, args, output / stage, epochs)

    epochs = (args.head_epochs, args.auxiliary_epochs if args.auxiliary else 0, args.epochs)
    record = _in_stages(model, fit, [s for s, e in zip(STAGES, epochs, strict=True) if e > 0], output)
    if not is_first_process():
        return
    scores = _scores(model, validation, collator, args)
    wanted = np.concatenate([item["labels"] for item in validation.items])
    scale, shift = _calibrate(model.head, np.concatenate(scores), wanted)
    found = _rouge(validation, [scale * row + shift for row in scores])
    model.encoder.save_pretrained(output / "encoder")
    tokenizer.save_pretrained(output / "encoder")
    save_file(model.head.state_dict(), output / "head.safetensors")
    about = {
        "heads": model.head.layers[0].heads,
        "stages": record,
        "validation": found,
        "calibration": {"scale": scale, "shift": shift},
    }
    finish(args, "extractor", data, about, began)


def _start(args: ExtractorArguments) -> tuple[ExtractorModel, Any]:
    """The model before training, and its tokenizer: a checkpoint of transformers with a new head, or the extractor of a
    model of this project with the head that it has."""
    part = shipped_part(args.base_model, "extractor")
    if part:
        encoder, tokenizer = encoder_of(part)
        heads = json.loads((part / "config.json").read_text("utf-8"))["extractor"]["heads"]
        head = Head.of(load_file(part / "head.safetensors"), heads, args.dropout)
    else:
        tokenizer = AutoTokenizer.from_pretrained(args.base_model)
        if tokenizer.cls_token_id is None or tokenizer.sep_token_id is None:
            raise ValueError(
                f"{args.base_model} has no tokens for a text's two ends; the extractor needs a BERT-like base"
            )
        encoder = AutoModel.from_pretrained(args.base_model)
        head = Head(encoder.config.hidden_size, args.width, args.heads, args.layers, args.dropout)
    # Dropout inside the encoder costs a CPU four times the arithmetic (its random numbers); the head has enough of it.
    for module in encoder.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    return ExtractorModel(encoder, head, args.label_temperature, args.risk_weight), tokenizer


def _in_stages(
    model: ExtractorModel, fit: Callable[[str], Trainer], stages: Sequence[str], output: Path
) -> dict[str, Any]:
    """Goes through the stages, each from the weights of the one before, past those that an earlier run has done, and
    loads the weights of the stage that scores best on validation; those behind it are recorded as not kept."""
    notes = output / "stages.json"
    earlier = json.loads(notes.read_text("utf-8")) if notes.exists() else {}
    record: dict[str, Any] = {}
    for stage in stages:
        done = output / f"after_{stage}.safetensors"
        if stage in earlier and done.exists():
            model.load_state_dict(load_file(done))
            record[stage] = earlier[stage]
            continue
        earlier = {}  # what came after it started from other weights
        trainer = fit(stage)
        scores = {k.removeprefix("eval_"): v for k, v in trainer.evaluate().items() if k.startswith("eval_rouge")}
        for item in (*trainer.train_dataset.items, *trainer.eval_dataset.items):
            item.pop("vectors", None)  # the next stage trains the encoder
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
    model: ExtractorModel, train: Articles, validation: Articles, collator: Collator, args: ExtractorArguments
) -> Trainer:
    """The head alone, on sentences alone. The encoder reads every article once, and its vectors are kept."""
    for articles in (validation, train):
        _add_vectors(model, articles, collator, args)
    model.encoder.requires_grad_(False)
    optimizer = torch.optim.AdamW(model.head.parameters(), args.head_learning_rate, weight_decay=0.01)
    settings = _settings(args, Path(args.output) / "head", args.head_epochs, 4 * args.batch_size, bf16=False)
    trainer = _trainer(model, settings, train, validation, collator, optimizer, args.patience)
    trainer.train()
    model.encoder.requires_grad_(True)
    return trainer


@torch.no_grad()
def _add_vectors(model: ExtractorModel, articles: Articles, collator: Collator, args: ExtractorArguments) -> None:
    model.eval()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    for item in tqdm(articles.items, "vectors of the frozen encoder", file=sys.stderr, mininterval=5):
        batch = collator([item])
        read = [batch[name].to(device) for name in ("input_ids", "attention_mask", "owner", "mask")]
        with torch.autocast(device.type, torch.bfloat16, enabled=args.half):
            found = model.vectors(*read)
        item["vectors"] = found[0].cpu().numpy()


def _train_everything(
    model: ExtractorModel,
    train: Articles,
    validation: Articles,
    collator: Collator,
    args: ExtractorArguments,
    output: Path,
    epochs: float,
) -> Trainer:
    """Trains everything together, from the last checkpoint in `output` if there is one, and loads the best."""
    settings = _settings(args, output, epochs, args.batch_size, bf16=args.half)
    optimizer = torch.optim.AdamW([
        {"params": model.encoder.parameters(), "lr": args.learning_rate},
        {"params": model.head.parameters(), "lr": args.tuned_head_learning_rate},
    ], weight_decay=0.01)  # fmt: skip
    trainer = _trainer(model, settings, train, validation, collator, optimizer, args.patience)
    go_on(trainer, output)
    return trainer


@torch.no_grad()
def _scores(model: ExtractorModel, articles: Articles, collator: Collator, args: ExtractorArguments) -> list[Floats]:
    """The scores of each article's sentences."""
    model.eval()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    names = ("features", "mask", "input_ids", "attention_mask", "owner")
    found = []
    for item in tqdm(articles.items, "scores", file=sys.stderr, mininterval=5):
        batch = collator([item])
        with torch.autocast(device.type, torch.bfloat16, enabled=args.half):
            logits = model(**{name: batch[name].to(device) for name in names})["logits"]
        found.append(logits[0].float().cpu().numpy())
    return found


def _calibrate(head: Head, scores: Floats, wanted: Floats) -> tuple[float, float]:
    """Scales and shifts the head's scores so that they are the log-odds of the labels (Platt 1999). Minimum risk
    training cares for lists only, and leaves them too sure; the costs of `selection.py` are log-odds. Ranks stay.

    Returns:
        The scale and the shift, which are in the head's last layer now.
    """
    x, y = (torch.from_numpy(array.astype(np.float64)) for array in (scores, wanted.clip(0, 1)))
    log_scale, shift = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    optimizer = torch.optim.LBFGS(
        [log_scale.requires_grad_(), shift.requires_grad_()], max_iter=200, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = nn.functional.binary_cross_entropy_with_logits(log_scale.exp() * x + shift, y)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(loss)  # type: ignore[arg-type]
    scale = float(log_scale.detach().exp())
    with torch.no_grad():
        head.output.weight.mul_(scale)
        head.output.bias.mul_(scale).add_(float(shift.detach()))
    return scale, float(shift.detach())


def _rouge(articles: Articles, scores: Iterable[Floats]) -> dict[str, float]:
    """What the lists of three that these scores give have in common with the human ones."""
    bullets = []
    for sentences, row in zip(articles.sentences, scores, strict=True):
        n = len(sentences)
        groups = select(Scored(sentences, row[:n].astype(np.float32), np.zeros((n, 1), np.float32)), 3, "brief")
        bullets.append([bullet_of([sentences[i].text for i in group]) for group in groups])
    references = [list(example.bullets) for example in articles.examples]
    found = KeyPoints(keep_in_memory=True).compute(predictions=bullets, references=references)
    scores_of = {name: found[name] for name in ("rouge1", "rouge2", "rougeLsum")}
    return scores_of | {"rouge_mean": float(np.mean(list(scores_of.values())))}


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
    model: nn.Module,
    settings: TrainingArguments,
    train: Articles,
    validation: Articles,
    collator: Collator,
    optimizer: torch.optim.Optimizer,
    patience: int,
) -> Trainer:
    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        return _rouge(validation, np.asarray(prediction.predictions))

    trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collator,
        compute_metrics=metrics,
        optimizers=(optimizer, None),
    )
    return watch(trainer, Path(settings.output_dir), patience=patience)
