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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.utils.data import Dataset
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, EvalPrediction, Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from eval.data import Example, fingerprint, read
from eval.metric import KeyPoints
from summarizer.boilerplate import story
from summarizer.extractor import Scored, surface_features, token_ids, windows
from summarizer.selection import select
from summarizer.tidy import bullet_of

from .labels import Overlap, labels, overlaps
from .modeling import ExtractorModel, Head
from .resume import begin

Floats = npt.NDArray[np.float32]
STAGES = ("head", "auxiliary", "everything")


@dataclass
class ExtractorArguments:
    """What `python -m training extractor` is told; each is a flag and a key of the YAML file."""

    train: str = field(metadata={"help": "JSONL (.gz) of articles with human bullets to train on."})
    validation: str = field(metadata={"help": "JSONL (.gz) of articles that choose the best checkpoint."})
    output: str = field(default="runs/extractor", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={"help": "Any BERT-like checkpoint: a Hub name or a folder."},
    )
    auxiliary: str | None = field(
        default=None, metadata={"help": "JSONL (.gz) of more articles for a first stage, before `train`."}
    )
    auxiliary_epochs: float = field(default=1.0, metadata={"help": "Passes over `auxiliary` with everything trained."})
    limit: int | None = field(default=None, metadata={"help": "Train on the first so many articles only."})
    head_epochs: float = field(default=6.0, metadata={"help": "Passes of the head alone, over the frozen encoder."})
    head_learning_rate: float = field(default=1e-3, metadata={"help": "Its learning rate."})
    epochs: float = field(default=3.0, metadata={"help": "Passes with everything trained."})
    learning_rate: float = field(default=5e-5, metadata={"help": "The encoder's learning rate."})
    tuned_head_learning_rate: float = field(default=2e-4, metadata={"help": "The head's, while everything is trained."})
    batch_size: int = field(default=8, metadata={"help": "Articles a step."})
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
    eval_steps: int = field(default=200, metadata={"help": "Steps between two looks at the validation articles."})
    bf16: bool = field(default=True, metadata={"help": "Train the encoder in bfloat16 where the machine can."})
    seed: int = field(default=13, metadata={"help": "Seed of everything that is drawn."})


class Articles(Dataset[dict[str, Any]]):
    """Examples as the model reads them: token ids by sentence, features, labels."""

    def __init__(
        self, examples: Sequence[Example], tokenizer: Any, args: ExtractorArguments, most: int | None = None
    ) -> None:
        self.items: list[dict[str, Any]] = []
        self.examples: list[Example] = []
        self.sentences: list[tuple[Any, ...]] = []
        for example in tqdm(examples, "labels", file=sys.stderr, mininterval=5):
            sentences = story(example.text)[:most]
            if not sentences:
                continue
            texts = [s.text for s in sentences]
            bullets = example.bullets[: args.main_bullets]
            item = {
                "tokens": token_ids(tokenizer, sentences),
                "features": surface_features(sentences),
                "labels": labels(texts, bullets, args.oracle_share),
            }
            if args.risk_weight:
                item["overlaps"] = overlaps(texts, bullets)
            self.items.append(item)
            self.examples.append(example)
            self.sentences.append(sentences)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return self.items[index]


@dataclass(frozen=True)
class Collator:
    """A batch of articles as tensors; see `ExtractorModel.forward` for the shapes."""

    open_id: int
    close_id: int
    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        """Pads articles to the batch's most sentences, and windows to its longest."""
        n = max(len(item["labels"]) for item in items)
        batch = {
            "features": _padded([item["features"] for item in items], n),
            "mask": _padded([np.ones(len(item["labels"]), bool) for item in items], n),
            "labels": _padded([item["labels"] for item in items], n, -100.0),
        }
        if "vectors" not in items[0] and "overlaps" in items[0]:
            batch["overlaps"] = [_stacked([item["overlaps"][n] for item in items]) for n in (0, 1)]
        if "vectors" in items[0]:
            return batch | {"vectors": _padded([item["vectors"] for item in items], n)}
        ids, owners = [], []
        for i, item in enumerate(items):
            tokens = item["tokens"]
            for window in windows([len(t) for t in tokens]):
                read = range(window.start, window.end)
                ids.append([self.open_id, *(t for j in read for t in tokens[j]), self.close_id])
                own = [i * n + j + 1 if j >= window.fresh else 0 for j in read for _ in tokens[j]]
                owners.append([0, *own, 0])
        length = max(map(len, ids))
        return batch | {
            "input_ids": torch.tensor([row + [self.pad_id] * (length - len(row)) for row in ids]),
            "attention_mask": torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids]),
            "owner": torch.tensor([row + [0] * (length - len(row)) for row in owners]),
        }


