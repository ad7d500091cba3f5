"""The log of a training run: a progress bar, `metrics.jsonl` and the plot `run.png`."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer, TrainerCallback

from .checkpoints import write_whole

_SHOWN = ("loss", "eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeLsum", "eval_source_f1", "eval_points_found")
"""Values in a progress line."""


def add_callbacks(trainer: Trainer, folder: Path, best: str = "rouge_mean", patience: int = 0) -> Trainer:
    """Adds callbacks to a Trainer: its log as files, progress on stderr, and early stopping.

    Args:
        trainer: A Trainer that has not trained yet.
        folder: The stage's folder.
        best: The measure that chooses the checkpoint, without "eval_".
        patience: Number of evaluations without a better score after which training stops; 0 never stops early.
    """
    trainer.remove_callback(ProgressCallback)
    for callback in (
        Progress(),
        MetricsCallback(folder, best),
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
    """Writes the Trainer's log into the folder of a stage, as `metrics.jsonl` (a line of JSON for each entry, with step
    and epoch) while it trains, and as the plot `run.png` at the end.

    Args:
        folder: The stage's folder.
        best: The measure that chooses the checkpoint, without "eval_".
    """

    def __init__(self, folder: Path, best: str = "rouge_mean") -> None:
        self._folder = folder
        self._best = f"eval_{best}"
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

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Draws the plot."""
        if state.is_world_process_zero:
            draw(state.log_history, self._folder / "run.png", self._best)


def draw(rows: Sequence[Mapping[str, Any]], picture: Path, best: str) -> None:
    """Plots training loss, validation loss and validation ROUGE over the steps of a stage, and marks the best step.

    Args:
        rows: The Trainer's log.
        picture: The file, a PNG.
        best: The measure that chooses the best step, with "eval_".
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), constrained_layout=True)
    for key, name in (("loss", "training"), ("eval_loss", "validation")):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            left.plot(*zip(*points, strict=True), label=name, marker="." if key == "eval_loss" else "")
    for key in ("eval_rouge1", "eval_rouge2", "eval_rougeLsum"):
        points = [(row["step"], row[key]) for row in rows if key in row]
        if points:
            right.plot(*zip(*points, strict=True), label=key.removeprefix("eval_"), marker=".")
    sign = -1 if best == "eval_loss" else 1
    top = max((row for row in rows if best in row), key=lambda row: sign * row[best], default=None)
    if top:
        right.axvline(top["step"], color="0.6", linestyle=":", label=f"best: step {top['step']}")
    for axes, title in ((left, "loss"), (right, "ROUGE of validation articles")):
        axes.set(title=title, xlabel="step")
        if axes.lines:
            axes.legend(frameon=False)
    figure.savefig(picture, dpi=120)
    plt.close(figure)
