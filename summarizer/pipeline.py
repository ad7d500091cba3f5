"""The road of the shipped models: sentences are scored, chosen, and rewritten where they are too long."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .article import Article
from .boilerplate import story
from .errors import ModelError
from .extractor import Extractor, Scored
from .policy import STYLES, Draft, Writer, extracted, needs_rewriting
from .rewriter import Candidate, Rewriter, context_of
from .selection import Group, bullet_count, select
from .sentences import words
from .summary import Bullet, Length, Options, Policy, Span


@dataclass(frozen=True, slots=True)
class _Begun:
    """An article whose bullets are chosen and are being rewritten.

    Attributes:
        article: The article.
        policy: What may be shown of it: "extract" where the model was not made for its language.
        drafts: The bullets, without candidates.
        waiting: For each, a function that waits for its candidates; None where nothing is rewritten.
    """

    article: Article
    policy: Policy
    drafts: tuple[Draft, ...]
    waiting: tuple[Callable[[], list[Candidate]] | None, ...]


class Pipeline:
    """Extractor, selection, rewriter and policy.

    Args:
        folder: A model folder of this project.
        config: Its config.
        threads: Cores to use; default: all that this process may use.

    Raises:
        ModelError: A part cannot be read.
    """

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

    @property
    def rewrites(self) -> bool:
        """Whether there is a rewriter."""
        return self._rewriter is not None

    def __call__(
        self, articles: Iterable[Article], options: Options
    ) -> Iterator[tuple[Article, tuple[Bullet, ...], tuple[str, ...]]]:
        """Each article with its bullets, and what a reader of them should know; in order, reading only a few ahead."""
        read: deque[Article] = deque()
        begun: deque[_Begun] = deque()

        def sentences() -> Iterator[tuple[Any, ...]]:
            for article in articles:
                read.append(article)
                yield story(article.text, article.language)

        for scored in self._extractor(sentences()):
            begun.append(self._begin(read.popleft(), scored, options))
            if len(begun) > 2 * self._extractor.threads:
                yield self._finish(begun.popleft(), options)
        while begun:
            yield self._finish(begun.popleft(), options)

    def _begin(self, article: Article, scored: Scored, options: Options) -> _Begun:
        """Chooses the sentences of an article's bullets, and sets the rewriter to work on them."""
        count = options.bullets
        if count == "auto":
            count = bullet_count(sum(len(words(s.text)) for s in scored.sentences), options.length)
        groups = select(scored, count, options.length, fixed=options.bullets != "auto")
        drafts = tuple(_draft(article, scored, group) for group in groups)
        policy = options.policy if self._speaks(article.language) else "extract"
        waiting = [None if policy == "extract" else self._start(draft, options.length) for draft in drafts]
        return _Begun(article, policy, drafts, tuple(waiting))

    def _start(self, draft: Draft, length: Length) -> Callable[[], list[Candidate]] | None:
        if not self._rewriter or not needs_rewriting([span.text for span in draft.spans], length):
            return None
        return self._rewriter.start(draft.sources, draft.context, STYLES[length].asked)

    def _finish(self, begun: _Begun, options: Options) -> tuple[Article, tuple[Bullet, ...], tuple[str, ...]]:
        extract = begun.policy == "extract"
        writer = extracted if extract else Writer(begun.article, options.length, flag=begun.policy == "flag")
        bullets = tuple(
            writer(replace(draft, candidates=tuple(wait())) if wait else draft)
            for draft, wait in zip(begun.drafts, begun.waiting, strict=True)
        )
        return begun.article, bullets, self._warnings(begun.article)

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
