"""The engine of the shipped models: splits an article into sentences, scores them, groups them into points, writes each
point, and chooses the texts of the list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, Final

from ..checks import Verifier
from ..deadline import Deadline
from ..errors import ModelError
from ..options import Options
from ..reading import Article, content_sentences
from ..summary import Bullet, Length, Span
from .content_selection import SETTINGS, group
from .editor_tools import check_point, wordings_of
from .extractor import Extractor, Head
from .point import Point
from .rewriter import Rewriter, Writer
from .text_choice import DROP_THRESHOLD, TextChooser, chosen_by_form, source_sentences
from .writing import with_rewrites

GAIN = 0.2
"""A spare point replaces a point only if its expected cost is lower by more than this."""
HIGHLIGHTS: Final = "highlights"
"""Name of a length, and of the part of a model that is made for it: a head that chooses its points."""
_UNVERIFIED = "The model has a rewriter but no verifier, so only the article's own sentences are shown."
_NO_HIGHLIGHTS = "The model has no part for highlights, so the points are chosen as for other lengths."
SPARE = 2
"""Maximum number of spare points, which can replace points of the list."""


class Pipeline:
    """Runs the extractor, the grouping, the writer, the verifier and the policy.

    Args:
        folder: A model folder of this project.
        config: The configuration of the model.
        threads: Number of cores to use. Default: all that this process may use.
        write_with: Is called with the shipped rewriter, or None if the model has none, and returns the writer to use in
            its place. Default: the shipped rewriter writes.

    Attributes:
        max_concurrency: Number of parallel calls that keep all cores busy: one more than there are cores, since Python
            also works between the models' runs.

    Raises:
        ModelError: A part of the model cannot be loaded.
    """

    def __init__(
        self,
        folder: Path,
        config: dict[str, Any],
        threads: int | None,
        write_with: Callable[[Rewriter | None], Writer] | None = None,
    ) -> None:
        part = folder / "extractor"
        try:
            self._extractor = Extractor(part, threads)
            rewriter: Rewriter | None = None
            self._verifier: Verifier | None = None
            if "verifier" in config:  # no rewrites without a verifier
                part = folder / "verifier"
                self._verifier = Verifier(part, self._extractor.threads)
                if "rewriter" in config:
                    part = folder / "rewriter"
                    rewriter = Rewriter(part, self._extractor.threads)
            self._heads: dict[Length, Head] = {}
            if HIGHLIGHTS in config:
                part = folder / HIGHLIGHTS
                self._heads[HIGHLIGHTS] = Head.load(part, config[HIGHLIGHTS]["heads"])
        except (RuntimeError, OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{part}: {error}") from error
        self._writer: Writer | None = write_with(rewriter) if write_with else rewriter
        self._languages = config.get("languages", [])
        self._unverified = ("rewriter" in config or self._writer is not None) and not self._verifier
        self.max_concurrency = self._extractor.threads + 1

    @property
    def rewrites(self) -> bool:
        """True if the model has both a writer and a verifier."""
        return self._writer is not None and self._verifier is not None

    def __call__(
        self, article: Article, options: Options, deadline: Deadline
    ) -> tuple[tuple[Bullet, ...], tuple[str, ...]]:
        """Returns the bullets of an article, and warnings. Thread-safe: the result does not depend on other
        articles."""
        deadline.check()
        sentences = content_sentences(article.text, article.language)
        scored = self._extractor(sentences, article.title, deadline, self._heads.get(options.length))
        deadline.check()
        found = group(scored, options.bullets, options.length, spare=SPARE)
        points, spare = [point for point in found if not point.spare], [point for point in found if point.spare]
        deadline.check()
        chooser = TextChooser(article, scored.sentences, options.length, options.policy == "flag")
        points = self._chosen(chooser, self._written(chooser, points, options, deadline), options, deadline)
        spare.sort(key=lambda point: point.background)
        best = spare[0].background if spare else inf  # cost of the best spare point if it has no fault
        spare = spare[: sum(point.cost > best + GAIN for point in points)]
        spare = self._chosen(chooser, self._written(chooser, spare, options, deadline), options, deadline)
        kept = sorted(_without(points, spare, options), key=lambda point: point.main)
        # Chosen again, since what a text is worth depends on the points before it.
        points = self._chosen(chooser, kept, options, deadline)
        bullets = tuple(point.bullet for point in points if point.bullet)
        return bullets, tuple(self._warnings(article, options, points))

    def checked_bullet(self, article: Article, text: str, spans: Sequence[Span] | None, deadline: Deadline) -> Bullet:
        """Returns an editor's point with its source sentences and its checks (`editor_tools.check_point`)."""
        verifier = self._verifier if self._speaks(article.language) else None
        return check_point(article, text, spans, verifier, deadline)

    def wordings(self, article: Article, spans: Sequence[Span], length: Length, deadline: Deadline) -> list[Bullet]:
        """Returns possible texts for some sentences (`editor_tools.wordings_of`)."""
        parts = (self._writer, self._verifier) if self._speaks(article.language) else (None, None)
        return wordings_of(article, spans, length, *parts, deadline)

    def close(self) -> None:
        """Waits for running work, and frees the threads."""
        self._extractor.close()
        if self._writer:
            self._writer.close()
        if self._verifier:
            self._verifier.close()

    def _verifies(self, article: Article, options: Options) -> bool:
        return options.policy != "extract" and self.rewrites and self._speaks(article.language)

    def _chosen(
        self, chooser: TextChooser, points: Sequence[Point], options: Options, deadline: Deadline
    ) -> list[Point]:
        """Returns the points with their texts. The choice depends on the texts of the points before."""
        if not self._verifies(chooser.article, options):
            return [chosen_by_form(point) for point in points]
        found: list[Point] = []
        deadline.check()
        for point in points:
            earlier = [point.bullet.text for point in found if point.bullet]
            found.append(chooser.chosen(point, earlier, self._threshold(options)))
        return found

    def _threshold(self, options: Options) -> float:
        """Returns the minimum probability of "good" for a rewrite."""
        assert self._verifier is not None
        return self._verifier.threshold if options.min_confidence is None else options.min_confidence

    def _written(
        self, chooser: TextChooser, points: Sequence[Point], options: Options, deadline: Deadline
    ) -> list[Point]:
        """Returns the points with rewrites and with the verifier's verdicts on them and on their own sentences."""
        if not points or not self._verifies(chooser.article, options):
            return list(points)
        assert self._writer is not None and self._verifier is not None
        deadline.check()
        waiting = []
        for point in points:
            texts = [bullet.text for bullet in source_sentences(point)]
            context = chooser.context.of_sentences(point.chosen)
            waiting.append(self._verifier.start(texts, "sentences", point.text, context, chooser.article.title))
        found = with_rewrites(chooser, points, self._writer, self._verifier, deadline)
        return [
            replace(point, verdicts=tuple(verdicts.result())) for point, verdicts in zip(found, waiting, strict=True)
        ]

    def _warnings(self, article: Article, options: Options, points: Sequence[Point]) -> Iterator[str]:
        if not self._speaks(article.language):
            made_for = ", ".join(self._languages)
            yield f"The model was made for {made_for}; its quality for {article.language} was not measured."
        elif self._unverified and options.policy != "extract":
            yield _UNVERIFIED
        if options.length == HIGHLIGHTS and not self._heads:
            yield _NO_HIGHLIGHTS
        faults = Counter(point.fault for point in points if point.fault)
        for fault, count in faults.items():
            yield f"The language model did not write {count} of the points: {fault}."

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _without(points: Sequence[Point], spare: Sequence[Point], options: Options) -> list[Point]:
    """Returns the points of the list. A spare point replaces a point whose expected cost is higher by more than GAIN.
    If the number of points is free, a point that is not replaced and whose faults cost DROP_THRESHOLD or more is
    dropped, as long as enough points remain."""
    kept, others = list(points), list(spare)
    min_points = SETTINGS[options.length].min_points
    for point in sorted(points, key=lambda point: -point.cost):
        better = min(others, key=lambda other: other.cost, default=None)
        if better and better.cost + GAIN < point.cost:
            others.remove(better)
            kept[kept.index(point)] = better
        elif point.faults >= DROP_THRESHOLD and options.bullets == "auto" and len(kept) > min_points:
            kept.remove(point)
    return kept
