"""Fine-tunes the verifier: `python -m training verifier --config training/configs/verifier.yaml`.

The Trainer of transformers trains it on texts that readers judged. To resume a killed run from its last checkpoint, run
the same command again.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from tqdm import tqdm
from transformers import AutoModel, AutoTokenizer, EvalPrediction, set_seed

from eval.data import fingerprint
from summarizer.checks import MARKS, TEXT_KINDS, VERDICTS, Calibration, TextKind, log_odds, verifier_input

from .arguments import Settings, is_first_process
from .calibration import auc, auc_by_fault, calibrations, measures, rows_by_kind
from .data import Judged, divided, judged
from .modeling import encoder_of, make_fast, shipped_part
from .run import claim_folder, trained, write_record


@dataclass
class VerifierArguments(Settings):
    """Arguments of `python -m training verifier`; each is a flag and a key of the YAML file."""

    train: str = field(
        default="data/judged.jsonl.gz",
        metadata={
            "help": "Judged rewrites, JSONL; several files separated by commas. A fifth of the articles is held out."
        },
    )
    limit: int | None = field(default=None, metadata={"help": "Maximum number of judged rewrites. Default: all."})
    output: str = field(default="runs/verifier", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="sentence-transformers/all-MiniLM-L6-v2",
        metadata={
            "help": "Any BERT-like checkpoint (a Hub name or a folder), or a model of this project, such as base; its "
            "verifier is then fine-tuned further."
        },
    )
    epochs: float = field(default=3.0, metadata={"help": "Epochs."})
    learning_rate: float = field(default=1e-4, metadata={"help": "Peak learning rate."})
    batch_size: int = field(default=32, metadata={"help": "Points per step, over all processes."})
    threshold: float = field(
        default=0.6, metadata={"help": "Minimum probability for showing a rewrite; part of the exported model."}
    )
    dropout: float = field(default=0.1, metadata={"help": "Dropout before the head."})
    label_smoothing: float = field(default=0.05, metadata={"help": "Label smoothing, 0 to 1."})


class VerifierModel(nn.Module):
    """Encoder and head, with the loss.

    Args:
        encoder: A BERT from transformers with `MARKS` token types.
        dropout: Dropout before the head.
        smoothing: Label smoothing.
    """

    def __init__(self, encoder: Any, dropout: float = 0.0, smoothing: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(3 * encoder.config.hidden_size, len(VERDICTS))
        self.dropout = nn.Dropout(dropout)
        self.smoothing = smoothing

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor, point: Tensor, labels: Tensor
    ) -> dict[str, Tensor]:
        """Shapes: input_ids, attention_mask and token_type_ids (points, tokens); `point` (points, tokens), True for a
        token of the point; labels (points,). Returns "loss" and "logits" (points, VERDICTS)."""
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state.float()
        inside = point[..., None]
        mean = (hidden * inside).sum(1) / inside.sum(1)
        largest = hidden.masked_fill(~inside, -1e4).amax(1)
        with torch.autocast(hidden.device.type, enabled=False):
            logits = self.head(self.dropout(torch.cat([hidden[:, 0], mean, largest], -1)))
            loss = nn.functional.cross_entropy(logits, labels, label_smoothing=self.smoothing)
        return {"loss": loss, "logits": logits}


def main(args: VerifierArguments) -> None:
    """Trains, and writes to `args.output`: `encoder/` and `head.safetensors` (the best checkpoint), `run.json` (data,
    settings, scores and threshold curve on held-out articles), and in `trainer/` the Trainer's
    checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    sources = args.train.split(",")
    notes = asdict(args) | {"train": " ".join(fingerprint(source) for source in sources)}
    claim_folder(output, notes, (), args.resume)
    began = time.time()
    set_seed(args.seed)
    train, validation, test = divided(
        [judgement for source in sources for judgement in judged(source, corrections=False)]
    )
    if not (train and validation and test):
        raise ValueError(
            f"{args.train} has too few articles with judged points: a tenth of them selects the checkpoint, a tenth "
            "is held out for the scores, and one of these parts is empty; about 50 articles are enough"
        )
    if args.limit:
        train = train[: args.limit]
    print(
        f"judged: {len(train):,} for training, {len(validation):,} for validation, {len(test):,} held out",
        file=sys.stderr,
    )
    model, tokenizer = _start(args)
    backend = tokenizer.backend_tokenizer
    backend.no_truncation()
    backend.no_padding()
    held = _items(validation, backend)
    trainer = trained(
        args, output / "trainer", model, _items(train, backend), held, _Collator(tokenizer.pad_token_id),
        metric="auc", eval_batch=64, compute_metrics=_measured,
    )  # fmt: skip
    chooses, found = (trainer.predict(items).predictions for items in (held, _items(test, backend)))
    if not is_first_process():
        return
    fitted = calibrations(chooses, validation, _fitted_before(args))
    scores = {"all": measures(found, test, fitted)}
    for kind, rows in rows_by_kind(test).items():
        scores[kind] = measures(found[rows], [test[i] for i in rows], fitted)
    model.encoder.save_pretrained(output / "encoder")
    tokenizer.save_pretrained(output / "encoder")
    save_file({"weight": model.head.weight.data, "bias": model.head.bias.data}, output / "head.safetensors")
    about = {
        "data": {"train": {"fingerprint": notes["train"], "rewrites": len(train)}},
        "calibration": {kind: asdict(calibration) for kind, calibration in fitted.items()},
        "held_out": scores,
    }
    write_record(args, "verifier", trainer.state, began, about)
    print(json.dumps(scores, indent=2))


