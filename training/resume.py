"""A run's folder belongs to one command: under other settings its model would not be what its card says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eval.data import fingerprint


class OtherSettingsError(ValueError):
    """The folder holds a run with other settings."""


def begin(output: Path, arguments: Mapping[str, Any], data: Sequence[str]) -> None:
    """Notes the settings of a run in its folder (`settings.json`), or finds there that they are the same.

    Args:
        output: The run's folder.
        arguments: The run's arguments by name. `output` is of no account, so that a folder can be moved.
        data: Which of the arguments are files of articles: they are known by their content.

    Raises:
        OtherSettingsError: The folder holds a run with other settings; the message names the difference.
    """
    notes = output / "settings.json"
    wanted = {
        name: fingerprint(value) if name in data and value else value
        for name, value in arguments.items()
        if name != "output"
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
    output.mkdir(parents=True, exist_ok=True)
    notes.write_text(json.dumps(wanted, indent=2) + "\n", "utf-8")
