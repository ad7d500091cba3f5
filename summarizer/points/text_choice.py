"""Chooses the text of each point: the one with the highest worth among the rewrites that an editor would print and the
article's own sentences. `pipeline.py` asks for it, and then replaces or drops points that are too costly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import takewhile
from math import log1p

from ..checks import Checker, Fault, Name, Number, TextKind, Verdict, Verifier, facts, needs_context
from ..reading import REPORT, Article, Sentence, stems, words
from ..summary import Bullet, Check, Length, Method, Span
from .context import Context, as_line
from .full_names import FullNames
from .rewriter import AS_IT_IS, Candidate, Rewriter, Task, Writer, Written
from .tidy import bullet_of

_SPEAKER = re.compile(
    r"(?P<who>,\s(?:(?:the\s|an?\s)?[^\W\d_][^,;:\"“”]{1,70}\s(?:said|says)|(?:said|says)\s[^,;:\"“”]{2,70}"
    r"|according\sto\s[^,;:\"“”]{2,70}))\.$"
)
"""The end of a sentence that names the speaker: ", police said."."""
_SHORTER = 0.9
"""Maximum length requested of a rewrite, as a share of the words of its sentences."""
COSTS: dict[Fault, float] = {"untrue": 3.0, "broken": 2.0, "leaning": 1.0, "poor": 0.5}
"""Cost of each fault. A cost of 1 equals the full worth of a point. The values are close to what readers' preferences
imply (docs/quality.md)."""
NOT_KEY_POINT_COST = 2.0
"""Cost of a point that is not a key point: for readers it is nearly twice as bad as a point that cannot be understood
alone (docs/quality.md)."""
DROP_THRESHOLD = 1.2
"""Expected cost from which a point is dropped. Without a verifier, it is also the cost of a point that needs context by
its form (`standalone.needs_context`)."""
_OTHER = 0.2
"""Cost of showing another of a point's sentences than the main one."""
_FACT = 1.5
"""Weight of a word in a name or a number, relative to another word that the article has equally often."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A rewrite of a point, with its checks.

    Attributes:
        text: The rewrite.
        checks: The results of the look-ups.
        score: The rewriter's mean log-probability per token.
        spans: The sentences that it was made from.
        method: The `method` of the bullet.
        verdict: The verifier's verdict, once it has read the text.
    """

    text: str
    checks: tuple[Check, ...]
    score: float
    spans: tuple[Span, ...]
    method: Method
    verdict: Verdict | None = None

    def judged(self, verdict: Verdict) -> Rewrite:
        """Returns the rewrite with the verifier's verdict."""
        return replace(self, verdict=verdict)

    @property
    def sound(self) -> bool:
        """True if all look-ups passed."""
        return all(check.passed for check in self.checks)

    def passes(self, threshold: float) -> bool:
        """True if it may be shown: all look-ups passed, and the verifier's probability reaches the threshold."""
        return self.sound and self.verdict is not None and self.verdict.good >= threshold


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a list. It is made by grouping, and filled step by step: rewrites and verdicts, then its bullet.

    Attributes:
        sentences: The sentences of the story.
        chosen: Indices of its source sentences, in article order.
        main: Index of its main sentence.
        spans: The source sentences as spans of the article.
        score: The model's confidence in it, 0 to 1.
        title: The headline, if there is one.
        before: Index of the sentence before the main one, if it is in the same section and no other point uses it; else
            None.
        likely: Probability that it is a point of the list: for a `brief` list, one of the most important points.
        rewrites: Rewrites that were read by the verifier.
        fault: Why a language model wrote no text for it; "" if it did, or was not asked.
        verdicts: Verdicts on the article's own sentences, in the order of `source_sentences`. Empty without a verifier.
        bullet: The chosen text, or None.
        faults: Expected cost of the faults of the chosen text.
    """

    sentences: Sequence[Sentence]
    chosen: tuple[int, ...]
    main: int
    spans: tuple[Span, ...]
    score: float
    title: str | None = None
    before: int | None = None
    likely: float = 1.0
    rewrites: tuple[Rewrite, ...] = ()
    fault: str = ""
    verdicts: tuple[Verdict, ...] = ()
    bullet: Bullet | None = None
    faults: float = 0.0

    @property
    def text(self) -> str:
        """The source sentences on one line."""
        return as_line(self.sentences, self.chosen)

    @property
    def background(self) -> float:
        """Expected cost of not being a key point."""
        return NOT_KEY_POINT_COST * (1 - self.likely)

    @property
    def cost(self) -> float:
        """Expected cost of the point: of its faults, and of not being a key point."""
        return self.faults + self.background

    def widened(self, by: Iterable[int]) -> Point:
        """Returns the same point with more source sentences."""
        chosen = tuple(sorted({*self.chosen, *by}))
        there = (self.sentences[i] for i in chosen)
        return replace(self, chosen=chosen, spans=tuple(Span(s.start, s.end, s.text) for s in there))

    def narrowed(self, to: int | None = None) -> Point:
        """Returns the same point with only one of its source sentences, without rewrites. Default: the main one."""
        to = self.main if to is None else to
        return replace(self, chosen=(to,), main=to, spans=(self.spans[self.chosen.index(to)],), rewrites=())


@dataclass(frozen=True, slots=True)
class Style:
    """How the rewrites of a length are requested and chosen. The values were chosen on validation articles.

    Attributes:
        asked: The lengths requested from the rewriter, in words.
        min_words: Minimum number of words of a rewrite.
        max_words: Maximum number of words of a rewrite.
        aim: Number of words above which the worth of a rewrite falls.
        size: Cost of ten words above `aim`.
        fluent: Weight of the rewriter's mean log-probability per token, relative to the share of important words that
            is kept.
    """

    asked: tuple[int, ...]
    min_words: int
    max_words: int
    aim: int
    size: float
    fluent: float

    def lengths(self, size: int) -> tuple[int, ...]:
        """Returns the lengths to request for sentences of `size` words. They are limited for short sentences, so that
        the rewriter need not add anything."""
        most = max(self.min_words, round(_SHORTER * size))
        return tuple(dict.fromkeys(min(length, most) for length in self.asked))


STYLES: dict[Length, Style] = {
    "brief": Style(asked=(14, 18, 22), min_words=6, max_words=26, aim=20, size=0.4, fluent=2.0),
    "standard": Style(asked=(25, 29), min_words=12, max_words=40, aim=32, size=0.4, fluent=2.0),
}


def with_speaker(text: str, source: str) -> str | None:
    """Adds to a rewrite the ", police said" at the end of its sentence. Returns None if there is none, or if the
    rewrite has a reporting verb already."""
    tail = _SPEAKER.search(source)
    if not tail or REPORT.search(text) or not text.endswith("."):
        return None
    return f"{text[:-1]}{tail['who'].rstrip()}."


def with_article(text: str, source: str) -> str:
    """Restores the grammatical article at the start of a rewrite that dropped it, as headlines do: "The Senate voted".
    The rewrite is not changed if its sentence has no article there."""
    opening = re.match(r"\w[\w'’-]*\s+\w[\w'’-]*", text)
    there = re.search(rf"\b(the|an?)\s+({re.escape(opening.group())})\b", source, re.IGNORECASE) if opening else None
    return f"{there[1].capitalize()} {there[2]}{text[len(there[2]) :]}" if there else text


def resolves(writer: Writer, verifier: Verifier) -> bool:
    """True if a writer can put references into a sentence, and the verifier is calibrated for such texts."""
    return isinstance(writer, Rewriter) and verifier.knows_resolved


def source_sentences(point: Point) -> list[Bullet]:
    """Returns the article's own sentences for a point, without words that only tie them to their neighbours: the main
    sentence first, then the others, and last the main one with the sentence before it, if that is free."""
    chosen = [point.narrowed(i).spans for i in dict.fromkeys((point.main, *point.chosen))]
    if point.before is not None:
        before = point.sentences[point.before]
        chosen.append((Span(before.start, before.end, before.text), *chosen[0]))
    return [Bullet(bullet_of([span.text for span in spans]), point.score, "extracted", spans) for spans in chosen]


def extracted(point: Point) -> Bullet:
    """Returns the main sentence. If by its form it cannot be understood alone, returns another of the point's sentences
    that can; if there is none, the main one with the sentence before it, if that is free."""
    found = source_sentences(point)
    alone = [bullet for bullet in found[: len(point.chosen)] if not _needs_context(bullet)]
    return alone[0] if alone else found[-1 if point.before is not None else 0]


def chosen_by_form(point: Point) -> Point:
    """Returns the point with one of the article's own sentences, for use without a verifier. It costs DROP_THRESHOLD if
    by its form it needs context, else nothing."""
    bullet = extracted(point)
    return replace(point, bullet=bullet, faults=DROP_THRESHOLD if _needs_context(bullet) else 0.0)


def _needs_context(bullet: Bullet) -> bool:
    """True if by its form a sentence of the article cannot be understood alone. The original text is checked too: it
    shows half a quotation, which the bullet completes."""
    return needs_context(bullet.text) or needs_context(" ".join(" ".join(span.text.split()) for span in bullet.sources))


def cost(verdict: Verdict) -> float:
    """Returns the expected cost of a point's faults, from the verifier's verdict."""
    return sum(cost * float(getattr(verdict, fault)) for fault, cost in COSTS.items())


class TextChooser:
    """Chooses the texts of the points of one article. `earlier` are the texts of the points before in the list: a full
    name is used once, and words of earlier points have no worth in later ones.

    Args:
        article: The article.
        sentences: The sentences of its story.
        length: Length of the texts.
        flag: True to show a rewrite even if it fails a check.

    Attributes:
        article: The article.
        context: Finds the sentences that explain a point.
        style: How rewrites are requested and chosen.
    """

    def __init__(
        self,
        article: Article,
        sentences: Sequence[Sentence],
        length: Length,
        flag: bool = False,
    ) -> None:
        self.article = article
        self._length = length
        self.style = STYLES[length]
        self._flag = flag
        self._checker = Checker(article.text)
        stated = facts(article.text)
        self._full_names = FullNames(article.text, stated)
        self.context = Context(sentences, self._full_names)
        factual = [fact.text for fact in stated if isinstance(fact, Name | Number)]
        heavy = {stem for text in factual for stem in stems(text)}
        self._weights = {
            stem: log1p(count) ** 2 * (_FACT if stem in heavy else 1.0) for stem, count in self._checker.counts.items()
        }
        self._read: dict[str, dict[str, float]] = {}

    def task(self, point: Point, versions: int = 1, as_it_is: bool = False) -> Task:
        """Returns the task of writing a point.

        Args:
            point: The point.
            versions: Number of texts that a language model is asked for.
            as_it_is: True to put only references into its sentence.
        """
        lengths = (AS_IT_IS,) if as_it_is else self.style.lengths(len(words(point.text)))
        context = self.context.of_sentences(point.chosen)
        end = point.spans[-1].end
        return Task(point.text, context, point.title, lengths, self._length, self.article.text, end, versions)

    def rewrites(self, point: Point, written: Written, method: Method, most: int) -> list[Rewrite]:
        """Returns the texts of a suitable length that pass all look-ups, ordered by worth. With `flag`, the others
        follow. If only references were put in: the likeliest text, unless the sentence is likelier as it is.

        Args:
            point: The point.
            written: What was written for it.
            method: The `method` of the bullets, if the shipped rewriter wrote them.
            most: Maximum number of rewrites to return.
        """
        found: dict[str, Rewrite] = {}
        candidates: Iterable[Candidate] = written.candidates
        if written.kind == "resolved":
            itself, most = words(bullet_of([span.text for span in point.spans])), 1
            candidates = takewhile(lambda one: words(one.text) != itself, candidates)
        else:
            repaired = _repaired(point, candidates) if written.kind == "rewrites" else candidates
            candidates = self._by_worth(point, repaired)
        context = " ".join(filter(None, (point.title, self.context.of_sentences(point.chosen))))
        for candidate in candidates:
            text = self._full_names(candidate.text)
            if text in found:
                continue
            on = point
            if written.kind == "others":  # a language model has read the whole article
                on, method = point.widened(self.context.evidence(point.chosen, text)), "generated"
            looked_up = self._checker(text, on.text, context)
            found[text] = Rewrite(text, looked_up, candidate.score, on.spans, method)
        kept = [rewrite for rewrite in found.values() if self._flag or rewrite.sound]
        return sorted(kept, key=lambda rewrite: not rewrite.sound)[:most]

    def verdicts(
        self, verifier: Verifier, point: Point, found: Sequence[Rewrite], kind: TextKind
    ) -> Future[list[Verdict]]:
        """Starts to read rewrites of a point."""
        texts, scores = [one.text for one in found], [one.score for one in found]
        return verifier.start(texts, kind, point.text, self.context.of_sentences(point.chosen), point.title, scores)

    def source_sentences(self, point: Point) -> list[Bullet]:
        """Returns the article's own sentences for a point, with full names."""
        return [self._with_full_names(bullet, ()) for bullet in source_sentences(point)]

    def chosen(self, point: Point, earlier: Sequence[str], threshold: float) -> Point:
        """Returns the point with the text of the highest worth, and the expected cost of its faults.

        Args:
            point: The point, with its rewrites and verdicts.
            earlier: The texts of the points before it.
            threshold: Minimum probability of "good" for a rewrite. With `flag`, a rewrite is shown whenever there is
                one: if none passes, the best.
        """
        said = {stem for text in earlier for stem in stems(text)}
        shown = [rewrite for rewrite in point.rewrites if rewrite.passes(threshold)]
        themselves = list(zip(source_sentences(point), point.verdicts, strict=True))
        if self._flag and point.rewrites:
            themselves = []
            shown = shown or [max(point.rewrites, key=lambda one: (one.sound, one.verdict.good if one.verdict else 0))]
        weighed: list[tuple[float, float, Bullet]] = []
        for at, (bullet, verdict) in enumerate(themselves):
            faults = cost(verdict)
            weighed.append((self._worth(bullet.text, point, said) - faults - (_OTHER if at else 0), faults, bullet))
        for rewrite in shown:
            if rewrite.verdict:
                faults = cost(rewrite.verdict)
                bullet = self.bullet(rewrite, point, threshold)
                weighed.append((self._worth(rewrite.text, point, said) - faults, faults, bullet))
        _, faults, bullet = max(weighed, key=lambda one: one[0])
        named = self._with_full_names if bullet.method == "extracted" else self._shortened
        return replace(point, bullet=named(bullet, earlier), faults=faults)

    def bullet(self, rewrite: Rewrite, point: Point, threshold: float) -> Bullet:
        """Returns the bullet of a rewrite with all its checks."""
        checks = (*rewrite.checks, *([rewrite.verdict.check(threshold)] if rewrite.verdict else []))
        return Bullet(rewrite.text, point.score, rewrite.method, rewrite.spans, checks)

    def _shortened(self, bullet: Bullet, earlier: Sequence[str]) -> Bullet:
        """Returns a bullet with only the last names of persons whom an earlier one names in full."""
        return replace(bullet, text=self._full_names.shortened(bullet.text, earlier))

    def _with_full_names(self, bullet: Bullet, earlier: Sequence[str]) -> Bullet:
        text = self._full_names(bullet.text, earlier)
        if text == bullet.text:
            return bullet
        # Only a name was put in, from elsewhere in the article, so only names are looked up, in the whole article.
        return replace(bullet, text=text, method="named", checks=self._checker.names(text))

    def _by_worth(self, point: Point, candidates: Iterable[Candidate]) -> list[Candidate]:
        """Returns the candidates of a suitable length, the best first: those that keep most of the words that the
        article repeats (names and numbers above all), and with a high score of the rewriter."""
        style = self.style
        fitting = [one for one in candidates if style.min_words <= len(words(one.text)) <= style.max_words]
        none: set[str] = set()
        return sorted(
            dict.fromkeys(fitting), key=lambda one: -self._worth(one.text, point, none) - style.fluent * one.score
        )

    def _worth(self, text: str, point: Point, said: set[str]) -> float:
        """Returns the share of the point's important words that a text keeps and that were not `said`, minus the cost
        of its length."""
        style, weights = self.style, self._weights_of(point.text)
        kept = sum(weights.get(stem, 0.0) for stem in set(stems(text)) - said)
        long = max(0, len(words(text)) - style.aim) / 10
        return kept / (sum(weights.values()) or 1.0) - style.size * long

    def _weights_of(self, sources: str) -> dict[str, float]:
        """Returns the weight of each word of a point's sentences. Cached for all texts of the point."""
        if sources not in self._read:
            self._read[sources] = {stem: self._weights.get(stem, 0.0) for stem in stems(sources)}
        return self._read[sources]


def _repaired(point: Point, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yields the candidates. The article at the start is restored if it was lost, and if the point has only one
    sentence, the speaker too."""
    for candidate in candidates:
        text = with_article(candidate.text, point.text)
        yield replace(candidate, text=(with_speaker(text, point.text) if len(point.chosen) == 1 else None) or text)
