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
from summarizer.checks import facts
from summarizer.points import FullNames, as_line, context_of
from summarizer.reading import Sentence, content_sentences

Pieces = list[list[int] | str]
_SHORTEST = 4
"""Minimum number of characters of a run that is stored as offsets."""


@dataclass
class UnpackArguments:
    """Arguments of `python -m training unpack FILE`."""

    packed: str = field(metadata={"help": "The packed file, JSONL (.gz); the flag itself may be left out."})
    articles: str = field(metadata={"help": "The articles that it refers to; several files separated by commas."})
    output: str = field(metadata={"help": "File to write: points or judged rewrites, JSONL (.gz)."})
    language: str = field(default="en", metadata={"help": "Language of the articles, for splitting sentences."})


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
    return "".join(one if isinstance(one, str) else article[one[0] : one[1]] for one in pieces)


def unpack(args: UnpackArguments) -> None:
    """Writes the unpacked file, and prints on stderr how many rows were written, and which were left out and why.

    Raises:
        ValueError: No row could be written.
        FileNotFoundError: A file does not exist.
    """
    known = {str(row["id"]): row for row in map(dict, _articles(args.articles))}
    made = missing = changed = 0
    with _opened(Path(args.output), "wt") as file:
        for packed_row in rows(args.packed, "train"):
            about = dict(packed_row.values)
            article = known.get(str(about["id"]))
            if article is None:
                missing += 1
                continue
            try:
                row = _whole(about, article, args.language)
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


def _whole(about: Mapping[str, Any], article: Mapping[str, Any], language: str) -> dict[str, Any]:
    text = article["article"]
    row: dict[str, Any] = {"id": about["id"]}
    if about.get("titled", True) and article.get("title"):
        row["title"] = article["title"]
    if "points" in about:
        return row | {"article": text, "points": [_point(point, text) for point in about["points"]]}
    sentences = content_sentences(text, language)
    chosen = list(dict.fromkeys(_at(sentences, *span, str(about["id"])) for span in about["sources"]))
    context = context_of(sentences, chosen, FullNames(text, facts(text)))
    candidates = [one | {"text": unpacked(one["text"], text)} for one in about["candidates"]]
    source_text = as_line(sentences, chosen)
    return row | {"sentences": len(chosen), "source_text": source_text, "context": context, "candidates": candidates}


def _at(sentences: Sequence[Sentence], start: int, end: int, of: str) -> int:
    """Returns the index of the sentence that overlaps a span most. Its borders may differ by a quotation mark from
    those at the time when the span was stored.

    Raises:
        ValueError: No sentence overlaps it: the article has another text.
    """
    shared = [min(sentence.end, end) - max(sentence.start, start) for sentence in sentences]
    if max(shared, default=0) <= 0:
        raise ValueError(f"article {of} has no sentence at {start} to {end}: it is not the text that was judged")
    return shared.index(max(shared))


def _point(about: Mapping[str, Any], article: str) -> dict[str, Any]:
    texts = {length: unpacked(about[length], article) for length in ("standard", "brief") if length in about}
    judged = [
        one | {name: unpacked(one[name], article) for name in ("text", "standard") if name in one}
        for one in about.get("judged", ())
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
