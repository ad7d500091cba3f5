"""Chooses the text of each bullet: the one with the highest worth among the rewrites that an editor would print and the
article's own sentences. `pipeline.py` asks for it, and then replaces or drops points that are too costly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log1p

from ..checks import Checker, Fault, Name, Number, Verdict, facts, needs_context
from ..reading import REPORT, Article, Sentence, stems, words
from ..summary import Bullet, Check, Length, Method, Span
from .full_names import FullNames
from .rewriter import Candidate, as_line, context_of
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
DROP_THRESHOLD = 1.2
"""Expected cost from which a point is dropped. Without a verifier, it is also the cost of a point that needs context by
its form (`standalone.needs_context`)."""
_OTHER = 0.2
"""Cost of showing another of a point's sentences than the main one."""
_FACT = 1.5
"""Weight of a word in a name or a number, relative to another word that the article has equally often."""


@dataclass(frozen=True, slots=True)
class PointDraft:
    """A point whose text is not chosen yet.

    Attributes:
        sentences: The sentences of the story.
        chosen: Indices of the point's source sentences, in article order.
        main: Index of its main sentence.
        spans: The source sentences as spans of the article.
        score: The model's confidence in the point, 0 to 1.
        title: The headline, if there is one.
        before: Index of the sentence before the main one, if it is in the same section and no other point uses it; else
            None.
        candidates: Rewrites, the most likely first. Empty if nothing was rewritten.
        likely: Probability that it is a point of the list: for a `brief` list, one of the most important points.
    """

    sentences: Sequence[Sentence]
    chosen: tuple[int, ...]
    main: int
    spans: tuple[Span, ...]
    score: float
    title: str | None = None
    before: int | None = None
    candidates: tuple[Candidate, ...] = ()
    likely: float = 1.0

    @property
    def text(self) -> str:
        """The source sentences on one line."""
        return as_line(self.sentences, self.chosen)

    def narrowed(self, to: int | None = None) -> PointDraft:
        """Returns the same point with only one of its source sentences. Default: the main one."""
        to = self.main if to is None else to
        at = self.chosen.index(to)
        return replace(self, chosen=(to,), main=to, spans=(self.spans[at],), candidates=())


@dataclass(frozen=True, slots=True)
class CheckedRewrite:
    """A rewrite whose facts were looked up.

    Attributes:
        text: The rewrite.
        checks: The results of the look-ups.
        score: The rewriter's mean log-probability per token.
        draft: The point, with the sentences that the rewrite was made from.
        method: The `method` of the bullet.
    """

    text: str
    checks: tuple[Check, ...]
    score: float
    draft: PointDraft
    method: Method

    @property
    def sound(self) -> bool:
        """True if all look-ups passed."""
        return all(check.passed for check in self.checks)

    def passes(self, verdict: Verdict, least: float) -> bool:
        """True if it may be shown: all look-ups passed, and the verifier's probability is at least `least`."""
        return self.sound and verdict.good >= least

    def bullet(self, verdict: Verdict, least: float) -> Bullet:
        """Returns the bullet with all its checks."""
        checks = (*self.checks, verdict.check(least))
        return Bullet(self.text, self.draft.score, self.method, self.draft.spans, checks)


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


def source_sentences(draft: PointDraft) -> list[Bullet]:
    """Returns the article's own sentences for a point, without words that only tie them to their neighbours: the main
    sentence first, then the others, and last the main one with the sentence before it, if that is free."""
    chosen = [draft.narrowed(i).spans for i in dict.fromkeys((draft.main, *draft.chosen))]
    if draft.before is not None:
        before = draft.sentences[draft.before]
        chosen.append((Span(before.start, before.end, before.text), *chosen[0]))
    return [Bullet(bullet_of([span.text for span in spans]), draft.score, "extracted", spans) for spans in chosen]


