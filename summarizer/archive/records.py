"""Records of an archive, one after the other, in bounded memory: from JSONL, CSV, Parquet, a folder, standard input.

A line that is no record is given with its fault, so that who reads decides whether to go on. `eval` and `training` read
their data through this file too.
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
"""What bytes that are no UTF-8 become, where they are let pass."""
_ROWS = 256
"""Rows of a Parquet file that are held at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in its file.

    Attributes:
        where: Its place, as an error message names it: "line 17 of articles.jsonl".
        number: Its number in its file, from 1.
        values: Its fields.
        fault: Why it cannot be read; its fields are then the line as it stands, under "line".
        file: Of an article that is a file of its own (.txt, .html, .md): the file, not read yet.
        name: Of a record in a folder: its file's place in the folder.
        alone: Whether it is all that its file holds.
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
    """Where a record has what. A dotted path leads into objects and lists: "body.parts.0.text".

    Attributes:
        text: The article; default: the first of `TEXT_FIELDS` that is there.
        id: What names the record; default: "id", and where that is missing the record's number, or in a folder its
            file.
        carry: Fields that are copied into the output; "*" is all but the text and the id.
        language: The articles' language, where a record has no `language`.
    """

    text: str | None = None
    id: str | None = None
    carry: tuple[str, ...] = ()
    language: str = "en"

    def id_of(self, record: Record) -> str:
        """The record's id, as a text. A record that cannot be read, or lacks its id, is named by its place."""
        value = None if record.file or record.fault else field_at(record.values, self.id or "id")
        if value is None or isinstance(value, dict | list):
            value = (
                f"{record.name}:{record.number}" if record.name and not record.alone else record.name or record.number
            )
        return printable(str(value))

    def article_of(self, record: Record) -> Article:
        """The article of a record.

        Raises:
            ArticleError: The record cannot be read, or has no text or id; the message names its place.
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
        """The fields that are copied into the output; one that a record lacks is null there."""
        if "*" in self.carry:
            rest: Any = {} if record.fault else record.values
            for path in (self._text_field(rest), self.id or "id"):
                rest = _without(rest, path) if path else rest
            return dict(plain(rest))
        return {path: plain(field_at(record.values, path)) for path in self.carry}


@dataclass(slots=True)
class Archive:
    """An archive. Iterating gives its records in a fixed order: a file's as they stand, a folder's files by name.

    Attributes:
        place: A file (.jsonl, .csv, .parquet; the first two also .gz or .zst; .txt, .html or .md, one article; any
            other is read as JSONL); a folder of .txt, .html, .md and .json files, an article each, and of files as
            above, with its subfolders; the URI of either; or "-", JSONL on standard input.
        besides: Files and folders that are no part of it, though they lie in its folder.
        size: Bytes of the files; 0 where that is not known.
        read: Bytes of them that have been read.

    Raises:
        BatchError: There is nothing of that name, or nothing in it that can be read.
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
        """Its files; none of standard input."""
        if self.place == STDIN:
            return
        top = Path(self.place).resolve()  # once: a folder may hold a million
        for file in files_of(self.place):
            if not any((top / file.name).is_relative_to(path) for path in self.besides):
                yield file

    def __iter__(self) -> Iterator[Record]:
        """The records.

        Raises:
            BatchError: A file cannot be read to its end; the message names it.
            MissingExtraError: It needs a package that is not installed.
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
    """The records of a file, each with the bytes of the file that were read for it and those before. Errors as those of
    a `Archive`."""
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
    except Exception as error:  # of the disk, of gzip, zstd, csv, Arrow: all say that the file is damaged
        raise BatchError(f"{file.place} cannot be read to its end: {error or type(error).__name__}") from error


def printable(text: str) -> str:
    """A text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain(value: Any) -> Any:
    """A value as JSON can hold it: what it does not know (dates, decimals) as text, a number that is none as null."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Mapping):
        return {printable(str(key)): plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list | tuple) else printable(str(value))


def object_of(line: str) -> tuple[dict[str, Any], str]:
    """The JSON object of a line and ""; or the line itself, under "line", and what is wrong with it."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of thousands of digits
        cut = "" if line.rstrip().endswith("}") else "; it ends in the middle: was it still being written?"
        return {"line": line}, f"not valid JSON ({error}){cut}"
    if not isinstance(value, dict):
        return {"line": line}, f"needs a JSON object, not {type(value).__name__}"
    return value, ""


def _one(file: File) -> Record:
    """An article that is a file of its own. A .json file is read at once: its fields may be asked for."""
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
    """The rows; every value stays a text, so that the id 007 is not 7. A row that is none has a fault, and the next one
    begins on the next line."""
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
        table = pyarrow().parquet.ParquetFile(stream)
        number = 0
        for batch in table.iter_batches(batch_size=_ROWS):
            for values, fault in _rows(batch):
                number += 1
                where = f"row {number} of {file.shown}"
                at = file.size * number // table.metadata.num_rows
                yield Record(where, number, values, fault, None, file.name), at


def _rows(batch: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The rows of a piece of a table; where one has a value that Python cannot hold, row by row."""
    try:
        yield from [(values, "") for values in batch.to_pylist()]
        return
    except Exception:
        pass  # said of its row, below
    for at in range(batch.num_rows):
        try:
            yield batch.slice(at, 1).to_pylist()[0], ""
        except Exception as error:
            yield {}, f"a value cannot be read ({error})"


def field_at(values: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, such as "content.body"; None if there is none. A field whose own name has dots comes
    first."""
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
    """A record without what stands at a path."""
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
