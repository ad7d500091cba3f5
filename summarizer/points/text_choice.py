"""Chooses the text of each point: the one with the highest worth among the rewrites that an editor would print and the
article's own sentences. `pipeline.py` asks for it, and then replaces or drops points that are too costly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from itertools import takewhile
from math import log1p

from ..checks import Checker, Fault, Name, Number, TextKind, Verdict, Verifier, facts, needs_context
from ..reading import Article, Sentence, stems, words
from ..summary import Bullet, Length, Method
from .context import Context
from .point import Point, Rewrite, spans_of
from .rewriter import AS_IT_IS, Candidate, Task, Written
from .tidy import bullet_of, kept_words, only_leaves_out

_SHORTER = 0.9
"""Maximum length requested of a rewrite, as a share of the words of its sentences."""
_REWRITES = 4
"""Maximum number of rewrites of a point, and of its main sentence, that the verifier reads."""
_KEPT = 0.6
"""Minimum share of the words of a sentence that it keeps, in order, when references are put in."""
COSTS: dict[Fault, float] = {"untrue": 3.0, "broken": 2.0, "leaning": 1.0, "poor": 0.5}
"""Cost of each fault. A cost of 1 equals the full worth of a point. The values are close to what readers' preferences
imply (docs/quality.md)."""
DROP_THRESHOLD = 1.2
"""Expected cost from which a point is dropped. Without a verifier, it is also the cost of a point that needs context by
its form (`standalone.needs_context`)."""
_OTHER = 0.2
"""Cost of showing another of a point's sentences than the main one."""
_FACT = 1.5
"""Weight of a word in a name or a number, relative to another word that the article has equally often."""


@dataclass(frozen=True, slots=True)
class Style:
    """How the rewrites of a length are requested and chosen. The values were chosen on validation articles.

    Attributes:
        requested: The lengths requested from the rewriter, in words. A single sentence is also requested as it is, with
            references put in.
        aim: Number of words above which the worth of a rewrite falls.
        size: Cost of ten words above `aim`.
        fluent: Weight of the rewriter's mean log-probability per token, relative to the share of important words that
            is kept.
    """

    requested: tuple[int, ...]
    aim: int
    size: float
    fluent: float

    def lengths(self, size: int) -> tuple[int, ...]:
        """Returns the lengths to request for sentences of `size` words: those that are clearly shorter."""
        return tuple(length for length in self.requested if length <= _SHORTER * size)


STYLES: dict[Length, Style] = {
    "brief": Style(requested=(16, 21), aim=20, size=0.4, fluent=2.0),
    "standard": Style(requested=(27,), aim=32, size=0.4, fluent=2.0),
    "highlights": Style(requested=(13, 17), aim=16, size=0.4, fluent=2.0),
}


