"""Reads the records of an archive in bounded memory (`worker.py` makes those of the output): from JSONL, CSV, Parquet,
a folder or standard input.

A line that cannot be read becomes a record with a fault, so that the caller decides whether to continue. `eval` and
`training` also read their data with this module.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import IO, Any

from ..errors import ArticleError, BatchError, SummarizerError
from ..reading import SUFFIXES, Article, decoded
from .storage import File, files_of, pyarrow, unpacked

STDIN = "-"
TEXT_FIELDS = ("text", "article")
_BYTES = re.compile("[\udc80-\udcff]")
"""The characters that `errors="surrogateescape"` makes of bytes that are not UTF-8."""
_ROWS = 256
"""Rows of a Parquet file that are in memory at once."""
_MAX_DEPTH = 200
"""Maximum number of levels of nested objects and lists in a record. Python cannot send many more to a process."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it is in its file.

    Attributes:
        where: Place of the record for error messages: "line 17 of articles.jsonl".
        number: Number of the record (line or row) in its file, from 1.
        values: Its fields.
        fault: Why the record cannot be read; "" if it can. `values` may then have the raw line, under "line".
        file: The file, not read yet, if the article is a whole file (.txt, .html, .md); else None.
        name: Path of the file within the archive's folder. Without a folder: the file name of a whole file, else "".
        alone: True if the record is the only one in its file.
    """

    where: str
    number: int
    values: Mapping[str, Any]
    fault: str = ""
    file: File | None = None
    name: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record are used. A dotted path leads into objects and lists: "body.parts.0.text".

    Attributes:
        text: Field of the article. Default: the first of `TEXT_FIELDS` that the record has.
        id: Field of the id. Default: "id"; a record without one gets its number, in a folder its file name.
        carry: Fields to copy into the output. "*" copies all except the text and the id.
        language: Language of the articles. A record's own field `language` takes precedence.
    """

    text: str | None = None
    id: str | None = None
    carry: tuple[str, ...] = ()
    language: str = "en"

    def id_of(self, record: Record) -> str:
        """The id of a record, as a string. If it is unreadable or has no id: its number, in a folder its file name (and
        number, if the file has several records: "a.jsonl:3")."""
        value = None if record.file or record.fault else field_at(record.values, self.id or "id")
        if value is None or isinstance(value, dict | list):
            value = (
                f"{record.name}:{record.number}" if record.name and not record.alone else record.name or record.number
            )
        return printable(str(value))

    def article_of(self, record: Record) -> Article:
        """The article of a record.

        Raises:
            ArticleError: The record cannot be read, or has no text or no id. The message has its place.
        """
        if record.file:
            return self._of_file(record.file)
        where, values = record.where, record.values
        if record.fault:
            raise ArticleError(f"{where}: {record.fault}")
        if self.id and field_at(values, self.id) is None:
            raise ArticleError(f'{where}: "{self.id}" is missing; {_there(values)}. Name the id with --id-field')
        found = self._text_field(values)
        if found is None:
            raise ArticleError(
                f'{where}: "{self.text or "text"}" is missing; {_there(values)}. Name the text with --text-field'
            )
        text = field_at(values, found)
        if not isinstance(text, str):
            raise ArticleError(f'{where}: "{found}" must be a text, not {type(text).__name__}')
        if not text.strip():
            raise ArticleError(f'{where}: "{found}" is empty')
        title, language = values.get("title"), values.get("language")
        article = Article.from_text(text, printable(str(language or self.language)))
        return Article(article.text, str(title), article.language) if title else article

    def _text_field(self, values: Mapping[str, Any]) -> str | None:
        return next((f for f in ((self.text,) if self.text else TEXT_FIELDS) if field_at(values, f) is not None), None)

    def _of_file(self, file: File) -> Article:
        try:
            with file.open() as stream:
                data = stream.read()
            return Article.from_bytes(data, SUFFIXES.get(file.kind, "text"), self.language)
        except OSError as error:
            raise ArticleError(f"{file.shown}: {error.strerror or error}") from error
        except ArticleError as error:
            raise ArticleError(f"{file.shown}: {error}") from error

    def carried(self, record: Record) -> dict[str, Any]:
        """The fields to copy into the output. A named field that the record does not have is null."""
        if "*" in self.carry:
            rest: Any = {} if record.fault else record.values
            for path in (self._text_field(rest), self.id or "id"):
                rest = _without(rest, path) if path else rest
            return dict(plain(rest))
        return {path: plain(field_at(record.values, path)) for path in self.carry}


