"""Floors: minimum scores of the shipped model, stored in `eval/floors.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .measures import Figure

GUARDED = ("rouge1_f1", "rouge2_f1", "rougeLsum_f1", "bullet_match_f1", "supported")
SLACK = 0.5
"""Points between a score and its floor, because int8 arithmetic differs slightly between CPUs."""


def fallen(path: Path, key: str, figures: Mapping[str, Figure]) -> list[str]:
    """Returns one sentence for each score below its floor; empty if all scores pass.

    Args:
        path: The file with the floors.
        key: Data (with its fingerprint), length and number of bullets; each combination has its own floors.
        figures: The model's mean scores.

    Raises:
        ValueError: The file has no floors for this key, or has one for a measure that `figures` lacks.
    """
    floors = _read(path).get(key)
    if floors is None:
        known = ", ".join(map(repr, _read(path))) or "none"
        raise ValueError(f"{path} has no floors for {key!r} (it has {known}); set them with --set-floors")
    unknown = [name for name in floors if name not in figures]
    if unknown:
        raise ValueError(
            f"{path} has a floor for {unknown[0]!r}, which is not measured; guarded are {', '.join(GUARDED)}"
        )
    return [
        f"{name} is {figures[name].value:.2f}, and its floor is {floor:.2f}"
        for name, floor in floors.items()
        if not figures[name].value >= floor
    ]


def raise_floors(path: Path, key: str, figures: Mapping[str, Figure], lower: bool) -> dict[str, float]:
    """Sets the floors for this key to just below the scores, writes the file, and returns the new floors.

    Raises:
        ValueError: A floor would become lower, and `lower` is false.
    """
    everything = _read(path)
    new = {name: math.floor(10 * (figures[name].value - SLACK)) / 10 for name in GUARDED if name in figures}
    old = everything.get(key, {})
    down = [f"{name} from {old[name]} to {value}" for name, value in new.items() if value < old.get(name, value)]
    if down and not lower:
        raise ValueError(f"this would lower floors ({'; '.join(down)}); if that is meant, add --lower-floors")
    everything[key] = new
    path.write_text(json.dumps(everything, indent=2) + "\n", "utf-8")
    return new


def _read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text("utf-8"))) if path.exists() else {}
