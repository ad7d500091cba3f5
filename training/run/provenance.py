"""The command and the machine of a run, for publication: without the names of local folders."""

from __future__ import annotations

import os
import shlex
from dataclasses import fields
from pathlib import Path

import torch

from ..arguments import Settings


def command(args: Settings, task: str) -> str:
    """Returns a command for this run, with every argument that is not the default and without local folders."""
    given = [(f.name, getattr(args, f.name)) for f in fields(args) if getattr(args, f.name) != f.default]
    flags = [part for name, value in given for part in (f"--{name}", public(str(value)))]
    return shlex.join(["python", "-m", "training", task, *flags])


def machine() -> str:
    """Returns the hardware of a run: its GPUs, or its number of CPU cores."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name(0)}"
    return f"{os.cpu_count()} CPU cores"


def public(place: str) -> str:
    """Returns the name of a file or a checkpoint, or of several with commas. Of a local path, it keeps only the last
    part."""
    parts = [Path(part) for part in place.split(",")]
    return ",".join(part.name if part.is_absolute() or part.exists() else str(part) for part in parts)