@dataclass(slots=True)
class Archive:
    """An archive. Iteration yields its records in a fixed order: files by name, and records as they are in their file.

    Attributes:
        place: A file (.jsonl or .csv, both also .gz or .zst; .parquet; .txt, .html or .md for one article; any other
            file is read as JSONL), a folder with subfolders of such files and of .json files with one article each, the
            URI of a file or folder, or "-" for JSONL on standard input.
        besides: Files and folders to skip, although they are in the archive's folder.
        size: Total bytes of the files; 0 if unknown.
        read: Number of bytes that have been read.

    Raises:
        BatchError: The place does not exist, or has no file that can be read.
    """

    place: str | Path
    besides: frozenset[Path] = frozenset()
    size: int = 0
    read: int = 0

    def __post_init__(self) -> None:
        if self.place != STDIN:
            sizes = [file.size for file in self.files()]
            if not sizes:
                raise BatchError(f"{self.place} holds no .txt, .html, .md, .json, .jsonl, .csv or .parquet file")
            self.size = sum(sizes)

    def files(self) -> Iterator[File]:
        """The files of the archive. Standard input has none."""
        if self.place == STDIN:
            return
        top = Path(self.place).resolve()  # resolved only once, since a folder may have a million files
        for file in files_of(self.place):
            here = top / file.name
            here = here.resolve() if self.besides and here.is_symlink() else here
            if not any(here.is_relative_to(path) for path in self.besides):
                yield file

    def __iter__(self) -> Iterator[Record]:
        """Yields the records.

        Raises:
            BatchError: A file cannot be read to its end. The message names the file.
            MissingExtraError: A file needs a package that is not installed.
        """
        if self.place == STDIN:
            yield from _lines(sys.stdin.buffer, "standard input", "")
            return
        done = 0
        for file in self.files():
            for record, at in records_of(file):
                self.read = done + at
                yield record
            done += file.size
            self.read = done


def records_of(file: File) -> Iterator[tuple[Record, int]]:
    """Yields the records of a file, each with the number of bytes of the file that have been read so far. Errors are as
    for the iteration of an `Archive`."""
    try:
        if file.is_article:
            yield _one(file), file.size
        elif file.kind == ".parquet":
            yield from _parquet(file)
        else:
            with unpacked(file) as (stream, raw):
                lines = _csv if file.kind == ".csv" else _lines
                for record in lines(stream, file.shown, file.name):
                    yield record, raw.tell() if file.size else 0
    except SummarizerError:
        raise
    except Exception as error:  # errors of the disk, gzip, zstd, csv or Arrow: the file is damaged
        raise BatchError(f"{file.place} cannot be read to its end: {error or type(error).__name__}") from error


def printable(text: str) -> str:
    """Replaces lone surrogates, which cannot be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:
    """Converts a value for JSON. Other types (dates, decimals) become strings; NaN and infinity become null."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {printable(str(key)): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else printable(str(value))


