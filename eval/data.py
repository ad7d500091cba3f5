"""Reads articles with reference lists, and lists of bullets, from JSONL, CSV, Parquet, a folder or the Hub."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from summarizer.archive import Archive, Record, field_at, files_of, kind_of, object_of, unpacked
from summarizer.options import LENGTHS
from summarizer.reading import words
from summarizer.summary import Length

TEXT_FIELDS = ("article", "text", "document")
_BULLETS_FLAG = "Name it with --bullets-field"
BULLETS_FIELDS = ("bullets", "highlights", "summary")
POINTS_FIELD = "points"
BRIEF_POINTS = 3
"""Number of points in the `brief` form of a header list: those of highest rank."""
BRIEF_WORDS = 20
"""Maximum number of words of a `brief` bullet in a plain list."""
_BESIDE = ".bullets.txt"
_KINDS = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")
_ITEM = re.compile(r"<li\b[^>]*>(.*?)</li>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_BREAK = re.compile(r"\s*(?:\n|<n>|<q>)\s*")
_MARKER = re.compile(r"^\s*(?:[-*•·]|\d+[.)])\s+")


class ExampleError(ValueError):
    """A record is no article with a list. `kind` is "field missing", "article empty", "no bullets" or "draft"."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a list that people wrote.

    Attributes:
        texts: Texts by length: both lengths, or one; empty if the list only names the sources.
        rank: Importance; 1 is the most important point.
        sources: Spans (start, end) of the article's sentences that the point is based on, in article order; empty if
            the list does not name them.
        main: The most important of these spans; None if the list does not name it.
    """

    texts: Mapping[Length, str]
    rank: int
    sources: tuple[tuple[int, int], ...] = ()
    main: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """An article and the lists that people wrote for it.

    Attributes:
        id: Id of the record, or its number in the file, from 1.
        text: The article; empty if only lists are compared.
        references: The reference lists: one, or one from each of several editors.
        points: All points of the first list, in reading order; `references` may have only the most important ones.
        title: The headline; None if there is none.
    """

    id: str
    text: str
    references: tuple[tuple[str, ...], ...]
    points: tuple[Point, ...] = ()
    title: str | None = None

    @property
    def bullets(self) -> tuple[str, ...]:
        """The first reference list."""
        return self.references[0]

    @property
    def listed(self) -> tuple[Point, ...]:
        """The points that are in the first list: all, or the best by rank."""
        kept = set(_best(self.points, len(self.bullets)))
        return tuple(point for i, point in enumerate(self.points) if i in kept)


def read(
    source: str | Path,
    text_field: str | None = None,
    bullets_field: str | None = None,
    split: str = "test",
    length: Length = "brief",
) -> list[Example]:
    """Reads articles with reference lists.

    Args:
        source: A file (.jsonl, .json with one object a line, .csv, .parquet; .gz), a folder of .json files or of .txt
            files (the bullets of story.txt are in story.bullets.txt, one a line), or the name of a data set on the Hub,
            such as `abisee/cnn_dailymail:3.0.0`.
        text_field: Field of the article; default: the first of `article`, `text`, `document` that exists. A dotted path
            reads nested objects: "content.body".
        bullets_field: Field of the list: a list, a list of lists (several editors), or a text with one bullet a line
            or in `<li>`; default: the first of `bullets`, `highlights`, `summary`. A header list is in `points`:
            objects with `standard` and `brief` (or one of them), `rank`, `sources` (spans) and `main` (a span).
        split: Split of a data set on the Hub; ignored for other sources.
        length: Text of a header list's points to use as the reference: `standard` takes all points, `brief` the
            `BRIEF_POINTS` of highest rank.

    Raises:
        ValueError: A record lacks a field, its list is empty, or its id is not unique; the message names the line.
        FileNotFoundError: The file does not exist.
    """
    examples = []
    seen: set[str] = set()
    for row in rows(source, split):
        found = example_of(row, text_field, bullets_field, length)
        if found.id in seen:
            raise ValueError(f"{row.where}: the id {found.id!r} is used a second time")
        seen.add(found.id)
        examples.append(found)
    if not examples:
        raise ValueError(f"{source} holds no article")
    return examples


def example_of(
    row: Record, text_field: str | None = None, bullets_field: str | None = None, length: Length = "brief"
) -> Example:
    """Reads the article and the reference lists of one record; fields and length are as in `read`.

    Output of this library (`Summary.to_json`) is also accepted, once an editor has set its `status` to "approved".

    Raises:
        ExampleError: A field is missing, the article or its list is empty, or no editor has approved the list.
        ValueError: The record is malformed.
    """
    where, values = row.where, row.values
    if row.fault:
        raise ValueError(f"{where}: {row.fault}")
    text = _field(values, text_field, TEXT_FIELDS, "Name it with --text-field", where)
    header_list = not bullets_field and POINTS_FIELD in values
    fields = (POINTS_FIELD,) if header_list else BULLETS_FIELDS
    bullets = _field(values, bullets_field, fields, _BULLETS_FLAG, where)
    if "disclosure" in values and values.get("status") != "approved":
        what = 'this is an unapproved draft; an editor must first set its "status" to "approved"'
        raise ExampleError(f"{where}: {what}", "draft")
    if not isinstance(text, str) or not text.strip():
        raise ExampleError(f"{where}: the article is empty", "article empty")
    title = values.get("title")
    title = " ".join(title.split()) or None if isinstance(title, str) else None
    if header_list:
        points = _header_list(bullets, text, where)
        return Example(_id(row), text, (_reference(points, length, text),), points, title)
    references = _lists(bullets, where)
    return Example(_id(row), text, references, _listed(bullets, references[0], text, where), title)


def _header_list(value: object, text: str, where: str) -> tuple[Point, ...]:
    """Reads the points of a header list.

    Raises:
        ValueError: A point is malformed; the message says which one and why.
    """
    if not isinstance(value, list) or not value:
        raise ExampleError(f"{where}: the reference list is empty", "no bullets")
    points = []
    for number, point in enumerate(value, 1):
        there = f"{where}: point {number}"
        if not isinstance(point, dict):
            raise ValueError(f"{there} must be an object, not {type(point).__name__}")
        texts = {name: " ".join(point[name].split()) for name in LENGTHS if isinstance(point.get(name), str)}
        sources = tuple(sorted(_span(span, text, there) for span in point.get("sources") or ()))
        main = _span(point["main"], text, there) if point.get("main") else None
        if not any(texts.values()) and not sources:
            raise ValueError(f'{there} has neither "standard" nor "brief", nor "sources"')
        rank = point.get("rank", number)
        if not isinstance(rank, int):
            raise ValueError(f"{there}: its rank must be a number, not {rank!r}")
        points.append(Point({n: t for n, t in texts.items() if t}, rank, sources, main))
    return tuple(points)


def _span(value: object, text: str, where: str) -> tuple[int, int]:
    if isinstance(value, dict):  # the form in the output of this library
        value = [value.get("start"), value.get("end")]
    if isinstance(value, list) and len(value) == 2 and all(isinstance(v, int) for v in value):
        start, end = value
        if 0 <= start < end <= len(text):
            return start, end
    raise ValueError(f"{where}: {value!r} is no span of the article's {len(text)} characters")


def _reference(points: Sequence[Point], length: Length, text: str) -> tuple[str, ...]:
    """The texts of a header list in one length. A point without this length uses its other text; a point without any
    text uses the article's text at its main span, or else at its first source."""
    kept = set(_best(points, BRIEF_POINTS if length == "brief" else len(points)))
    return tuple(
        p.texts.get(length) or next(iter(p.texts.values()), "") or _quoted(p.main or p.sources[0], text)
        for i, p in enumerate(points)
        if i in kept
    )


