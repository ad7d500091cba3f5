"""Stores points and judgements without the words of their articles, for articles that may not be copied.

A text is stored as pieces: offsets into the article for a run of characters that occurs there, and plain text for the
rest. With the articles, the packed file becomes training data again: `python -m training unpack FILE --articles A
--output OUT`.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.data import rows

Pieces = list[list[int] | str]
_SHORTEST = 4
"""Minimum number of characters of a run that is stored as offsets."""


@dataclass
class UnpackArguments:
    """Arguments of `python -m training unpack FILE`."""

    packed: str = field(metadata={"help": "The packed file, JSONL (.gz); the flag itself may be left out."})
    articles: str = field(metadata={"help": "The articles that it refers to; several files separated by commas."})
    output: str = field(metadata={"help": "File to write: points or judged rewrites, JSONL (.gz)."})


def packed(text: str, article: str) -> Pieces:
    """Returns a text as pieces of an article: from left to right, each time the longest run that occurs in it."""
    found: Pieces = []
    at = 0
    while at < len(text):
        start, end = _run(text, at, article)
        if end - start >= _SHORTEST:
            found.append([start, end])
            at += end - start
        elif found and isinstance(found[-1], str):
            found[-1] += text[at]
            at += 1
        else:
            found.append(text[at])
            at += 1
    return found


def unpacked(pieces: Sequence[Sequence[int] | str], article: str) -> str:
    """Returns the text of the pieces."""
    return "".join(piece if isinstance(piece, str) else article[piece[0] : piece[1]] for piece in pieces)


def unpack(args: UnpackArguments) -> None:
    """Writes the unpacked file, and prints on stderr how many rows were written, and which were left out and why.

    Raises:
        ValueError: A row has no id, or no row could be written.
        FileNotFoundError: A file does not exist.
    """
    known = {str(row["id"]): row for row in map(dict, _articles(args.articles))}
    made = missing = changed = 0
    with _opened(Path(args.output), "wt") as file:
        for packed_row in rows(args.packed, "train"):
            about = dict(packed_row.values)
            if "id" not in about:
                raise ValueError(f"{packed_row.where}: the id is missing; a packed file is JSONL (.jsonl, .jsonl.gz)")
            article = known.get(str(about["id"]))
            if article is None:
                missing += 1
                continue
            try:
                row = _whole(about, article)
            except ValueError as error:
                print(f"{packed_row.where}: {error}; the row is left out", file=sys.stderr)
                changed += 1
                continue
            made += 1
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(
        f"{args.output}: {made:,} rows; left out: {missing:,} whose article is missing, {changed:,} whose article has "
        "another text",
        file=sys.stderr,
    )
    if not made:
        raise ValueError(f"no row of {args.packed} fits an article of {args.articles}")


def _whole(about: Mapping[str, Any], article: Mapping[str, Any]) -> dict[str, Any]:
    text = article["article"]
    row: dict[str, Any] = {"id": about["id"]}
    if about.get("titled", True) and article.get("title"):
        row["title"] = article["title"]
    points = [_point(point, text) for point in about["points"]]
    if max((end for point in points for _, end in point["sources"]), default=0) > len(text):
        raise ValueError(f"article {about['id']} is shorter than the text that was judged")
    return row | {"article": text, "points": points}


def _point(about: Mapping[str, Any], article: str) -> dict[str, Any]:
    texts = {
        length: unpacked(about[length], article) for length in ("standard", "brief", "resolved") if length in about
    }
    judged = [
        text | {name: unpacked(text[name], article) for name in ("text", "standard") if name in text}
        for text in about.get("judged", ())
    ]
    return {**about, **texts, **({"judged": judged} if judged else {})}


def _run(text: str, at: int, article: str) -> tuple[int, int]:
    """Returns the offsets in the article of the longest run of the text from `at` on; (0, 0) if there is none."""
    low, high, where = 0, len(text) - at, 0
    while low < high:  # binary search: if a run occurs, all its prefixes occur
        size = (low + high + 1) // 2
        found = article.find(text[at : at + size])
        if found >= 0:
            low, where = size, found
        else:
            high = size - 1
    return where, where + low


def _articles(sources: str) -> Iterator[Mapping[str, Any]]:
    for source in sources.split(","):
        for row in rows(source, "train"):
            yield row.values


def _opened(path: Path, mode: str) -> Any:
    return gzip.open(path, mode, encoding="utf-8") if path.suffix == ".gz" else path.open(mode, encoding="utf-8")
