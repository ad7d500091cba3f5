"""Summarizes articles in parallel, and returns the results in order. An article that fails does not affect others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

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
        summarize: Returns the summary of an article.
        options: The options of each list.
        time_limit: Maximum seconds per article; None: no limit.
        profile: Collects the seconds of each stage; None: they are not measured.
        max_concurrency: Number of articles that are summarized at the same time.
    """

    summarize: Callable[[Article, Options, Deadline], Summary]
    options: Options
    time_limit: float | None
    profile: Profile | None
    max_concurrency: int

    def outcomes(self, articles: Iterable[LazyText]) -> Generator[Summary | Exception]:
        """Yields each article's summary, or its error. An error of the iterable itself is raised after the results of
        the articles before it."""
        given = enumerate(articles)
        waiting: deque[Future[Summary | Exception]] = deque()
        failure: Exception | None = None
        with ThreadPoolExecutor(self.max_concurrency, "summarizer") as pool:
            try:
                while True:
                    try:
                        number, value = next(given)
                    except StopIteration:
                        break
                    except Exception as error:
                        failure = error
                        break
                    waiting.append(pool.submit(self.outcome, number, value))
                    if len(waiting) > 2 * self.max_concurrency:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        if failure:
            raise failure

    def outcome(self, number: int | None, value: LazyText) -> Summary | Exception:
        """Returns one article's summary, or its error. `number` is its index, None for a single article. Errors of any
        type are returned, so that one article does not stop the others; the caller raises or records them."""
        try:
            article = article_of(value, number)
            try:
                return self.summarize(article, self.options, Deadline(self.time_limit, self.profile))
            except TimeLimitError as error:
                raise TimeLimitError(f"{_name(value, number)} {error}") from None
        except Exception as error:
            return error


def raising(outcomes: Generator[Summary | Exception]) -> Iterator[Summary]:
    """Yields the summaries. Raises the first error, and then cancels the articles that are still queued."""
    with closing(outcomes):
        yield from map(raised, outcomes)


def raised(outcome: Summary | Exception) -> Summary:
    """Returns the summary, or raises the error."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def article_of(value: object, number: int | None) -> Article:
    """Returns a text, an article, or what a function returns, as an article. `number` is its index, None if alone.

    Raises:
        ArticleError: It is empty, or no text.
    """
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


def _name(value: object, number: int | None) -> str:
    return "the article" if callable(value) or number is None else f"article {number}"
