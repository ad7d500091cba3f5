"""The road of the shipped models: sentences are scored, chosen, and rewritten where they are too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..article import Article
from ..boilerplate import story
from ..errors import ModelError
from .extractor import Extractor, Scored
from .policy import STYLES, Draft, Writer, extracted, needs_rewriting
from .rewriter import Candidate, Rewriter, context_of
from ..selection import Group, bullet_count, select
from ..sentences import words
from ..summary import Bullet, Length, Options, Span
from ..watch import Watch


class Pipeline:
    """Extractor, selection, rewriter and policy.

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
        scored = self._extractor(sentences, watch)
        with watch.stage("selection"):
            count = options.bullets
            if count == "auto":
                count = bullet_count(sum(len(words(s.text)) for s in sentences), options.length)
            groups = select(scored, count, options.length, fixed=options.bullets != "auto")
            drafts = [_draft(article, scored, group) for group in groups]
        if options.policy == "extract" or not self._speaks(article.language):
            return tuple(extracted(draft) for draft in drafts)
        with watch.stage("rewriter"):  # it writes all bullets side by side, and begins while the writer is made
            waiting = [self._start(draft, options.length) for draft in drafts]
        with watch.stage("checks"):
            writer = Writer(article, options.length, flag=options.policy == "flag")
        bullets = []
        for draft, wait in zip(drafts, waiting, strict=True):
            with watch.stage("rewriter"):
                candidates = tuple(wait()) if wait else ()
            with watch.stage("checks"):
                bullets.append(writer(replace(draft, candidates=candidates)))
        return tuple(bullets)

    def _start(self, draft: Draft, length: Length) -> Callable[[], list[Candidate]] | None:
        if not self._rewriter or not needs_rewriting([span.text for span in draft.spans], length):
            return None
        return self._rewriter.start(draft.sources, draft.context, STYLES[length].asked)

    def _warnings(self, article: Article) -> tuple[str, ...]:
        if self._speaks(article.language):
            return ()
        made_for = ", ".join(self._languages)
        return (f"The model was made for {made_for}; nothing was measured for {article.language}.",)

    def _speaks(self, language: str) -> bool:
        return not self._languages or language.split("-", maxsplit=1)[0].lower() in self._languages


def _draft(article: Article, scored: Scored, group: Group) -> Draft:
    spans = tuple(Span(s.start, s.end, article.text[s.start : s.end]) for s in (scored.sentences[i] for i in group))
    score = float(1 / (1 + np.exp(-max(scored.scores[i] for i in group))))
    return Draft(spans, round(score, 4), context_of(scored.sentences, group))
