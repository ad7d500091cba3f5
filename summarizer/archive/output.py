"""The output of a batch run: JSON lines, one summary each, and a second file with the errors.

A run can be killed at any moment. The next one cuts off what was half written, skips the ids that are there, and
appends the rest. Lines are written in groups; in a compressed file each group is a gzip member or a zstd frame of its
own, so that a half-written one can be cut off too.
"""

from __future__ import annotations

import gzip
import json
import logging
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from io import FileIO
from pathlib import Path
from time import monotonic
from typing import Any

from filelock import FileLock, Timeout

from ..errors import BatchError
from .storage import kind_of, packing_of, zstandard

KINDS = (".jsonl", ".ndjson")
"""File extensions of an output."""
GROUP = 16
"""Maximum number of lines that are written together."""
SECONDS = 3.0
"""Seconds after which a line does not wait for others: a run that is killed early has kept something too."""
_OPENING = b'{"id": "'
_MAGIC = {"": _OPENING, ".gz": b"\x1f\x8b\x08" + bytes(5), ".zst": b"\x28\xb5\x2f\xfd"}
"""How a group begins."""
_READ = 1 << 20
_REST = 1 << 24
"""Number of bytes behind the last whole group that are looked at."""
_log = logging.getLogger(__name__)


class Output:
    """An output file, opened and locked for one run.

    Args:
        path: Its path: .jsonl, .jsonl.gz or .jsonl.zst. The errors go to a file beside it, `PATH.errors.jsonl`. A run
            tries them again, so at its end that file has the errors of this run only.
        settings: What a record says of how it was made, as `Job.settings` returns it.
        overwrite: Whether an existing output is deleted.

    Attributes:
        earlier: Number of summaries that were there.
        written: Number of summaries that were added.
        errors: Number of errors of this run.

    Raises:
        BatchError: The path has another extension; another run is writing to it; it was made with other settings (the
            message names them); or it was not written by a batch run.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], overwrite: bool = False) -> None:
        if kind_of(path) not in KINDS:
            raise BatchError(f"{path}: the output must end in .jsonl, .jsonl.gz or .jsonl.zst")
        if not path.parent.is_dir():
            raise BatchError(f"there is no folder {path.parent} for the output")
        if path.is_dir():
            raise BatchError(f"{path} is a folder; name a file for the output")
        self.path = path
        self.earlier = self.written = self.errors = 0
        self._packing = packing_of(path)
        if self._packing == ".zst":
            zstandard()
        self._lock = FileLock(_beside(path, ".lock"))
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise BatchError(f"another run is writing {path}; wait for it, or choose another name") from None
        try:
            self._errors_file = _beside(path, ".errors.jsonl")
            if overwrite:
                path.unlink(missing_ok=True)
            elif self._errors_file.exists():
                with self._errors_file.open("rb") as file:
                    if not file.readline().startswith(_OPENING):
                        raise self._foreign(1, self._errors_file)
            self._there: Counter[int] = Counter()
            end = self._read(settings) if path.exists() else 0
            self._file = FileIO(path, "r+" if path.exists() else "w+")
            self.cut = self._file.seek(0, os.SEEK_END) - end
            """Number of half-written bytes that were cut off."""
            self._file.truncate(end)
            self._file.seek(end)
            self._faults = _beside(self._errors_file, ".new").open("w", encoding="utf-8")
        except BaseException:
            self._lock.release()
            raise
        self._waiting: list[str] = []
        self._wrote = monotonic()
        self.complete = False
        """True once the archive was read to its end: then the file of errors is replaced."""

    def __contains__(self, id: str) -> bool:
        """True if the output has a summary with this id. If an id occurs in the archive more than once, each of its
        records has its own summary: the output has it as often as it was asked for before."""
        key = _key(id)
        if not self._there[key]:
            return False
        self._there[key] -= 1
        return True

    def append(self, record: Mapping[str, Any]) -> None:
        """Adds a record, a summary or an error."""
        line = json.dumps(record, ensure_ascii=False, allow_nan=False)
        if "error" in record:
            self.errors += 1
            self._faults.write(line + "\n")
            self._faults.flush()
            return
        self.written += 1
        self._waiting.append(line)
        if len(self._waiting) == GROUP or monotonic() - self._wrote > SECONDS:
            self._write()

    def close(self) -> None:
        """Writes what is left, and unlocks the file."""
        try:
            self._write()
            os.fsync(self._file.fileno())
        finally:
            self._file.close()
            self._faults.close()
            fresh = Path(self._faults.name)
            if self.complete and not self.errors:
                self._errors_file.unlink(missing_ok=True)
            elif self.errors and (self.complete or not self._errors_file.exists()):
                fresh.replace(self._errors_file)
            fresh.unlink(missing_ok=True)
            self._lock.release()

    def _write(self) -> None:
        data = memoryview(_packed("".join(f"{line}\n" for line in self._waiting).encode("utf-8"), self._packing))
        self._waiting.clear()
        self._wrote = monotonic()
        while data:  # if the disk is almost full, write() takes only part
            data = data[self._file.write(data) :]

    def _read(self, settings: Mapping[str, Any]) -> int:
        """Notes the ids that are there. Returns the offset of the end of the last whole group.

        Raises:
            BatchError: The file was not written by a batch run, was made with other settings, or is damaged.
        """
        last = 0
        for data, end in _READERS[self._packing](self.path):
            lines = data.splitlines()
            if any(b"\0" in line for line in lines):  # a block that a power cut kept from the disk
                break
            for line in lines:
                if not (line.startswith(_OPENING) and line.endswith(b"}")):
                    raise self._foreign(self.earlier + 1)
                if not self.earlier:
                    self._agree(line, settings)
                self._there[_key(id_of(line))] += 1
                self.earlier += 1
            last = end
        with self.path.open("rb") as file:
            file.seek(last)
            rest = file.read(_REST)
        start = _MAGIC[self._packing]
        # A power cut leaves NULs behind what was written; the start of a gzip member has NULs of its own.
        whole = rest.rstrip(b"\0") if self._packing else rest.split(b"\0")[0]
        if not (whole.startswith((start, b"\0")) or start.startswith(whole)):
            raise self._foreign(self.earlier + 1)
        if self._packing and rest.find(start, 1) > 0:  # whole groups follow, so this is not the end of the file
            raise BatchError(f"{self.path} is damaged after its byte {last}; choose another name, or use --overwrite")
        return last

    def _foreign(self, number: int, path: Path | None = None) -> BatchError:
        return BatchError(
            f"line {number} of {path or self.path} was not written by a batch run; choose another name, or use "
            "--overwrite"
        )

    def _agree(self, line: bytes, settings: Mapping[str, Any]) -> None:
        """Compares the settings of the first record with those of this run."""
        try:
            there = settings_of(json.loads(line))
        except (ValueError, TypeError, AttributeError):
            raise self._foreign(1) from None
        if there["carry"] and "*" in settings["carry"]:
            there["carry"] = settings["carry"]
        unlike = [
            f"{name} was {json.dumps(there.get(name))} and is {json.dumps(value)}"
            for name, value in settings.items()
            if name != "cpu" and there.get(name) != value
        ]
        if unlike:
            raise BatchError(
                f"{self.path} was made with other settings: {'; '.join(unlike)}. Choose another name, or use "
                "--overwrite"
            )
        if there["cpu"] != settings["cpu"]:
            _log.warning(
                "%s was begun on a CPU with %s, but this CPU has %s. It rounds numbers differently, so some lists may "
                "differ from those of the other CPU",
                self.path, there["cpu"] or "other instructions", settings["cpu"],
            )  # fmt: skip


def settings_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a record says of how it was made: software, CPU, model, options, whether it has its text, and which
    fields it carries."""
    model = record.get("model") or {}
    return {
        "software": record.get("software"),
        "cpu": record.get("cpu"),
        "model": model.get("version"),
        "writer": model.get("writer", ""),
        "guide": model.get("guide", ""),
        **(record.get("options") or {}),
        "text": "text" in record,
        "carry": sorted(record.get("carried", ())),
    }


