"""Articles in, summaries out, in order: several at a time, and none takes another with it when it fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from .deadline import Deadline, Profile
from .errors import ArticleError, TimeLimitError
from .reading import Article
from .summary import Options, Summary

Text = str | Article
LazyText = Text | Callable[[], Text]


@dataclass(frozen=True, slots=True)
class Stream:
    """How the articles of one call are summarized.

    Attributes:
        summarize: Gives the summaries of articles that are read together.
        options: What is asked of each list.
        time_limit: Seconds that one article may take; None: no limit.
        profile: Where the cost of the stages is added up.
        batch_size: Articles that are read together.
        max_concurrency: Batches that run at the same time.
    """

    summarize: Callable[[Sequence[Article], Options, Deadline], Iterable[Summary]]
    options: Options
    time_limit: float | None
    profile: Profile | None
    batch_size: int
    max_concurrency: int

    def outcomes(self, articles: Iterable[LazyText]) -> Generator[Summary | Exception]:
        """Each article's summary, or its error; what the iterable itself raises comes after those before it."""
        given = enumerate(articles)
        waiting: deque[Future[list[Summary | Exception]]] = deque()
        failure: Exception | None = None
        with ThreadPoolExecutor(self.max_concurrency, "summarizer") as pool:
            try:
                while not failure:
                    batch = []
                    try:
                        for numbered in islice(given, self.batch_size):
                            batch.append(numbered)
                    except Exception as error:
                        failure = error
                    if not batch:
                        break
                    waiting.append(pool.submit(self._batch, batch))
                    if len(waiting) > 2 * self.max_concurrency:
                        yield from waiting.popleft().result()
                while waiting:
                    yield from waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        if failure:
            raise failure

    def outcome(self, number: int, value: LazyText) -> Summary | Exception:
        """One article's summary or error. An error is given back, whatever it is, so that no article takes others with
        it; who asked raises it or writes it down."""
        try:
            article = _article(value, number)
            try:
                (summary,) = self._summaries([article])
            except TimeLimitError as error:
                raise TimeLimitError(f"{_name(value, number)} {error}") from None
        except Exception as error:
            return error
        return summary

    def _batch(self, batch: Sequence[tuple[int, LazyText]]) -> list[Summary | Exception]:
        """The outcomes of articles that are read together; where that fails, each is read alone."""
        if len(batch) == 1:
            return [self.outcome(*batch[0])]
        found: list[Article | Exception] = [_taken(value, number) for number, value in batch]
        good = [article for article in found if isinstance(article, Article)]
        try:
            summaries: Iterator[Summary | Exception] = iter([*self._summaries(good)])
        except Exception:  # found again by the article whose fault it is
            summaries = (self.outcome(0, article) for article in good)
        return [next(summaries) if isinstance(one, Article) else one for one in found]

    def _summaries(self, articles: Sequence[Article]) -> Iterable[Summary]:
        return self.summarize(articles, self.options, Deadline(self.time_limit, self.profile))


def raising(outcomes: Generator[Summary | Exception]) -> Iterator[Summary]:
    """The summaries; the first error is raised, and ends what has begun."""
    with closing(outcomes):
        yield from map(raised, outcomes)


def raised(outcome: Summary | Exception) -> Summary:
    """The summary; an error is raised."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def _taken(value: object, number: int) -> Article | Exception:
    try:
        return _article(value, number)
    except Exception as error:  # the article's own, whatever a function of the caller's raised
        return error


def _article(value: object, number: int) -> Article:
    article = value() if callable(value) else value
    if not isinstance(article, Article):
        try:
            article = Article.from_text(article)  # type: ignore[arg-type]
        except ArticleError as error:
            raise ArticleError(f"{_name(value, number)}: {error}") from error
    if not any(c.isalnum() for c in article.text):
        what = "is empty" if not article.text.strip() else "has no letters or digits"
        raise ArticleError(f"{_name(value, number)} {what}; there is nothing to summarize")
    return article


def _name(value: object, number: int) -> str:
    return "the article" if callable(value) else f"article {number}"
