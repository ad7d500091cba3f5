"""Loads a model by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .models import folder_of, from_hub, is_hub_name, verified, version_of
from .points import Pipeline
from .writers import WriterOptions, guide_version, writer_of


@dataclass(frozen=True, slots=True)
class Loaded:
    """A loaded model.

    Attributes:
        pipeline: Makes the lists.
        config: The model's config; records contain its "name".
        version: The first 12 hex digits of a sha256 that identifies its weights.
        folder: The model's folder.
        writer: Name of the language model that writes; "" if the shipped rewriter does.
        guide: Version of its editor's guide; "" without a language model.
    """

    pipeline: Pipeline
    config: dict[str, Any]
    version: str
    folder: Path
    writer: str = ""
    guide: str = ""


def loaded(
    model: str | Path,
    threads: int | None,
    writer: WriterOptions | None,
    revision: str | None,
    token: str | None,
) -> Loaded:
    """Loads a model. Arguments and errors are those of `Summarizer.from_pretrained`."""
    folder = from_hub(str(model), revision, token) if is_hub_name(model) else folder_of(model)
    config = verified(folder)
    pipeline = Pipeline(folder, config, threads, (lambda own: writer_of(writer, own, threads)) if writer else None)
    told = (writer.name, guide_version(writer)) if writer else ()
    return Loaded(pipeline, config, version_of(folder), folder, *told)
