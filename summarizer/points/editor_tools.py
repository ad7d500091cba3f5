"""What the desk offers an editor: other wordings of a point, and checks of an own point. `text_choice.py` chooses the
texts of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..checks import Checker, Verifier
from ..deadline import Deadline
from ..errors import WriterError
from ..reading import Article, Sentence, content_sentences
from ..summary import Bullet, Check, Length, Span
from .alignment import Aligner
from .point import Point
from .rewriter import Writer
from .text_choice import TextChooser, source_sentences
from .writing import with_rewrites

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
        self.chooser = TextChooser(article, self.sentences, "standard")


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
        looked = (replace(c, evidence=c.evidence.replace("in the sources", "in the article")) for c in looked_up)
        return Bullet(text, 0.0, "edited", (), (*looked, UNTRACED))
    point = _point(reading.sentences, chosen)
    checks = list(reading.checker(text, point.text, article.title or ""))
    if verifier:
        deadline.check()
        context = reading.chooser.context.of_sentences(point.chosen)
        (verdict,) = verifier.start([text], "others", point.text, context, article.title).result()
        checks.append(verdict.check(verifier.threshold))
    return Bullet(text, 0.0, "edited", point.spans, tuple(checks))


def wordings_of(
    article: Article,
    spans: Sequence[Span],
    length: Length,
    writer: Writer | None,
    verifier: Verifier | None,
    deadline: Deadline,
) -> list[Bullet]:
    """Returns possible texts for some sentences: first the rewrites that pass all look-ups, ordered by the verifier's
    probability, then each sentence itself.

    Args:
        article: The article.
        spans: The sentences.
        length: Length of the rewrites.
        writer: Writes the rewrites; None: there are none.
        verifier: The verifier of the model, or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story.
        TimeLimitError: The time limit was exceeded.
        WriterError: A language model cannot be reached, or wrote no text.
    """
    sentences = prepared(article).sentences
    point = _point(sentences, _chosen(sentences, spans))
    chooser = TextChooser(article, sentences, length)
    themselves = {bullet.text: bullet for bullet in source_sentences(point)}
    shown: dict[str, Bullet] = {}
    if writer and verifier:
        (point,) = with_rewrites(chooser, [point], writer, verifier, deadline, _SHOWN // 2, every=True)
        if point.fault and not point.rewrites:
            raise WriterError(point.fault)
        for rewrite in sorted(point.rewrites, key=lambda rewrite: -rewrite.verdict.good if rewrite.verdict else 0):
            if rewrite.text not in themselves:
                shown.setdefault(rewrite.text, chooser.bullet(rewrite, point, verifier.threshold))
    return [*list(shown.values())[:_SHOWN], *themselves.values()]


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


def _point(sentences: Sequence[Sentence], chosen: Sequence[int]) -> Point:
    """Returns a point made from some sentences. The longest is the main sentence."""
    return Point(sentences, tuple(chosen), max(chosen, key=lambda i: len(sentences[i].text)), 0.0)
