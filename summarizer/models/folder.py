"""Model folders: found by their names, told from checkpoints of transformers, verified, and given a version."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ..errors import ModelError

FORMAT = 2
"""Version of the model folder's format; a folder of a newer one is refused. In format 1 the extractor chose sentences,
and knew nothing of points."""
SETTINGS = "key_points.json"
"""The file that a fine-tuned checkpoint carries beside its weights: how it is asked for key points."""
_HUB_NAME = re.compile(r"\w[\w.-]*/[\w.-]+")


def folder_of(model: str | Path) -> Path:
    """The folder of a model: a shipped name, which lies inside the installed package or in the checkout, or a path.
    "base" is the shipped one even where the current folder has a folder of that name: that is "./base"."""
    here = Path(__file__).resolve().parent  # an installed package has the shipped models here
    places = [Path(model)]
    if isinstance(model, str) and model == Path(model).name:
        places = [here / model, here.parents[1] / "models" / model, *places]
    for place in places:
        if place.is_dir():
            return place
    raise ModelError(f"there is no model {str(model)!r}; looked for the folder {' and '.join(map(str, places))}")


def version_of(model: str | Path, revision: str | None = None, token: str | None = None) -> str:
    """The first 12 digits of a sha256 that names a model's weights: of its list of checksums; of the weights themselves
    where a checkpoint has no list; of the commit where it lies on the Hub. What writes whole lists is named together
    with the shipped model, whose verifier reads them."""
    reads = (folder_of("base") / "checksums.json").read_bytes()
    if is_hub_name(model):
        from transformers import AutoConfig

        config = AutoConfig.from_pretrained(model, revision=revision or "main", token=token)
        commit = str(config._commit_hash or model)
        return hashlib.sha256(commit.encode() + reads).hexdigest()[:12]
    folder = folder_of(model)
    if not is_checkpoint(folder):
        own = (folder / "checksums.json").read_bytes()
        return hashlib.sha256(own + reads * (folder / "generator").is_dir()).hexdigest()[:12]
    digest = hashlib.sha256(reads)
    for path in sorted([*folder.glob("*.safetensors"), *folder.glob("*.bin")]):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:12]


def is_hub_name(model: str | Path) -> bool:
    """Whether a model is named as one on the Hub, and no folder here has that name."""
    return isinstance(model, str) and _HUB_NAME.fullmatch(model) is not None and not Path(model).exists()


def from_hub(name: str, revision: str | None = None, token: str | None = None) -> Path | None:
    """The folder of what this project made and pushed to the Hub (a model, a fine-tuned checkpoint, an adapter),
    downloaded unless it was before; None where the name is of something else, which transformers then looks for.

    Args:
        name: "owner/name".
        revision: A branch, tag or commit; default: the main branch.
        token: Of the Hub; default: the one that `huggingface_hub` finds.
    """
    from huggingface_hub import hf_hub_download, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    for file in (SETTINGS, "adapter_config.json", "config.json"):
        try:
            found = _json(Path(hf_hub_download(name, file, revision=revision, token=token)))
        except (HfHubHTTPError, LocalEntryNotFoundError):
            continue
        if file != "config.json" or "format" in found:
            return Path(snapshot_download(name, revision=revision, token=token))
    return None


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder is one of transformers (or an adapter of peft), and not one of this project."""
    if (folder / "adapter_config.json").is_file():
        return True
    config = folder / "config.json"
    return config.is_file() and "format" not in (there := _json(config)) and "model_type" in there


def verified(folder: Path) -> dict[str, Any]:
    """The folder's config, once every file is there and is the one that was written."""
    config = _json(folder / "config.json")
    if not isinstance(config.get("format"), int) or config["format"] > FORMAT:
        raise ModelError(
            f"{folder / 'config.json'}: format version {config.get('format')!r}, and this version reads up to "
            f"{FORMAT}; update newsroom-summarizer"
        )
    if config["format"] < FORMAT and "extractor" in config:
        raise ModelError(
            f"{folder / 'config.json'}: this model is of format {config['format']}, which chooses sentences, and this "
            f"version makes points (format {FORMAT}). Train it again on its articles with `python -m training "
            "extractor --base_model base`, or use it with newsroom-summarizer 0.1"
        )
    for name, wanted in _json(folder / "checksums.json").items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; get the model folder again")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != wanted:
            raise ModelError(
                f"{path} is damaged: its sha256 is {found[:12]}…, and checksums.json says {wanted[:12]}…; "
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
        raise ModelError(f"{path} must hold an object")
    return value
