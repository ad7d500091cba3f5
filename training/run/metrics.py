"""What a run leaves to look at: its measures as lines of JSON, and a picture of them."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import EarlyStoppingCallback, ProgressCallback, Trainer, TrainerCallback

_SHOWN = ("loss", "eval_loss", "eval_rouge1", "eval_rouge2", "eval_rougeLsum", "eval_source_f1", "eval_points_found")
"""What a line of progress says."""


def add_callbacks(trainer: Trainer, folder: Path, best: str = "rouge_mean", patience: int = 0) -> Trainer:
    """The trainer, with a record of what it does, progress on stderr, and early stopping.

    Args:
        trainer: A Trainer that has not begun.
        folder: The stage's folder.
        best: The measure that chooses the checkpoint, without "eval_".
        patience: Looks without a better score after which it stops; 0 goes on to the end.
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
    """The bar of transformers, which prints its logs on stdout; stdout is for the result."""

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """A short line."""
        shown = {name: f"{value:.4g}" for name, value in (logs or {}).items() if name in _SHOWN}
        if state.is_world_process_zero and shown:
            words = ", ".join(f"{name.removeprefix('eval_')} {value}" for name, value in shown.items())
            tqdm.write(f"step {state.global_step}: {words}", file=sys.stderr)


class MetricsCallback(TrainerCallback):
    """Writes `metrics.jsonl` (a line for every log of the Trainer, with step, epoch and seconds) and `run.png` into the
    folder of a stage. A run that goes on drops the lines behind its checkpoint, and adds to the others.

    Args:
        folder: The stage's folder.
        best: The measure that chooses the checkpoint, without "eval_".
    """

    def __init__(self, folder: Path, best: str = "rouge_mean") -> None:
        self._best = f"eval_{best}"
        self._file = folder / "metrics.jsonl"
        self._began = 0.0
        self._before = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Keeps what an earlier part of the run wrote up to its checkpoint."""
        self._began = time.monotonic()
        if not state.is_world_process_zero:
            return
        rows = [row for row in _rows(self._file) if row["step"] <= state.global_step] if state.global_step else []
        self._before = rows[-1]["seconds"] if rows else 0.0
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **kwargs: Any) -> None:
        """Adds a line."""
        if not state.is_world_process_zero or not self._began:
            return
        seconds = round(self._before + time.monotonic() - self._began, 1)
        row = {"step": state.global_step, "seconds": seconds} | (logs or {})
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Draws the picture."""
        if state.is_world_process_zero:
            draw(self._file, self._file.with_name("run.png"), self._best)


def draw(metrics: Path, picture: Path, best: str) -> None:
    """The loss on training and validation articles, and validation ROUGE, over the steps of a stage; with the step that
    is best by a measure."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = _rows(metrics)
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


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    rows = []
    for line in path.read_text("utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:  # the line that was being written when the run was killed
            break
    return rows