def extracted(draft: PointDraft) -> Bullet:
    """Returns the main sentence. If by its form it cannot be understood alone, returns another of the point's sentences
    that can; if there is none, the main one with the sentence before it, if that is free."""
    found = source_sentences(draft)
    alone = [bullet for bullet in found[: len(draft.chosen)] if not bullet_needs_context(bullet)]
    return alone[0] if alone else found[-1 if draft.before is not None else 0]


def bullet_needs_context(bullet: Bullet) -> bool:
    """True if by its form a bullet cannot be understood alone. For the article's own sentences, the original text is
    checked too: it shows half a quotation, which the bullet completes."""
    if bullet.method in ("rewritten", "narrowed"):
        return needs_context(bullet.text)
    return needs_context(bullet.text) or needs_context(" ".join(" ".join(span.text.split()) for span in bullet.sources))


def cost(verdict: Verdict) -> float:
    """Returns the expected cost of a point's faults, from the verifier's verdict."""
    return sum(cost * float(getattr(verdict, fault)) for fault, cost in COSTS.items())


class BulletWriter:
    """Chooses the texts of the bullets of one article, one after the other. A full name is used once; later bullets use
    the last name. Words of earlier bullets have no worth in later ones.

    Args:
        article: The article.
        length: Length of the bullets.
        flag: True to show a rewrite even if it fails a check.
        style: How candidates are chosen. Default: the style of the length.

    Attributes:
        article: The article.
    """

    def __init__(
        self,
        article: Article,
        length: Length,
        flag: bool = False,
        style: Style | None = None,
    ) -> None:
        self.article = article
        self._style = style or STYLES[length]
        self._flag = flag
        self._checker = Checker(article.text)
        stated = facts(article.text)
        self._full_names = FullNames(article.text, stated)
        factual = [fact.text for fact in stated if isinstance(fact, Name | Number)]
        heavy = {stem for text in factual for stem in stems(text)}
        self._weights = {
            stem: log1p(count) ** 2 * (_FACT if stem in heavy else 1.0) for stem, count in self._checker.counts.items()
        }
        self._read: dict[str, dict[str, float]] = {}
        self._contexts: dict[tuple[int, ...], str] = {}
        self._bullets: list[str] = []
        self._said: set[str] = set()

    def forget(self) -> None:
        """Starts the list again: forgets the earlier bullets."""
        self._bullets.clear()
        self._said.clear()

    def context(self, draft: PointDraft) -> str:
        """Returns the sentences that explain those of a draft."""
        if draft.chosen not in self._contexts:
            self._contexts[draft.chosen] = context_of(draft.sentences, draft.chosen, self._full_names)
        return self._contexts[draft.chosen]

    def options(self, draft: PointDraft, method: Method, most: int) -> list[CheckedRewrite]:
        """Returns the candidates of a suitable length that pass all look-ups, ordered by worth. With `flag`, the others
        follow.

        Args:
            draft: The point, with candidates.
            method: The `method` of the bullets.
            most: Maximum number of candidates to return.
        """
        context = " ".join(filter(None, (draft.title, self.context(draft))))
        looked_up = self._checker.for_sources(draft.text, context)
        found: dict[str, CheckedRewrite] = {}
        for candidate in self._by_worth(draft):
            text = self._full_names(candidate.text)
            if text not in found:
                found[text] = CheckedRewrite(text, looked_up(text), candidate.score, draft, method)
        kept = [option for option in found.values() if self._flag or option.sound]
        return sorted(kept, key=lambda option: not option.sound)[:most]

    def source_sentences(self, draft: PointDraft) -> list[Bullet]:
        """Returns the article's own sentences for a point, with full names."""
        return [self._with_full_names(bullet, draft) for bullet in source_sentences(draft)]

    def best(
        self,
        rewrites: Sequence[tuple[CheckedRewrite, Verdict]],
        sentences: Sequence[Verdict],
        draft: PointDraft,
        least: float,
    ) -> tuple[Bullet, float]:
        """Returns the text with the highest worth for a point, and the expected cost of its faults.

        Args:
            rewrites: Rewrites with their verdicts. Those that do not pass are not shown.
            sentences: Verdicts on the sentences of `source_sentences`.
            draft: The point.
            least: Minimum probability of "good" for a rewrite. With `flag`, a rewrite is shown whenever there is one:
                if none passes, the best.
        """
        shown = [(option, verdict) for option, verdict in rewrites if option.passes(verdict, least)]
        themselves = source_sentences(draft)
        if self._flag and rewrites:
            themselves, sentences = [], []
            shown = shown or [max(rewrites, key=lambda one: (one[0].sound, one[1].good))]
        weighed: list[tuple[float, float, Bullet]] = []
        for at, (bullet, verdict) in enumerate(zip(themselves, sentences, strict=True)):
            faults = cost(verdict)
            weighed.append((self._worth(bullet.text, draft) - faults - (_OTHER if at else 0), faults, bullet))
        for option, verdict in shown:
            faults = cost(verdict)
            weighed.append((self._worth(option.text, draft) - faults, faults, option.bullet(verdict, least)))
        _, faults, bullet = max(weighed, key=lambda one: one[0])
        if bullet.method == "extracted":
            return self._remembered(self._with_full_names(bullet, draft)), faults
        return self._shortened(bullet), faults

    def trusted(self, option: CheckedRewrite, verdict: Verdict, least: float) -> Bullet | None:
        """Returns the bullet of a rewrite if it may be shown (with `flag`, always), else None."""
        shown = self._flag or option.passes(verdict, least)
        return self._shortened(option.bullet(verdict, least)) if shown else None

    def sentences(self, draft: PointDraft) -> Bullet:
        """Returns the sentence that `extracted` chooses, with full names."""
        return self._remembered(self._with_full_names(extracted(draft), draft))

    def _shortened(self, bullet: Bullet) -> Bullet:
        """Returns a bullet with only the last names of persons whom an earlier bullet names in full."""
        return self._remembered(replace(bullet, text=self._full_names.shortened(bullet.text, self._bullets)))

    def _remembered(self, bullet: Bullet) -> Bullet:
        self._bullets.append(bullet.text)
        self._said.update(stems(bullet.text))
        return bullet

    def _by_worth(self, draft: PointDraft) -> list[Candidate]:
        """Returns the candidates of a suitable length, the best first: those that keep most of the words that the
        article repeats (names and numbers above all) and that no earlier bullet has, and with a high score of the
        rewriter."""
        style = self._style
        fitting = [c for c in _repaired(draft) if style.min_words <= len(words(c.text)) <= style.max_words]
        return sorted(dict.fromkeys(fitting), key=lambda c: -self._worth(c.text, draft) - style.fluent * c.score)

    def _worth(self, text: str, draft: PointDraft) -> float:
        """Returns the share of the point's important words that a text keeps, minus the cost of its length."""
        style, weights = self._style, self._weights_of(draft.text)
        kept = sum(weights.get(stem, 0.0) for stem in set(stems(text)) - self._said)
        long = max(0, len(words(text)) - style.aim) / 10
        return kept / (sum(weights.values()) or 1.0) - style.size * long

    def _weights_of(self, sources: str) -> dict[str, float]:
        """Returns the weight of each word of a point's sentences. Cached for all candidates of the point."""
        if sources not in self._read:
            self._read[sources] = {stem: self._weights.get(stem, 0.0) for stem in stems(sources)}
        return self._read[sources]

    def _with_full_names(self, bullet: Bullet, draft: PointDraft) -> Bullet:
        text = self._full_names(bullet.text, self._bullets)
        if text == bullet.text:
            return bullet
        # Only a name was put in, from elsewhere in the article, so only names are looked up, in the whole article.
        return Bullet(text, draft.score, "named", bullet.sources, self._checker.names(text))


def _repaired(draft: PointDraft) -> Iterator[Candidate]:
    """Yields the candidates. The article at the start is restored if it was lost, and if the point has only one
    sentence, the speaker too."""
    for candidate in draft.candidates:
        text = with_article(candidate.text, draft.text)
        yield replace(candidate, text=(with_speaker(text, draft.text) if len(draft.chosen) == 1 else None) or text)
