"""Articles with the bullets that people wrote for them, from JSONL."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Example:
    """An article and its human list."""

    id: str
    text: str
    bullets: tuple[str, ...]


def read(path: str | Path, text_field: str = "article", bullets_field: str = "bullets") -> list[Example]:
    """The examples of a JSONL file, plain or .gz: one object a line with an article, a list of bullets and an `id`.

    Raises:
        ValueError: A line is no JSON object or lacks a field; the message names line and fields.
        FileNotFoundError: There is no such file.
    """
    path = Path(path)
    examples: list[Example] = []
    open_ = gzip.open if path.suffix == ".gz" else open
    with open_(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"line {number} of {path}"
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{where}: not valid JSON ({error})") from error
            text, bullets = row.get(text_field, row.get("text")), row.get(bullets_field)
            if not isinstance(text, str) or not isinstance(bullets, list) or not bullets:
                fields = ", ".join(row)
                raise ValueError(
                    f'{where}: needs "{text_field}" (text) and "{bullets_field}" (a list); its fields are {fields}'
                )
            examples.append(Example(str(row.get("id", number)), text, tuple(map(str, bullets))))
    if not examples:
        raise ValueError(f"{path} holds no article")
    return examples


def fingerprint(path: str | Path) -> str:
    """The first 12 digits of the file's sha256: names the data that a figure was measured on."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:12]
