"""The engine of the shipped models: sentences are scored and grouped into points, and each point is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..alone import leans
from ..article import Article
from ..boilerplate import story
from ..errors import ModelError
from ..sentences import Sentence
from ..summary import Bullet, Length, Method, Options, Span
from ..watch import Watch
from .extractor import Extractor
from .grouping import SETTINGS, Group, group
from .policy import STYLES, Draft, Writer, extracted
from .rewriter import Candidate, Rewriter


class Pipeline:
    """Extractor, grouping, rewriter and policy.

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
        except (RuntimeError, OSError, KeyError, ValueError) as error:
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

    def _bullets(self, article: Article, options: Options, watch: Watch) -> tuple[Bullet, ...]:
        with watch.stage("sentences"):
            sentences = story(article.text, article.language)
        scored = self._extractor(sentences, article.title, watch)
        with watch.stage("grouping"):
            drafts = _drafts(article, scored.sentences, group(scored, options.bullets, options.length))
        if options.policy == "extract" or not self._rewriter or not self._speaks(article.language):
            return _standing_alone([extracted(draft) for draft in drafts], options)
        with watch.stage("checks"):
            flag = options.policy == "flag"
            writer = Writer(article, options.length, flag)
        # No check here can follow what joins several sentences: readers found many such points untrue
        # (docs/quality.md). So it is shown to those who look at it, and others get the main sentence's own rewrite.
        asked = drafts if flag else [draft.narrowed() for draft in drafts]
        with watch.stage("rewriter"):  # it writes all points side by side
            waiting = [self._start(writer, one, options.length) for one in asked]
        bullets = []
        for draft, one, wait in zip(drafts, asked, waiting, strict=True):
            with watch.stage("rewriter"):
                candidates = tuple(wait())
            method: Method = "rewritten" if one.chosen == draft.chosen else "narrowed"
            with watch.stage("checks"):
                written = writer.rewritten(replace(one, candidates=candidates), method)
                bullets.append(written or writer.sentences(draft))
        return _standing_alone(bullets, options)

    def _start(self, writer: Writer, draft: Draft, length: Length) -> Callable[[], list[Candidate]]:
        assert self._rewriter is not None
        return self._rewriter.start(draft.text, writer.context(draft), draft.title, STYLES[length].asked)

    def _warnings(self, article: Article) -> tuple[str, ...]:
        if self._speaks(article.language):
            return ()
        made_for = ", ".join(self._languages)
        return (f"The model was made for {made_for}; nothing was measured for {article.language}.",)

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _standing_alone(bullets: Sequence[Bullet], options: Options) -> tuple[Bullet, ...]:
    """Without those that cannot be understood alone, as long as the number is free and enough are left."""
    spare = len(bullets) - SETTINGS.least if options.bullets == "auto" else 0
    kept = []
    for bullet in bullets:
        if spare > 0 and leans(bullet.text):
            spare -= 1
        else:
            kept.append(bullet)
    return tuple(kept)


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
