"""Writes the output of a batch run so that a run that was killed at any moment can be continued; `batch.py` finds
where.

Records are in the order of the input, one per line, and are written in chunks of `CHUNK_SIZE`. A chunk is one write; in
a compressed file it is a separate gzip member or zstd frame. A killed run leaves whole chunks and perhaps part of one.
The next run cuts the part off and makes the chunk again, so that the finished file is, byte for byte, the file of an
uninterrupted run (on the same kind of CPU).

The settings of the run are in a file next to the output (`summaries.jsonl.run`). It is also the lock against a second
run. A Parquet file cannot grow line by line, so its records are collected in a journal (`summaries.parquet.part`), from
which the file is made at the end.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import IO, Any

from ..errors import BatchError
from .output_lines import CHUNK_SIZE, id_of
from .parquet import lines_of, write
from .storage import kind_of, move_into_place, packing_of, zstandard

KINDS = (".jsonl", ".ndjson", ".parquet")
"""File extensions of an output."""
_RETRY = ".retry"
"""Extension of the file that collects the results of a retry until it is complete."""
_SYNC = 5.0
"""Seconds between two calls of fsync: a power cut loses at most the work of this time."""
_READ = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk in the file.

    Attributes:
        lines: Its records, each a line of JSON without the newline.
        end: Offset of the first byte after the chunk.
    """

    lines: tuple[str, ...]
    end: int


class ResumableWriter:
    """An output file, opened and locked for one run.

    Args:
        output: Its path: .jsonl, .jsonl.gz, .jsonl.zst or .parquet.
        settings: Everything except the input on which the records depend, as plain data.
        overwrite: Whether an existing output is deleted.

    Raises:
        BatchError: The path has another extension; another run is writing to it; it was made with other settings (the
            message names them); or it was not written by a batch run.
    """

    def __init__(self, output: Path, settings: Mapping[str, Any], overwrite: bool = False) -> None:
        kind, packing = kind_of(output), packing_of(output)
        if kind not in KINDS or (kind == ".parquet" and packing):
            raise BatchError(f"{output}: the output must end in .jsonl, .jsonl.gz, .jsonl.zst or .parquet")
        if not output.parent.is_dir():
            raise BatchError(f"there is no folder {output.parent} for the output")
        self.output = output
        self.settings = dict(settings)
        self.path = _beside(output, ".part") if kind == ".parquet" else output
        self._parquet = kind == ".parquet"
        self._packing = ".gz" if self._parquet else packing
        if self._packing == ".zst":
            zstandard()
        self._lock = locked(_beside(output, ".run"), output)
        try:
            self._agree(overwrite)
            self._file = self._opened()
        except BaseException:
            self._lock.close()
            if not _beside(output, ".run").stat().st_size:  # empty: created above
                _beside(output, ".run").unlink()
            raise
        self._synced = time.monotonic()

    def _agree(self, overwrite: bool) -> None:
        """Compares the settings with those of an existing output, or writes them for a new one."""
        there = [path for path in (self.output, self.path) if path.exists()]
        for path in {self.output, self.path}:
            _beside(path, ".new").unlink(missing_ok=True)
        if there and overwrite:
            for path in {self.output, self.path, _beside(self.path, _RETRY)}:
                path.unlink(missing_ok=True)
        elif there:
            self._lock.seek(0)
            try:
                earlier = json.loads(self._lock.read())
            except ValueError:
                earlier = None
            if not isinstance(earlier, dict):
                raise BatchError(
                    f"{there[0]} exists and was not written by a batch run; choose another name, or use --overwrite"
                )
            before, now = (one.get("cpu") for one in (earlier, self.settings))
            if before != now:
                _log.warning(
                    "%s was begun on a CPU with %s, but this CPU has %s. It rounds numbers differently, so some lists "
                    "may differ from those of the other CPU",
                    self.output, before or "other instructions", now,
                )  # fmt: skip
            unlike = list(differences(earlier, self.settings | {"cpu": before}))
            if unlike:
                raise BatchError(
                    f"{self.output} was made with other settings: {'; '.join(unlike)}. Choose another name, or "
                    "use --overwrite"
                )
            if self._parquet and not self.path.exists():
                move_into_place(self._made(lines_of(self.output)), self.path)
            return
        _beside(self.path, _RETRY).unlink(missing_ok=True)  # left over from a deleted output
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(json.dumps(self.settings, ensure_ascii=False, indent=2) + "\n")
        self._lock.flush()
        os.fsync(self._lock.fileno())

    def chunks(self) -> Iterator[Chunk]:
        """Yields the chunks of the output; the last can be shorter. Data that a power cut leaves at the end is skipped:
        part of a line, or lines with the NULs of a block that was never written to the disk.

        Raises:
            BatchError: The output has a line that is not from a batch run.
        """
        return self._chunks(self.path)

    def replacements(self) -> Iterator[Chunk]:
        """Yields the full chunks of a stopped `replace_all`."""
        path = _beside(self.path, _RETRY)
        return (chunk for chunk in self._chunks(path) if len(chunk.lines) == CHUNK_SIZE) if path.exists() else iter(())

    def _chunks(self, path: Path) -> Iterator[Chunk]:
        number = torn = 0
        for data, end in _READERS[self._packing](path):
            lines: list[str] = []
            for line in data.split(b"\n")[:-1]:
                number += 1
                try:
                    text = line.decode("utf-8")
                    id_of(text)
                except ValueError:
                    if b"\0" not in line:
                        raise self._foreign(path, number) from None
                    torn = torn or number
                    continue
                if torn:  # a record follows, so this is not the end of the file
                    raise self._foreign(path, torn)
                lines.append(text)
            if not torn:
                yield Chunk(tuple(lines), end)

    def _foreign(self, path: Path, number: int) -> BatchError:
        way = "repair the file, or use --overwrite" if path == self.path else "delete it; then the retry starts over"
        return BatchError(f"line {number} of {path} was not written by a batch run; {way}")

    def keep(self, end: int) -> int:
        """Truncates the file at the end of a chunk, where `append` continues. Returns the number of removed bytes."""
        behind = self._file.seek(0, os.SEEK_END) - end
        self._file.truncate(end)
        self._file.seek(end)
        return behind

    def append(self, lines: Iterable[str]) -> None:
        """Writes a chunk to the end of the file."""
        data = memoryview(_packed(lines, self._packing))
        while data:  # if the disk is almost full, write() takes only part
            data = data[self._file.write(data) :]
        if time.monotonic() - self._synced > _SYNC:
            self._sync()

    def replace_all(self, chunks: Iterable[Iterable[str]], end: int = 0) -> None:
        """Replaces all chunks of the file at once, after the last new chunk is written. Until then the file stays as it
        is.

        Args:
            chunks: The new chunks that follow the `replacements` of a stopped retry.
            end: Offset of the end of these `replacements`.
        """
        fresh = _beside(self.path, _RETRY)
        with fresh.open("r+b" if fresh.exists() else "w+b") as file:
            file.truncate(end)
            file.seek(end)
            for lines in chunks:
                file.write(_packed(lines, self._packing))
                file.flush()
        self._file.close()  # Windows cannot replace an open file
        move_into_place(fresh, self.path)
        self._file = self._opened()
        self._file.seek(0, os.SEEK_END)

    def _made(self, chunks: Iterable[Iterable[str]]) -> Path:
        fresh = _beside(self.path, ".new")
        with fresh.open("wb") as file:
            for lines in chunks:
                file.write(_packed(lines, self._packing))
        return fresh

    def _opened(self) -> FileIO:
        return FileIO(self.path, "r+" if self.path.exists() else "w+")

    def finish(self) -> None:
        """Completes the output. A Parquet file is made from its journal."""
        self._sync()
        if self._parquet:
            fresh = _beside(self.output, ".new")
            write(fresh, (line for chunk in self.chunks() for line in chunk.lines))
            move_into_place(fresh, self.output)
            self._file.close()
            self.path.unlink()

    def close(self) -> None:
        """Closes and unlocks the file."""
        if not self._file.closed:
            self._sync()
            self._file.close()
        self._lock.close()

    def _sync(self) -> None:
        os.fsync(self._file.fileno())
        self._synced = time.monotonic()


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _packed(lines: Iterable[str], packing: str) -> bytes:
    data = "".join(line + "\n" for line in lines).encode("utf-8")
    if packing == ".gz":
        return gzip.compress(data, 6, mtime=0)
    return bytes(zstandard().ZstdCompressor(9).compress(data)) if packing == ".zst" else data


