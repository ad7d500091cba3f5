"""The texts that a point can get: its own sentence, and what the rewriter makes of it, each with its sources, its
checks and the verifier's verdict. The one with the lowest expected cost is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf

from ..checks import Checker, Fact, Verdict, Verifier, facts, needs_context
from ..deadline import Deadline
from ..reading import Article, Sentence, stems, words
from ..summary import Bullet, Check, Length, Method, Span
from .full_names import FullNames
from .rewriter import Rewrite, Rewriter, as_line, context_of
from .tidy import bullet_of

FORM_COST = 1.2
"""Expected cost of the faults of a sentence that by its form cannot be understood alone, where no verifier reads it."""
LONG_COST = 0.04
"""Cost of each word above the aim of a length (`STYLES`)."""
LEFT_OUT_COST = 1.0
"""Cost of leaving out all content words of a sentence; of leaving out some, their share of it."""
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
    return (max(6, min(wanted, size)) for wanted in (14, 18, 22))


STYLES: dict[Length, Style] = {"brief": Style(_brief, 6, 26, 20), "standard": Style(_standard, 8, 44, 32)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a point can get.

    Attributes:
        text: The text, on one line.
        method: How it was made, as in `Bullet`.
        sources: The sentence of its point, then those that its other words are from, in article order.
        checks: The look-ups of its facts; () for a sentence of the article.
        verdict: What the verifier says of it; None if there is no verifier.
        faults: The expected cost of its faults.
        cost: That, and the cost of its length and of what it leaves out.
    """

    text: str
    method: Method
    sources: tuple[Span, ...]
    checks: tuple[Check, ...]
    verdict: Verdict | None
    faults: float
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
    """A point of a list.

    Attributes:
        sentence: Index of its sentence in the story.
        score: Probability that it is the main sentence of a point of a list, 0 to 1.
        likely: Probability that it is a point of this list: in a `brief` one, one of the most important points.
        spare: True if it is not in the list, but can replace a point that is.
    """

    sentence: int
    score: float
    likely: float
    spare: bool = False


