"""The API under /v1, for a newsroom's CMS and for the editors' pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from ..errors import ArticleError
from ..options import MAX_BULLETS
from ..points import reading_of
from ..reading import Article
from ..summary import Bullet, Length, Policy, Span
from .auth import Person
from .records import Check, Form, article_of, printed, revised, spans_of
from .service import Desk, OfDesk, allowed
from .store import PAGE, ConflictError, NotThereError, Store

router = APIRouter()
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Short = Annotated[str, StringConstraints(max_length=1000)]
Reader = Annotated[Person, Depends(allowed("read"))]
Drafter = Annotated[Person, Depends(allowed("draft"))]
Editor = Annotated[Person, Depends(allowed("decide"))]
Reason = Literal["untrue", "broken", "leaning", "poor", "other"]
Status = Literal["draft", "approved", "rejected", "withdrawn"]
EXPORTED = "application/x-ndjson"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ArticleIn(_Body):
    """An article, as text, HTML or Markdown: one of the three."""

    text: str | None = Field(None, description="The story, paragraphs on lines of their own.")
    html: str | None = Field(None, description="A page; the story is found among menus and links.")
    markdown: str | None = Field(None, description="The story in Markdown.")
    title: Short | None = Field(None, description="The headline; it helps.")
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=20)] = "en"

    def article(self) -> Article:
        """The article.

        Raises:
            ArticleError: Not just one of the three was given, or no story is in it.
        """
        given = [one for one in (self.text, self.html, self.markdown) if one is not None]
        if len(given) != 1:
            raise ArticleError("give the article as one of text, html and markdown")
        if self.html is not None:
            found = Article.from_html(self.html, self.language)
        elif self.markdown is not None:
            found = Article.from_markdown(self.markdown, self.language)
        elif self.title:
            found = Article(given[0], self.title, self.language)
        else:
            found = Article.from_text(given[0], self.language)
        return Article(found.text, self.title or found.title, found.language)


class SummaryIn(ArticleIn):
    """An article, and what is wanted of its list."""

    id: Id | None = Field(None, description="The CMS's id of the article.")
    length: Length = "standard"
    bullets: Annotated[int, Field(ge=1, le=MAX_BULLETS)] | Literal["auto"] = "auto"
    policy: Policy = "checked"
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = None


class SpanIn(_Body):
    """A piece of the article's text."""

    start: Annotated[int, Field(ge=0, le=2**31)]
    end: Annotated[int, Field(ge=1, le=2**31)]


class BulletIn(_Body):
    """A point of an editor's list."""

    text: Annotated[str, StringConstraints(max_length=2000)]
    id: Short | None = Field(None, description="Of the bullet that it was; a new one has none.")
    sources: Annotated[list[SpanIn], Field(max_length=20)] | None = Field(
        None, description="The sentences that it stands on; default: as before, or those that hold most of it."
    )
    reason: Reason | None = Field(None, description="What was wrong with the software's text, if it was changed.")


class RevisionIn(_Body):
    """A new version of a list."""

    revision: Annotated[int, Field(ge=1, le=2**31)] = Field(description="The version that it was made from.")
    bullets: Annotated[list[BulletIn], Field(max_length=MAX_BULLETS)]
    removed: dict[Short, Reason] = Field(
        default_factory=dict,
        description="Why bullets of the draft were deleted, by their ids.",
        max_length=MAX_BULLETS,
    )
    note: Short | None = None


class DecisionIn(_Body):
    """What is decided of a list."""

    revision: Annotated[int, Field(ge=1, le=2**31)] = Field(description="The version that it is decided of.")
    note: Short | None = None


class CheckIn(ArticleIn):
    """A point, and the article that it is held against: in full, or by the id of its summary."""

    summary: Id | None = Field(None, description="Id of a summary, in the place of an article.")
    point: Annotated[str, StringConstraints(max_length=2000)]
    sources: Annotated[list[SpanIn], Field(max_length=20)] | None = None


class WordingsIn(_Body):
    """Sentences that are to be said otherwise."""

    sources: Annotated[list[SpanIn], Field(min_length=1, max_length=6)]
    length: Length = "standard"


class OpenIn(_Body):
    """Whether a list is open."""

    open: bool