def source_sentences(point: Point) -> list[Bullet]:
    """Returns the article's own sentences for a point, without words that only tie them to their neighbours: the main
    sentence first, then the others, and last the main one with the sentence before it, if that is free."""
    chosen = [[i] for i in dict.fromkeys((point.main, *point.chosen))]
    if point.before is not None:
        chosen.append([point.before, point.main])
    found = (spans_of(point.sentences, indices) for indices in chosen)
    return [Bullet(bullet_of([span.text for span in spans]), point.score, "extracted", spans) for spans in found]


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
    """Chooses the texts of the points of one article. `earlier` are the texts of the points before in the list: their
    words have no worth in later points.

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
        self.context = Context(sentences)
        factual = [fact.text for fact in facts(article.text) if isinstance(fact, Name | Number)]
        heavy = {stem for text in factual for stem in stems(text)}
        self._weights = {
            stem: log1p(count) ** 2 * (_FACT if stem in heavy else 1.0) for stem, count in self._checker.counts.items()
        }
        self._read: dict[str, dict[str, float]] = {}

    def task(self, point: Point, versions: int = 1) -> Task:
        """Returns the task of writing a point. Of several sentences only a shorter text is asked for.

        Args:
            point: The point.
            versions: Number of texts that a language model is asked for.
        """
        lengths = self.style.lengths(len(words(point.text)))
        if len(point.chosen) == 1:
            lengths = (AS_IT_IS, *lengths)
        context = self.context.of_sentences(point.chosen)
        end = point.spans[-1].end
        return Task(point.text, context, self.article.title, lengths, self._length, self.article.text, end, versions)

    def rewrites(self, point: Point, written: Written) -> list[Rewrite]:
        """Returns the texts of a point that pass all look-ups, at most _REWRITES. With `flag`, the others follow. A
        free text that repeats the sentences word for word is no rewrite."""
        if written.kind == "others":
            most = 2 * self.style.aim  # a longer answer is no point
            unchanged = [words(point.text), words(bullet_of([span.text for span in point.spans]))]
            found = [
                self._looks_up(point.widened(self.context.evidence(point.chosen, candidate.text)), written.method)(
                    candidate
                )
                for candidate in written.candidates
                if len(words(candidate.text)) <= most and words(candidate.text) not in unchanged
            ]
        else:
            found = list(self._smallest_changes(point, written.candidates))
        kept = [rewrite for rewrite in found if self._flag or rewrite.sound]
        return sorted(kept, key=lambda rewrite: not rewrite.sound)[:_REWRITES]

    def _smallest_changes(self, point: Point, candidates: Sequence[Candidate]) -> Iterator[Rewrite]:
        """Yields the sentence with references put in, unless it is likelier as it is; then the texts that only leave
        words out of it, or of the sentences, ordered by worth."""
        looked_up = self._looks_up(point, "rewritten")
        itself = bullet_of([span.text for span in point.spans])
        as_it_is = (candidate for candidate in candidates if candidate.as_it_is)
        likelier = takewhile(lambda candidate: words(candidate.text) != words(itself), as_it_is)
        whole = next((candidate for candidate in likelier if kept_words(candidate.text, itself) >= _KEPT), None)
        wholes = [itself]
        if whole:
            yield (resolved := looked_up(whole))
            wholes += [whole.text] if resolved.sound else []
        shorter = {candidate.text: candidate for candidate in reversed(candidates) if not candidate.as_it_is}
        none: set[str] = set()
        yield from map(
            looked_up,
            sorted(
                [shorter[text] for text in shorter if any(only_leaves_out(text, longer) for longer in wholes)],
                key=lambda candidate: -self._worth(candidate.text, point, none) - self.style.fluent * candidate.score,
            ),
        )

    def _looks_up(self, on: Point, method: Method) -> Callable[[Candidate], Rewrite]:
        """Returns a function that looks up what candidates on a point's sentences state."""
        context = " ".join(filter(None, (self.article.title, self.context.of_sentences(on.chosen))))
        checks = self._checker.for_sources(on.text, context)
        return lambda candidate: Rewrite(candidate.text, checks(candidate.text), candidate.score, on.spans, method)

    def verdicts(
        self, verifier: Verifier, point: Point, found: Sequence[Rewrite], kind: TextKind
    ) -> Future[list[Verdict]]:
        """Starts to read rewrites of a point."""
        texts, scores = [candidate.text for candidate in found], [candidate.score for candidate in found]
        context = self.context.of_sentences(point.chosen)
        return verifier.start(texts, kind, point.text, context, self.article.title, scores)

    def chosen(self, point: Point, earlier: Sequence[str], threshold: float) -> Point:
        """Returns the point with the text of the highest worth, and the expected cost of its faults.

        Args:
            point: The point, with its rewrites and verdicts.
            earlier: The texts of the points before it.
            threshold: Minimum probability of "good" for a rewrite. With `flag`, a rewrite is shown whenever there is
                one: if none passes, the best.
        """
        covered = {stem for text in earlier for stem in stems(text)}
        shown = [rewrite for rewrite in point.rewrites if rewrite.passes(threshold)]
        themselves = list(zip(source_sentences(point), point.verdicts, strict=True))
        if self._flag and point.rewrites:
            themselves = []
            shown = shown or [max(point.rewrites, key=lambda it: (it.sound, it.verdict.good if it.verdict else 0))]
        weighed: list[tuple[float, float, Bullet]] = []
        for at, (bullet, verdict) in enumerate(themselves):
            faults = cost(verdict)
            weighed.append((self._worth(bullet.text, point, covered) - faults - (_OTHER if at else 0), faults, bullet))
        for rewrite in shown:
            if rewrite.verdict:
                faults = cost(rewrite.verdict)
                bullet = self.bullet(rewrite, point, threshold)
                weighed.append((self._worth(rewrite.text, point, covered) - faults, faults, bullet))
        _, faults, bullet = max(weighed, key=lambda item: item[0])
        return replace(point, bullet=bullet, faults=faults)

    def bullet(self, rewrite: Rewrite, point: Point, threshold: float) -> Bullet:
        """Returns the bullet of a rewrite with all its checks."""
        checks = (*rewrite.checks, *([rewrite.verdict.check(threshold)] if rewrite.verdict else []))
        return Bullet(rewrite.text, point.score, rewrite.method, rewrite.spans, checks)

    def _worth(self, text: str, point: Point, covered: set[str]) -> float:
        """Returns the share of the point's important words that a text keeps and that were not `covered`, minus
        the cost of its length."""
        style, weights = self.style, self._weights_of(point.text)
        kept = sum(weights.get(stem, 0.0) for stem in set(stems(text)) - covered)
        long = max(0, len(words(text)) - style.aim) / 10
        return kept / (sum(weights.values()) or 1.0) - style.size * long

    def _weights_of(self, sources: str) -> dict[str, float]:
        """Returns the weight of each word of a point's sentences. Cached for all texts of the point."""
        if sources not in self._read:
            self._read[sources] = {stem: self._weights.get(stem, 0.0) for stem in stems(sources)}
        return self._read[sources]