def _start(args: VerifierArguments) -> tuple[VerifierModel, Any]:
    part = shipped_part(args.base_model, "verifier")
    if part:
        encoder, tokenizer = encoder_of(part)
    else:
        tokenizer = AutoTokenizer.from_pretrained(args.base_model)
        encoder = AutoModel.from_pretrained(args.base_model)
        types = encoder.embeddings.token_type_embeddings
        marks = nn.Embedding(MARKS, types.embedding_dim)
        with torch.no_grad():
            marks.weight.copy_(types.weight[:1] + 0.02 * torch.randn(MARKS, types.embedding_dim))
        encoder.embeddings.token_type_embeddings = marks
        encoder.config.type_vocab_size = MARKS
    make_fast(encoder)
    model = VerifierModel(encoder, args.dropout, args.label_smoothing)
    if part:
        model.head.load_state_dict(load_file(part / "head.safetensors"))
    return model, tokenizer


def _items(points: Sequence[Judged], tokenizer: Any) -> list[dict[str, Any]]:
    items = []
    for point in tqdm(points, "points", file=sys.stderr, mininterval=5, leave=False):
        read = verifier_input(tokenizer, point.text, point.sources, point.context, point.title)
        items.append(
            {"input_ids": read.ids, "marks": read.marks, "size": read.size, "label": VERDICTS.index(point.verdict)}
        )
    return items


@dataclass(frozen=True)
class _Collator:
    pad_id: int

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Tensor]:
        longest = -(-max(len(item["input_ids"]) for item in items) // 8) * 8

        def padded(rows: Sequence[Sequence[int]], value: int = 0) -> Tensor:
            return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])

        sizes = torch.tensor([max(item["size"], 1) for item in items])
        at = torch.arange(longest)
        return {
            "input_ids": padded([item["input_ids"] for item in items], self.pad_id),
            "attention_mask": padded([[1] * len(item["input_ids"]) for item in items]),
            "token_type_ids": padded([item["marks"] for item in items]),
            "point": (at >= 1) & (at <= sizes[:, None]),
            "labels": torch.tensor([item["label"] for item in items]),
        }


def _measured(prediction: EvalPrediction) -> dict[str, float]:
    odds = log_odds(np.asarray(prediction.predictions))
    verdicts = [VERDICTS[label] for label in np.asarray(prediction.label_ids)]
    found = auc_by_fault(odds, verdicts)
    return {"auc": auc(odds, np.array([v == "good" for v in verdicts], bool))} | {
        f"auc_{fault}": value for fault, value in found.items()
    }


def _fitted_before(args: VerifierArguments) -> dict[TextKind, Calibration]:
    """Returns the calibrations of the verifier that training starts from; empty if the base is another checkpoint."""
    part = shipped_part(args.base_model, "verifier")
    found = json.loads((part / "config.json").read_text("utf-8"))["verifier"]["calibration"] if part else {}
    return {kind: Calibration(**found[kind]) for kind in TEXT_KINDS if kind in found}