_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Nobody that is known asks."},
    403: {"description": "Who asks may not."},
    404: {"description": "There is no such summary."},
    409: {"description": "There is a newer version, or its status does not allow it."},
    503: {"description": "Too much waits; `Retry-After` says when to ask again."},
    504: {"description": "It takes too long."},
    413: {"description": "The request is too large."},
    422: {"description": "Something that was sent will not do; `detail` says what."},
}


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: _ERRORS[code] for code in (401, 403, 413, 422, *codes)}


@router.post(
    "/v1/summaries",
    status_code=201,
    responses=_errors(503, 504) | {
        200: {"description": "The summary that this article has already."},
        501: {"description": "HTML cannot be read here."},
    },
)  # fmt: skip
async def draft(given: SummaryIn, desk: OfDesk, person: Drafter, response: Response) -> dict[str, Any]:
    """Drafts the key points of an article. The same id, story, headline, language and length give the summary that is
    there, whatever else is asked."""
    found = await run_in_threadpool(given.article)

    def known() -> str | None:
        return desk.store.find(given.id, found.text, found.title, found.language, given.length)

    there = await run_in_threadpool(known)
    if there:
        response.status_code = 200
        return await run_in_threadpool(desk.store.get, there)

    def made() -> tuple[dict[str, Any], bool]:
        if there := known():  # somebody asked for the same while this waited
            return desk.store.get(there), False
        summary = desk.summarizer(
            found,
            bullets=given.bullets,
            length=given.length,
            policy=given.policy,
            min_confidence=given.min_confidence,
            time_limit=desk.settings.seconds,
        )
        desk.metrics.drafts.inc()
        return desk.store.add(summary.to_dict(), given.id, person.name)

    record, new = await desk.drafting(made)
    if not new:
        response.status_code = 200
    return record


