"""The texts that a point can get: its own sentence, and what the writer makes of it, each with its sources, its checks
and the judge's verdict. The one with the lowest expected cost is shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..checks import Checker, Verdict, needs_context
from ..deadline import Deadline
from ..reading import Article, Sentence, stems, words
from ..summary import Bullet, Check, Length, Method, Span
from .story import story
from .tidy import bullet_of
from .writer import Writer, WrittenPoint

FORM_COST = 1.2
"""Expected cost of a sentence that by its form cannot be understood alone, where no judge reads it."""
LONG_COST = 0.04
"""Cost of each word above the aim of a length (`STYLES`)."""
GOOD_ENOUGH = 0.8
"""Probability from which the sentence of a point is shown as it stands, if it is not too long."""
MAX_SOURCES = 3
"""Maximum number of source sentences of a text."""


@dataclass(frozen=True, slots=True)
class Style:
    """The sizes of a length, in words. The values were chosen on validation articles.

    Attributes:
        min_words: Minimum of a text that the writer wrote.
        max_words: Maximum of such a text.
        aim: Number above which each word has a cost.
    """

    min_words: int
    max_words: int
    aim: int


STYLES: dict[Length, Style] = {"brief": Style(6, 44, 20), "standard": Style(8, 44, 32)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a point can get.

    Attributes:
        text: The text, on one line.
        method: How it was made, as in `Bullet`.
        sources: The sentences that it stands on, in article order.
        checks: The look-ups of its facts; () for a sentence of the article.
        verdict: What the judge says of it; None if there is no judge.
        cost: The expected cost of its faults and its length.
    """

    text: str
    method: Method
    sources: tuple[Span, ...]
    checks: tuple[Check, ...]
    verdict: Verdict | None
    cost: float

    def passes(self, least: float) -> bool:
        """True if all look-ups passed, and the judge's probability of "good" is at least `least`. The article's own
        sentences always pass."""
        good = self.verdict is None or self.verdict.good >= least
        return self.method == "extracted" or (good and all(check.passed for check in self.checks))

    def bullet(self, score: float, least: float) -> Bullet:
        """Returns the bullet. A text that is not the article's own has the judge's verdict as its last check."""
        judged = self.verdict and self.method != "extracted"
        checks = (*self.checks, self.verdict.check(least)) if self.verdict and judged else self.checks
        return Bullet(self.text, score, self.method, self.sources, checks)


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a list. Each step of the pipeline fills in more of it.

    Attributes:
        sentence: Index of its sentence in the story.
        score: Probability that it is the main sentence of a point of a list, 0 to 1.
        likely: Probability that it is a point of this list: in a `brief` one, one of the most important points.
        spare: True if it is not in the list, but can replace a point that is.
        candidates: The texts that it can get; () until they are written.
    """

    sentence: int
    score: float
    likely: float
    spare: bool = False
    candidates: tuple[Candidate, ...] = ()


class LookUp:
    """Looks up in an article what texts say, and finds the sentences that they stand on.

    Args:
        article: The article.
        sentences: The sentences of its story.
    """

    def __init__(self, article: Article, sentences: Sequence[Sentence]) -> None:
        self._checker = Checker(article.text)
        self._sentences = sentences
        self._title = article.title or ""
        self._bags = [set(stems(sentence.text)) for sentence in sentences]

    def sources(self, text: str, main: int) -> tuple[Span, ...]:
        """Returns the sentence of a point and those, nearest first, that have the other words of a text, MAX_SOURCES at
        most, in article order."""
        chosen = {main}
        left = set(stems(text)) - self._bags[main]
        near = sorted(range(len(self._bags)), key=lambda i: (abs(i - main), i))
        while left and len(chosen) < MAX_SOURCES:
            best = max(near, key=lambda i: len(left & self._bags[i]))
            if not left & self._bags[best]:
                break
            chosen.add(best)
            left -= self._bags[best]
        return self.spans(chosen)

    def spans(self, chosen: Iterable[int]) -> tuple[Span, ...]:
        """Returns some sentences as spans, in article order."""
        return tuple(Span(s.start, s.end, s.text) for s in (self._sentences[i] for i in sorted(chosen)))

    def checks(self, text: str, sources: Sequence[Span]) -> tuple[Check, ...]:
        """Looks up the facts of a text in its sources and in the headline."""
        return self._checker(text, " ".join(span.text for span in sources), self._title)


class PointWriter:
    """Gives the points of one article the texts that they can get.

    Args:
        article: The article.
        sentences: The sentences of its story.
        points: All points that may be asked for; the story is read once for them.
        length: The length of the texts.
        writer: The writer of the model; None: the points get their sentences only.
        deadline: The time limit.
        enough: Probability that a sentence is good from which nothing is written, unless it is too long.
    """

    def __init__(
        self,
        article: Article,
        sentences: Sequence[Sentence],
        points: Sequence[Point],
        length: Length,
        writer: Writer | None,
        deadline: Deadline,
        enough: float = GOOD_ENOUGH,
    ) -> None:
        self._sentences, self._length, self._writer, self._deadline = sentences, length, writer, deadline
        self._enough = enough
        self._numbers = {point.sentence: number for number, point in enumerate(points, 1)}
        self.look_up = LookUp(article, sentences)
        if writer and points:
            with deadline.stage("writer"):
                self._story = writer.read(story(sentences, [(i,) for i in self._numbers], article.title), deadline)

    def __call__(self, points: Sequence[Point]) -> list[tuple[Candidate, ...]]:
        """Returns the candidates of each point: first its sentence, then what was written."""
        if not self._writer or not points:
            return [(self._sentence(point.sentence, None),) for point in points]
        sentences = [self._sentences[point.sentence].text for point in points]
        aim = STYLES[self._length].aim
        with self._deadline.stage("writer"):
            written = self._writer.write(
                self._story,
                [self._numbers[point.sentence] for point in points],
                sentences,
                self._deadline,
                brief=self._length == "brief",
                enough=[self._enough if len(words(text)) <= aim else math.inf for text in sentences],
            )
        with self._deadline.stage("checks"):
            return [self._candidates(point.sentence, one) for point, one in zip(points, written, strict=True)]

    def _candidates(self, main: int, written: WrittenPoint) -> tuple[Candidate, ...]:
        found = {(first := self._sentence(main, written.sentence)).text: first}
        style = STYLES[self._length]
        for one in written.texts:
            if style.min_words <= len(words(one.text)) <= style.max_words and one.text not in found:
                sources = self.look_up.sources(one.text, main)
                checks = self.look_up.checks(one.text, sources)
                cost = one.verdict.cost + self._long(one.text)
                found[one.text] = Candidate(one.text, "rewritten", sources, checks, one.verdict, cost)
        return tuple(found.values())

    def _sentence(self, main: int, verdict: Verdict | None) -> Candidate:
        """Returns the sentence of a point, without words that only tie it to its neighbours."""
        text = bullet_of([self._sentences[main].text])
        if verdict:
            cost = verdict.cost + self._long(text)
        else:  # half a quotation shows in the original, not in the bullet, which completes it
            original = " ".join(self._sentences[main].text.split())
            cost = FORM_COST if needs_context(text) or needs_context(original) else 0.0
        return Candidate(text, "extracted", self.look_up.spans([main]), (), verdict, cost)

    def _long(self, text: str) -> float:
        return LONG_COST * max(0, len(words(text)) - STYLES[self._length].aim)


def best(candidates: Sequence[Candidate], least: float, flag: bool = False) -> Candidate:
    """Returns the candidate with the lowest cost among those that may be shown.

    Args:
        candidates: The candidates of a point.
        least: Minimum probability of "good" for a text that is not the article's own.
        flag: Whether a written text is shown whatever it fails, if there is one.
    """
    written = [one for one in candidates if one.method != "extracted"]
    if flag and written:
        return min(written, key=lambda one: (not one.passes(least), one.cost))
    return min((one for one in candidates if one.passes(least)), key=lambda one: one.cost)