def object_of(line: str) -> tuple[dict[str, Any], str]:
    """Returns the JSON object of a line and ""; or, if it is invalid, the line under "line" and the reason."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # a number with thousands of digits also raises ValueError
        cut = "" if line.rstrip().endswith("}") else "; the line does not end with }: was it cut off?"
        return {"line": line}, f"not valid JSON ({error}){cut}"
    if not isinstance(value, dict):
        return {"line": line}, f"must be a JSON object, not {type(value).__name__}"
    if line.count("{") + line.count("[") > _MAX_DEPTH and _depth(value) > _MAX_DEPTH:  # no process could be sent it
        return {"line": line}, f"is nested more than {_MAX_DEPTH} levels deep"
    return value, ""


def _depth(value: Any) -> int:
    """The number of levels of nested objects and lists."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for node in level
            for inner in (node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
            if isinstance(inner, dict | list)
        ]
    return depth


def _one(file: File) -> Record:
    """The record of a file with one article. A .json file is read here, since its fields may be needed."""
    if file.kind != ".json":
        return Record(file.shown, 1, {}, "", file, file.name or file.shown, alone=True)
    try:
        with file.open() as stream:
            values, fault = object_of(decoded(stream.read()))
    except (ArticleError, OSError) as error:
        values, fault = {}, str(getattr(error, "strerror", None) or error)
    return Record(file.shown, 1, values, fault, None, file.name, alone=True)


def _lines(stream: IO[bytes], place: str, name: str) -> Iterator[Record]:
    for number, line in enumerate(stream, 1):
        if not line.strip():
            continue
        try:
            values, fault = object_of(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            values, fault = {"line": line.decode("utf-8", "replace")}, f"not UTF-8 ({error})"
        yield Record(f"line {number} of {place}", number, values, fault, None, name)


def _csv(stream: IO[bytes], place: str, name: str) -> Iterator[Record]:
    """Yields the rows. Every value stays a string, so that the id 007 does not become 7. An invalid row gets a fault,
    and the next row begins on the next line."""
    csv.field_size_limit(1 << 30)
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        rows = csv.DictReader(text, strict=True)
        for number in count(1):
            where, row, fault = f"row {number} of {place}", dict[Any, Any](), ""
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                fault = f"not valid CSV ({error})"
            if None in row:
                fault = "more values than the first row has names; a value with a comma needs quotes"
            values = {key: value for key, value in row.items() if key is not None}
            if any(_BYTES.search(value) for value in values.values() if value):
                fault = fault or "not UTF-8"
            yield Record(where, number, values, fault, None, name)


def _parquet(file: File) -> Iterator[tuple[Record, int]]:
    with file.open() as stream:
        table = pyarrow("reading Parquet").parquet.ParquetFile(stream)
        number = 0
        for batch in table.iter_batches(batch_size=_ROWS):
            for values, fault in _rows(batch):
                number += 1
                where = f"row {number} of {file.shown}"
                at = file.size * number // table.metadata.num_rows
                yield Record(where, number, values, fault, None, file.name), at


def _rows(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yields the rows of a part of a table. A row with a value that Python cannot represent has a fault."""
    try:
        yield from [(values, "") for values in batch.to_pylist()]
        return
    except Exception:
        pass  # row by row below, to find the faulty one
    for at in range(batch.num_rows):
        try:
            yield batch.slice(at, 1).to_pylist()[0], ""
        except Exception as error:
            yield {}, f"a value cannot be read ({error})"


def field_at(values: Mapping[str, Any], path: str) -> Any:
    """Returns the value at a dotted path, such as "content.body", or None. A field whose own name is the path takes
    precedence."""
    if path in values:
        return values[path]
    found: Any = values
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part)
        elif isinstance(found, list) and part.isdecimal() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


def _without(values: Any, path: str) -> Any:
    """Returns a record without the value at a path."""
    if not isinstance(values, Mapping):
        return values
    first, _, rest = path.partition(".")
    if path in values:
        return {key: value for key, value in values.items() if key != path}
    if not rest or first not in values:
        return values
    return {key: _without(value, rest) if key == first else value for key, value in values.items()}


def _there(values: Mapping[str, Any]) -> str:
    return f"the fields are {', '.join(map(str, values))}" if values else "there are no fields"
