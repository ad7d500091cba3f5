"""The output of a batch run as it grows, so that a run that was killed at any moment can go on.

Records stand in the order of the input, one a line, and are written `CHUNK_SIZE` at a time: a chunk is one write, and
in a compressed file a member of its own. What a killed run leaves is whole chunks and perhaps a piece of one; the piece
is cut off and done again, so that the file in the end is, byte for byte, that of a run that nothing stopped (on the
same kind of CPU).

Beside the output stands its settings file (`summaries.jsonl.run`): what it was made with, and the lock that lets no
second run write. A Parquet file cannot grow line by line: it has a journal beside it (`summaries.parquet.part`), and is
made from that in one go at the end.
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
from .lines import CHUNK_SIZE, id_of
from .parquet import lines_of, write
from .storage import kind_of, move_into_place, packing_of, zstandard

KINDS = (".jsonl", ".ndjson", ".parquet")
"""Endings of an output."""
_RETRY = ".retry"
"""Ending of the file with what errors were tried again for, until all of them are done."""
_SYNC = 5.0
"""Seconds after which what was written is forced onto the disk, so that a power cut costs no more."""
_READ = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk that stands in the file.

    Attributes:
        lines: Its records, each a line of JSON without its end.
        end: Offset behind it.
    """

    lines: tuple[str, ...]
    end: int


class ResumableWriter:
    """An output file, opened for one run, which then has it alone.

    Args:
        output: Its path: .jsonl, .jsonl.gz, .jsonl.zst, or .parquet.
        settings: What its records depend on, apart from the input; plain data.
        overwrite: Whether what stands there is thrown away.

    Raises:
        BatchError: The path has another ending; another run writes to it; it was made with other settings (the message
            names them); or it was not written by a batch run.
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
            if not _beside(output, ".run").stat().st_size:  # it was made just now
                _beside(output, ".run").unlink()
            raise
        self._synced = time.monotonic()

    def _agree(self, overwrite: bool) -> None:
        """Checks the settings beside what is there, or writes them down before there is anything."""
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
                    f"{there[0]} exists and was not written by a batch run; choose another name, or say --overwrite"
                )
            before, now = (one.get("cpu") for one in (earlier, self.settings))
            if before != now:
                _log.warning(
                    "%s was begun on a CPU with %s, and this one has %s: numbers are rounded differently, so some "
                    "lists may not be those of the other CPU",
                    self.output, before or "other instructions", now,
                )  # fmt: skip
            unlike = list(differences(earlier, self.settings | {"cpu": before}))
            if unlike:
                raise BatchError(
                    f"{self.output} was made with other settings: {'; '.join(unlike)}. Choose another name, or "
                    "say --overwrite"
                )
            if self._parquet and not self.path.exists():
                move_into_place(self._made(lines_of(self.output)), self.path)
            return
        _beside(self.path, _RETRY).unlink(missing_ok=True)  # of an output that somebody has deleted
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(json.dumps(self.settings, ensure_ascii=False, indent=2) + "\n")
        self._lock.flush()
        os.fsync(self._lock.fileno())

    def chunks(self) -> Iterator[Chunk]:
        """The chunks that stand there, the last perhaps shorter. What a power cut leaves at the end is passed over: a
        piece of a line, or lines with the NULs of a block that never reached the disk.

        Raises:
            BatchError: Something else stands there.
        """
        return self._chunks(self.path)

    def replacements(self) -> Iterator[Chunk]:
        """The whole chunks of a `replace_all` that was stopped."""
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
                if torn:  # a record behind it: this is no end
                    raise self._foreign(path, torn)
                lines.append(text)
            if not torn:
                yield Chunk(tuple(lines), end)

    def _foreign(self, path: Path, number: int) -> BatchError:
        way = "mend the file, or say --overwrite" if path == self.path else "delete it: the errors are tried again"
        return BatchError(f"line {number} of {path} is no record of a batch run; {way}")

    def keep(self, end: int) -> int:
        """Cuts the file off behind a chunk; what is appended comes there. Gives the bytes that were cut off."""
        behind = self._file.seek(0, os.SEEK_END) - end
        self._file.truncate(end)
        self._file.seek(end)
        return behind

    def append(self, lines: Iterable[str]) -> None:
        """Writes a chunk."""
        data = memoryview(_packed(lines, self._packing))
        while data:  # a disk that is nearly full takes a part
            data = data[self._file.write(data) :]
        if time.monotonic() - self._synced > _SYNC:
            self._sync()

    def replace_all(self, chunks: Iterable[Iterable[str]], end: int = 0) -> None:
        """Puts other chunks in the place of all that stand there, at once when the last of them is written; until then,
        what stands there stays.

        Args:
            chunks: Those behind the `replacements` that are kept.
            end: Offset behind these.
        """
        fresh = _beside(self.path, _RETRY)
        with fresh.open("r+b" if fresh.exists() else "w+b") as file:
            file.truncate(end)
            file.seek(end)
            for lines in chunks:
                file.write(_packed(lines, self._packing))
                file.flush()
        self._file.close()  # Windows lets nobody replace a file that is open
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
        """Makes the Parquet file, where one was asked for."""
        self._sync()
        if self._parquet:
            fresh = _beside(self.output, ".new")
            write(fresh, (line for chunk in self.chunks() for line in chunk.lines))
            move_into_place(fresh, self.output)
            self._file.close()
            self.path.unlink()

    def close(self) -> None:
        """Lets go of the file; what is written stays."""
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
    """Chunks of an unpacked file: `CHUNK_SIZE` whole lines each, and those that are left."""
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
        """Chunks of a packed file: its members, without one that is not whole."""
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
    """A file, locked until it is closed: by the system, so that a killed run leaves no lock behind.

    Args:
        path: The file; made if it is not there.
        output: What it guards, for the message.

    Raises:
        BatchError: Another run has it locked, or it cannot be.
    """
    file = path.open("a+", encoding="utf-8")
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 30)  # a byte that nobody reads: Windows keeps others from what is locked
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        raise BatchError(f"another run is writing {output}; wait for it, or choose another name") from None
    except OSError as error:
        file.close()
        raise BatchError(f"{path} cannot be locked ({error}); write to a disk of this machine") from error
    return file


def differences(earlier: Any, now: Any, name: str = "") -> Iterator[str]:
    """Where two settings differ, in words."""
    if isinstance(earlier, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*earlier, *now]):
            yield from differences(earlier.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif earlier != now:
        yield f"{name} was {json.dumps(earlier, ensure_ascii=False)} and is {json.dumps(now, ensure_ascii=False)}"
