"""The record of a finished run, `run.json`, and names for publication: without local folders."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerState

from ..arguments import Settings
from .checkpoints import write_whole


def write_record(args: Settings, task: str, state: TrainerState, began: float, about: Mapping[str, Any]) -> None:
    """Writes `run.json` into the folder of a run: its task, command, arguments, steps, time and machine.

    Args:
        args: Arguments of the run.
        task: The part of a model that was trained, or "writer".
        state: State of the Trainer at the end.
        began: Start of the run, as of `time.time()`.
        about: Other entries, such as `data`.
    """
    record = {
        "task": task,
        "command": _command(args),
        "arguments": asdict(args),
        **about,
        "steps": state.global_step,
        "best_step": state.best_global_step,
        "seconds": round(time.time() - began),
        "machine": _machine(),
    }
    write_whole(Path(args.output) / "run.json", json.dumps(record, indent=2) + "\n")


def _command(args: Settings) -> str:
    """Returns a command for this run, with every argument that is not the default and without local folders."""
    task = type(args).__name__.removesuffix("Arguments").lower()
    given = [(f.name, getattr(args, f.name)) for f in fields(args) if getattr(args, f.name) != f.default]
    flags = [part for name, value in given for part in (f"--{name}", public(str(value)))]
    return shlex.join(["python", "-m", "training", task, *flags])


def _machine() -> str:
    """Returns the hardware of a run: its GPUs, or its number of CPU cores."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return f"{os.cpu_count()} CPU cores"


def public(place: str) -> str:
    """Returns the name of a file or a checkpoint, or of several with commas. Of a local path, it keeps only the last
    part."""
    parts = [Path(part) for part in place.split(",")]
    return ",".join(part.name if part.is_absolute() or part.exists() else str(part) for part in parts)
