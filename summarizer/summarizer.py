"""`Summarizer`: loads a model, and turns articles into key points."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition
from typing import Literal, Self, Unpack, overload

from .cpu import instructions
from .deadline import Deadline
from .errors import ArticleError, ClosedError, ModelError
from .models import folder_of, verified, version_of
from .options import CallOptions, Options
from .points import Pipeline
from .reading import Article
from .stream import LazyText, Text, article_of, in_order, name_of, raising
from .summary import Bullet, Length, Span, Summary
from .writers import WriterOptions, guide_version, writer_of

_CLOSED = "this Summarizer was closed; load another with from_pretrained"


class Summarizer:
    """Turns articles into key points, each with its source sentences.

    Create one with `from_pretrained` and keep it: loading takes longer than summarizing an article. It can be used from
    several threads at once, and from an event loop (`async_call`).

        summarizer = Summarizer.from_pretrained()
        summary = summarizer(text)
        print(summary)
    """

    def __init__(self, folder: Path, threads: int | None, writer: WriterOptions | None) -> None:
        self.folder, self.config, self.version = folder, verified(folder), version_of(folder)
        write_with = partial(writer_of, writer, threads=threads) if writer else None
        self._pipeline = Pipeline(folder, self.config, threads, write_with)
        self._writer, self._guide = (writer.name, guide_version(writer)) if writer else ("", "")
        self._async_pool = ThreadPoolExecutor(self.max_concurrency, "summarizer-async")
        self._idle = Condition()
        self._calls = 0
        self._closed = False

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "base",
        *,
        threads: int | None = None,
        writer: str | WriterOptions | None = None,
        revision: str | None = None,
        token: str | None = None,
    ) -> Summarizer:
        """Loads a model. Nothing is downloaded, unless the model is on the Hub.

        Args:
            model: One of:

                - the name of a shipped model ("base");
                - a folder that `save_pretrained` or `python -m training` wrote;
                - the Hub name of a model that `push_to_hub` uploaded.
            threads: Number of cores. Default: all that this process may use.
            writer: A language model that writes the points, each from the sentences that the model chose, in place of
                the shipped rewriter: `WriterOptions` with the address of a server, or the folder or Hub name of a chat
                model, which then runs here (extra `torch`). What it writes is checked as a rewrite is, and a bullet of
                it has the method "generated". Default: the shipped rewriter.
            revision: Branch, tag or commit on the Hub. Default: the main branch.
            token: Hub token for private models. Default: the one that `huggingface_hub` finds.

        Raises:
            ModelError: The model is missing or damaged, or has a format that this version cannot read. The message
                names the file. Or a language model cannot be loaded.
            WriterError: The server of the language model cannot be reached, or refuses the key or the model's name.
            MissingExtraError: The writer needs a package that is not installed.
        """
        options = WriterOptions(writer) if isinstance(writer, str) else writer
        return cls(folder_of(model, revision, token), threads, options)

    @property
    def max_concurrency(self) -> int:
        """Number of concurrent calls that keeps all cores busy."""
        return self._pipeline.max_concurrency

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model folder. `from_pretrained(folder)` loads a model with the same output.

        Raises:
            FileExistsError: The folder exists and is not empty.
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty; choose a new folder")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)

    def push_to_hub(self, name: str, *, private: bool = True, token: str | None = None) -> str:
        """Uploads the model folder to the Hub. `from_pretrained(name)` loads it from there.

        Args:
            name: "owner/name". The repository is created if it does not exist.
            private: Whether a new repository is private.
            token: Hub token. Default: the one that `huggingface_hub` finds.

        Returns:
            The URL of the commit.
        """
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        api.create_repo(name, private=private, exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return str(api.upload_folder(repo_id=name, folder_path=folder))

    def close(self) -> None:
        """Refuses new calls, waits until running calls are done, and frees the threads. A `with` block calls it at its
        end."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not self._calls)
        self._async_pool.shutdown()  # queued calls run now, and raise ClosedError
        self._pipeline.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a str is also a Sequence[str]; here it is one article
        self, articles: Text, **options: Unpack[CallOptions]
    ) -> Summary: ...

    @overload
    def __call__(self, articles: Sequence[Text], **options: Unpack[CallOptions]) -> list[Summary]: ...

    def __call__(self, articles: Text | Sequence[Text], **options: Unpack[CallOptions]) -> Summary | list[Summary]:
        """Returns the key points of one article, or of each article in a list.

        Args:
            articles: A text, an `Article`, or a list of texts and `Article` objects.
            **options: Fields of `Options`: `bullets`, `length`, `policy`, `min_confidence`, `time_limit`.

        Returns:
            A `Summary` for one article; a list of them for a list.

        Raises:
            ArticleError: An article is empty, has no letters or digits, or is not text. For a list, the message has its
                index.
            TimeLimitError: An article took longer than `time_limit`.
            ModelError: The policy is "flag", and the model has no rewriter or no verifier.
            WriterError: The server of the language model cannot be reached.
            ClosedError: `close` was called before.
            ValueError: An option is out of range.
        """
        if isinstance(articles, str | Article):
            return self._summary(self._options(options), None, articles)
        if isinstance(articles, bytes) or not isinstance(articles, Sequence):
            raise ArticleError(
                f"pass a str, an Article or a list of them, not {type(articles).__name__}; "
                "for other iterables use stream(), for files Article.from_file"
            )
        return list(self.stream(articles, **options))

    def check(
        self, article: Text, text: str, sources: Sequence[Span] | None = None, *, time_limit: float | None = None
    ) -> Bullet:
        """Checks an editor's own point, and returns it as a bullet with the method "edited".

        Its facts are looked up in its sources, the headline and the article. The verifier compares it with its sources.

        Args:
            article: The article, or its text.
            text: The point.
            sources: Its source sentences, whole or in part. Default: the one or two sentences that contain most of the
                point. If no sentence does, the check "sources" fails.
            time_limit: Maximum seconds, as in a call. Default: no limit.

        Raises:
            ArticleError: The point or the article is empty.
            TimeLimitError: The check took longer than `time_limit`.
            ValueError: A source overlaps no sentence of the story, or the limit is out of range.
            ClosedError: `close` was called before.
        """
        line = " ".join(text.split())
        if not line:
            raise ArticleError("the point is empty; there is nothing to check")
        limit = Options(time_limit=time_limit).time_limit
        with self._counted():
            return self._pipeline.checked_bullet(article_of(article, None), line, sources, Deadline(limit, "the check"))

    def wordings(
        self,
        article: Text,
        sources: Sequence[Span],
        length: Length = "standard",
        *,
        time_limit: float | None = None,
    ) -> list[Bullet]:
        """Returns other wordings for some sentences of an article.

        First come rewrites with their checks, the most probable to be printed first, then the sentences themselves.
        Rewrites below the model's threshold are included.

        Args:
            article: The article, or its text.
            sources: The sentences, whole or in part.
            length: Length of the rewrites: "standard", "brief" or "highlights".
            time_limit: Maximum seconds, as in a call. Default: no limit.

        Raises:
            TimeLimitError: It took longer than `time_limit`.
            ValueError: There are no sources, a source overlaps no sentence of the story, or `length` or the limit is
                invalid.
            ClosedError: `close` was called before.
        """
        limit = Options(length=length, time_limit=time_limit).time_limit
        if not sources:
            raise ValueError("sources is empty; name the sentences of the point")
        with self._counted():
            deadline = Deadline(limit, what="the search for wordings")
            return self._pipeline.wordings(article_of(article, None), sources, length, deadline)

    @overload
    async def async_call(  # type: ignore[overload-overlap]
        self, articles: Text, **options: Unpack[CallOptions]
    ) -> Summary: ...

    @overload
    async def async_call(self, articles: Sequence[Text], **options: Unpack[CallOptions]) -> list[Summary]: ...

    async def async_call(
        self, articles: Text | Sequence[Text], **options: Unpack[CallOptions]
    ) -> Summary | list[Summary]:
        """A call that does not block the event loop. Arguments and errors are those of a call.

        It runs in a thread pool of this summarizer, which has `max_concurrency` threads; further calls wait in a queue.
        If the task is cancelled, a waiting call is removed from the queue; a running call continues to its end."""
        self._check_open()
        try:
            waiting = self._async_pool.submit(lambda: self(articles, **options))
        except RuntimeError as error:  # closed since the check above
            raise ClosedError(_CLOSED) from error
        return await asyncio.wrap_future(waiting)

    @overload
    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        on_error: Literal["raise"] = "raise",
        **options: Unpack[CallOptions],
    ) -> Iterator[Summary]: ...

    @overload
    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        on_error: Literal["yield"],
        **options: Unpack[CallOptions],
    ) -> Iterator[Summary | Exception]: ...

    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        on_error: Literal["raise", "yield"] = "raise",
        **options: Unpack[CallOptions],
    ) -> Iterator[Summary | Exception]:
        """Summarizes any iterable of articles, in order. Only a few articles are read ahead.

        The options are checked immediately, the articles as they are read.

        Args:
            articles: Texts, `Article` objects, or functions that return one of these. A function is called in a worker
                thread, and its error counts as the article's error:
                `(partial(Article.from_file, path) for path in paths)`.
            on_error: "raise": the first error is raised, after the summaries of the articles before it. "yield": the
                error is yielded in place of the summary, and the stream continues.
            **options: As in a call.

        Raises:
            SummarizerError: As in a call.
            ValueError: An option is out of range.
        """
        if on_error not in ("raise", "yield"):
            raise ValueError(f'on_error must be "raise" or "yield", not {on_error!r}')
        outcomes = in_order(partial(self._summary, self._options(options)), articles, self.max_concurrency)
        return outcomes if on_error == "yield" else raising(outcomes)

    def _options(self, given: CallOptions) -> Options:
        self._check_open()
        options = Options(**given)
        if options.policy == "flag" and not self._pipeline.rewrites:
            raise ModelError(
                f'policy "flag" shows rewrites, but the model {self.config["name"]!r} has no rewriter or no verifier; '
                "choose another policy or model"
            )
        return options

    def _summary(self, options: Options, number: int | None, value: LazyText) -> Summary:
        """Returns the summary of an article. `number` is its index; None if it is alone."""
        article = article_of(value, number)
        with self._counted():
            deadline = Deadline(options.time_limit, name_of(value, number))
            bullets, warnings = self._pipeline(article, options, deadline)
        if options.bullets != "auto" and len(bullets) < options.bullets:
            fewer = f"{options.bullets} bullets were asked for, but the article yielded only {len(bullets)}."
            warnings = (fewer, *warnings)
        return Summary(
            bullets,
            article,
            options.length,
            options.bullets,
            options.policy,
            str(self.config["name"]),
            self.version,
            warnings,
            min_confidence=options.min_confidence,
            cpu=instructions(),
            writer=self._writer,
            guide=self._guide,
        )

    def _check_open(self) -> None:
        if self._closed:
            raise ClosedError(_CLOSED)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._idle:
            self._check_open()
            self._calls += 1
        try:
            yield
        finally:
            with self._idle:
                self._calls -= 1
                self._idle.notify_all()
