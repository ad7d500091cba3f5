"""`Summarizer`: an article in, its key points out."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, overload

import numpy as np

from .article import Article
from .boilerplate import story
from .errors import ArticleError, ModelError
from .extractor import Extractor, Scored
from .policy import STYLES, Draft, Writer, extracted, needs_rewriting
from .rewriter import Candidate, Rewriter, context_of
from .selection import Group, bullet_count, select
from .sentences import words
from .summary import Length, Policy, Span, Summary

FORMAT = 1
"""Version of the model folder's format; a folder of a newer one is refused."""
LENGTHS: tuple[Length, ...] = get_args(Length)
POLICIES: tuple[Policy, ...] = get_args(Policy)
MOST_BULLETS = 50

Text = str | Article
Count = int | Literal["auto"]


@dataclass(frozen=True, slots=True)
class _Options:
    bullets: Count
    length: Length
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Begun:
    """An article whose bullets are chosen and are being rewritten.

    Attributes:
        article: The article.
        policy: What may be shown of it: "extract" where the model was not made for its language.
        drafts: The bullets, without candidates.
        waiting: For each, a function that waits for its candidates; None where nothing is rewritten.
    """

    article: Article
    policy: Policy
    drafts: tuple[Draft, ...]
    waiting: tuple[Callable[[], list[Candidate]] | None, ...]


class Summarizer:
    """Turns articles into their key points, with the sentences that each point stands on.

    Make one with `from_pretrained` and keep it: loading takes longer than an article. It may be used from several
    threads at once.

        summarizer = Summarizer.from_pretrained()
        summary = summarizer(text)
        print(summary)
    """

    def __init__(self, folder: Path, extractor: Extractor, rewriter: Rewriter | None, config: dict[str, Any]) -> None:
        self.folder = folder
        self.config = config
        self.version = version_of(folder)
        self._extractor = extractor
        self._rewriter = rewriter

    @classmethod
    def from_pretrained(cls, model: str | Path = "base", *, threads: int | None = None) -> Summarizer:
        """Loads a model; nothing is downloaded.

        Args:
            model: The name of a shipped model ("base") or a folder that `save_pretrained` or
                `python -m training export` wrote.
            threads: Cores to use; default: all that this process may use.

        Raises:
            ModelError: The folder is missing or damaged, or was written by a newer version; the message names the file.
        """
        folder = folder_of(model)
        config = _verified(folder)
        part = folder / "extractor"
        try:
            extractor, rewriter = Extractor(part, threads), None
            if "rewriter" in config:
                part = folder / "rewriter"
                rewriter = Rewriter(part, extractor.threads)
        except (RuntimeError, OSError, KeyError, ValueError) as error:
            raise ModelError(f"{part}: {error}") from error
        return cls(folder, extractor, rewriter, config)

    def save_pretrained(self, folder: str | Path) -> None:
        """Writes the model folder, so that `from_pretrained(folder)` gives the same output.

        Raises:
            FileExistsError: The folder exists and is not empty.
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} is not empty; choose a new folder")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a str is also a Sequence[str]; here it is one article
        self, articles: Text, *, bullets: Count = "auto", length: Length = "standard", policy: Policy = "checked"
    ) -> Summary: ...

    @overload
    def __call__(
        self,
        articles: Sequence[Text],
        *,
        bullets: Count = "auto",
        length: Length = "standard",
        policy: Policy = "checked",
    ) -> list[Summary]: ...

    def __call__(
        self,
        articles: Text | Sequence[Text],
        *,
        bullets: Count = "auto",
        length: Length = "standard",
        policy: Policy = "checked",
    ) -> Summary | list[Summary]:
        """The key points of one article, or of each in a list.

        Args:
            articles: A text, an `Article`, or a list of either.
            bullets: How many; "auto" goes by the article: 3 for a short item, 5 for a normal story, 7 at most (3 or 4
                for `brief`), and fewer, but at least 3 (2), where no other sentence is worth it. An article with fewer
                sentences gives fewer.
            length: "standard" (a full sentence or two a bullet, the whole article covered) or "brief" (the wire style:
                short sentences, the core of the news).
            policy: What may be shown instead of the article's own sentences. "checked": a rewrite that passes every
                check against its sources; where none does, the sentences themselves. "flag": the best rewrite, with
                the checks that it fails, for editors who look at them. "extract": nothing but the article's sentences.

        Returns:
            A `Summary` for one article, a list of them for a list.

        Raises:
            ArticleError: There is nothing to summarize (empty, or not a text); in a list, the message says which.
            ModelError: "flag" was asked of a model without a rewriter.
            ValueError: An option is out of range.
        """
        if isinstance(articles, str | Article):
            return next(self.stream([articles], bullets=bullets, length=length, policy=policy))
        if isinstance(articles, bytes) or not isinstance(articles, Sequence):
            raise ArticleError(
                f"give a str, an Article or a list of them, not {type(articles).__name__}; "
                "for other iterables there is stream(), for files Article.from_file"
            )
        return list(self.stream(articles, bullets=bullets, length=length, policy=policy))

    def stream(
        self,
        articles: Iterable[Text],
        *,
        bullets: Count = "auto",
        length: Length = "standard",
        policy: Policy = "checked",
    ) -> Iterator[Summary]:
        """Summaries of any iterable of articles, in order, reading only a few ahead. Arguments and errors as in a call;
        options are checked at once, articles as they come."""
        if length not in LENGTHS:
            raise ValueError(f'length must be "standard" or "brief", not {length!r}')
        if policy not in POLICIES:
            raise ValueError(f'policy must be "checked", "flag" or "extract", not {policy!r}')
        if policy == "flag" and not self._rewriter:
            raise ModelError(f'policy "flag" shows rewrites, and the model {self.config["name"]!r} has no rewriter')
        if bullets != "auto" and (
            isinstance(bullets, bool) or not isinstance(bullets, int) or not 1 <= bullets <= MOST_BULLETS
        ):
            raise ValueError(f'bullets must be "auto" or a whole number from 1 to {MOST_BULLETS}, not {bullets!r}')
        return self._stream(articles, _Options(bullets, length, policy))

    def _stream(self, articles: Iterable[Text], options: _Options) -> Iterator[Summary]:
        read: deque[Article] = deque()
        begun: deque[_Begun] = deque()
        failure: list[Exception] = []

        def sentences() -> Iterator[tuple[Any, ...]]:
            try:
                for number, article in enumerate(articles):
                    read.append(_article(article, number))
                    yield story(read[-1].text, read[-1].language)
            except Exception as error:  # it is raised when the articles before have their summaries
                failure.append(error)

        for scored in self._extractor(sentences()):
            begun.append(self._begin(read.popleft(), scored, options))
            if len(begun) > 2 * self._extractor.threads:
                yield self._finish(begun.popleft(), options)
        while begun:
            yield self._finish(begun.popleft(), options)
        if failure:
            raise failure[0]

    def _begin(self, article: Article, scored: Scored, options: _Options) -> _Begun:
        """Chooses the sentences of an article's bullets, and sets the rewriter to work on them."""
        count = options.bullets
        if count == "auto":
            count = bullet_count(sum(len(words(s.text)) for s in scored.sentences), options.length)
        groups = select(scored, count, options.length, fixed=options.bullets != "auto")
        drafts = tuple(_draft(article, scored, group) for group in groups)
        policy = options.policy if self._speaks(article.language) else "extract"
        waiting = [None if policy == "extract" else self._start(draft, options.length) for draft in drafts]
        return _Begun(article, policy, drafts, tuple(waiting))

    def _start(self, draft: Draft, length: Length) -> Callable[[], list[Candidate]] | None:
        if not self._rewriter or not needs_rewriting([span.text for span in draft.spans], length):
            return None
        return self._rewriter.start(draft.sources, draft.context, STYLES[length].asked)

    def _finish(self, begun: _Begun, options: _Options) -> Summary:
        extract = begun.policy == "extract"
        writer = extracted if extract else Writer(begun.article, options.length, flag=begun.policy == "flag")
        bullets = tuple(
            writer(replace(draft, candidates=tuple(wait())) if wait else draft)
            for draft, wait in zip(begun.drafts, begun.waiting, strict=True)
        )
        return Summary(
            bullets,
            begun.article,
            options.length,
            options.bullets,
            options.policy,
            str(self.config["name"]),
            self.version,
            self._warnings(begun.article, len(bullets), options.bullets),
        )

    def _warnings(self, article: Article, points: int, asked: Count) -> tuple[str, ...]:
        found = []
        if asked != "auto" and points < asked:
            found.append(f"{asked} bullets were asked for, and the story gave {points}.")
        if not self._speaks(article.language):
            made_for = ", ".join(self.config["languages"])
            found.append(f"The model was made for {made_for}; nothing was measured for {article.language}.")
        return tuple(found)

    def _speaks(self, language: str) -> bool:
        languages = self.config.get("languages", [])
        return not languages or language.split("-", maxsplit=1)[0].lower() in languages