def _quoted(span: tuple[int, int], text: str) -> str:
    return " ".join(text[span[0] : span[1]].split())


def _best(points: Sequence[Point], count: int) -> list[int]:
    """Indices of the points of highest rank."""
    return sorted(range(len(points)), key=lambda i: points[i].rank)[:count]


def _listed(value: object, bullets: Sequence[str], text: str, where: str) -> tuple[Point, ...]:
    """Converts the bullets of a plain list to points: they are ranked in list order, and their number of words
    determines their length. Only output of this library has sources."""
    spans: list[tuple[tuple[int, int], ...]] = [()] * len(bullets)
    if isinstance(value, list) and len(value) == len(bullets) and all(isinstance(v, dict) for v in value):
        spans = [tuple(sorted(_span(span, text, where) for span in v.get("sources") or ())) for v in value]
    lengths: list[Length] = ["brief" if len(words(bullet)) <= BRIEF_WORDS else "standard" for bullet in bullets]
    return tuple(
        Point({length: bullet}, rank, sources)
        for rank, (length, bullet, sources) in enumerate(zip(lengths, bullets, spans, strict=True), 1)
    )


def read_lists(source: str | Path) -> dict[str, list[str]] | list[list[str]]:
    """Reads the lists of bullets of a system. JSONL with `id` and `bullets` (strings, or objects with `text`) returns
    them by id; plain text, one article a line with `<n>` between bullets, in file order. Empty lists are kept.

    Raises:
        ValueError: A line cannot be read, or an id is missing or used twice; the message names the line.
    """
    found: dict[str, list[str]] = {}
    ordered: list[list[str]] = []
    for row in rows(source):
        where, values = row.where, row.values
        value = _field(values, None, BULLETS_FIELDS, "Rename the field of the list to bullets", where)
        bullets = list(_bullets(value, where))
        if values.get("id") is None:
            ordered.append(bullets)
        elif str(values["id"]) in found:
            raise ValueError(f"{where}: the id {values['id']!r} is used a second time")
        else:
            found[str(values["id"])] = bullets
        if found and ordered:
            raise ValueError(f"{where}: some records of this file have an id and some have none")
    if not found and not ordered:
        raise ValueError(f"{source} holds no list of bullets")
    return found or ordered


