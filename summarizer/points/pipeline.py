"""The engine of the shipped models, in five steps: split the article, score its sentences, choose the points, write
them, and choose the texts of the list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from ..checks import Verifier
from ..deadline import Deadline
from ..errors import ModelError
from ..reading import Article, content_sentences
from ..summary import Bullet, Length, Options, Policy, Span
from .candidates import GOOD_ENOUGH, Candidate, Point, PointWriter, Story, best
from .content_selection import SETTINGS, choose
from .editor_tools import check_point, wordings_of
from .extractor import Extractor
from .full_names import FullNames
from .rewriter import Rewriter

NOT_KEY_POINT_COST = 2.0
"""Cost of a point that is not a key point, on the scale of `COSTS` in `checks/verifier.py`: for readers it is nearly
twice as bad as a point that cannot be understood alone (docs/quality.md)."""
DROP_COST = 1.2
"""Expected cost of its faults from which a point is left out of a list whose number of points is free."""
GAIN = 0.2
"""A spare point replaces a point only if its expected cost is lower by more than this."""
SPARE = 2
"""Maximum number of spare points, which can replace points of the list."""
_UNVERIFIED = "The model has a rewriter but no verifier, so only the article's own sentences are shown."


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A point with the text that it gets."""

    point: Point
    text: Candidate

    @property
    def cost(self) -> float:
        """The expected cost of the point: of its faults, and of not being a key point."""
        return self.text.faults + _background(self.point)


class Pipeline:
    """Runs the extractor, the rewriter and the verifier.

    Args:
        folder: A model folder of this project.
        config: The configuration of the model.
        threads: Number of cores to use. Default: all that this process may use.

    Attributes:
        batch_size: Number of articles per call: one.
        max_concurrency: Number of parallel calls that keep all cores busy: one more than there are cores, since Python
            also works between the models' runs.

    Raises:
        ModelError: A part of the model cannot be loaded.
    """

    batch_size = 1

    def __init__(self, folder: Path, config: dict[str, Any], threads: int | None) -> None:
        part = folder / "extractor"
        try:
            self._extractor = Extractor(part, threads)
            self._rewriter: Rewriter | None = None
            self._verifier: Verifier | None = None
            if "rewriter" in config and "verifier" in config:  # no rewrites without a verifier
                part = folder / "rewriter"
                self._rewriter = Rewriter(part, self._extractor.threads)
                part = folder / "verifier"
                self._verifier = Verifier(part, self._extractor.threads)
        except (RuntimeError, OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{part}: {error}") from error
        self._languages = config.get("languages", [])
        self._unverified = "rewriter" in config and not self._verifier
        self.max_concurrency = self._extractor.threads + 1

    @property
    def rewrites(self) -> bool:
        """True if the model has both a rewriter and a verifier."""
        return self._rewriter is not None

    def __call__(
        self, articles: Sequence[Article], options: Options, deadline: Deadline
    ) -> list[tuple[tuple[Bullet, ...], tuple[str, ...]]]:
        """Returns the bullets and the warnings of each article. Thread-safe: the result for an article does not depend
        on other articles."""
        policy = options.policy
        return [(self._bullets(article, options, deadline), self._warnings(article, policy)) for article in articles]

    def checked_bullet(self, article: Article, text: str, spans: Sequence[Span] | None, deadline: Deadline) -> Bullet:
        """Returns an editor's point with its source sentences and its checks (`editor_tools.check_point`)."""
        verifier = self._verifier if self._speaks(article.language) else None
        return check_point(article, text, spans, verifier, deadline)

    def wordings(self, article: Article, spans: Sequence[Span], length: Length, deadline: Deadline) -> list[Bullet]:
        """Returns possible texts for some sentences (`editor_tools.wordings_of`)."""
        return wordings_of(article, spans, length, *self._writers(article, "checked"), deadline)

    def close(self) -> None:
        """Waits for running work, and frees the threads."""
        self._extractor.close()
        if self._verifier:
            self._verifier.close()

    def _bullets(self, article: Article, options: Options, deadline: Deadline) -> tuple[Bullet, ...]:
        with deadline.stage("sentences"):
            sentences = content_sentences(article.text, article.language)
        scored = self._extractor(sentences, article.title, deadline)
        with deadline.stage("choice"):
            points = choose(scored, options.bullets, options.length, spare=SPARE)
        story = Story(article, scored.sentences)
        rewriter, verifier = self._writers(article, options.policy)
        least = options.min_confidence
        if least is None:
            least = verifier.least if verifier else 0.0
        flag = options.policy == "flag"
        enough = inf if flag else GOOD_ENOUGH
        write = PointWriter(story, options.length, rewriter, verifier, deadline, enough)

        def chosen(some: Sequence[Point]) -> list[_Chosen]:
            return [_Chosen(point, best(found, least, flag)) for point, found in zip(some, write(some), strict=True)]

        listed = chosen([point for point in points if not point.spare])
        spare = sorted((point for point in points if point.spare), key=_background)
        # A spare point is written only if it could replace a point, if it had no fault.
        spare = spare[: sum(one.cost > _background(spare[0]) + GAIN for one in listed)] if spare else []
        listed = _without(listed, chosen(spare), options)
        with deadline.stage("checks"):
            return _bullets(story.names, sorted(listed, key=lambda one: one.point.sentence), least)

    def _writers(self, article: Article, policy: Policy) -> tuple[Rewriter | None, Verifier | None]:
        """Returns the rewriter and the verifier, or None for both if the article is not to be rewritten."""
        unused = policy == "extract" or not self._speaks(article.language)
        return (None, None) if unused else (self._rewriter, self._verifier)

    def _warnings(self, article: Article, policy: Policy) -> tuple[str, ...]:
        if self._speaks(article.language):
            return (_UNVERIFIED,) if self._unverified and policy != "extract" else ()
        made_for = ", ".join(self._languages)
        return (f"The model was made for {made_for}; its quality for {article.language} was not measured.",)

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _background(point: Point) -> float:
    return NOT_KEY_POINT_COST * (1 - point.likely)


def _without(listed: Sequence[_Chosen], spare: Sequence[_Chosen], options: Options) -> list[_Chosen]:
    """Returns the points of the list. A spare point replaces a point whose expected cost is higher by more than GAIN.
    If the number of points is free, a point that is not replaced and whose faults cost DROP_COST or more is dropped, as
    long as enough points remain."""
    kept, others = list(listed), list(spare)
    for one in sorted(listed, key=lambda one: -one.cost):
        better = min(others, key=lambda other: other.cost, default=None)
        if better and better.cost + GAIN < one.cost:
            others.remove(better)
            kept[kept.index(one)] = better
        elif one.text.faults >= DROP_COST and options.bullets == "auto" and len(kept) > SETTINGS.min_points:
            kept.remove(one)
    return kept


def _bullets(names: FullNames, listed: Sequence[_Chosen], least: float) -> tuple[Bullet, ...]:
    """Returns the bullets, each text once. A person whom an earlier one names in full has only the last name in later
    rewrites."""
    bullets: dict[str, Bullet] = {}
    for one in listed:
        bullet = one.text.bullet(round(one.point.score, 4), least)
        if bullet.method == "rewritten":
            bullet = replace(bullet, text=names.shortened(bullet.text, bullets))
        bullets.setdefault(bullet.text, bullet)
    return tuple(bullets.values())
