"""`Summarizer`: an article in, its key points out."""

from __future__ import annotations

import asyncio
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Condition
from typing import Any, Literal, Self, Unpack, overload

from .checkpoints import AbstractiveBackend
from .cpu import instructions
from .deadline import Deadline, Profile
from .errors import ArticleError, ClosedError, ModelError
from .loading import loaded
from .options import LENGTHS, CallOptions, check_time_limit, valid_options
from .points import Pipeline
from .reading import Article
from .stream import LazyText, Stream, Text, raised, raising
from .summary import Bullet, Count, Length, Options, Policy, Span, Summary

_CLOSED = "this Summarizer was closed; load another with from_pretrained"


class Summarizer:
    """Turns articles into their key points, with the sentences that each point stands on.

    Make one with `from_pretrained` and keep it: loading takes longer than an article. It may be used from many threads
    at once, and from an event loop (`async_call`).

        summarizer = Summarizer.from_pretrained()
        summary = summarizer(text)
        print(summary)
    """

    def __init__(
        self, backend: Pipeline | AbstractiveBackend, config: dict[str, Any], version: str, folder: Path | None
    ) -> None:
        self.config = config
        self.version = version
        self.folder = folder
        self._backend = backend
        self._async_pool = ThreadPoolExecutor(backend.max_concurrency, "summarizer-async")
        self._idle = Condition()
        self._calls = 0
        self._closed = False

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "base",
        *,
        threads: int | None = None,
        device: str | None = None,
        revision: str | None = None,
        token: str | None = None,
    ) -> Summarizer:
        """Loads a model. Nothing is downloaded, unless you name a checkpoint on the Hub.

        Args:
            model: The name of a shipped model ("base"); a folder that `save_pretrained` or `python -m training` wrote;
                or any sequence-to-sequence or causal checkpoint of transformers, in a folder or by its name on the Hub
                ("facebook/bart-large-cnn"), which then writes the list (method "generated"; needs the extra `torch`).
                A folder of this project that was pushed to the Hub is named there likewise.
            threads: Cores to use; default: all that this process may use.
            device: Where such a checkpoint runs: "cpu", "cuda"; default: a GPU if there is one. The shipped models run
                on the CPU.
            revision: A branch, tag or commit of a name on the Hub; default: its main branch.
            token: Of the Hub, for what is private; default: the one that `huggingface_hub` finds.

        Raises:
            ModelError: The model is missing or damaged, was written by a newer version, or cannot write a summary; or
                of a checkpoint, the shipped model is, whose verifier reads its lists. The message names the file.
            MissingExtraError: A checkpoint of transformers was named, and torch is not installed.
        """
        found = loaded(model, threads, device, revision, token)
        return cls(found.backend, found.config, found.version, found.folder)

    @property
    def max_concurrency(self) -> int:
        """Calls that keep all cores busy when they run at the same time."""
        return self._backend.max_concurrency

    @property
    def beside(self) -> int:
        """Deprecated: `max_concurrency`."""
        warnings.warn("Summarizer.beside is now max_concurrency; it goes in 0.10", DeprecationWarning, stacklevel=2)
        return self.max_concurrency

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model folder, so that `from_pretrained(folder)` gives the same output.

        Raises:
            FileExistsError: The folder exists and is not empty.
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty; choose a new folder")
        if self.folder:
            shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        elif isinstance(self._backend, AbstractiveBackend):
            self._backend.generator.save(folder)

    def push_to_hub(self, name: str, *, private: bool = True, token: str | None = None) -> str:
        """Uploads the model folder to the Hub, from where `from_pretrained(name)` loads it.

        Args:
            name: "owner/name"; the repository is made if it is not there.
            private: Whether a new repository is for its owner alone.
            token: Of the Hub; default: the one that `huggingface_hub` finds.

        Returns:
            The address of the commit.
        """
        from huggingface_hub import HfApi

        api = HfApi(token=token)
        api.create_repo(name, private=private, exist_ok=True)
        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return str(api.upload_folder(repo_id=name, folder_path=folder))

    def close(self) -> None:
        """Waits for the articles that are being summarized, takes no more, and lets go of the threads. A `with` block
        does it at its end."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not self._calls)
        self._async_pool.shutdown()  # calls that still stand in line find it closed
        self._backend.close()

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

    def __call__(
        self,
        articles: Text | Sequence[Text],
        *,
        bullets: Count = "auto",
        length: Length = "standard",
        policy: Policy = "checked",
        min_confidence: float | None = None,
        time_limit: float | None = None,
    ) -> Summary | list[Summary]:
        """The key points of one article, or of each in a list.

        Args:
            articles: A text, an `Article`, or a list of either.
            bullets: How many. "auto": the shipped model gives 3 to 7, as many points as the story has, and 3 in
                `brief`; a checkpoint 3, 5, 6 or 7 by the length of the article, and 3 or 4 in `brief`. An article with
                fewer sentences gives fewer.
            length: "standard" (the whole article in full sentences) or "brief" (the main news in short sentences).
            policy: What may be shown instead of the article's own sentences. "checked": a rewrite whose facts stand in
                its sources and that an editor would print, as far as the verifier can tell; else the sentences
                themselves. "flag": the best rewrite, with the checks that it fails, for editors who look at them.
                "extract": nothing but the article's sentences.
            min_confidence: Probability, 0 to 1, that an editor would print it, from which a rewrite is shown; default:
                the model's threshold (of a checkpoint, the shipped model's). A higher one rewrites less, and what it
                shows is good more often (docs/quality.md). With "flag" it tells what fails; with "extract" nothing.
            time_limit: Seconds that one article may take, from when its turn comes; default: any. The clock is looked
                at between steps (a stage, a window of 512 tokens, a bullet, a checkpoint's whole list), so that an
                article ends a step late.

        Returns:
            A `Summary` for one article, a list of them for a list.

        Raises:
            ArticleError: There is nothing to summarize (empty, or not a text); in a list, the message says which.
            TimeLimitError: An article took longer than `time_limit`.
            ModelError: "flag" was asked of a model without a rewriter and its verifier.
            ClosedError: `close` was called.
            ValueError: An option is out of range.
        """
        options = self._options(bullets, length, policy, min_confidence, time_limit)
        if isinstance(articles, str | Article):
            return raised(self._stream(options, time_limit).outcome(0, articles))
        if isinstance(articles, bytes) or not isinstance(articles, Sequence):
            raise ArticleError(
                f"give a str, an Article or a list of them, not {type(articles).__name__}; "
                "for other iterables there is stream(), for files Article.from_file"
            )
        return list(raising(self._stream(options, time_limit).outcomes(articles)))

    def check(
        self, article: Article, text: str, sources: Sequence[Span] | None = None, *, time_limit: float | None = None
    ) -> Bullet:
        """An editor's own point with the sentences that it stands on and its checks: facts are looked up in the whole
        article, and the verifier reads it beside its sentences. Its method is "edited".

        Args:
            article: The article.
            text: The point.
            sources: The sentences that it stands on, whole or in part; default: the one or two that hold most of it;
                where none does, the check "sources" fails.
            time_limit: Seconds that it may take, as in a call; default: any.

        Raises:
            ArticleError: The point is empty.
            TimeLimitError: It took longer than `time_limit`.
            ValueError: No sentence of the story stands at one of the sources, or the limit is out of range.
            ClosedError: `close` was called.
        """
        line = " ".join(text.split())
        if not line:
            raise ArticleError("the point is empty; there is nothing to check")
        with self._counted():
            return self._backend.checked_bullet(article, line, sources, _deadline("the check", time_limit))

    def wordings(
        self,
        article: Article,
        sources: Sequence[Span],
        length: Length = "standard",
        *,
        time_limit: float | None = None,
    ) -> list[Bullet]:
        """What else could be said of some sentences of an article: rewrites in a length, those first that the verifier
        trusts most, with their checks, and then the sentences themselves. Also those are given that it trusts too
        little to show.

        Args:
            article: The article.
            sources: The sentences, whole or in part.
            length: Of the rewrites: "standard" or "brief".
            time_limit: Seconds that it may take, as in a call; default: any.

        Raises:
            TimeLimitError: It took longer than `time_limit`.
            ValueError: There are no sources, no sentence of the story stands at one of them, or there is no such
                length.
            ClosedError: `close` was called.
        """
        if length not in LENGTHS:
            raise ValueError(f'length must be "standard" or "brief", not {length!r}')
        if not sources:
            raise ValueError("name the sentences that the point stands on")
        with self._counted():
            return self._backend.wordings(article, sources, length, _deadline("the search for wordings", time_limit))

    @overload
    async def async_call(  # type: ignore[overload-overlap]
        self, articles: Text, **options: Unpack[CallOptions]
    ) -> Summary: ...

    @overload
    async def async_call(self, articles: Sequence[Text], **options: Unpack[CallOptions]) -> list[Summary]: ...

    async def async_call(
        self, articles: Text | Sequence[Text], **options: Unpack[CallOptions]
    ) -> Summary | list[Summary]:
        """A call that does not block the event loop: it waits in a thread of this summarizer's own. As many run side by
        side as there are cores, and one more; others wait for their turn, and leave the line when their task is
        cancelled (one that runs is finished). Arguments and errors as in a call."""
        self._check_open()
        try:
            waiting = self._async_pool.submit(lambda: self(articles, **options))
        except RuntimeError as error:  # closed in this very moment
            raise ClosedError(_CLOSED) from error
        return await asyncio.wrap_future(waiting)

    @overload
    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        on_error: Literal["raise"] = "raise",
        profile: Profile | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[Summary]: ...

    @overload
    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        on_error: Literal["yield"],
        profile: Profile | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[Summary | Exception]: ...

    def stream(
        self,
        articles: Iterable[LazyText],
        *,
        bullets: Count = "auto",
        length: Length = "standard",
        policy: Policy = "checked",
        min_confidence: float | None = None,
        time_limit: float | None = None,
        on_error: Literal["raise", "yield"] = "raise",
        profile: Profile | None = None,
    ) -> Iterator[Summary | Exception]:
        """Summaries of any iterable of articles, in order, reading only a few ahead. Options are checked at once,
        articles as they come.

        Args:
            articles: Texts, `Article`s, or functions that give one of these: each is called when its turn comes, in a
                thread, and its error is the article's: `(partial(Article.from_file, path) for path in paths)`.
            bullets: As in a call; so are `length`, `policy`, `min_confidence` and `time_limit`.
            length: See there.
            policy: See there.
            min_confidence: See there.
            time_limit: See there.
            on_error: "raise": an article that cannot be summarized ends the stream, after the summaries of those before
                it. "yield": its error comes in the place of its summary, and the stream goes on.
            profile: Where the cost of the stages is added up; default: nowhere.

        Raises:
            As a call does.
        """
        if on_error not in ("raise", "yield"):
            raise ValueError(f'on_error must be "raise" or "yield", not {on_error!r}')
        options = self._options(bullets, length, policy, min_confidence, time_limit)
        outcomes = self._stream(options, time_limit, profile).outcomes(articles)
        return outcomes if on_error == "yield" else raising(outcomes)

    def _options(
        self,
        bullets: Count,
        length: Length,
        policy: Policy,
        min_confidence: float | None,
        time_limit: float | None,
    ) -> Options:
        self._check_open()
        options = valid_options(bullets, length, policy, min_confidence, time_limit)
        if policy == "flag" and not self._backend.rewrites:
            raise ModelError(
                f'policy "flag" shows rewrites, and the model {self.config["name"]!r} has no rewriter, or no verifier'
            )
        return options

    def _stream(self, options: Options, time_limit: float | None, profile: Profile | None = None) -> Stream:
        # Each article has a time of its own, so with a limit they are not read together.
        batch_size = 1 if time_limit else self._backend.batch_size
        return Stream(self._summaries, options, time_limit, profile, batch_size, self.max_concurrency)

    def _summaries(self, articles: Sequence[Article], options: Options, deadline: Deadline) -> Iterator[Summary]:
        with self._counted():
            found = self._backend(articles, options, deadline)
        for article, (bullets, said) in zip(articles, found, strict=True):
            if options.bullets != "auto" and len(bullets) < options.bullets:
                asked = f"{options.bullets} bullets were asked for, and the story gave {len(bullets)}."
                said = (asked, *said)
            yield Summary(
                bullets,
                article,
                options.length,
                options.bullets,
                options.policy,
                str(self.config["name"]),
                self.version,
                said,
                min_confidence=options.min_confidence,
                cpu=instructions(),
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


def _deadline(what: str, time_limit: float | None) -> Deadline:
    check_time_limit(time_limit)
    return Deadline(time_limit, what=what)
