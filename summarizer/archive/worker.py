"""What a run does with each record, and the loaded model that does it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from ..cpu import instructions
from ..errors import BatchError, SummarizerError, WriterError
from ..models import version_of
from ..options import Options
from ..summarizer import Summarizer
from ..summary import Summary
from ..version import __version__
from ..writers import WriterOptions, guide_version
from .archive_reader import Fields, Record, printable


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with each record. Other processes and machines get a copy.

    Attributes:
        model: The model to load, as in `Summarizer.from_pretrained`.
        threads: Number of cores to use. Default: all that the process may use.
        writer: The language model that writes; None: the shipped rewriter.
        options: The options of the lists.
        fields: Which fields of a record are used.
        keep_text: Whether the output includes the text of each article.
    """

    model: str = "base"
    threads: int | None = None
    writer: WriterOptions | None = None
    options: Options = field(default_factory=Options)
    fields: Fields = field(default_factory=Fields)
    keep_text: bool = True

    def record(self, record: Record, outcome: Summary | Exception) -> dict[str, Any]:
        """Returns the output of a record, from its summary or its error.

        Raises:
            BatchError: The language model cannot be reached: the next records would fail too.
        """
        if isinstance(outcome, WriterError):
            raise BatchError(
                f"{record.where}: {outcome}. What was written stays; the same command continues, and "
                "--skip ID leaves a record out"
            )
        try:
            return self._record(record, outcome)
        except Exception as error:  # one record must not end a run of a million
            return {"id": self.fields.id_of(record), "error": _fault(record, error)}

    def _record(self, record: Record, outcome: Summary | Exception) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.fields.id_of(record)}
        if isinstance(outcome, Exception):
            found["error"] = _fault(record, outcome)
        else:
            found |= outcome.to_dict()
            if not self.keep_text:
                del found["text"]
        return found | ({"carried": self.fields.carried(record)} if self.fields.carry else {})

    def settings(self) -> dict[str, Any]:
        """What a record of this job says of how it was made (`output.settings_of`)."""
        return {
            "software": f"newsroom-summarizer {__version__}",
            "cpu": instructions(),
            "model": version_of(self.model),
            "writer": self.writer.name if self.writer else "",
            "guide": guide_version(self.writer) if self.writer else "",
            **{name: value for name, value in asdict(self.options).items() if name != "time_limit"},
            "text": self.keep_text,
            "carry": sorted(self.fields.carry),
        }


class Worker:
    """A loaded model that turns records into records of the output.

    Args:
        job: What to do with each record.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._summarizer = Summarizer.from_pretrained(job.model, threads=job.threads, writer=job.writer)

    def __call__(self, records: Iterable[Record]) -> Iterator[dict[str, Any]]:
        """Yields the output of each record, in order. Only a few records are read ahead."""
        job = self._job
        ahead: deque[Record] = deque()

        def articles() -> Iterator[Callable[[], Any]]:
            for record in records:
                ahead.append(record)
                yield partial(job.fields.article_of, record)

        for outcome in self._summarizer.stream(articles(), **asdict(job.options), on_error="yield"):
            yield job.record(ahead.popleft(), outcome)

    def close(self) -> None:
        """Frees the model's threads."""
        self._summarizer.close()


def _fault(record: Record, error: Exception) -> dict[str, str]:
    text = str(error)
    if not isinstance(error, SummarizerError):  # its message is not written for users, so add its type
        text = f"{type(error).__name__}: {error}"
    text = text if record.where in text else f"{record.where}: {text}"
    return {"kind": type(error).__name__, "message": printable(text)}
