"""Has points written and read: the rewrites of a point, each with the verifier's verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..checks import Verifier
from ..deadline import Deadline
from .point import Point, Rewrite
from .rewriter import Rewriter, Writer
from .text_choice import TextChooser


def with_rewrites(
    chooser: TextChooser,
    points: Sequence[Point],
    writer: Writer,
    verifier: Verifier,
    deadline: Deadline,
    versions: int = 1,
    every: bool = False,
) -> list[Point]:
    """Returns the points with rewrites of all their sentences and, if the shipped rewriter writes, of the main sentence
    alone. Points are written and read in parallel.

    Args:
        chooser: Says what to ask for, and which texts the verifier reads.
        points: The points.
        writer: Writes the rewrites.
        verifier: Reads them.
        deadline: The time limit.
        versions: Number of texts that a language model is asked for.
        every: If True, each of the sentences is rewritten alone, not only the main one.

    Raises:
        WriterError: A language model cannot be reached.
        TimeLimitError: The time limit was exceeded.
    """
    writing = []
    for i, point in enumerate(points):
        parts = [point] if len(point.chosen) > 1 else []
        if every or not parts:
            parts += [point.narrowed(alone) for alone in point.chosen]
        elif isinstance(writer, Rewriter):
            parts.append(point.narrowed())
        for part in parts:
            deadline.check()
            writing.append((i, part, writer.start(chooser.task(part, versions), deadline)))
    reading = []
    for i, part, wait in writing:
        written = wait()
        deadline.check()
        rewrites = chooser.rewrites(part, written)
        reading.append((i, written.fault, rewrites, chooser.verdicts(verifier, part, rewrites, written.kind)))
    deadline.check()
    found = list(points)
    for i, fault, rewrites, verdicts in reading:
        judged = map(Rewrite.judged, rewrites, verdicts.result())
        found[i] = replace(found[i], rewrites=(*found[i].rewrites, *judged), fault=found[i].fault or fault)
    return found
