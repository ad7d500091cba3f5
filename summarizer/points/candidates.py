"""The texts that a point can get: its own sentence, and what the rewriter makes of it, each with its sources, its
checks and the verifier's verdict. The one with the lowest expected cost is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..checks import Checker, Fact, Verdict, Verifier, facts, needs_context
from ..deadline import Deadline
from ..reading import Article, Sentence, stems, words
from ..summary import Bullet, Check, Length, Method, Span
from .full_names import FullNames
from .rewriter import Rewrite, Rewriter, as_line, context_of
from .tidy import bullet_of

FORM_COST = 1.2
"""Expected cost of a sentence that by its form cannot be understood alone, where no verifier reads it."""
LONG_COST = 0.04
"""Cost of each word above the aim of a length (`STYLES`)."""
GOOD_ENOUGH = 0.8
"""Probability from which the sentence of a point is shown as it stands, if it is not too long."""
MAX_SOURCES = 3
"""Maximum number of source sentences of a text."""
VERIFIED = 5
"""Maximum number of rewrites of a point that the verifier reads."""


@dataclass(frozen=True, slots=True)
class Style:
    """The sizes of a length, in words. The values were chosen on validation articles.

    Attributes:
        asked: The lengths that are requested from the rewriter, relative to those of the sentence.
        min_words: Minimum of a rewrite.
        max_words: Maximum of a rewrite.
        aim: Number above which each word has a cost.
    """

    asked: Callable[[int], Iterable[int]]
    min_words: int
    max_words: int
    aim: int


def _standard(size: int) -> Iterable[int]:
    return (min(max(size + more, 12), 34) for more in (0, 4))


def _brief(size: int) -> Iterable[int]:
    return (min(words, size + 4) for words in (10, 13, 16))


STYLES: dict[Length, Style] = {"brief": Style(_brief, 6, 26, 18), "standard": Style(_standard, 8, 44, 32)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a point can get.

    Attributes:
        text: The text, on one line.
        method: How it was made, as in `Bullet`.
        sources: The sentences that it stands on, in article order.
        checks: The look-ups of its facts; () for a sentence of the article.
        verdict: What the verifier says of it; None if there is no verifier.
        cost: The expected cost of its faults and its length.
    """

    text: str
    method: Method
    sources: tuple[Span, ...]
    checks: tuple[Check, ...]
    verdict: Verdict | None
    cost: float

    def passes(self, least: float) -> bool:
        """True if all look-ups passed, and the verifier's probability of "good" is at least `least`. The article's own
        sentences always pass."""
        good = self.verdict is None or self.verdict.good >= least
        return self.method == "extracted" or (good and all(check.passed for check in self.checks))

    def bullet(self, score: float, least: float) -> Bullet:
        """Returns the bullet. A text that is not the article's own has the verifier's verdict as its last check."""
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


class Story:
    """The sentences of an article, with what is looked up in them.

    Args:
        article: The article.
        sentences: The sentences of its story.

    Attributes:
        title: The headline, or None.
        sentences: The sentences.
        names: The full names of the persons.
    """

    def __init__(self, article: Article, sentences: Sequence[Sentence]) -> None:
        self.title = article.title
        self.sentences = sentences
        self.names = FullNames(article.text, facts(article.text))
        self._checker = Checker(article.text)
        self._bags = [set(stems(sentence.text)) for sentence in sentences]

    def context(self, chosen: Sequence[int]) -> str:
        """Returns the sentences that explain some sentences (`context_of`)."""
        return context_of(self.sentences, chosen, self.names)

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
        return tuple(Span(s.start, s.end, s.text) for s in (self.sentences[i] for i in sorted(chosen)))

    def checks(self, text: str, sources: Sequence[Span]) -> tuple[Check, ...]:
        """Looks up the facts of a text in its sources and in the headline."""
        return self._checker(text, " ".join(span.text for span in sources), self.title or "")

    def missing(self, text: str) -> list[Fact]:
        """Returns the facts of a text that the whole article lacks."""
        return self._checker.missing(text)


