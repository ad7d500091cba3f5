"""The lists that a model prints, and what they are made of."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from summarizer import Article, Summarizer
from summarizer.summary import Count, Length, Policy

from .data import Example


@dataclass(frozen=True)
class Printed:
    """A model's lists.

    Attributes:
        lists: A list of bullets for each article.
        spans: For each bullet of each list, the spans of the article that it stands on.
        made: Bullets by method: "rewritten", "narrowed", "named", "extracted", "generated".
        failed: How many fail a check; the policy "flag" alone shows such.
    """

    lists: list[list[str]]
    spans: list[list[list[tuple[int, int]]]]
    made: dict[str, int]
    failed: int

    @property
    def counts(self) -> dict[str, Any]:
        """What the lists are made of, as `table` says it."""
        return {"by": self.made, "failed": self.failed}


def printed(
    model: str,
    examples: Sequence[Example],
    title: str,
    bullets: Count = "auto",
    length: Length = "brief",
    policy: Policy = "checked",
    language: str = "en",
    min_confidence: float | None = None,
) -> Printed:
    """Summarizes articles with a model, and shows progress under its title."""
    articles = (_article(example, language) for example in examples)
    summaries = Summarizer.from_pretrained(model).stream(
        articles, bullets=bullets, length=length, policy=policy, min_confidence=min_confidence
    )
    found = list(tqdm(summaries, f"{title}: bullets", len(examples), file=sys.stderr, mininterval=2))
    every = [bullet for summary in found for bullet in summary]
    return Printed(
        [[bullet.text for bullet in summary] for summary in found],
        [[[(span.start, span.end) for span in bullet.sources] for bullet in summary] for summary in found],
        dict(sorted(Counter(bullet.method for bullet in every).items())),
        sum(bool(bullet.failed) for bullet in every),
    )


def _article(example: Example, language: str) -> Article:
    article = Article.from_text(example.text, language=language)
    return replace(article, title=example.title) if example.title else article
