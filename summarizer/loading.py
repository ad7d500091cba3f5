"""Loads a model by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checkpoints import AbstractiveBackend, generator_of, int8_generator
from .checks import Verifier
from .cpu import cores
from .errors import ModelError
from .models import folder_of, from_hub, is_checkpoint, is_hub_name, verified, version_of
from .points import Pipeline


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded model.

    Attributes:
        backend: Makes the lists.
        config: The model's config; records contain its "name".
        version: The first 12 hex digits of a sha256 that identifies its weights.
        folder: The model's folder; None for a checkpoint that transformers loaded from the Hub.
    """

    backend: Pipeline | AbstractiveBackend
    config: dict[str, Any]
    version: str
    folder: Path | None


def loaded(
    model: str | Path, threads: int | None, device: str | None, revision: str | None, token: str | None
) -> Loaded:
    """Loads a model. Arguments and errors are those of `Summarizer.from_pretrained`."""
    if is_hub_name(model):
        downloaded = from_hub(str(model), revision, token)
        if not downloaded:
            return _checkpoint(str(model), None, threads, device, revision, token)
        model = downloaded
    folder = folder_of(model)
    if is_checkpoint(folder):
        return _checkpoint(str(folder), folder, threads, device)
    config = verified(folder)
    if "generator" not in config:
        return Loaded(Pipeline(folder, config, threads), config, version_of(folder), folder)
    verifier = _verifier(threads)
    try:
        generator = int8_generator(folder / "generator", threads)
    except (RuntimeError, OSError, ValueError) as error:
        raise ModelError(f"{folder / 'generator'}: {error}") from error
    return Loaded(AbstractiveBackend(generator, verifier), config, version_of(folder), folder)


def _checkpoint(
    checkpoint: str,
    folder: Path | None,
    threads: int | None,
    device: str | None,
    revision: str | None = None,
    token: str | None = None,
) -> Loaded:
    verifier = _verifier(threads)  # first, so that an error comes before the minutes that a checkpoint may take
    generator = generator_of(checkpoint, device, threads, revision=revision, token=token)
    name = generator.settings.name or (folder.resolve().name if folder else checkpoint)
    config = {"name": name, "method": "generated"}
    version = version_of(checkpoint, revision, token)
    return Loaded(AbstractiveBackend(generator, verifier), config, version, folder)


def _verifier(threads: int | None) -> Verifier:
    """The shipped model's verifier, which checks the bullets of every checkpoint."""
    folder = folder_of("base")
    verified(folder)
    part = folder / "verifier"
    try:
        return Verifier(part, threads or cores())
    except (RuntimeError, OSError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{part}: {error}") from error
