"""Files of an archive: local files, or files in S3, GCS and similar storage by their URI (with fsspec)."""

from __future__ import annotations

import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec

from ..errors import BatchError, MissingExtraError
from ..reading import SUFFIXES

TABLES = (".jsonl", ".ndjson", ".csv", ".parquet")
_PACKED = (".gz", ".zst")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be read.

    Attributes:
        place: Its path or URI.
        name: Its path within the folder that the caller gave; empty if the caller gave the file itself.
        size: Its size in bytes.
    """

    place: str
    name: str
    size: int

    @property
    def shown(self) -> str:
        """Its name in messages: the path within the folder, or the file name. The same for any spelling of the path of
        the archive."""
        return self.name or self.place.replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def kind(self) -> str:
        """Its extension, in lower case, without .gz or .zst."""
        return kind_of(self.place)

    @property
    def is_article(self) -> bool:
        """True if it has one article instead of records."""
        return self.kind in (".txt", *SUFFIXES) and (bool(self.name) or self.kind != ".json")

    def open(self) -> IO[bytes]:
        """Opens the file, without decompressing it."""
        if not is_uri(self.place):
            return Path(self.place).open("rb")
        system, path = system_of(self.place)
        found: IO[bytes] = system.open(path, "rb")
        return found


def is_uri(place: str | Path) -> bool:
    """True for a URI, such as s3://bucket/articles."""
    return "://" in str(place)


def kind_of(place: str | Path) -> str:
    """Returns a file's extension in lower case, without .gz or .zst: ".jsonl" for "a.jsonl.gz"."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(str(place).replace("\\", "/")).suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in _PACKED), "")


def packing_of(place: str | Path) -> str:
    """Returns a file's compression: ".gz", ".zst", or "" for none."""
    suffix = PurePosixPath(str(place)).suffix.lower()
    return suffix if suffix in _PACKED else ""


def files_of(place: str | Path) -> Iterator[File]:
    """Yields a file, or the readable files of a folder and its subfolders, in the order of their names. To save memory,
    local subfolders are listed one at a time.

    Raises:
        BatchError: The place does not exist, or cannot be reached.
    """
    if is_uri(place):
        yield from _there(str(place))
        return
    path = Path(place)
    if path.is_dir():
        yield from _walk(path, "", ())
    elif path.exists():
        yield File(str(path), "", path.stat().st_size)
    else:
        raise BatchError(f"there is no file or folder {path}")


@contextmanager
def unpacked(file: File) -> Iterator[tuple[Any, IO[bytes]]]:
    """Opens a file. Returns a stream of its decompressed bytes, and the raw file, whose position is the number of bytes
    that have been read. A truncated file raises EOFError or an error of its compression."""
    with file.open() as raw:
        packing = packing_of(file.place)
        if packing == ".gz":
            with gzip.open(raw, "rb") as stream:
                yield stream, raw
        elif packing == ".zst":
            # zstandard's own reader does not report a truncated file.
            yield io.BufferedReader(pyarrow("reading .zst").CompressedInputStream(raw, "zstd"), _CHUNK), raw
        else:
            yield raw, raw


def system_of(place: str) -> tuple[Any, str]:
    """Returns the file system of a path or URI, and the path in it.

    Raises:
        BatchError: The scheme is unknown, or its package is not installed.
    """
    try:
        system, path = fsspec.core.url_to_fs(place)
    except (ValueError, ImportError, OSError) as error:
        raise BatchError(f"{place} cannot be reached: {error}") from error
    return system, path


def zstandard() -> Any:
    """Imports the package, which writes .zst, or raises an error that names the extra."""
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("writing .zst", "zstandard", "batch") from error
    return zstandard


def pyarrow(what: str) -> Any:
    """Imports the package, or raises an error that names the extra and `what` needs it."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError(what, "pyarrow", "batch") from error
    return pyarrow


def _walk(folder: Path, name: str, above: tuple[str, ...]) -> Iterator[File]:
    real = os.path.realpath(folder)
    if real in above:  # a link to a parent folder
        return
    for entry in sorted(path.name for path in folder.iterdir()):
        path, inside = folder / entry, f"{name}/{entry}" if name else entry
        if path.is_dir():
            yield from _walk(path, inside, (*above, real))
        elif _readable(entry):
            try:
                size = path.stat().st_size
            except OSError:  # a broken link: the error is recorded when the file is read
                size = 0
            yield File(str(path), inside, size)


def _there(place: str) -> Iterator[File]:
    system, path = system_of(place)
    if system.isfile(path):
        yield File(place, "", system.size(path))
        return
    found = system.find(path, detail=True)
    if not found and not system.exists(path):
        raise BatchError(f"there is no file or folder {place}")
    for inside, about in sorted(found.items(), key=lambda item: item[0].split("/")):
        if _readable(inside):
            name = inside[len(path.rstrip("/")) + 1 :]
            yield File(system.unstrip_protocol(inside), name, about.get("size") or 0)


def _readable(name: str) -> bool:
    return (kind_of(name) in (".txt", *SUFFIXES) and not packing_of(name)) or kind_of(name) in TABLES
