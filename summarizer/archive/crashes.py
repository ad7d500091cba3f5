"""Reads suspect records one at a time in a separate process, because an article may kill the process that reads it.
`batch.py` says which records are suspect."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator

from ..deadline import Profile
from ..errors import BatchError, ModelError, WorkerDiedError
from .archive_reader import Record
from .worker import Job, Worker

_DIED_TWICE = "the process that read it died twice; is there too little memory?"


class OneByOne:
    """Sends records to a separate process, one at a time. A record that kills the process is retried once in a new one;
    if it kills that one too, its line is an error (`WorkerDiedError`).

    It is as fast as one worker. The process is started with `subprocess` instead of `multiprocessing`, so a script that
    calls `run_batch` needs no `if __name__ == "__main__":`.

    Args:
        job: What to do with each record.
        profile: Collects the seconds of each stage.
    """

    def __init__(self, job: Job, profile: Profile) -> None:
        self._job = job
        self._profile = profile
        self._process: subprocess.Popen[bytes] | None = None

    def __call__(self, records: Iterable[Record]) -> Iterator[str]:
        """The output line of each record, in order.

        Raises:
            BatchError: The process dies while it loads the model.
            ModelError: The model cannot be loaded.
        """
        for record in records:
            line = self._line(record) or self._line(record)
            yield line or self._job.line(record, WorkerDiedError(_DIED_TWICE))

    def close(self) -> None:
        """Ends the process."""
        if self._process:
            self._process.communicate()  # closes its standard input, which ends it
            self._process = None

    def _line(self, record: Record) -> str | None:
        """The line of a record; None if the process died."""
        process = self._process or self._started()
        assert process.stdin and process.stdout
        try:
            pickle.dump(record, process.stdin)
            process.stdin.flush()
            line, seconds = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            process.kill()
            self.close()
            return None
        self._profile.add(seconds)
        return str(line)

    def _started(self) -> subprocess.Popen[bytes]:
        """Starts the process, and waits until it has loaded the model."""
        code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import main; main()"
        self._process = process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdin and process.stdout
        try:
            pickle.dump(self._job, process.stdin)
            process.stdin.flush()
            fault = pickle.load(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            self.close()
            raise BatchError("a process died while it loaded the model; is there too little memory for it?") from error
        if fault:
            self.close()
            raise ModelError(fault)
        return process


def main() -> None:
    """Runs in the separate process: reads a job and its records from standard input, and writes lines to standard
    output."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that writes the output
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # prints go to standard error, so that they do not mix with the answers

    def answer(value: object) -> None:
        pickle.dump(value, output)
        output.flush()

    try:
        worker = Worker(pickle.load(sys.stdin.buffer))
    except Exception as error:
        answer(str(error))
        return
    answer("")
    while True:
        try:
            record = pickle.load(sys.stdin.buffer)
        except EOFError:
            break
        worker.profile = Profile()
        (line,) = worker([record])
        answer((line, worker.profile.seconds))
    worker.close()