def _article(value: object, number: int) -> Article:
    article = value if isinstance(value, Article) else None
    if article is None:
        try:
            article = Article.from_text(value)  # type: ignore[arg-type]
        except ArticleError as error:
            raise ArticleError(f"article {number}: {error}") from error
    if not any(c.isalnum() for c in article.text):
        what = "is empty" if not article.text.strip() else "has no letters or digits"
        raise ArticleError(f"article {number} {what}; there is nothing to summarize")
    return article


def _draft(article: Article, scored: Scored, group: Group) -> Draft:
    spans = tuple(Span(s.start, s.end, article.text[s.start : s.end]) for s in (scored.sentences[i] for i in group))
    score = float(1 / (1 + np.exp(-max(scored.scores[i] for i in group))))
    return Draft(spans, round(score, 4), context_of(scored.sentences, group))


def folder_of(model: str | Path) -> Path:
    """The folder of a model: a shipped name, which lies inside the installed package or in the checkout, or a path.
    "base" is the shipped one even where the current folder has a folder of that name: that is "./base"."""
    here = Path(__file__).resolve().parent
    places = [Path(model)]
    if isinstance(model, str) and model == Path(model).name:
        places = [here / "models" / model, here.parent / "models" / model, *places]
    for place in places:
        if place.is_dir():
            return place
    raise ModelError(f"there is no model {str(model)!r}; looked for the folder {' and '.join(map(str, places))}")


def version_of(folder: Path) -> str:
    """The first 12 digits of the sha256 of a model's list of checksums: names its weights."""
    return hashlib.sha256((folder / "checksums.json").read_bytes()).hexdigest()[:12]


def _verified(folder: Path) -> dict[str, Any]:
    """The folder's config, once every file is there and is the one that was written."""
    config = _json(folder / "config.json")
    if not isinstance(config.get("format"), int) or config["format"] > FORMAT:
        raise ModelError(
            f"{folder / 'config.json'}: format version {config.get('format')!r}, and this version reads up to "
            f"{FORMAT}; update newsroom-summarizer"
        )
    for name, wanted in _json(folder / "checksums.json").items():
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing; get the model folder again")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != wanted:
            raise ModelError(
                f"{path} is damaged: its sha256 is {found[:12]}…, and checksums.json says {wanted[:12]}…; "
                "get the model folder again"
            )
    return config


def _json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing; is {path.parent} a model folder?") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} must hold an object")
    return value
