"""Turns a `Record` of an archive into a line of the output, in any process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ..cpu import instructions
from ..deadline import Profile
from ..errors import SummarizerError
from ..models import version_of
from ..summarizer import Summarizer
from ..summary import Count, Length, Policy, Summary
from ..version import __version__
from .archive_reader import Fields, Record, printable
from .output_lines import line_of


@dataclass(frozen=True, slots=True)
class Job:
    """The model and the options with which a worker summarizes records.

    Attributes:
        model: As in `Summarizer.from_pretrained`.
        threads: Number of cores for one process.
        device: As in `Summarizer.from_pretrained`.
        bullets: As in a call of a `Summarizer`.
        length: As in a call.
        policy: As in a call.
        min_confidence: As in a call.
        time_limit: As in a call.
        fields: Which fields of a record are used.
        keep_text: Whether the output includes the text of the articles.
    """

    model: str = "base"
    threads: int | None = None
    device: str | None = None
    bullets: Count = "auto"
    length: Length = "standard"
    policy: Policy = "checked"
    min_confidence: float | None = None
    time_limit: float | None = None
    fields: Fields = field(default_factory=Fields)
    keep_text: bool = True

    def line(self, record: Record, outcome: Summary | Exception) -> str:
        """Returns the output line of a record, from its summary or its error."""
        try:
            return line_of(self._record(record, outcome))
        except Exception as error:  # one record must not end a run of a million
            wrong = {"kind": type(error).__name__, "message": printable(_message(record, error))}
            return line_of({"id": self.fields.id_of(record), "error": wrong})

    def _record(self, record: Record, outcome: Summary | Exception) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.fields.id_of(record)}
        if isinstance(outcome, Exception):
            found["error"] = {"kind": type(outcome).__name__, "message": printable(_message(record, outcome))}
        else:
            found |= outcome.to_dict()
            if not self.keep_text:
                del found["text"]
        return found | ({"carried": self.fields.carried(record)} if self.fields.carry else {})

    def settings(self) -> dict[str, Any]:
        """Everything except the input on which the output depends. The number of cores is left out, and the time limit,
        which may be higher when errors are retried."""
        return {
            "software": f"newsroom-summarizer {__version__}",
            "model": version_of(self.model),
            "cpu": instructions(),
            "options": {
                "bullets": self.bullets,
                "length": self.length,
                "policy": self.policy,
                "min_confidence": self.min_confidence,
            },
            "text_field": self.fields.text,
            "id_field": self.fields.id,
            "carry": list(self.fields.carry),
            "language": self.fields.language,
            "keep_text": self.keep_text,
        }


class Worker:
    """A loaded model that turns records into lines of the output.

    Args:
        job: What to do with each record.
        profile: Collects the seconds of each stage.
    """

    def __init__(self, job: Job, profile: Profile | None = None) -> None:
        self.profile = profile or Profile()
        self._job = job
        self._summarizer = Summarizer.from_pretrained(job.model, threads=job.threads, device=job.device)

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """Yields the output line of each record, in order. Only a few records are read ahead."""
        job = self._job
        ahead: deque[Record] = deque()

        def articles() -> Iterator[Callable[[], Any]]:
            for record in records:
                ahead.append(record)
                yield partial(job.fields.article_of, record)

        outcomes = self._summarizer.stream(
            articles(),
            bullets=job.bullets,
            length=job.length,
            policy=job.policy,
            min_confidence=job.min_confidence,
            time_limit=job.time_limit,
            on_error="yield",
            profile=self.profile,
        )
        for outcome in outcomes:
            began = time.perf_counter()
            line = job.line(ahead.popleft(), outcome)
            self.profile.add({"records": time.perf_counter() - began})
            yield line

    def close(self) -> None:
        """Frees the model's threads."""
        self._summarizer.close()


def _message(record: Record, error: Exception) -> str:
    text = str(error)
    if not isinstance(error, SummarizerError):  # its message is not written for users, so add its type
        text = f"{type(error).__name__}: {error}"
    return text if record.where in text else f"{record.where}: {text}"
