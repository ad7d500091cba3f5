"""What the desk offers an editor: other wordings of a point, and checks of an own point. `text_choice.py` chooses the
texts of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..checks import Checker, Verifier
from ..deadline import Deadline
from ..reading import Article, Sentence, content_sentences, words
from ..summary import Bullet, Check, Length, Span
from .alignment import Aligner
from .rewriter import Rewriter
from .text_choice import STYLES, BulletWriter, PointDraft

_SHOWN = 6
"""Maximum number of rewrites of a point that are returned, in addition to its sentences."""
UNTRACED = Check("sources", False, "no sentence of the article contains enough of its words")


class PreparedArticle:
    """An article prepared for checking an editor's points.

    Args:
        article: The article.

    Attributes:
        article: The article.
        sentences: The sentences of its story.
        checker: Looks up facts in the whole article.
    """

    def __init__(self, article: Article) -> None:
        self.article = article
        self.sentences = content_sentences(article.text, article.language)
        self.checker = Checker(article.text)
        self.aligner = Aligner([sentence.text for sentence in self.sentences])
        self.writer = BulletWriter(article, "standard")


@lru_cache(maxsize=16)
def prepared(article: Article) -> PreparedArticle:
    """Returns the prepared article. Cached, since points are checked again and again while an editor types."""
    return PreparedArticle(article)


def check_point(
    article: Article, text: str, spans: Sequence[Span] | None, verifier: Verifier | None, deadline: Deadline
) -> Bullet:
    """Returns an editor's point with its source sentences and its checks. Its facts are looked up in its sources and in
    the headline, and what they lack in the article; the verifier reads it with its source sentences.

    Args:
        article: The article.
        text: The point.
        spans: Its source sentences. If none are passed: the one or two that contain most of the point.
        verifier: The verifier of the model, or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story.
        TimeLimitError: The time limit was exceeded.
    """
    reading = prepared(article)
    deadline.check()
    chosen = _chosen(reading.sentences, spans) if spans else reading.aligner(text)
    if not chosen:
        looked_up = reading.checker(text, article.text, article.title or "")
        said = (replace(one, evidence=one.evidence.replace("in the sources", "in the article")) for one in looked_up)
        return Bullet(text, 0.0, "edited", (), (*said, UNTRACED))
    draft = draft_on(article, reading.sentences, chosen)
    checks = list(reading.checker(text, draft.text, article.title or ""))
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
    """Returns possible texts for some sentences: first the rewrites that pass all look-ups, ordered by the verifier's
    probability, then each sentence itself.

    Args:
        article: The article.
        spans: The sentences.
        length: Length of the rewrites.
        rewriter: The rewriter of the model, or None.
        verifier: The verifier of the model, or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story.
        TimeLimitError: The time limit was exceeded.
    """
    sentences = prepared(article).sentences
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


def draft_on(article: Article, sentences: Sequence[Sentence], chosen: Sequence[int], score: float = 0.0) -> PointDraft:
    """Returns a point made from some sentences. The longest is the main sentence."""
    spans = tuple(Span(s.start, s.end, s.text) for s in (sentences[i] for i in chosen))
    main = max(chosen, key=lambda i: len(sentences[i].text))
    return PointDraft(sentences, tuple(chosen), main, spans, score, article.title)
