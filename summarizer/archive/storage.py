"""Files of an archive: local files, or files in S3, GCS and similar storage by their URI (with pyarrow)."""

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

from ..errors import BatchError, MissingExtraError
from ..reading import SUFFIXES

TABLES = (".jsonl", ".ndjson", ".csv", ".parquet")
_PACKED = (".gz", ".zst")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be read.

    Attributes:
        place: Its path, local or in the remote file system.
        name: Its path within the folder that the caller gave; empty if the caller gave the file itself.
        size: Its size in bytes.
        root: The URI that the caller gave; empty for a local file.
    """

    place: str
    name: str
    size: int
    root: str = ""

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
        if not self.root:
            return Path(self.place).open("rb")
        system, _ = _system(self.root)
        return io.BufferedReader(system.open_input_file(self.place), _CHUNK)


def is_uri(place: str | Path) -> bool:
    """True for a URI, such as s3://bucket/articles."""
    return "://" in str(place)


def kind_of(place: str | Path) -> str:
    """Returns a file's extension in lower case, without .gz or .zst: ".jsonl" for "a.jsonl.gz"."""
    suffixes = [suffix.lower() for suffix in PurePosixPath(str(place).replace("\\", "/")).suffixes]
    return next((suffix for suffix in reversed(suffixes) if suffix not in _PACKED), "")


def packing_of(place: str | Path) -> str:
    """Returns a file's compression: ".gz", ".zst", or "" for none."""
    suffix = PurePosixPath(str(place).replace("\\", "/")).suffix.lower()
    return suffix if suffix in _PACKED else ""


def files_of(place: str | Path) -> Iterator[File]:
    """Yields a file, or the readable files of a folder and its subfolders, in the order of their names. To save memory,
    local subfolders are listed one at a time.

    Raises:
        BatchError: The place does not exist.
        MissingExtraError: The place is a URI, and pyarrow is not installed.
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
            yield io.BufferedReader(_Unpacker(raw), _CHUNK), raw
        else:
            yield raw, raw


class _Unpacker(io.RawIOBase):
    """Reads a .zst file frame by frame. zstandard's own reader does not report a truncated file."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame: Any = None
        self._held = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer as far as there is data."""
        while not self._held:
            if self._frame is None or self._frame.eof:
                data = (self._frame.unused_data if self._frame else b"") or self._raw.read(_CHUNK)
                if not data:
                    return 0
                self._frame = zstandard().ZstdDecompressor().decompressobj()
            elif not (data := self._raw.read(_CHUNK)):
                raise EOFError("the file is truncated")
            self._held = memoryview(self._frame.decompress(data))
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count


def exists(place: str, besides: str = "") -> bool:
    """True if a file exists, or a folder that is not empty.

    Args:
        place: A path or a URI.
        besides: Name of a file in the folder that does not count.
    """
    if not is_uri(place):
        path = Path(place)
        return any(one.name != besides for one in path.iterdir()) if path.is_dir() else path.exists()
    system, path_there = _system(place)
    inside = pyarrow().fs.FileSelector(path_there, allow_not_found=True)
    within = (one.base_name != besides for one in system.get_file_info(inside))
    return bool(system.get_file_info(path_there).is_file or any(within))


def local_path(place: str) -> Path | None:
    """Returns a place as a local path; None if it is remote."""
    if not is_uri(place):
        return Path(place)
    system, path = _system(place)
    return Path(path) if system.type_name == "local" else None


def remove(place: str) -> None:
    """Removes a file if it exists."""
    here = local_path(place)
    if here is not None:
        here.unlink(missing_ok=True)
        return
    system, path = _system(place)
    if system.get_file_info(path).is_file:
        system.delete_file(path)


def put(file: Path, place: str) -> None:
    """Copies a finished local file to its place, as a whole or not at all."""
    target_path = local_path(place)
    if target_path is None:
        system, path = _system(place)
        with file.open("rb") as source, system.open_output_stream(path) as target:  # it exists once it is closed
            shutil.copyfileobj(source, target)
        return
    target_path.parent.mkdir(parents=True, exist_ok=True)
    beside = target_path.with_name(f"{target_path.name}.{os.getpid()}.new")
    shutil.copyfile(file, beside)
    move_into_place(beside, target_path)


def move_into_place(file: Path, place: Path) -> None:
    """Moves a finished file to its place, with fsync: after a power cut the old file is there, or the new one."""
    with file.open("r+b") as written:
        os.fsync(written.fileno())
    file.replace(place)
    if os.name == "posix":
        folder = os.open(place.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def zstandard() -> Any:
    """Imports the package, or raises an error that names the extra."""
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("reading or writing .zst", "zstandard", "batch") from error
    return zstandard


def pyarrow() -> Any:
    """Imports the package, or raises an error that names the extra."""
    try:
        import pyarrow.fs
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("reading or writing Parquet, or a URI,", "pyarrow", "batch") from error
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
    system, path = _system(place)
    fs = pyarrow().fs
    info = system.get_file_info(path)
    if info.is_file:
        yield File(path, "", info.size, place)
        return
    if info.type == fs.FileType.NotFound:
        raise BatchError(f"there is no file or folder {place}")
    inside = system.get_file_info(fs.FileSelector(path, recursive=True))
    for entry in sorted(inside, key=lambda entry: entry.path.split("/")):
        if entry.is_file and _readable(entry.base_name):
            yield File(entry.path, entry.path[len(path.rstrip("/")) + 1 :], entry.size, place)


def _readable(name: str) -> bool:
    return (kind_of(name) in (".txt", *SUFFIXES) and not packing_of(name)) or kind_of(name) in TABLES


def _system(place: str) -> tuple[Any, str]:
    try:
        system, path = pyarrow().fs.FileSystem.from_uri(place)
    except (ValueError, OSError) as error:
        raise BatchError(f"{place} cannot be reached: {error}") from error
    return system, path