def id_of(line: bytes) -> str:
    """Returns the id of a line, without parsing the rest."""
    value, _ = json.JSONDecoder().raw_decode(line.decode("utf-8", "replace"), len(_OPENING) - 1)
    return str(value)


def _key(id: str) -> int:
    """A number for an id: eight bytes, so that a million ids take little memory."""
    return int.from_bytes(blake2b(id.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _packed(data: bytes, packing: str) -> bytes:
    if not data:
        return b""
    if packing == ".gz":
        return gzip.compress(data, 6, mtime=0)
    return bytes(zstandard().ZstdCompressor(9, write_checksum=True).compress(data)) if packing == ".zst" else data


def _plain(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yields the whole lines of an uncompressed file, each with the offset of its end."""
    with path.open("rb") as file:
        end = 0
        for line in file:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield line, end


def _members(unpacker: Callable[[], Any], faults: Callable[[], tuple[type[Exception], ...]]) -> Any:
    def read(path: Path) -> Iterator[tuple[bytes, int]]:
        """Yields the members or frames of a compressed file, without an incomplete one, each with the offset of its
        end."""
        with path.open("rb") as file:
            rest, end = b"", 0
            while rest or (rest := file.read(_READ)):
                member, taken = unpacker(), len(rest)
                try:
                    found = [member.decompress(rest)]
                    while not member.eof:
                        if not (more := file.read(_READ)):
                            return
                        taken += len(more)
                        found.append(member.decompress(more))
                except faults():  # of a half-written member whose end is missing; `_read` looks at what is there
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
