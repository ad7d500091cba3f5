"""What a training run shows on stderr: a progress bar and short lines."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer

_SHOWN = ("loss", "eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeLsum", "eval_source_f1", "eval_points_found")
"""Values in a progress line."""


def add_callbacks(trainer: Trainer, patience: int = 0) -> Trainer:
    """Adds callbacks to a Trainer: progress on stderr, and early stopping.

    Args:
        trainer: A Trainer that has not trained yet.
        patience: Number of evaluations without a better score after which training stops; 0 never stops early.
    """
    trainer.remove_callback(ProgressCallback)
    for callback in (Progress(), *([EarlyStoppingCallback(patience)] if patience else [])):
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
