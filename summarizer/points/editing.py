"""What an editor asks for beside a list: other wordings of a point, and a look at his own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..checks import Checker, Verifier
from ..deadline import Deadline
from ..reading import Article, Sentence, content_sentences, words
from ..summary import Bullet, Check, Length, Span
from .alignment import Aligner
from .reranking import STYLES, BulletWriter, PointDraft
from .rewriter import Rewriter

_SHOWN = 6
"""Wordings of a point that are given, at most, beside its sentences."""
UNTRACED = Check("sources", False, "no sentence of the article holds what it says")


class Reading:
    """An article as an editor's points are held against it, read once.

    Args:
        article: The article.

    Attributes:
        article: The article.
        sentences: Those of its story.
        checker: Looks up what a point states in the whole article.
    """

    def __init__(self, article: Article) -> None:
        self.article = article
        self.sentences = content_sentences(article.text, article.language)
        self.checker = Checker(article.text)
        self.aligner = Aligner([sentence.text for sentence in self.sentences])
        self.looked_up = self.checker.for_sources(article.text, article.title or "")
        self.writer = BulletWriter(article, "standard")


@lru_cache(maxsize=16)
def reading_of(article: Article) -> Reading:
    """The reading of an article; kept, since an editor has his points checked again and again as he types."""
    return Reading(article)


def check_point(
    article: Article, text: str, spans: Sequence[Span] | None, verifier: Verifier | None, deadline: Deadline
) -> Bullet:
    """An editor's point with the sentences that it stands on and its checks. Its facts are looked up in the whole
    article; the verifier reads it with its sentences.

    Args:
        article: The article.
        text: The point.
        spans: The sentences that it stands on; default: the one or two that hold most of it.
        verifier: Of the model; default: none.
        deadline: Ends it when its time is up.

    Raises:
        ValueError: No sentence of the story stands at one of the spans.
        TimeLimitError: The time is up.
    """
    reading = reading_of(article)
    deadline.check()
    chosen = _chosen(reading.sentences, spans) if spans else reading.aligner(text)
    looked_up = reading.looked_up(text)
    checks = [replace(one, evidence=one.evidence.replace("in the sources", "in the article")) for one in looked_up]
    if not chosen:
        return Bullet(text, 0.0, "edited", (), (*checks, UNTRACED))
    draft = draft_on(article, reading.sentences, chosen)
    if verifier:
        deadline.check()
        context = reading.writer.context(draft)
        (verdict,) = verifier.start([text], "others", draft.text, context, article.title).result()
        checks.append(verdict.check(verifier.least))
    return Bullet(text, 0.0, "edited", draft.spans, tuple(checks))


def wordings_of(
    article: Article,
    spans: Sequence[Span],
    length: Length,
    rewriter: Rewriter | None,
    verifier: Verifier | None,
    deadline: Deadline,
) -> list[Bullet]:
    """What could be said of some sentences: the rewrites that state nothing which the sentences lack, those first that
    the verifier trusts most, and then each sentence itself.

    Args:
        article: The article.
        spans: The sentences.
        length: Of the rewrites.
        rewriter: Of the model; default: none.
        verifier: Of the model; default: none.
        deadline: Ends it when its time is up.

    Raises:
        ValueError: No sentence of the story stands at one of the spans.
        TimeLimitError: The time is up.
    """
    sentences = reading_of(article).sentences
    draft = draft_on(article, sentences, _chosen(sentences, spans))
    writer = BulletWriter(article, length)
    found: list[tuple[float, Bullet]] = []
    if rewriter and verifier:
        for part in dict.fromkeys((draft, *(draft.narrowed(i) for i in draft.chosen))):
            deadline.check()
            asked = STYLES[length].lengths(len(words(part.text)))
            written = tuple(rewriter.start(part.text, writer.context(part), part.title, asked)())
            options = writer.options(
                replace(part, candidates=written), "rewritten" if part.chosen == draft.chosen else "narrowed", _SHOWN
            )
            texts, scores = [option.text for option in options], [option.score for option in options]
            verdicts = verifier.start(texts, "rewrites", part.text, writer.context(part), part.title, scores).result()
            found += [
                (verdict.good, option.bullet(verdict, verifier.least))
                for option, verdict in zip(options, verdicts, strict=True)
            ]
    found.sort(key=lambda one: -one[0])
    themselves = {bullet.text: bullet for bullet in writer.source_sentences(draft)}
    rewrites: dict[str, Bullet] = {}
    for _, bullet in found:
        if bullet.text not in themselves:
            rewrites.setdefault(bullet.text, bullet)
    return [*list(rewrites.values())[:_SHOWN], *themselves.values()]


def _chosen(sentences: Sequence[Sentence], spans: Sequence[Span]) -> tuple[int, ...]:
    """The sentences that some spans touch.

    Raises:
        ValueError: One touches none.
    """
    chosen: set[int] = set()
    for span in spans:
        touched = [i for i, s in enumerate(sentences) if s.start < span.end and span.start < s.end]
        if not touched:
            raise ValueError(f"no sentence of the story stands at {span.start} to {span.end}")
        chosen.update(touched)
    return tuple(sorted(chosen))


def draft_on(article: Article, sentences: Sequence[Sentence], chosen: Sequence[int], score: float = 0.0) -> PointDraft:
    """A point that stands on some sentences, of which the longest is the main one."""
    spans = tuple(Span(s.start, s.end, s.text) for s in (sentences[i] for i in chosen))
    main = max(chosen, key=lambda i: len(sentences[i].text))
    return PointDraft(sentences, tuple(chosen), main, spans, score, article.title)
