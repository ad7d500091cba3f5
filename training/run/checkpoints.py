"""Checkpoints of a run. Its folder belongs to one command, and a killed run is resumed from its last complete
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
    """The folder has a run with other settings, or there is no run to resume."""


def claim_folder(output: Path, arguments: Mapping[str, Any], data: Sequence[str], resume: bool = False) -> None:
    """Writes the settings of a run into its folder (`settings.json`), or compares them with those that are there.

    Args:
        output: The run's folder.
        arguments: The run's arguments by name.
        data: Names of the arguments that are files of articles. Their contents are compared instead of their names.
        resume: Whether the folder must have a run to resume.

    Raises:
        OtherSettingsError: The folder has a run with other settings (the message names the difference), or no run
            although `resume` is true.
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
                f"{output} has a run with {name} {there.get(name)!r}, but this run has {wanted.get(name)!r}; "
                "choose another --output, or delete that folder"
            )
        return
    if resume:
        raise OtherSettingsError(f"--resume: {output} has no run to resume; check --output, or leave out --resume")
    output.mkdir(parents=True, exist_ok=True)
    write_whole(notes, json.dumps(wanted, indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all, even if the run is killed."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_text(text, "utf-8")
    partial.replace(path)


def last_checkpoint(folder: Path) -> str | None:
    """Returns the newest complete checkpoint, or None. The Trainer writes its state last, so a checkpoint without a
    readable state is incomplete (the run was killed, or the disk was full), and is deleted."""
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
    """Trains from the last complete checkpoint, or from the start, and loads the best checkpoint. A run that has
    finished, at its last step or by early stopping, is not trained again.

    Args:
        trainer: The Trainer, which saves its checkpoints in `folder`.
        folder: Folder of the checkpoints.
    """
    last, finished = last_checkpoint(folder), folder / "finished"
    if last and finished.exists():
        trainer.state = TrainerState.load_from_json(str(Path(last) / "trainer_state.json"))
        trainer.state.best_model_checkpoint = str(folder / f"checkpoint-{trainer.state.best_global_step}")
        trainer._load_best_model()
        return
    trainer.train(resume_from_checkpoint=last)
    trainer.save_state()
    if trainer.is_world_process_zero():
        finished.touch()