def main(args: ExtractorArguments) -> None:
    """Trains, and leaves in `args.output`: `encoder/` and `head.safetensors` (the best checkpoint's), `run.json` (what
    it was made from and what it scored on the validation articles), and the Trainer's checkpoints and log."""
    output = Path(args.output)
    begin(output, asdict(args), ("train", "validation", "auxiliary"))
    set_seed(args.seed)
    tokenizer = AutoTokenizer.from_pretrained(args.base_model)
    # Dropout inside the encoder costs a CPU four times the arithmetic (its random numbers); the head has enough of it.
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    encoder = AutoModel.from_pretrained(args.base_model, **dropout)
    head = Head(encoder.config.hidden_size, args.width, args.heads, args.layers, args.dropout)
    model = ExtractorModel(encoder, head, args.label_temperature, args.risk_weight)
    collator = Collator(tokenizer.cls_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    validation = Articles(read(args.validation), backend, args)
    train = Articles(read(args.train)[: args.limit], backend, args, args.max_sentences)

    def fit(stage: str) -> Trainer:
        if stage == "head":
            return _train_head(model, train, validation, collator, args)
        articles, epochs = train, args.epochs
        if stage == "auxiliary":
            articles = Articles(read(str(args.auxiliary)), backend, args, args.max_sentences)
            epochs = args.auxiliary_epochs
        return _train_everything(model, articles, validation, collator, args, output / stage, epochs)

    epochs = (args.head_epochs, args.auxiliary_epochs if args.auxiliary else 0, args.epochs)
    record = _in_stages(model, fit, [s for s, e in zip(STAGES, epochs, strict=True) if e > 0], output)
    scores = _scores(model, validation, collator, args)
    scale, shift = _calibrate(head, np.concatenate(scores), np.concatenate([i["labels"] for i in validation.items]))
    found = _rouge(validation, [scale * row + shift for row in scores])
    encoder.save_pretrained(output / "encoder")
    tokenizer.save_pretrained(output / "encoder")
    save_file(head.state_dict(), output / "head.safetensors")
    read_from = {"train": (args.train, train), "validation": (args.validation, validation)}
    data = {
        name: {"fingerprint": fingerprint(path), "articles": len(articles)}
        for name, (path, articles) in read_from.items()
    }
    if args.auxiliary:
        share = min(args.auxiliary_epochs, 1.0)
        about = {"fingerprint": fingerprint(args.auxiliary), "articles": round(share * len(read(args.auxiliary)))}
        data["auxiliary"] = about
    run = {
        "task": "extractor",
        "arguments": asdict(args),
        "data": data,
        "validation": found,
        "stages": record,
        "calibration": {"scale": scale, "shift": shift},
    }
    (output / "run.json").write_text(json.dumps(run, indent=2) + "\n", "utf-8")
    print(json.dumps(run["validation"]))


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
        output.mkdir(parents=True, exist_ok=True)
        save_file(model.state_dict(), done)
        notes.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
    best = max(record, key=lambda stage: record[stage]["validation"]["rouge_mean"])
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
    trainer = _trainer(model, settings, train, validation, collator, optimizer)
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
        with torch.autocast(device.type, torch.bfloat16, enabled=args.bf16):
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
    settings = _settings(args, output, epochs, args.batch_size, bf16=args.bf16)
    optimizer = torch.optim.AdamW([
        {"params": model.encoder.parameters(), "lr": args.learning_rate},
        {"params": model.head.parameters(), "lr": args.tuned_head_learning_rate},
    ], weight_decay=0.01)  # fmt: skip
    trainer = _trainer(model, settings, train, validation, collator, optimizer)
    last = get_last_checkpoint(str(output)) if output.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
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
        with torch.autocast(device.type, torch.bfloat16, enabled=args.bf16):
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
    return TrainingArguments(
        output_dir=str(output),
        num_train_epochs=epochs,
        per_device_train_batch_size=batch_size,
        per_device_eval_batch_size=16,
        warmup_steps=0.1,
        bf16=bf16,
        use_cpu=not torch.cuda.is_available(),
        eval_strategy="steps",
        save_strategy="steps",
        eval_steps=args.eval_steps,
        save_steps=args.eval_steps,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="rouge_mean",
        logging_steps=50,
        remove_unused_columns=False,
        label_names=["labels"],
        report_to="none",
        seed=args.seed,
    )


def _trainer(
    model: nn.Module,
    settings: TrainingArguments,
    train: Articles,
    validation: Articles,
    collator: Collator,
    optimizer: torch.optim.Optimizer,
) -> Trainer:
    def metrics(prediction: EvalPrediction) -> dict[str, float]:
        return _rouge(validation, np.asarray(prediction.predictions))

    return Trainer(
        model=model,
        args=settings,
        train_dataset=train,
        eval_dataset=validation,
        data_collator=collator,
        compute_metrics=metrics,
        optimizers=(optimizer, None),
    )


def _stacked(overlaps: Sequence[Overlap]) -> tuple[Tensor, Tensor, Tensor]:
    """Overlaps of articles, padded with zeros to the most sentences and the most n-grams among them."""
    sentences, grams = (max(o.counts.shape[axis] for o in overlaps) for axis in (0, 1))
    counts = np.zeros((len(overlaps), sentences, grams), np.float32)
    for row, overlap in zip(counts, overlaps, strict=True):
        row[: overlap.counts.shape[0], : overlap.counts.shape[1]] = overlap.counts
    wanted, sizes = _padded([o.wanted for o in overlaps], grams), _padded([o.sizes for o in overlaps], sentences)
    return torch.from_numpy(counts), wanted, sizes


def _padded(arrays: Sequence[np.ndarray[Any, Any]], length: int, value: float = 0.0) -> Tensor:
    """Arrays of shape (n, ...) stacked to (arrays, length, ...)."""
    first = arrays[0]
    result = np.full((len(arrays), length, *first.shape[1:]), value, first.dtype)
    for row, array in zip(result, arrays, strict=True):
        row[: len(array)] = array
    return torch.from_numpy(result)
