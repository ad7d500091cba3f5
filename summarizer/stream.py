"""Articles in parallel, with the results in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

from .errors import ArticleError
from .reading import Article
from .summary import Summary

Text = str | Article
LazyText = Text | Callable[[], Text]
T = TypeVar("T")
R = TypeVar("R")


def in_order(run: Callable[[int, T], R], items: Iterable[T], workers: int) -> Generator[R | Exception]:
    """Yields the results of a function, or its errors, in the order of the items. Only a few items are read ahead. An
    error of the iterable itself is raised after the results of the items before it.

    Args:
        run: Is called with the index of an item and the item, in a thread.
        items: The items.
        workers: Number of threads.
    """
    given = enumerate(items)
    waiting: deque[Future[R]] = deque()
    failure: Exception | None = None
    with ThreadPoolExecutor(workers, "summarizer") as pool:
        try:
            while True:
                try:
                    number, item = next(given)
                except StopIteration:
                    break
                except Exception as error:
                    failure = error
                    break
                waiting.append(pool.submit(run, number, item))
                if len(waiting) > 2 * workers:
                    yield _outcome(waiting.popleft())
            while waiting:
                yield _outcome(waiting.popleft())
        finally:
            for future in waiting:
                future.cancel()
    if failure:
        raise failure


def _outcome(future: Future[Any]) -> Any:
    error = future.exception()
    return error if isinstance(error, Exception) else future.result()


def raising(outcomes: Generator[Summary | Exception]) -> Iterator[Summary]:
    """Yields the summaries. Raises the first error, and then cancels the articles that are still queued."""
    with closing(outcomes):
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
            yield outcome


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
            raise ArticleError(f"{name_of(value, number)}: {error}") from error
    if not any(c.isalnum() for c in article.text):
        what = "is empty" if not article.text.strip() else "has no letters or digits"
        raise ArticleError(f"{name_of(value, number)} {what}; there is nothing to summarize")
    return article


def name_of(value: object, number: int | None) -> str:
    """Returns the subject of an error message about an article."""
    return "the article" if callable(value) or number is None else f"article {number}"
