"""The engine of the shipped models: sentences are scored and grouped into points, and each point is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..alone import leans
from ..article import Article
from ..boilerplate import story
from ..checks import Least, Verdict, Verifier
from ..errors import ModelError
from ..sentences import Sentence, words
from ..summary import Bullet, Length, Options, Span
from ..watch import Watch
from .extractor import Extractor
from .grouping import SETTINGS, Group, group
from .policy import STYLES, Draft, Option, Writer, extracted
from .rewriter import Candidate, Rewriter

VERIFIED = 4
"""Rewrites of a point that the verifier reads, at most."""
WEAK = 0.1
"""Probability below which another point takes the place of one that is left with its sentence."""
SPARE = 2
"""Points that may take another's place."""


@dataclass(frozen=True, slots=True)
class _Point:
    """A point of a list.

    Attributes:
        draft: What it stands on.
        say: Gives it its words, which go by what the points before it have said.
        weak: Whether another had better take its place.
        leans: Whether it cannot be understood alone.
    """

    draft: Draft
    say: Callable[[], Bullet]
    weak: bool
    leans: bool


class Pipeline:
    """Extractor, grouping, rewriter, verifier and policy.

    Args:
        folder: A model folder of this project.
        config: Its config.
        threads: Cores to use; default: all that this process may use.

    Attributes:
        together: Articles of one call: one.
        beside: Calls that keep all cores busy when they run side by side: one more than there are cores, for what
            Python does between the models' work.

    Raises:
        ModelError: A part cannot be read.
    """

    together = 1

    def __init__(self, folder: Path, config: dict[str, Any], threads: int | None) -> None:
        part = folder / "extractor"
        try:
            self._extractor = Extractor(part, threads)
            self._rewriter = None
            if "rewriter" in config:
                part = folder / "rewriter"
                self._rewriter = Rewriter(part, self._extractor.threads)
            self._verifier: Verifier | None = None
            if "verifier" in config:
                part = folder / "verifier"
                self._verifier = Verifier(part, self._extractor.threads)
        except (RuntimeError, OSError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{part}: {error}") from error
        self._languages = config.get("languages", [])
        self.beside = self._extractor.threads + 1

    @property
    def rewrites(self) -> bool:
        """Whether there is a rewriter."""
        return self._rewriter is not None

    def __call__(
        self, articles: Sequence[Article], options: Options, watch: Watch
    ) -> list[tuple[tuple[Bullet, ...], tuple[str, ...]]]:
        """The bullets of each article, and what a reader of them should know. May be called from several threads; what
        comes out depends on the article alone."""
        return [(self._bullets(article, options, watch), self._warnings(article)) for article in articles]

    def close(self) -> None:
        """Waits for what runs, and lets go of the threads."""
        self._extractor.close()
        if self._verifier:
            self._verifier.close()

    def _bullets(self, article: Article, options: Options, watch: Watch) -> tuple[Bullet, ...]:
        with watch.stage("sentences"):
            sentences = story(article.text, article.language)
        scored = self._extractor(sentences, article.title, watch)
        with watch.stage("grouping"):
            groups = group(scored, options.bullets, options.length, spare=SPARE)
            drafts = _drafts(article, scored.sentences, groups)
        with watch.stage("checks"):
            writer = Writer(article, options.length, options.policy == "flag")
        points = self._points(writer, [d for d, g in zip(drafts, groups, strict=True) if not g.spare], options, watch)
        weak = sum(point.weak for point in points)
        spare = [d for d, g in zip(drafts, groups, strict=True) if g.spare][:weak]
        points = _without(points, self._points(writer, spare, options, watch) if spare else [], options)
        writer.forget()
        with watch.stage("checks"):
            return tuple(point.say() for point in sorted(points, key=lambda point: point.draft.main))

    def _points(self, writer: Writer, drafts: Sequence[Draft], options: Options, watch: Watch) -> list[_Point]:
        """The points with what gives each its words."""
        if options.policy == "extract" or not self._rewriter or not self._speaks(writer.article.language):
            return [_point(draft, partial(extracted, draft)) for draft in drafts]
        if self._verifier:
            return self._verified(writer, drafts, options, watch)
        # No rule can follow what joins several sentences: readers found many such points untrue (docs/quality.md). So
        # without a verifier it is shown to those who look at it, and others get the main sentence's own rewrite.
        asked = drafts if options.policy == "flag" else [draft.narrowed() for draft in drafts]
        points = []
        for draft, one in zip(drafts, self._written(writer, asked, options.length, watch), strict=True):
            with watch.stage("checks"):
                points.append(_point(draft, partial(_by_rule, writer, draft, one)))
        return points

    def _verified(self, writer: Writer, drafts: Sequence[Draft], options: Options, watch: Watch) -> list[_Point]:
        """The points, each with the best of these that an editor would print: a rewrite of all its sentences, or else
        one of its main sentence, or else the sentence itself."""
        assert self._verifier is not None
        least = self._verifier.least
        with watch.stage("checks"):
            themselves = [
                self._verifier.start([extracted(draft).text], [None], draft.text, writer.context(draft), draft.title)
                for draft in drafts
            ]

        def good(found: Sequence[tuple[Option, Verdict]]) -> bool:
            return any(option.passes(verdict, least) for option, verdict in found)

        judged = self._judged(writer, drafts, drafts, options, watch)
        left = [i for i, found in enumerate(judged) if not good(found) and len(drafts[i].chosen) > 1]
        narrow = self._judged(writer, [drafts[i].narrowed() for i in left], [drafts[i] for i in left], options, watch)
        for i, found in zip(left, narrow, strict=True):
            if good(found) or options.policy != "flag":
                judged[i] = found
        points = []
        with watch.stage("checks"):
            for draft, found, waiting in zip(drafts, judged, themselves, strict=True):
                (itself,) = waiting.result()
                points.append(_point(draft, partial(_verified, writer, draft, found, itself, least), itself))
        return points

    def _judged(
        self, writer: Writer, asked: Sequence[Draft], whole: Sequence[Draft], options: Options, watch: Watch
    ) -> list[list[tuple[Option, Verdict]]]:
        """What is written of each point, with what the verifier says of it."""
        assert self._verifier is not None
        waiting = []
        for draft, one in zip(whole, self._written(writer, asked, options.length, watch), strict=True):
            with watch.stage("checks"):
                found = writer.options(one, "rewritten" if one.chosen == draft.chosen else "narrowed", VERIFIED)
                texts, scores = [option.text for option in found], [option.score for option in found]
                verdicts = self._verifier.start(texts, scores, one.text, writer.context(one), one.title)
                waiting.append((found, verdicts))
        with watch.stage("checks"):
            return [list(zip(found, verdicts.result(), strict=True)) for found, verdicts in waiting]

    def _written(self, writer: Writer, asked: Sequence[Draft], length: Length, watch: Watch) -> Iterator[Draft]:
        """The drafts with candidates, which are written side by side."""
        with watch.stage("rewriter"):
            waiting = [self._start(writer, one, length) for one in asked]
        for one, wait in zip(asked, waiting, strict=True):
            with watch.stage("rewriter"):
                candidates = tuple(wait())
            yield replace(one, candidates=candidates)

    def _start(self, writer: Writer, draft: Draft, length: Length) -> Callable[[], list[Candidate]]:
        assert self._rewriter is not None
        return self._rewriter.start(
            draft.text, writer.context(draft), draft.title, STYLES[length].lengths(len(words(draft.text)))
        )

    def _warnings(self, article: Article) -> tuple[str, ...]:
        if self._speaks(article.language):
            return ()
        made_for = ", ".join(self._languages)
        return (f"The model was made for {made_for}; nothing was measured for {article.language}.",)

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _verified(
    writer: Writer, draft: Draft, judged: Sequence[tuple[Option, Verdict]], itself: Verdict, least: Least
) -> Bullet:
    return writer.printed(judged, draft, itself, least) or writer.sentences(draft)


def _by_rule(writer: Writer, draft: Draft, one: Draft) -> Bullet:
    return writer.rewritten(one, "rewritten" if one.chosen == draft.chosen else "narrowed") or writer.sentences(draft)


def _point(draft: Draft, say: Callable[[], Bullet], itself: Verdict | None = None) -> _Point:
    """A point that is weak where it is left with a sentence that can hardly be understood alone."""
    bullet = say()
    unclear = itself is not None and bullet.method in ("named", "extracted") and itself.good < WEAK
    alone = not leans(bullet.text)
    return _Point(draft, say, unclear or not alone, not alone)


def _without(points: Sequence[_Point], spare: Sequence[_Point], options: Options) -> list[_Point]:
    """The points with spare ones for those that are weak, the last first. Where the number is free, those that lean and
    have no other in their place are left out as long as enough remain."""
    kept = list(points)
    others = [point for point in spare if not point.weak]
    for point in reversed(points):
        if not point.weak:
            continue
        if others:
            kept[kept.index(point)] = others.pop(0)
        elif point.leans and options.bullets == "auto" and len(kept) > SETTINGS.least:
            kept.remove(point)
    return kept


def _drafts(article: Article, sentences: Sequence[Sentence], groups: Sequence[Group]) -> list[Draft]:
    used = {i for one in groups for i in one.sentences}
    drafts = []
    for one in groups:
        spans = tuple(Span(s.start, s.end, s.text) for s in (sentences[i] for i in one.sentences))
        before = one.main - 1
        free = before >= 0 and before not in used and sentences[before].section == sentences[one.main].section
        used |= {before} if free else set()
        drafts.append(
            Draft(
                sentences,
                one.sentences,
                one.main,
                spans,
                round(one.score, 4),
                article.title,
                before if free else None,
            )
        )
    return drafts