class PointWriter:
    """Gives the points of one article the texts that they can get.

    Args:
        story: The story.
        length: The length of the texts.
        rewriter: The rewriter of the model; None: the points get their sentences only.
        verifier: The verifier of the model; without one, too, they get their sentences only.
        deadline: The time limit.
        enough: Probability that a sentence is good from which nothing is written, unless it is too long.
    """

    def __init__(
        self,
        story: Story,
        length: Length,
        rewriter: Rewriter | None,
        verifier: Verifier | None,
        deadline: Deadline,
        enough: float = GOOD_ENOUGH,
    ) -> None:
        self._story, self._style, self._deadline, self._enough = story, STYLES[length], deadline, enough
        self._rewriter, self._verifier = rewriter, verifier

    def __call__(self, points: Sequence[Point]) -> list[tuple[Candidate, ...]]:
        """Returns the candidates of each point: first its sentence, then the rewrites, the most likely first."""
        mains = [point.sentence for point in points]
        if not self._verifier or not self._rewriter:
            return [(self._sentence(main, None),) for main in mains]
        with self._deadline.stage("checks"):
            themselves = self._judged(self._verifier, mains)
        written = [i for i, one in enumerate(themselves) if not self._suffices(one)]
        with self._deadline.stage("rewriter"):
            waiting = [self._start(self._rewriter, mains[i]) for i in written]
        found = [[one] for one in themselves]
        for i, wait in zip(written, waiting, strict=True):
            with self._deadline.stage("rewriter"):
                rewrites = wait()
            with self._deadline.stage("checks"):
                found[i] += self._candidates(self._verifier, mains[i], themselves[i].text, rewrites)
        return [tuple(one) for one in found]

    def _start(self, rewriter: Rewriter, main: int) -> Callable[[], list[Rewrite]]:
        text = as_line(self._story.sentences, [main])
        asked = dict.fromkeys(self._style.asked(len(words(text))))
        return rewriter.start(text, self._story.context([main]), self._story.title, [*asked])

    def _suffices(self, candidate: Candidate) -> bool:
        good = candidate.verdict.good if candidate.verdict else 0.0
        return good >= self._enough and len(words(candidate.text)) <= self._style.aim

    def _judged(self, verifier: Verifier, mains: Sequence[int]) -> list[Candidate]:
        """Returns the sentences of the points with their verdicts."""
        waiting = []
        for main in mains:
            text, context = as_line(self._story.sentences, [main]), self._story.context([main])
            own = self._sentence(main, None).text
            waiting.append(verifier.start([own], "sentences", text, context, self._story.title))
        return [self._sentence(main, wait.result()[0]) for main, wait in zip(mains, waiting, strict=True)]

    def _candidates(self, verifier: Verifier, main: int, own: str, rewrites: Sequence[Rewrite]) -> list[Candidate]:
        style = self._style
        kept = [one for one in rewrites if style.min_words <= len(words(one.text)) <= style.max_words]
        kept = [one for one in kept if one.text != own][:VERIFIED]
        text, context = as_line(self._story.sentences, [main]), self._story.context([main])
        texts, scores = [one.text for one in kept], [one.score for one in kept]
        verdicts = verifier.start(texts, "rewrites", text, context, self._story.title, scores).result()
        found = []
        for one, verdict in zip(texts, verdicts, strict=True):
            sources = self._story.sources(one, main)
            cost = verdict.cost + self._long(one)
            found.append(Candidate(one, "rewritten", sources, self._story.checks(one, sources), verdict, cost))
        return found

    def _sentence(self, main: int, verdict: Verdict | None) -> Candidate:
        """Returns the sentence of a point, without words that only tie it to its neighbours."""
        text = bullet_of([self._story.sentences[main].text])
        if verdict:
            cost = verdict.cost + self._long(text)
        else:  # half a quotation shows in the original, not in the bullet, which completes it
            original = as_line(self._story.sentences, [main])
            cost = FORM_COST if needs_context(text) or needs_context(original) else 0.0
        return Candidate(text, "extracted", self._story.spans([main]), (), verdict, cost)

    def _long(self, text: str) -> float:
        return LONG_COST * max(0, len(words(text)) - self._style.aim)


def best(candidates: Sequence[Candidate], least: float, flag: bool = False) -> Candidate:
    """Returns the candidate with the lowest cost among those that may be shown.

    Args:
        candidates: The candidates of a point.
        least: Minimum probability of "good" for a rewrite.
        flag: Whether a rewrite is shown whatever it fails, if there is one.
    """
    written = [one for one in candidates if one.method != "extracted"]
    if flag and written:
        return min(written, key=lambda one: (not one.passes(least), one.cost))
    return min((one for one in candidates if one.passes(least)), key=lambda one: one.cost)
