"""Turns the list that a checkpoint wrote into bullets with source sentences and checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from threading import Lock

from ..checks import Verdict, Verifier
from ..deadline import Deadline
from ..points import (
    STYLES,
    UNTRACED,
    Aligner,
    Candidate,
    Point,
    Rewrite,
    TextChooser,
    bullet_of,
    check_point,
    extracted,
    point_on,
    source_sentences,
    wordings_of,
)
from ..reading import Article, Sentence, content_sentences, words
from ..summary import Bullet, Length, Options, Span
from .generator import Answer, Generator

Listed = tuple[tuple[Bullet, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Read:
    """An article, split into parts that the checkpoint reads in turn, and the wanted number of bullets."""

    article: Article
    sentences: tuple[Sentence, ...]
    parts: tuple[str, ...]
    count: int


class AbstractiveBackend:
    """The backend of a Hugging Face checkpoint: the checkpoint writes the list, which is checked against the article.

    Args:
        generator: The checkpoint.
        verifier: Returns for each bullet the probability that an editor would print it.

    Attributes:
        batch_size: Best number of articles in a call; the checkpoint reads texts of similar length together.
        max_concurrency: Number of calls that run at the same time: one, which uses all cores.
    """

    batch_size = 16
    max_concurrency = 1

    def __init__(self, generator: Generator, verifier: Verifier) -> None:
        self.generator, self._verifier = generator, verifier
        self._lock = Lock()

    @property
    def rewrites(self) -> bool:
        """Whether the backend can write text of its own: always True."""
        return True

    def __call__(self, articles: Sequence[Article], options: Options, deadline: Deadline) -> list[Listed]:
        """Returns the bullets of each article, and warnings. Calls from several threads run one at a time."""
        with deadline.stage("sentences"):
            batch = [self._read(article, options) for article in articles]
        with self._lock:
            written = self._written(batch, options.length, deadline)
            with deadline.stage("checks"):
                return [self._listed(read, answers, options) for read, answers in zip(batch, written, strict=True)]

    def checked_bullet(self, article: Article, text: str, spans: Sequence[Span] | None, deadline: Deadline) -> Bullet:
        """An editor's point with its sentences and its checks (`check_point`)."""
        english = article.language.split("-")[0].lower() == "en"
        return check_point(article, text, spans, self._verifier if english else None, deadline)

    def wordings(self, article: Article, spans: Sequence[Span], length: Length, deadline: Deadline) -> list[Bullet]:
        """Returns the sentences themselves, because a checkpoint writes only whole lists."""
        return wordings_of(article, spans, length, None, None, deadline)

    def close(self) -> None:
        """Waits for the running call, and frees the verifier's threads."""
        with self._lock:
            self._verifier.close()

    def _written(self, batch: Sequence[_Read], length: Length, deadline: Deadline) -> list[list[Answer]]:
        """The checkpoint's answers for each article. The beginning of a news article matters most, so the next part is
        read only if the parts before it gave too few bullets."""
        found: list[list[Answer]] = [[] for _ in batch]
        todo = [i for i, read in enumerate(batch) if read.parts]
        while todo:
            parts = [batch[i].parts[len(found[i])] for i in todo]
            counts = [batch[i].count - _points(found[i]) for i in todo]
            with deadline.stage("rewriter"):
                answers = self.generator(parts, counts, length)
            for i, answer in zip(todo, answers, strict=True):
                found[i].append(answer)
            todo = [i for i in todo if len(found[i]) < len(batch[i].parts) and _points(found[i]) < batch[i].count]
        return found

    def _read(self, article: Article, options: Options) -> _Read:
        sentences = content_sentences(article.text, article.language)
        count = options.bullets
        if count == "auto":
            count = bullet_count(sum(len(words(s.text)) for s in sentences), options.length)
        return _Read(article, sentences, tuple(self._parts(sentences)), count)

    def _parts(self, sentences: Sequence[Sentence]) -> Iterator[str]:
        """The story in parts of whole sentences that fit into the window."""
        part: list[Sentence] = []
        size = 0
        for sentence in sentences:
            tokens = self.generator.tokens(f" {as_read([sentence])}")
            if part and size + tokens > self.generator.room:
                yield as_read(part)
                part, size = [], 0
            part.append(sentence)
            size += tokens
        if part:
            yield as_read(part)

    def _listed(self, read: _Read, answers: Sequence[Answer], options: Options) -> Listed:
        texts = dict.fromkeys(text for answer in answers for text in answer.bullets)
        english = read.article.language.split("-")[0].lower() == "en"
        policy = options.policy if english or options.policy == "flag" else "extract"
        style = replace(STYLES[options.length], min_words=1, max_words=10**6)
        chooser = TextChooser(read.article, options.length, policy == "flag", style)
        aligner = Aligner([sentence.text for sentence in read.sentences])
        threshold = self._verifier.threshold if options.min_confidence is None else options.min_confidence
        found = []
        for text in texts:
            chosen = aligner(text)
            point = _point(read, chosen, aligner.recall(text, chosen)) if chosen else None
            found.append((text, point, self._asked(chooser, text, point) if point and policy != "extract" else None))
        bullets: list[Bullet] = []
        untraced = 0
        for text, point, asked in found:
            if len(bullets) == read.count:
                break
            if not point:
                untraced += 1
                if policy == "flag":
                    bullets.append(Bullet(text, 0.0, "generated", (), (UNTRACED,)))
                continue
            earlier = [bullet.text for bullet in bullets if bullet.sources]
            bullet = None
            if asked:
                rewrite = replace(asked[0], verdict=asked[1].result()[0])
                bullet = chooser.trusted(rewrite, point, earlier, threshold)
            if not bullet:
                point = _point(read, [aligner.best(text, point.chosen)], point.score)
                if any(point.spans[0] in other.sources for other in bullets):
                    continue  # another bullet already has this sentence
                bullet = extracted(point) if policy == "extract" else chooser.sentence(point, earlier)
            bullets.append(bullet)
        return tuple(bullets), tuple(self._warnings(read, answers, untraced, policy, english))

    def _asked(self, chooser: TextChooser, text: str, point: Point) -> tuple[Rewrite, Future[list[Verdict]]] | None:
        """The checkpoint's text and the future of its verdict. None if the text is a sentence of the article, or fails
        a look-up and the policy is not "flag"."""
        themselves = {bullet.text for bullet in (*source_sentences(point), *chooser.source_sentences(point))}
        themselves.add(bullet_of([span.text for span in point.spans]))
        for rewrite in chooser.rewrites(point, [Candidate(text, 0.0)], "generated", 1):
            if rewrite.text not in themselves:
                context = chooser.context(point)
                return rewrite, self._verifier.start([rewrite.text], "others", point.text, context, point.title)
        return None

    def _warnings(
        self, read: _Read, answers: Sequence[Answer], untraced: int, policy: str, english: bool
    ) -> Iterator[str]:
        if any(answer.cut for answer in answers):
            yield (
                f"The checkpoint's output was cut off at {self.generator.settings.max_new_tokens} tokens; "
                "an unfinished bullet is left out, unless it is the only one."
            )
        if len(read.parts) > 1:
            yield (
                f"The article is longer than the checkpoint's window: {len(answers)} of its {len(read.parts)} parts "
                "were read for this list."
            )
        if untraced:
            shown = "shown with a failed check" if policy == "flag" else "left out"
            yield f"{untraced} of the bullets could not be traced to a sentence of the article: {shown}."
        if not english and policy == "extract":
            yield f"The checks are for English only; for {read.article.language} the article's own sentences are shown."


def as_read(sentences: Iterable[Sentence]) -> str:
    """The text that a checkpoint reads, here and in training: all sentences of the story on one line."""
    return " ".join(" ".join(sentence.text.split()) for sentence in sentences)


def _points(answers: Sequence[Answer]) -> int:
    return len({text for answer in answers for text in answer.bullets})


def _point(read: _Read, chosen: Sequence[int], score: float) -> Point:
    return point_on(read.article, read.sentences, chosen, round(score, 4))


def bullet_count(article_words: int, length: Length) -> int:
    """Number of bullets for "auto": 3 for a short article, 5 for a normal one, at most 7; in `brief` 3 or 4."""
    if length == "brief":
        return 3 if article_words < 2_000 else 4
    return 3 if article_words < 250 else 5 if article_words < 1_200 else 6 if article_words < 2_500 else 7
