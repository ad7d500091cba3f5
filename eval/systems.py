"""Summarizes articles with a model, and counts how its bullets were made."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from summarizer import Article, Summarizer, WriterOptions
from summarizer.summary import Count, Length, Policy

from .data import Example


@dataclass(frozen=True)
class ModelLists:
    """The output of a model.

    Attributes:
        lists: A list of bullets for each article.
        spans: For each bullet of each list, its source spans in the article.
        made: Number of bullets by method: "extracted", "rewritten", "generated".
        failed: Number of bullets that fail a check; only the policy "flag" shows such bullets.
    """

    lists: list[list[str]]
    spans: list[list[list[tuple[int, int]]]]
    made: dict[str, int]
    failed: int

    @property
    def counts(self) -> dict[str, Any]:
        """Number of bullets by method, and of failed bullets, as `table` needs them."""
        return {"by": self.made, "failed": self.failed}


def make_lists(
    model: str,
    examples: Sequence[Example],
    title: str,
    bullets: Count = "auto",
    length: Length = "brief",
    policy: Policy = "checked",
    language: str = "en",
    min_confidence: float | None = None,
    writer: WriterOptions | None = None,
) -> ModelLists:
    """Summarizes articles with a model, and a language model as its writer; `title` labels the progress bar."""
    articles = (_article(example, language) for example in examples)
    summaries = Summarizer.from_pretrained(model, writer=writer).stream(
        articles, bullets=bullets, length=length, policy=policy, min_confidence=min_confidence
    )
    found = list(tqdm(summaries, f"{title}: bullets", len(examples), file=sys.stderr, mininterval=2))
    every = [bullet for summary in found for bullet in summary]
    return ModelLists(
        [[bullet.text for bullet in summary] for summary in found],
        [[[(span.start, span.end) for span in bullet.sources] for bullet in summary] for summary in found],
        dict(sorted(Counter(bullet.method for bullet in every).items())),
        sum(bool(bullet.failed) for bullet in every),
    )


def _article(example: Example, language: str) -> Article:
    article = Article.from_text(example.text, language=language)
    return replace(article, title=example.title) if example.title else article