class Story:
    """The sentences of an article, with what is looked up in them.

    Args:
        article: The article.
        sentences: The sentences of its story.

    Attributes:
        title: The headline, or None.
        sentences: The sentences.
    """

    def __init__(self, article: Article, sentences: Sequence[Sentence]) -> None:
        self._text = article.text
        self.title = article.title
        self.sentences = sentences
        self._contexts: dict[tuple[int, ...], tuple[int, ...]] = {}

    @cached_property
    def names(self) -> FullNames:
        """The full names of the persons."""
        return FullNames(self._text, facts(self._text))

    @cached_property
    def _checker(self) -> Checker:
        return Checker(self._text)

    def line(self, chosen: Sequence[int]) -> str:
        """Returns some sentences on one line."""
        return as_line(self.sentences, chosen)

    def context(self, chosen: Sequence[int]) -> str:
        """Returns the sentences that explain some sentences (`context_of`), on one line."""
        return self.line(self._context(chosen))

    def _context(self, chosen: Sequence[int]) -> tuple[int, ...]:
        key = tuple(chosen)
        if key not in self._contexts:
            self._contexts[key] = context_of(self.sentences, key, self.names)
        return self._contexts[key]

    def sources(self, text: str, main: int) -> tuple[Span, ...]:
        """Returns the sentence of a point, and then the sentences of its context that have the words of a text which
        neither that sentence nor the headline has, MAX_SOURCES in all, in article order."""
        left = set(stems(text)) - set(stems(self.sentences[main].text)) - set(stems(self.title or ""))
        bags = {i: set(stems(self.sentences[i].text)) for i in self._context([main])}
        others: list[int] = []
        while left and bags and len(others) < MAX_SOURCES - 1:
            found = max(bags, key=lambda i: (len(left & bags[i]), -abs(i - main)))
            if not left & bags[found]:
                break
            others.append(found)
            left -= bags.pop(found)
        return self.spans([main, *sorted(others)])

    def spans(self, chosen: Iterable[int]) -> tuple[Span, ...]:
        """Returns some sentences as spans."""
        return tuple(Span(s.start, s.end, s.text) for s in (self.sentences[i] for i in chosen))

    def checks(self, text: str, sources: Sequence[Span]) -> tuple[Check, ...]:
        """Looks up the facts of a text in its sources and in the headline."""
        return self._checker(text, " ".join(" ".join(span.text.split()) for span in sources), self.title or "")

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
        enough: Probability that a sentence is good from which nothing is written, unless it is too long. Default:
            rewrites of all sentences.
    """

    def __init__(
        self,
        story: Story,
        length: Length,
        rewriter: Rewriter | None,
        verifier: Verifier | None,
        deadline: Deadline,
        enough: float = inf,
    ) -> None:
        self._story, self._style, self._deadline, self._enough = story, STYLES[length], deadline, enough
        self._rewriter, self._verifier = rewriter, verifier

    def __call__(self, points: Sequence[Point]) -> list[tuple[Candidate, ...]]:
        """Returns the candidates of each point: first its sentence, then the rewrites, the most likely first."""
        mains = [point.sentence for point in points]
        if not self._verifier or not self._rewriter:
            return [(self._sentence(main, None),) for main in mains]
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
        text = self._story.line([main])
        asked = dict.fromkeys(self._style.asked(len(words(text))))
        return rewriter.start(text, self._story.context([main]), self._story.title, [*asked])

    def _suffices(self, candidate: Candidate) -> bool:
        good = candidate.verdict.good if candidate.verdict else 0.0
        return good >= self._enough and len(words(candidate.text)) <= self._style.aim

    def _judged(self, verifier: Verifier, mains: Sequence[int]) -> list[Candidate]:
        """Returns the sentences of the points with their verdicts."""
        with self._deadline.stage("checks"):
            waiting = [verifier.start([self._own(main)], "sentences", *self._about(main)) for main in mains]
            return [self._sentence(main, wait.result()[0]) for main, wait in zip(mains, waiting, strict=True)]

    def _candidates(self, verifier: Verifier, main: int, own: str, rewrites: Sequence[Rewrite]) -> list[Candidate]:
        """Returns the rewrites with their verdicts: the most likely ones, those that pass all look-ups first."""
        style, found = self._style, []
        for one in rewrites:
            if style.min_words <= len(words(one.text)) <= style.max_words and one.text != own:
                sources = self._story.sources(one.text, main)
                found.append((one, sources, self._story.checks(one.text, sources)))
        found.sort(key=lambda one: not all(check.passed for check in one[2]))
        del found[VERIFIED:]
        texts, scores = [one.text for one, _, _ in found], [one.score for one, _, _ in found]
        verdicts = verifier.start(texts, "rewrites", *self._about(main), scores).result()
        return [
            Candidate(
                text,
                "rewritten",
                sources,
                checks,
                verdict,
                verdict.cost,
                verdict.cost + self._long(text) + LEFT_OUT_COST * self._left_out(text, main),
            )  # fmt: skip
            for text, (_, sources, checks), verdict in zip(texts, found, verdicts, strict=True)
        ]

    def _about(self, main: int) -> tuple[str, str, str | None]:
        """Returns what the verifier reads with a text of a point."""
        return self._story.line([main]), self._story.context([main]), self._story.title

    def _own(self, main: int) -> str:
        """Returns the sentence of a point, without words that only tie it to its neighbours."""
        return bullet_of([self._story.sentences[main].text])

    def _sentence(self, main: int, verdict: Verdict | None) -> Candidate:
        text = self._own(main)
        if verdict:
            faults = verdict.cost
        else:  # half a quotation shows in the original, not in the bullet, which completes it
            faults = FORM_COST if needs_context(text) or needs_context(self._story.line([main])) else 0.0
        return Candidate(text, "extracted", self._story.spans([main]), (), verdict, faults, faults + self._long(text))

    def _left_out(self, text: str, main: int) -> float:
        """Returns the share of the content words of a point's sentence that a text does not have."""
        said = set(stems(self._own(main)))
        return len(said - set(stems(text))) / max(len(said), 1)

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
