"""Files of an archive: on this machine, or in S3, GCS and the like by their URI (then through pyarrow)."""

from __future__ import annotations

import gzip
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .article import SUFFIXES
from .errors import BatchError, MissingExtraError

PACKED = (".gz", ".zst")
LINES = (".jsonl", ".ndjson")
TABLES = (*LINES, ".csv", ".parquet")


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be read.

    Attributes:
        place: Its path or URI.
        name: Its place in the folder that was named; empty where it was named itself.
        size: Its bytes.
    """

    place: str
    name: str
    size: int

    @property
    def shown(self) -> str:
        """What messages call it: its place in its folder, or its name; however the archive was spelled."""
        return self.name or self.place.replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def kind(self) -> str:
        """Its ending, in lower case and without that of its packing."""
        return kind_of(self.place)

    def open(self) -> IO[bytes]:
        """The file as it lies there."""
        if not is_uri(self.place):
            return Path(self.place).open("rb")
        system, path = _system(self.place)
        return io.BufferedReader(system.open_input_file(path), 1 << 20)


def is_uri(place: str | Path) -> bool:
    """Whether a place is a URI, such as s3://bucket/articles."""
    return "://" in str(place)


def kind_of(place: str | Path) -> str:
    """A file's ending without that of its packing: ".jsonl" of "a.jsonl.gz"."""
    suffixes = PurePosixPath(Path(place).name if not is_uri(place) else str(place)).suffixes
    return next((suffix.lower() for suffix in reversed(suffixes) if suffix.lower() not in PACKED), "")


def files_of(place: str | Path) -> list[File]:
    """A file, or a folder's files that can be read and those of its subfolders, in the order of their names.

    Raises:
        BatchError: There is nothing of that name, or nothing in it.
        MissingExtraError: pyarrow is needed for a URI, and is not installed.
    """
    found = list(_there(str(place)) if is_uri(place) else _here(Path(place)))
    if not found:
        raise BatchError(f"{place} holds no article: no .txt, .html, .json, .jsonl, .csv or .parquet file")
    return found


@contextmanager
def unpacked(file: File) -> Iterator[tuple[Any, IO[bytes]]]:
    """A file to read, unpacked, and the file as it lies there, whose place tells how far it has been read."""
    with file.open() as raw:
        if file.place.endswith(".gz"):
            with gzip.open(raw, "rb") as stream:
                yield stream, raw
        elif file.place.endswith(".zst"):
            with zstandard().ZstdDecompressor().stream_reader(raw, read_across_frames=True) as stream:
                yield io.BufferedReader(stream, 1 << 20), raw
        else:
            yield raw, raw


def exists(place: str) -> bool:
    """Whether a file or a folder with something in it is there."""
    if not is_uri(place):
        return Path(place).is_file() or (Path(place).is_dir() and any(Path(place).iterdir()))
    system, path = _system(place)
    fs = pyarrow().fs
    info = system.get_file_info(path)
    return bool(info.is_file or system.get_file_info(fs.FileSelector(path, allow_not_found=True)))


def put(file: Path, place: str) -> None:
    """Brings a finished file of this machine to its place: whole or not at all."""
    if not is_uri(place):
        target = Path(place)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f"{target.name}.{os.getpid()}.new")
        shutil.copyfile(file, beside)
        beside.replace(target)
        return
    system, path = _system(place)
    if system.type_name == "local":
        put(file, path)
        return
    with file.open("rb") as source, system.open_output_stream(path) as target:  # it is there once it is closed
        shutil.copyfileobj(source, target)


def zstandard() -> Any:
    """The package, or an error that names the extra."""
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("reading or writing .zst", "zstandard", "batch") from error
    return zstandard


def pyarrow() -> Any:
    """The package, or an error that names the extra."""
    try:
        import pyarrow.fs
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading or writing Parquet, or a URI,", "pyarrow", "batch") from error
    return pyarrow


def _here(path: Path) -> Iterator[File]:
    if path.is_file():
        yield File(str(path), "", path.stat().st_size)
    elif path.is_dir():
        yield from _walk(path, path)
    elif path.exists():  # a pipe
        yield File(str(path), "", 0)
    else:
        raise BatchError(f"there is no file or folder {path}")


def _walk(folder: Path, top: Path) -> Iterator[File]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_dir():
            yield from _walk(path, top)
        elif _readable(entry.name):
            yield File(entry.path, path.relative_to(top).as_posix(), entry.stat().st_size)


def _there(place: str) -> Iterator[File]:
    system, path = _system(place)
    scheme = place.split("://", 1)[0]
    fs = pyarrow().fs
    info = system.get_file_info(path)
    if info.is_file:
        yield File(place, "", info.size)
        return
    if info.type == fs.FileType.NotFound:
        raise BatchError(f"there is no file or folder {place}")
    inside = system.get_file_info(fs.FileSelector(path, recursive=True))
    for entry in sorted(inside, key=lambda entry: entry.path.split("/")):
        if entry.is_file and _readable(entry.base_name):
            yield File(f"{scheme}://{entry.path}", entry.path[len(path.rstrip("/")) + 1 :], entry.size)


def _readable(name: str) -> bool:
    return Path(name).suffix.lower() in (".txt", *SUFFIXES) or kind_of(name) in TABLES


def _system(place: str) -> tuple[Any, str]:
    try:
        system, path = pyarrow().fs.FileSystem.from_uri(place)
    except (ValueError, OSError) as error:
        raise BatchError(f"{place} cannot be reached: {error}") from error
    return system, path
