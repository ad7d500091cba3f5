"""The engine of the shipped models: scores sentences, groups them into points, and writes each point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from ..checks import Verdict, Verifier
from ..deadline import Deadline
from ..errors import ModelError
from ..reading import Article, Sentence, content_sentences, words
from ..summary import Bullet, Length, Options, Policy, Span
from .content_selection import SETTINGS, Group, group
from .editor_tools import check_point, wordings_of
from .extractor import Extractor
from .rewriter import Candidate, Rewriter
from .text_choice import (
    DROP_THRESHOLD,
    STYLES,
    BulletWriter,
    CheckedRewrite,
    PointDraft,
    bullet_needs_context,
    extracted,
)

VERIFIED = 4
"""Maximum number of rewrites of a point that the verifier reads."""
NOT_KEY_POINT_COST = 2.0
"""Cost of a point that is not a key point, on the scale of `COSTS` in `text_choice.py`: for readers it is nearly twice
as bad as a point that cannot be understood alone (docs/quality.md)."""
GAIN = 0.2
"""A spare point replaces a point only if its expected cost is lower by more than this."""
_UNVERIFIED = "The model has a rewriter but no verifier, so only the article's own sentences are shown."
SPARE = 2
"""Maximum number of spare points, which can replace points of the list."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A point of a list.

    Attributes:
        draft: The point without its text.
        say: Chooses its text, and returns it with the expected cost of its faults. The choice depends on the texts of
            the points before it.
        faults: Expected cost of the faults when the text was first chosen.
    """

    draft: PointDraft
    say: Callable[[], tuple[Bullet, float]]
    faults: float

    @property
    def cost(self) -> float:
        """The expected cost of the point: of its faults, and of not being a key point."""
        return self.faults + _background(self.draft)


class Pipeline:
    """Runs the extractor, the grouping, the rewriter, the verifier and the policy.

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
        parts = (self._rewriter, self._verifier) if self._speaks(article.language) else (None, None)
        return wordings_of(article, spans, length, *parts, deadline)

    def close(self) -> None:
        """Waits for running work, and frees the threads."""
        self._extractor.close()
        if self._verifier:
            self._verifier.close()

    def _bullets(self, article: Article, options: Options, deadline: Deadline) -> tuple[Bullet, ...]:
        with deadline.stage("sentences"):
            sentences = content_sentences(article.text, article.language)
        scored = self._extractor(sentences, article.title, deadline)
        with deadline.stage("grouping"):
            groups = group(scored, options.bullets, options.length, spare=SPARE)
            drafts = _drafts(article, scored.sentences, groups, options.length)
        with deadline.stage("checks"):
            writer = BulletWriter(article, options.length, options.policy == "flag")
        points = self._points(
            writer, [d for d, g in zip(drafts, groups, strict=True) if not g.spare], options, deadline
        )
        spare = [d for d, g in zip(drafts, groups, strict=True) if g.spare]
        spare.sort(key=_background)
        least = _background(spare[0]) if spare else inf  # cost of the best spare point if it has no fault
        spare = spare[: sum(point.cost > least + GAIN for point in points)]
        writer.forget()
        points = _without(points, self._points(writer, spare, options, deadline) if spare else [], options)
        writer.forget()
        with deadline.stage("checks"):
            return tuple(point.say()[0] for point in sorted(points, key=lambda point: point.draft.main))

    def _points(
        self, writer: BulletWriter, drafts: Sequence[PointDraft], options: Options, deadline: Deadline
    ) -> list[_Point]:
        """Returns the points, each with the function that chooses its text."""
        if options.policy == "extract" or not self._verifier or not self._speaks(writer.article.language):
            return [_point(draft, partial(_by_form, draft)) for draft in drafts]
        return self._verified(writer, drafts, options, deadline)

    def _verified(
        self, writer: BulletWriter, drafts: Sequence[PointDraft], options: Options, deadline: Deadline
    ) -> list[_Point]:
        """Returns the points. The text of each is the one with the highest worth among its own sentences and the
        rewrites that pass. If no rewrite of all its sentences passes, the main sentence alone is rewritten, except with
        the policy "flag"."""
        assert self._verifier is not None
        least = self._verifier.least if options.min_confidence is None else options.min_confidence
        with deadline.stage("checks"):
            sentences = [
                self._verifier.start(texts, "sentences", draft.text, writer.context(draft), draft.title)
                for draft in drafts
                for texts in [[bullet.text for bullet in writer.source_sentences(draft)]]
            ]

        def good(found: Sequence[tuple[CheckedRewrite, Verdict]]) -> bool:
            return any(option.passes(verdict, least) for option, verdict in found)

        judged = self._judged(writer, drafts, drafts, options, deadline)
        whole = options.policy == "flag"
        left = [i for i, found in enumerate(judged) if not (whole or good(found)) and len(drafts[i].chosen) > 1]
        narrow = self._judged(
            writer, [drafts[i].narrowed() for i in left], [drafts[i] for i in left], options, deadline
        )
        for i, found in zip(left, narrow, strict=True):
            judged[i] = found
        points = []
        with deadline.stage("checks"):
            for draft, found, waiting in zip(drafts, judged, sentences, strict=True):
                points.append(_point(draft, partial(writer.best, found, waiting.result(), draft, least)))
        return points

    def _judged(
        self,
        writer: BulletWriter,
        asked: Sequence[PointDraft],
        whole: Sequence[PointDraft],
        options: Options,
        deadline: Deadline,
    ) -> list[list[tuple[CheckedRewrite, Verdict]]]:
        """Returns the rewrites of each point with the verifier's verdicts."""
        assert self._verifier is not None
        waiting = []
        for draft, one in zip(whole, self._written(writer, asked, options.length, deadline), strict=True):
            with deadline.stage("checks"):
                found = writer.options(one, "rewritten" if one.chosen == draft.chosen else "narrowed", VERIFIED)
                texts, scores = [option.text for option in found], [option.score for option in found]
                verdicts = self._verifier.start(texts, "rewrites", one.text, writer.context(one), one.title, scores)
                waiting.append((found, verdicts))
        with deadline.stage("checks"):
            return [list(zip(found, verdicts.result(), strict=True)) for found, verdicts in waiting]

    def _written(
        self, writer: BulletWriter, asked: Sequence[PointDraft], length: Length, deadline: Deadline
    ) -> Iterator[PointDraft]:
        """Yields the drafts with their candidates, which are written in parallel."""
        with deadline.stage("rewriter"):
            waiting = [self._start(writer, one, length) for one in asked]
        for one, wait in zip(asked, waiting, strict=True):
            with deadline.stage("rewriter"):
                candidates = tuple(wait())
            yield replace(one, candidates=candidates)

    def _start(self, writer: BulletWriter, draft: PointDraft, length: Length) -> Callable[[], list[Candidate]]:
        assert self._rewriter is not None
        return self._rewriter.start(
            draft.text, writer.context(draft), draft.title, STYLES[length].lengths(len(words(draft.text)))
        )

    def _warnings(self, article: Article, policy: Policy) -> tuple[str, ...]:
        if self._speaks(article.language):
            return (_UNVERIFIED,) if self._unverified and policy != "extract" else ()
        made_for = ", ".join(self._languages)
        return (f"The model was made for {made_for}; its quality for {article.language} was not measured.",)

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _by_form(draft: PointDraft) -> tuple[Bullet, float]:
    """Returns the article's own sentence, for use without a verifier. It costs DROP_THRESHOLD if by its form it needs
    context, else nothing."""
    bullet = extracted(draft)
    return bullet, DROP_THRESHOLD if bullet_needs_context(bullet) else 0.0


