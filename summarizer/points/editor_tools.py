"""What the desk offers an editor: other wordings of a point, and checks of an own point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from ..checks import Verifier
from ..deadline import Deadline
from ..reading import Article, Sentence, content_sentences
from ..summary import Bullet, Check, Length, Span
from .alignment import Aligner
from .candidates import Point, PointWriter, Story
from .rewriter import Rewriter, as_line

MOST_SENTENCES = 6
"""Maximum number of sentences that are written anew at once."""
UNTRACED = Check("sources", False, "no sentence of the article contains enough of its words")


class PreparedArticle:
    """An article prepared for checking an editor's points.

    Args:
        article: The article.

    Attributes:
        story: The sentences of its story, with what is looked up in them.
        aligner: Finds the sentences that a point stands on.
    """

    def __init__(self, article: Article) -> None:
        self.story = Story(article, content_sentences(article.text, article.language))
        self.aligner = Aligner([sentence.text for sentence in self.story.sentences])


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
    chosen = _chosen(reading.story.sentences, spans) if spans else reading.aligner(text)
    if not chosen:
        looked_up = reading.story.checks(text, [Span(0, len(article.text), article.text)])
        said = (replace(one, evidence=one.evidence.replace("in the sources", "in the article")) for one in looked_up)
        return Bullet(text, 0.0, "edited", (), (*said, UNTRACED))
    sources = reading.story.spans(chosen)
    checks = list(reading.story.checks(text, sources))
    if verifier:
        deadline.check()
        line, context = as_line(reading.story.sentences, chosen), reading.story.context(chosen)
        (verdict,) = verifier.start([text], "others", line, context, article.title).result()
        checks.append(verdict.check(verifier.least))
    return Bullet(text, 0.0, "edited", sources, tuple(checks))


def wordings_of(
    article: Article,
    spans: Sequence[Span],
    length: Length,
    rewriter: Rewriter | None,
    verifier: Verifier | None,
    deadline: Deadline,
) -> list[Bullet]:
    """Returns possible texts for some sentences: first the rewrites of each that pass all look-ups, ordered by the
    verifier's probability, then each sentence itself.

    Args:
        article: The article.
        spans: The sentences.
        length: Length of the rewrites.
        rewriter: The rewriter of the model, or None.
        verifier: The verifier of the model, or None.
        deadline: The time limit.

    Raises:
        ValueError: A span overlaps no sentence of the story, or the spans overlap more than MOST_SENTENCES.
        TimeLimitError: The time limit was exceeded.
    """
    story = prepared(article).story
    chosen = _chosen(story.sentences, spans)
    if len(chosen) > MOST_SENTENCES:
        raise ValueError(f"{len(chosen)} sentences are too many to be written anew; choose at most {MOST_SENTENCES}")
    write = PointWriter(story, length, rewriter, verifier, deadline)
    found = [one for i in chosen for one in write([Point(i, 0.0, 1.0)])[0]]
    written = [one for one in found if one.method == "rewritten" and all(check.passed for check in one.checks)]
    written.sort(key=lambda one: -one.verdict.good if one.verdict else 0.0)
    least = verifier.least if verifier else 0.0
    bullets: dict[str, Bullet] = {}
    for one in (*written, *(one for one in found if one.method == "extracted")):
        bullets.setdefault(one.text, one.bullet(0.0, least))
    return list(bullets.values())


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