def _plain(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yields the chunks of an uncompressed file: `CHUNK_SIZE` whole lines each, then the remaining whole lines."""
    with path.open("rb") as file:
        held: list[bytes] = []
        end = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            held.append(line)
            end += len(line)
            if len(held) == CHUNK_SIZE:
                yield b"".join(held), end
                held = []
        if held:
            yield b"".join(held), end


def _members(unpacker: Callable[[], Any], faults: Callable[[], tuple[type[Exception], ...]]) -> Any:
    def read(path: Path) -> Iterator[tuple[bytes, int]]:
        """Yields the chunks of a compressed file: its members or frames, without an incomplete one."""
        with path.open("rb") as file:
            rest, end = b"", 0
            while rest or (rest := file.read(_READ)):
                member, found = unpacker(), []
                taken = len(rest)
                try:
                    found.append(member.decompress(rest))
                    while not member.eof:
                        if not (more := file.read(_READ)):
                            return
                        taken += len(more)
                        found.append(member.decompress(more))
                except faults():
                    return
                rest = member.unused_data
                end += taken - len(rest)
                yield b"".join(found), end

    return read


_READERS: dict[str, Callable[[Path], Iterator[tuple[bytes, int]]]] = {
    ".gz": _members(lambda: zlib.decompressobj(31), lambda: (zlib.error,)),
    ".zst": _members(lambda: zstandard().ZstdDecompressor().decompressobj(), lambda: (zstandard().ZstdError,)),
    "": _plain,
}


def locked(path: Path, output: Path) -> IO[str]:
    """Opens and locks a file until it is closed. The lock is one of the operating system, so it ends with the process.

    Args:
        path: The file. It is created if it does not exist.
        output: The output that it protects, for the error message.

    Raises:
        BatchError: Another run has locked the file, or it cannot be locked.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 30)  # an unused byte: Windows blocks access to locked bytes
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        raise BatchError(f"another run is writing {output}; wait for it, or choose another name") from None
    except OSError as error:
        file.close()
        raise BatchError(f"{path} cannot be locked ({error}); write to a local disk") from error
    return file


def differences(earlier: Any, now: Any, name: str = "") -> Iterator[str]:
    """Yields a description of each difference between two settings."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*earlier, *now]):
            yield from differences(earlier.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif earlier != now:
        yield f"{name} was {json.dumps(earlier, ensure_ascii=False)} and is {json.dumps(now, ensure_ascii=False)}"