def read_references(source: str | Path, bullets_field: str | None = None) -> list[Example]:
    """Reads reference lists without their articles, in the formats of `read_lists`; several lists as in `read`."""
    examples = []
    for row in rows(source):
        bullets = _field(row.values, bullets_field, BULLETS_FIELDS, _BULLETS_FLAG, row.where)
        text = next((row.values[c] for c in TEXT_FIELDS if isinstance(row.values.get(c), str)), "")
        examples.append(Example(_id(row), text, _lists(bullets, row.where)))
    if not examples:
        raise ValueError(f"{source} holds no list of bullets")
    return examples


def aligned(lists: dict[str, list[str]] | list[list[str]], examples: list[Example], name: str) -> list[list[str]]:
    """Returns a system's lists in the order of the articles: by id, or by position if they have no ids.

    Raises:
        ValueError: The lists do not fit the articles; the message says how.
    """
    if isinstance(lists, list):
        if len(lists) != len(examples):
            raise ValueError(f"{name} has {len(lists)} lists without ids for {len(examples)} articles")
        return lists
    ids = {example.id for example in examples}
    unknown, missing = [key for key in lists if key not in ids], [key for key in ids if key not in lists]
    for what, keys in (("has ids that the articles lack", unknown), ("lacks lists for articles", missing)):
        if keys:
            raise ValueError(f"{name} {what}: {len(keys)} of them, such as {sorted(keys)[0]!r}")
    return [lists[example.id] for example in examples]


