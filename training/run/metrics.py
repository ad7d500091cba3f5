"""The log of a training run: a progress bar, and `metrics.jsonl`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer, TrainerCallback

from .checkpoints import write_whole

_SHOWN = ("loss", "eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeLsum", "eval_source_f1", "eval_points_found")
"""Values in a progress line."""


def add_callbacks(trainer: Trainer, folder: Path, patience: int = 0) -> Trainer:
    """Adds callbacks to a Trainer: its log as files, progress on stderr, and early stopping.

    Args:
        trainer: A Trainer that has not trained yet.
        folder: The stage's folder.
        patience: Number of evaluations without a better score after which training stops; 0 never stops early.
    """
    trainer.remove_callback(ProgressCallback)
    for callback in (
        Progress(),
        MetricsCallback(folder),
        *([EarlyStoppingCallback(patience)] if patience else []),
    ):
        trainer.add_callback(callback)
    return trainer


class Progress(ProgressCallback):
    """The progress bar of transformers, with short log lines on stderr. (transformers prints long ones on stdout.)"""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Prints a short line."""
        shown = {name: f"{value:.4g}" for name, value in (logs or {}).items() if name in _SHOWN}
        if state.is_world_process_zero and shown:
            words = ", ".join(f"{name.removeprefix('eval_')} {value}" for name, value in shown.items())
            tqdm.write(f"step {state.global_step}: {words}", file=sys.stderr)


class MetricsCallback(TrainerCallback):
    """Writes the Trainer's log into the folder of a stage while it trains: `metrics.jsonl`, a line of JSON for each
    entry, with step and epoch.

    Args:
        folder: The stage's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._training = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Starts writing the log."""
        self._training = True

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Writes the whole log. A resumed run continues the log of its checkpoint; later entries are dropped."""
        if state.is_world_process_zero and self._training:
            self._folder.mkdir(parents=True, exist_ok=True)
            rows = "".join(json.dumps(row) + "\n" for row in state.log_history)
            write_whole(self._folder / "metrics.jsonl", rows)
