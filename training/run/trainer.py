"""One run of transformers' Trainer, and what it shows on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer, TrainingArguments

from ..arguments import Settings
from .checkpoints import train_or_resume
from .sampling import LengthGroupedTrainer

_SHOWN = ("loss", "eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeLsum", "eval_source_f1", "eval_points_found")
"""Values in a progress line."""


def trained(
    args: Settings,
    folder: Path,
    model: Any,
    items: Sequence[Any],
    held: Sequence[Any],
    collator: Any,
    metric: str = "loss",
    eval_batch: int = 8,
    warmup: float = 0.05,
    **more: Any,
) -> Trainer:
    """Trains a model, or resumes its run, and leaves it with the weights of the best checkpoint.

    Args:
        args: Arguments of the run; `epochs` and `learning_rate` are also read.
        folder: Folder of the checkpoints.
        model: The model.
        items: Training items.
        held: Items that select the checkpoint.
        collator: Makes a batch of items.
        metric: What the checkpoints are compared by: the loss, or a name that `compute_metrics` returns.
        eval_batch: Batch size of an evaluation.
        warmup: Share of the steps in which the learning rate rises.
        more: Further arguments of the Trainer.
    """
    by_loss = metric == "loss"
    settings = TrainingArguments(
        **args.for_trainer(folder),
        num_train_epochs=args.epochs,
        learning_rate=args.learning_rate,
        weight_decay=0.01,
        warmup_steps=warmup,
        per_device_eval_batch_size=eval_batch,
        metric_for_best_model=metric,
        greater_is_better=not by_loss,
        prediction_loss_only=by_loss,
        remove_unused_columns=False,
        label_names=["labels"],
    )
    trainer = LengthGroupedTrainer(
        model=model, args=settings, train_dataset=items, eval_dataset=held, data_collator=collator, **more
    )
    trainer.remove_callback(ProgressCallback)
    for callback in (Progress(), *([EarlyStoppingCallback(args.patience)] if args.patience else [])):
        trainer.add_callback(callback)
    train_or_resume(trainer, folder)
    return trainer


class Progress(ProgressCallback):
    """The progress bar of transformers, with short log lines on stderr. (transformers prints long ones on stdout.)"""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Prints a short line."""
        shown = {name: f"{value:.4g}" for name, value in (logs or {}).items() if name in _SHOWN}
        if state.is_world_process_zero and shown:
            words = ", ".join(f"{name.removeprefix('eval_')} {value}" for name, value in shown.items())
            tqdm.write(f"step {state.global_step}: {words}", file=sys.stderr)