def fingerprint(source: str | Path) -> str:
    """Identifies the data behind a figure: the first 12 digits of the sha256 of a file, or of a folder's .json and .txt
    files. For a data set on the Hub, returns its name."""
    path = Path(source)
    if not path.exists():
        return str(source)
    digest = hashlib.sha256()
    for file in sorted([*path.glob("*.json"), *path.glob("*.txt")]) if path.is_dir() else [path]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def rows(source: str | Path, split: str = "test", tolerant: bool = False) -> Iterator[Record]:
    """Yields the records of a source; see `read`.

    Args:
        source: As in `read`.
        split: As in `read`.
        tolerant: True: a malformed line is yielded as a record with a `fault`. False: it is an error.

    Raises:
        ValueError: A file is truncated or not UTF-8; or a line is malformed, unless `tolerant`.
        FileNotFoundError: The file does not exist.
    """
    path = Path(source)
    try:
        for row in _records(path, source, split):
            if row.fault and not tolerant:
                raise ValueError(f"{row.where}: {row.fault}")
            yield row
    except (EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read to its end: {error}") from error


def _records(path: Path, source: str | Path, split: str) -> Iterator[Record]:
    kind = kind_of(path)
    if path.is_dir():
        yield from _folder(path)
    elif path.is_file():
        yield from Archive(path) if kind in _KINDS else _plain(path)
    elif kind in (*_KINDS, ".txt") or str(source).startswith(("/", ".", "~")):
        raise FileNotFoundError(f"there is no file {path}")
    else:
        yield from _hub(str(source), split)


def _folder(path: Path) -> Iterator[Record]:
    texts = [file for file in path.glob("*.txt") if not file.name.endswith(_BESIDE)]
    for number, file in enumerate(sorted([*path.glob("*.json"), *texts]), 1):
        if file.suffix == ".json":
            values, fault = object_of(file.read_text("utf-8"))
            yield Record(str(file), number, values | {"id": file.stem}, fault)
            continue
        beside = file.with_name(file.stem + _BESIDE)
        bullets = beside.read_text("utf-8") if beside.is_file() else ""
        yield Record(str(file), number, {"id": file.stem, "text": file.read_text("utf-8"), "bullets": bullets})


def _plain(path: Path) -> Iterator[Record]:
    """Reads plain text: one list of bullets a line."""
    with unpacked(next(files_of(path))) as (file, _):
        for number, line in enumerate(TextIOWrapper(file, "utf-8"), 1):
            yield Record(f"line {number} of {path}", number, {"bullets": line.strip("\n")})


def _hub(name: str, split: str) -> Iterator[Record]:
    from datasets import load_dataset

    name, _, config = name.partition(":")
    for number, row in enumerate(load_dataset(name, config or None, split=split), 1):
        yield Record(f"row {number} of {name} ({split})", number, row)


def _field(row: Mapping[str, Any], wanted: str | None, usual: Iterable[str], hint: str, where: str) -> Any:
    """Returns the value of a field.

    Raises:
        ExampleError: The record lacks it.
    """
    for name in (wanted,) if wanted else usual:
        if name in row or field_at(row, name) is not None:
            return field_at(row, name)
    missing = f'"{wanted}"' if wanted else " nor ".join(f'"{name}"' for name in usual)
    neither = "there is no" if wanted else "there is neither"
    raise ExampleError(f"{where}: {neither} {missing}; it has {', '.join(map(str, row))}. {hint}", "field missing")


def _id(row: Record) -> str:
    return str(row.values["id"] if row.values.get("id") is not None else row.number)


def _lists(value: object, where: str) -> tuple[tuple[str, ...], ...]:
    """The reference lists of one record. An empty list is an error, because nothing can be measured against it."""
    several = isinstance(value, list) and bool(value) and isinstance(value[0], list)
    lists = tuple(_bullets(entry, where) for entry in (value if several else [value]))  # type: ignore[union-attr]
    if not all(lists):
        raise ExampleError(f"{where}: the reference list is empty", "no bullets")
    return lists


def _bullets(value: object, where: str) -> tuple[str, ...]:
    """Extracts bullets from a list of strings or of objects with `text`, from `<li>` items, or from lines."""
    if isinstance(value, str):
        items = _ITEM.findall(value)
        parts = [unescape(_TAG.sub("", item)) for item in items] if items else _BREAK.split(value)
        parts = [_MARKER.sub("", part) for part in parts]
    elif isinstance(value, list):
        parts = [part["text"] if isinstance(part, dict) and "text" in part else part for part in value]
    else:
        raise ValueError(f"{where}: bullets must be a list or a text, not {type(value).__name__}")
    if not all(isinstance(part, str) for part in parts):
        raise ValueError(f"{where}: every bullet must be a text")
    return tuple(" ".join(part.split()) for part in parts if part.strip())
