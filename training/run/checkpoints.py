"""A run that survives: its folder belongs to one command, and a run that was killed goes on from its last whole
checkpoint."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from transformers import Trainer, TrainerState

from eval.data import fingerprint

_FREE = ("output", "resume", "push_to_hub", "measured", "compare_with", "parts_from")
"""Arguments that may differ: a folder can be moved, and the others change no weight."""
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


class OtherSettingsError(ValueError):
    """The folder holds a run with other settings, or none where one was to go on."""


def claim_folder(output: Path, arguments: Mapping[str, Any], data: Sequence[str], resume: bool = False) -> None:
    """Notes the settings of a run in its folder (`settings.json`), or finds there that they are the same.

    Args:
        output: The run's folder.
        arguments: The run's arguments by name.
        data: Which of the arguments are files of articles: they are known by their content.
        resume: Whether there must be a run to go on with.

    Raises:
        OtherSettingsError: The folder holds a run with other settings (the message names the difference), or none
            though `resume` asks for one.
    """
    notes = output / "settings.json"
    wanted = {
        name: fingerprint(value) if name in data and value else value
        for name, value in arguments.items()
        if name not in _FREE
    }
    if notes.exists():
        there = json.loads(notes.read_text("utf-8"))
        other = [name for name in wanted | there if wanted.get(name) != there.get(name)]
        if other:
            name = other[0]
            raise OtherSettingsError(
                f"{output} holds a run with {name} {there.get(name)!r}, and this one has {wanted.get(name)!r}; "
                "choose another --output, or delete that folder"
            )
        return
    if resume:
        raise OtherSettingsError(f"--resume: {output} holds no run to go on with")
    output.mkdir(parents=True, exist_ok=True)
    write_whole(notes, json.dumps(wanted, indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a file so that it is there as a whole or not at all, whenever the run is killed."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def last_checkpoint(folder: Path) -> str | None:
    """The newest checkpoint that was written to its end, or None. The Trainer writes its state last: a checkpoint
    without a readable one was cut off (killed, disk full), and is deleted."""
    found = sorted(
        (int(match[1]), path)
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (match := _CHECKPOINT.fullmatch(path.name))
    )
    for _, path in reversed(found):
        try:
            json.loads((path / "trainer_state.json").read_text("utf-8"))
        except (OSError, ValueError):
            shutil.rmtree(path, ignore_errors=True)
            continue
        return str(path)
    return None


def train_or_resume(trainer: Trainer, folder: Path) -> None:
    """Trains a stage from its last whole checkpoint, or from its start, and loads the best one. A stage that was
    finished before, by its last step or because it stopped early, is not trained again.

    Args:
        trainer: Its Trainer, which keeps its checkpoints in `folder`.
        folder: The stage's folder.
    """
    last, finished = last_checkpoint(folder), folder / "finished"
    if last and finished.exists():
        trainer.state = TrainerState.load_from_json(str(Path(last) / "trainer_state.json"))
        trainer.state.best_model_checkpoint = str(folder / f"checkpoint-{trainer.state.best_global_step}")
        trainer._load_best_model()
        return
    trainer.train(resume_from_checkpoint=last)
    if trainer.is_world_process_zero():
        finished.touch()