def _background(draft: PointDraft) -> float:
    return NOT_KEY_POINT_COST * (1 - draft.likely)


def _point(draft: PointDraft, say: Callable[[], tuple[Bullet, float]]) -> _Point:
    _, faults = say()
    return _Point(draft, say, faults)


def _without(points: Sequence[_Point], spare: Sequence[_Point], options: Options) -> list[_Point]:
    """Returns the points of the list. A spare point replaces a point whose expected cost is higher by more than GAIN.
    If the number of points is free, a point that is not replaced and whose faults cost DROP_THRESHOLD or more is
    dropped, as long as enough points remain."""
    kept, others = list(points), list(spare)
    for point in sorted(points, key=lambda point: -point.cost):
        better = min(others, key=lambda other: other.cost, default=None)
        if better and better.cost + GAIN < point.cost:
            others.remove(better)
            kept[kept.index(point)] = better
        elif point.faults >= DROP_THRESHOLD and options.bullets == "auto" and len(kept) > SETTINGS.min_points:
            kept.remove(point)
    return kept


def _drafts(
    article: Article, sentences: Sequence[Sentence], groups: Sequence[Group], length: Length
) -> list[PointDraft]:
    used = {i for one in groups for i in one.sentences}
    drafts = []
    for one in groups:
        spans = tuple(Span(s.start, s.end, s.text) for s in (sentences[i] for i in one.sentences))
        before = one.main - 1
        free = before >= 0 and before not in used and sentences[before].section == sentences[one.main].section
        used |= {before} if free else set()
        drafts.append(
            PointDraft(
                sentences,
                one.sentences,
                one.main,
                spans,
                round(one.score, 4),
                article.title,
                before if free else None,
                likely=one.leads if length == "brief" else one.score,
            )
        )
    return drafts
