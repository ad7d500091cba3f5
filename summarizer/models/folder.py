"""Finds model folders by name, verifies them, and computes their versions."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ..errors import ModelError

FORMAT = 3
"""Version of the model folder's format. Folders of another format are refused. In format 1 the extractor chose
sentences, not points; in format 2 the rewriter wrote free texts from a shorter context."""
_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")


def folder_of(model: str | Path, revision: str | None = None, token: str | None = None) -> Path:
    """Returns the folder of a model.

    The name of a shipped model is looked up in the installed package and in the checkout. "base" is always the shipped
    model; a folder of that name in the current folder is "./base". A Hub name ("owner/name", where no folder "owner" is
    here) is downloaded if it is not cached. Any other value is a path.

    Args:
        model: The name or path.
        revision: Branch, tag or commit on the Hub. Default: the main branch.
        token: Hub token. Default: the one that `huggingface_hub` finds.

    Raises:
        ModelError: There is no such folder; or the Hub cannot be reached, or has no such model of this project.
    """
    if isinstance(model, str) and _HUB_NAME.fullmatch(model) and not Path(model).parent.is_dir():
        return _from_hub(model, revision, token)
    here = Path(__file__).resolve().parent  # an installed package has the shipped models here
    places = [Path(model)]
    if isinstance(model, str) and model == Path(model).name:
        places = [here / model, here.parents[1] / "models" / model, *places]
    for place in places:
        if place.is_dir():
            return place
    raise ModelError(f"there is no model {str(model)!r}; looked for the folder {' and '.join(map(str, places))}")


def version_of(model: str | Path) -> str:
    """Returns the first 12 hex digits of a sha256 that identifies the weights of a model: that of its list of
    checksums."""
    return hashlib.sha256((folder_of(model) / "checksums.json").read_bytes()).hexdigest()[:12]


def _from_hub(name: str, revision: str | None, token: str | None) -> Path:
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        _check_kind(Path(hf_hub_download(name, "config.json", revision=revision, token=token)).parent)
        return Path(snapshot_download(name, revision=revision, token=token))
    except (HfHubHTTPError, LocalEntryNotFoundError) as error:
        raise ModelError(f"{name} cannot be loaded from the Hub: {error}") from error


def _check_kind(folder: Path) -> dict[str, Any]:
    """Returns the config of a model folder of this project.

    Raises:
        ModelError: The folder is a checkpoint of transformers.
    """
    adapter = (folder / "adapter_config.json").is_file()
    config = {} if adapter else _json(folder / "config.json")
    if adapter or ("model_type" in config and "format" not in config):
        raise ModelError(
            f"{folder} is a checkpoint of transformers, not a model of this project; a chat model can write the points "
            "of one: --writer, or writer= in Python"
        )
    return config


def verified(folder: Path) -> dict[str, Any]:
    """Returns the folder's config, after checking that every file is there and matches its checksum.

    Raises:
        ModelError: A file is missing or damaged, or the format is not supported.
    """
    config = _check_kind(folder)
    if not isinstance(config.get("format"), int) or config["format"] > FORMAT:
        raise ModelError(
            f"{folder / 'config.json'}: the format is {config.get('format')!r}, but this version reads formats up to "
            f"{FORMAT}; update newsroom-summarizer"
        )
    if config["format"] < FORMAT and "extractor" in config:
        raise ModelError(
            f"{folder / 'config.json'}: this model has format {config['format']}, but this version needs format "
            f"{FORMAT}, with another rewriter and verifier. Export its extractor into a copy of models/base (`python "
            "-m training export RUN --output COPY`), or use it with newsroom-summarizer 0.10"
        )
    for name, wanted in _json(folder / "checksums.json").items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; get the model folder again")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != wanted:
            raise ModelError(
                f"{path} is damaged: its sha256 is {found[:12]}…, but checksums.json has {wanted[:12]}…; "
                "get the model folder again"
            )
    return config


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; is {path.parent} a model folder?") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} must contain a JSON object")
    return value
