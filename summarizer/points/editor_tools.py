"""What the desk offers an editor: other wordings of a point, and checks of an own point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..checks import Checker
from ..deadline import Deadline
from ..reading import Article, Sentence, content_sentences
from ..summary import Bullet, Check, Length, Span
from .alignment import Aligner
from .candidates import Point, PointWriter
from .story import story
from .writer import Writer

UNTRACED = Check("sources", False, "no sentence of the article contains enough of its words")


class PreparedArticle:
    """An article prepared for checking an editor's points.

    Args:
        article: The article.

    Attributes:
        sentences: The sentences of its story.
        checker: Looks up facts in the whole article.
        aligner: Finds the sentences that a point stands on.
    """

    def __init__(self, article: Article) -> None:
        self.sentences = content_sentences(article.text, article.language)
        self.checker = Checker(article.text)
        self.aligner = Aligner([sentence.text for sentence in self.sentences])


@lru_cache(maxsize=16)
def prepared(article: Article) -> PreparedArticle:
    """Returns the prepared article. Cached, since points are checked again and again while an editor types."""
    return PreparedArticle(article)


def check_point(
    article: Article, text: str, spans: Sequence[Span] | None, judge: Writer | None, deadline: Deadline
) -> Bullet:
    """Returns an editor's point with its source sentences and its checks. Its facts are looked up in its sources and in
    the headline, and what they lack in the article; the judge reads it with its sentence.

    Args:
        article: The article.
        text: The point.
        spans: Its source sentences. If none are passed: the one or two that contain most of the point.
        judge: The writer of the model, which also judges; or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story.
        TimeLimitError: The time limit was exceeded.
    """
    reading = prepared(article)
    deadline.check()
    chosen = _chosen(reading.sentences, spans) if spans else reading.aligner(text)
    if not chosen:
        checks = reading.checker(text, article.text, article.title or "")
        said = (replace(one, evidence=one.evidence.replace("in the sources", "in the article")) for one in checks)
        return Bullet(text, 0.0, "edited", (), (*said, UNTRACED))
    sources = tuple(Span(s.start, s.end, s.text) for s in (reading.sentences[i] for i in chosen))
    found = list(reading.checker(text, " ".join(span.text for span in sources), article.title or ""))
    if judge:
        main = reading.aligner.best(text, chosen)
        read = judge.read(story(reading.sentences, [(main,)], article.title), deadline)
        (judged,) = judge.judge(read, [1], [reading.sentences[main].text], [text], deadline)
        found.append(judged.verdict.check(judge.least))
    return Bullet(text, 0.0, "edited", sources, tuple(found))


def wordings_of(
    article: Article, spans: Sequence[Span], length: Length, writer: Writer | None, deadline: Deadline
) -> list[Bullet]:
    """Returns possible texts for some sentences: first what the writer makes of each, ordered by the judge's
    probability, then each sentence itself. Texts that fail a look-up are left out.

    Args:
        article: The article.
        spans: The sentences.
        length: Length of the texts.
        writer: The writer of the model, or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story.
        TimeLimitError: The time limit was exceeded.
    """
    sentences = prepared(article).sentences
    points = [Point(i, 0.0, 1.0) for i in _chosen(sentences, spans)]
    write = PointWriter(article, sentences, points, length, writer, deadline, enough=math.inf)
    found = [one for some in write(points) for one in some]
    written = [one for one in found if one.method == "rewritten" and all(check.passed for check in one.checks)]
    written.sort(key=lambda one: -one.verdict.good if one.verdict else 0.0)
    least = writer.least if writer else 0.0
    ordered = [*written, *(one for one in found if one.method == "extracted")]
    return list({one.text: one.bullet(0.0, least) for one in ordered}.values())


def _chosen(sentences: Sequence[Sentence], spans: Sequence[Span]) -> tuple[int, ...]:
    """Returns the indices of the sentences that the spans overlap.

    Raises:
        ValueError: A span overlaps no sentence.
    """
    chosen: set[int] = set()
    for span in spans:
        touched = [i for i, s in enumerate(sentences) if s.start < span.end and span.start < s.end]
        if not touched:
            raise ValueError(f"no sentence of the story overlaps the offsets {span.start} to {span.end}")
        chosen.update(touched)
    return tuple(sorted(chosen))