@router.get("/v1/summaries", responses=_errors(404))
def summaries(
    desk: OfDesk,
    person: Reader,
    status: Status | None = None,
    before: Annotated[Id | None, Query(description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> dict[str, Any]:
    """Summaries, the newest first, a page at a time."""
    found = desk.store.entries(status, before, limit)
    return {"summaries": [asdict(one) for one in found], "next": found[-1].id if len(found) == limit else None}


@router.get("/v1/summaries/{id}", responses=_errors(404))
def summary(id: Id, desk: OfDesk, person: Reader) -> dict[str, Any]:
    """A summary with its history."""
    record = desk.store.get(id)
    shown = ("number", "at", "who", "action", "status", "note")
    return record | {"history": [{name: getattr(one, name) for name in shown} for one in desk.store.history(id)]}


@router.get("/v1/summaries/{id}/revisions/{number}", responses=_errors(404))
def revision(id: Id, number: Annotated[int, Field(ge=1, le=2**31)], desk: OfDesk, person: Reader) -> dict[str, Any]:
    """A version of a list."""
    for one in desk.store.history(id):
        if one.number == number:
            return asdict(one)
    raise NotThereError(f"{id} with a version {number}")


@router.post("/v1/summaries/{id}/revisions", status_code=201, responses=_errors(404, 409, 503, 504))
async def revise(id: Id, given: RevisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """An editor's version of a list. New texts are checked. A list that was approved is a draft again, and the webhook
    is told that it is withdrawn."""

    def made(check: Check) -> dict[str, Any]:
        record, history = desk.store.get(id), desk.store.history(id)
        if record["revision"] != given.revision:
            raise ConflictError(record["revision"], record["changed_by"])
        try:
            bullets, gone = revised(record, history, given.model_dump()["bullets"], given.removed, check)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        event = "withdrawn" if desk.settings.webhook and record["status"] == "approved" else None
        return desk.store.change(id, given.revision, person.name, "revised", bullets, gone, given.note, event)

    try:  # what only moves or deletes points is saved at once, however busy the models are
        return await run_in_threadpool(made, _no_check)
    except _NeedsCheckError:
        return await desk.editing(partial(made, partial(desk.summarizer.check, time_limit=desk.settings.seconds)))


class _NeedsCheckError(Exception):
    """A list has a new text."""


def _no_check(*_: Any) -> Bullet:
    raise _NeedsCheckError


@router.post("/v1/summaries/{id}/approve", responses=_errors(404, 409))
def approve(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Approves a list as it is. The webhook is called."""
    if not desk.store.get(id)["bullets"]:
        raise HTTPException(409, "the list has no points; there is nothing to approve")
    return _decided(desk, id, given, person, "approved", "approved")


@router.post("/v1/summaries/{id}/reject", responses=_errors(404, 409))
def reject(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Rejects a draft: the article gets no list."""
    return _decided(desk, id, given, person, "rejected")


@router.post("/v1/summaries/{id}/withdraw", responses=_errors(404, 409))
def withdraw(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Takes an approved list back. The webhook is called."""
    return _decided(desk, id, given, person, "withdrawn", "withdrawn")


def _decided(
    desk: Desk, id: str, given: DecisionIn, person: Person, action: str, event: str | None = None
) -> dict[str, Any]:
    event = event if desk.settings.webhook else None
    return desk.store.change(id, given.revision, person.name, action, note=given.note, event=event)


@router.post("/v1/summaries/{id}/wordings", responses=_errors(404, 503, 504))
async def wordings(id: Id, given: WordingsIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Other wordings of some of an article's sentences, those first that the verifier trusts most, and the sentences
    themselves."""

    def found() -> list[dict[str, Any]]:
        article = article_of(desk.store.get(id))
        try:
            spans = _spans(article, given)
            limit = desk.settings.seconds
            made = desk.summarizer.wordings(article, spans or [], given.length, time_limit=limit)
            return [asdict(one) for one in made]
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    return {"wordings": await desk.editing(found)}


@router.get("/v1/summaries/{id}/text", response_class=PlainTextResponse, responses=_errors(404))
def text(id: Id, desk: OfDesk, person: Reader, form: Form = "markdown") -> PlainTextResponse:
    """A list to paste into a story, with the line for readers."""
    return PlainTextResponse(printed(desk.store.get(id), form))


@router.post("/v1/summaries/{id}/open", responses=_errors(404))
def opened(id: Id, given: OpenIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Tells others that somebody has a list open, or has it no longer; `by` is who else has."""
    return {"by": desk.store.open(id, person.name, given.open)}


@router.post("/v1/check", responses=_errors(404, 503, 504))
async def check(given: CheckIn, desk: OfDesk, person: Drafter) -> dict[str, Any]:
    """Holds a point against an article: its sentences, its checks with evidence, and the places of what fails."""
    if given.summary and "read" not in person.scopes:
        raise HTTPException(403, f"{person.name} has not the right to 'read'; send the article itself")
    if given.summary and (given.text or given.html or given.markdown):
        raise HTTPException(422, "give an article or the id of a summary, not both")

    def found() -> dict[str, Any]:
        article = article_of(desk.store.get(given.summary)) if given.summary else given.article()
        try:
            limit = desk.settings.seconds
            bullet = desk.summarizer.check(article, given.point, _spans(article, given), time_limit=limit)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        missing = [
            {"kind": fact.kind, "text": fact.text, "start": fact.start, "end": fact.end}
            for fact in reading_of(article).checker.missing(given.point)
        ]
        return asdict(bullet) | {"missing": missing}

    return await desk.editing(found)


def _spans(article: Article, given: CheckIn | WordingsIn) -> list[Span] | None:
    return spans_of(article, given.model_dump()["sources"])


@router.get("/v1/export", response_class=StreamingResponse, responses=_errors() | {200: {"content": {EXPORTED: {}}}})
def export(desk: OfDesk, person: Reader) -> StreamingResponse:
    """All approved lists as JSONL: training data as it is."""
    return StreamingResponse(exported(desk.store), media_type=EXPORTED)


def exported(store: Store) -> Iterator[str]:
    """The lines of an export: the approved lists."""
    for record in store.approved():
        yield json.dumps(record, ensure_ascii=False) + "\n"


@router.get("/health")
def health(desk: OfDesk) -> dict[str, Any]:
    """Whether the desk works: its database answers; and how many articles run and wait."""
    desk.store.counts()
    return {"status": "ok", "running": desk.drafting.load.running, "waiting": desk.drafting.load.waiting}


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(desk: OfDesk, request: Request) -> PlainTextResponse:
    """Figures for Prometheus."""
    return PlainTextResponse(desk.metrics.text(), media_type="text/plain; version=0.0.4")
