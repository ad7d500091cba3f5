"""What a bullet says: of the rewrites that an editor would print, and of the article's own sentences, what is worth
most."""

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
"""What says at the end of a sentence who says it."""


_SHORTER = 0.9
"""Share of their words that a rewrite of some sentences is asked for, at most."""
COSTS: dict[Fault, float] = {"untrue": 3.0, "broken": 2.0, "leaning": 1.0, "poor": 0.5}
"""What a fault costs, where 1 is what all that a point says is worth: about what readers' preferences tell
(docs/quality.md)."""
DROP_THRESHOLD = 1.2
"""Expected cost from which a point is dropped; without a verifier, that of one which needs context by its form
(`standalone.needs_context`)."""
_OTHER = 0.2
"""What it costs to say another of a point's sentences than the main one."""
_FACT = 1.5
"""What a word of a name or a number weighs, beside another that the article says as often."""


@dataclass(frozen=True, slots=True)
class PointDraft:
    """A point whose words are not chosen yet.

    Attributes:
        sentences: The sentences of the story.
        chosen: Indices of those that the point stands on, in article order.
        main: The one of them that weighs most.
        spans: The chosen ones as spans of the article.
        score: How sure the model is of the point, 0 to 1.
        title: The headline, if there is one.
        before: Index of the sentence before the main one, where it is in the same section and no other point stands on
            it; else None.
        candidates: Rewrites, the most likely first; none where nothing was rewritten.
        likely: How likely it is a point of such a list: of a `brief` one, one of the most important.
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
        """The sentences on one line."""
        return as_line(self.sentences, self.chosen)

    def narrowed(self, to: int | None = None) -> PointDraft:
        """The same point standing on one of its sentences alone; default: the main one."""
        to = self.main if to is None else to
        at = self.chosen.index(to)
        return replace(self, chosen=(to,), main=to, spans=(self.spans[at],), candidates=())


@dataclass(frozen=True, slots=True)
class CheckedRewrite:
    """A rewrite whose facts were looked up.

    Attributes:
        text: What it says.
        checks: What was looked up.
        score: The rewriter's mean log-probability a token.
        draft: The point, standing on the sentences that it was written from.
        method: What the bullet would be called.
    """

    text: str
    checks: tuple[Check, ...]
    score: float
    draft: PointDraft
    method: Method

    @property
    def sound(self) -> bool:
        """Whether every fact is there."""
        return all(check.passed for check in self.checks)

    def passes(self, verdict: Verdict, least: float) -> bool:
        """Whether it may be shown: every fact is there, and the verifier gives it enough."""
        return self.sound and verdict.good >= least

    def bullet(self, verdict: Verdict, least: float) -> Bullet:
        """The bullet, with all that was checked."""
        checks = (*self.checks, verdict.check(least))
        return Bullet(self.text, self.draft.score, self.method, self.draft.spans, checks)


@dataclass(frozen=True, slots=True)
class Style:
    """How the rewrites of a length are asked for and chosen. The figures were chosen on validation articles.

    Attributes:
        asked: The lengths that the rewriter is asked for, in words.
        least: Words below which a rewrite is not taken.
        most: Words beyond which it is not taken.
        aim: Words beyond which a rewrite's worth falls.
        size: What ten more words cost.
        fluent: What the model's mean log-probability a token counts, beside the share of what matters that is kept.
    """

    asked: tuple[int, ...]
    least: int
    most: int
    aim: int
    size: float
    fluent: float

    def lengths(self, size: int) -> tuple[int, ...]:
        """The lengths to ask for of sentences of so many words: of a short one not so many that something must be put
        in."""
        most = max(self.least, round(_SHORTER * size))
        return tuple(dict.fromkeys(min(length, most) for length in self.asked))


STYLES: dict[Length, Style] = {
    "brief": Style(asked=(14, 18, 22), least=6, most=26, aim=20, size=0.4, fluent=2.0),
    "standard": Style(asked=(25, 29), least=12, most=40, aim=32, size=0.4, fluent=2.0),
}


def with_speaker(text: str, source: str) -> str | None:
    """A rewrite with the ", police said" that its sentence ends in, or nothing where there is none or it reports
    already."""
    tail = _SPEAKER.search(source)
    if not tail or REPORT.search(text) or not text.endswith("."):
        return None
    return f"{text[:-1]}{tail['who'].rstrip()}."


def with_article(text: str, source: str) -> str:
    """A rewrite that opens with a noun whose article it dropped, as headlines do, with the article: "The Senate voted".
    It stays as it is where its sentence has no article there."""
    opening = re.match(r"\w[\w'’-]*\s+\w[\w'’-]*", text)
    there = re.search(rf"\b(the|an?)\s+({re.escape(opening.group())})\b", source, re.IGNORECASE) if opening else None
    return f"{there[1].capitalize()} {there[2]}{text[len(there[2]) :]}" if there else text


def source_sentences(draft: PointDraft) -> list[Bullet]:
    """What the article itself says of a point: each of its sentences, less what only ties it to its neighbours, the
    main one first; and last that with the one before it, if that is free."""
    chosen = [draft.narrowed(i).spans for i in dict.fromkeys((draft.main, *draft.chosen))]
    if draft.before is not None:
        before = draft.sentences[draft.before]
        chosen.append((Span(before.start, before.end, before.text), *chosen[0]))
    return [Bullet(bullet_of([span.text for span in spans]), draft.score, "extracted", spans) for spans in chosen]


def extracted(draft: PointDraft) -> Bullet:
    """The main sentence. Where it cannot be understood alone, by its form, another of the point's sentences that can;
    else it with the one before it, if that is free."""
    found = source_sentences(draft)
    alone = [bullet for bullet in found[: len(draft.chosen)] if not bullet_needs_context(bullet)]
    return alone[0] if alone else found[-1 if draft.before is not None else 0]


def bullet_needs_context(bullet: Bullet) -> bool:
    """Whether a bullet cannot be understood alone, by its form; the article's own sentences as they stand there, where
    a torn quotation shows."""
    if bullet.method in ("rewritten", "narrowed"):
        return needs_context(bullet.text)
    return needs_context(bullet.text) or needs_context(" ".join(" ".join(span.text.split()) for span in bullet.sources))


def cost(verdict: Verdict) -> float:
    """What the faults of a point will cost, from what the verifier says of it."""
    return sum(cost * float(getattr(verdict, fault)) for fault, cost in COSTS.items())


class BulletWriter:
    """Gives the bullets of one article their words, one after the other: a name is given in full once, and what one
    bullet has said counts for nothing in the next.

    Args:
        article: The article.
        length: Of the bullets.
        flag: Whether a rewrite is shown though it fails a check.
        style: How candidates are chosen; default: the length's.

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
        """Begins the list anew."""
        self._bullets.clear()
        self._said.clear()

    def context(self, draft: PointDraft) -> str:
        """The sentences that explain those of a draft."""
        if draft.chosen not in self._contexts:
            self._contexts[draft.chosen] = context_of(draft.sentences, draft.chosen, self._full_names)
        return self._contexts[draft.chosen]

    def options(self, draft: PointDraft, method: Method, most: int) -> list[CheckedRewrite]:
        """The candidates of a fitting length that state no fact which their sentences lack (or, with `flag`, also the
        others, behind them), those of most worth first.

        Args:
            draft: The point, with candidates.
            method: What the bullet would be called.
            most: How many to give.
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
        """What the article itself says of a point, with names in full."""
        return [self._with_full_names(bullet, draft) for bullet in source_sentences(draft)]

    def best(
        self,
        rewrites: Sequence[tuple[CheckedRewrite, Verdict]],
        sentences: Sequence[Verdict],
        draft: PointDraft,
        least: float,
    ) -> tuple[Bullet, float]:
        """Of all that could be said of a point what is worth most, and what its faults will cost.

        Args:
            rewrites: Options with what the verifier says of them; one that it trusts too little is not shown.
            sentences: What the verifier says of those of `source_sentences`.
            draft: The point.
            least: How much it must trust a rewrite; with `flag`, a rewrite is shown wherever there is one, the best
                though it has less.
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
        """The bullet of an option that may be shown, or with `flag` of any; None of others."""
        shown = self._flag or option.passes(verdict, least)
        return self._shortened(option.bullet(verdict, least)) if shown else None

    def sentences(self, draft: PointDraft) -> Bullet:
        """The main sentence itself, with names in full."""
        return self._remembered(self._with_full_names(extracted(draft), draft))

    def _shortened(self, bullet: Bullet) -> Bullet:
        """A bullet with the last name alone of whom an earlier one named in full."""
        return self._remembered(replace(bullet, text=self._full_names.shortened(bullet.text, self._bullets)))

    def _remembered(self, bullet: Bullet) -> Bullet:
        self._bullets.append(bullet.text)
        self._said.update(stems(bullet.text))
        return bullet

    def _by_worth(self, draft: PointDraft) -> list[Candidate]:
        """The candidates of a fitting length, those first that keep most of what the article speaks of again and again,
        names and numbers above all, and no earlier bullet has said, and that the rewriter is surest of."""
        style = self._style
        fitting = [c for c in _repaired(draft) if style.least <= len(words(c.text)) <= style.most]
        return sorted(dict.fromkeys(fitting), key=lambda c: -self._worth(c.text, draft) - style.fluent * c.score)

    def _worth(self, text: str, draft: PointDraft) -> float:
        """The share of what matters in the point that a text says, less what its length costs."""
        style, weights = self._style, self._weights_of(draft.text)
        kept = sum(weights.get(stem, 0.0) for stem in set(stems(text)) - self._said)
        long = max(0, len(words(text)) - style.aim) / 10
        return kept / (sum(weights.values()) or 1.0) - style.size * long

    def _weights_of(self, sources: str) -> dict[str, float]:
        """What each word of a point's sentences weighs; they are read once for all its candidates."""
        if sources not in self._read:
            self._read[sources] = {stem: self._weights.get(stem, 0.0) for stem in stems(sources)}
        return self._read[sources]

    def _with_full_names(self, bullet: Bullet, draft: PointDraft) -> Bullet:
        text = self._full_names(bullet.text, self._bullets)
        if text == bullet.text:
            return bullet
        # Only a name was put in, from elsewhere in the article.
        return Bullet(text, draft.score, "named", bullet.sources, self._checker.names(text))


def _repaired(draft: PointDraft) -> Iterator[Candidate]:
    """The candidates; one that lost who says so, or the article at its start, has it given back."""
    for candidate in draft.candidates:
        text = with_article(candidate.text, draft.text)
        yield replace(candidate, text=(with_speaker(text, draft.text) if len(draft.chosen) == 1 else None) or text)
