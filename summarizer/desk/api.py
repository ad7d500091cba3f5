"""The HTTP API under /v1, used by a newsroom's CMS and by the editors' pages."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from ..errors import ArticleError
from ..options import MAX_BULLETS
from ..points import prepared
from ..reading import Article
from ..summary import Bullet, Length, Policy, Span
from .auth import Person
from .revisions import Check, Form, article_of, formatted, revised, spans_of
from .service import Desk, OfDesk, allowed, while_connected
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
    """An article as text, HTML or Markdown: exactly one of the three."""

    text: str | None = Field(None, description="The story as plain text, each paragraph on its own line.")
    html: str | None = Field(None, description="An HTML page. Menus, links and comments are removed.")
    markdown: str | None = Field(None, description="The story in Markdown.")
    title: Short | None = Field(None, description="The headline. Default: the headline found in the article.")
    language: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=20)] = (
        Field("en", description="Language code of the article.")
    )

    def reading(self) -> Callable[[], Article]:
        """Returns the function that reads the article, or raises ArticleError: not exactly one of the three was
        sent."""
        ways = ((Article.from_text, self.text), (Article.from_html, self.html), (Article.from_markdown, self.markdown))
        given = [partial(way, text, self.language) for way, text in ways if text is not None]
        if len(given) != 1:
            raise ArticleError("send the article as exactly one of text, html and markdown")
        return given[0]


class SummaryIn(ArticleIn):
    """An article, and the options of its list."""

    id: Id | None = Field(None, description="Your CMS's id of the article. Default: a hash of the article.")
    length: Length = Field(
        "standard", description="standard: covers the whole story; brief: the main news, in shorter points."
    )
    bullets: Annotated[int, Field(ge=1, le=MAX_BULLETS)] | Literal["auto"] = Field(
        "auto", description="Number of points."
    )
    policy: Policy = Field(
        "checked",
        description="extract: the article's own sentences; checked: also rewrites that pass every check; "
        "flag: rewrites with the checks that they fail.",
    )
    min_confidence: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="Minimum probability, from the verifier, of a rewrite. Default: the model's."
    )


class SpanIn(_Body):
    """A piece of the record's `text`: from character `start`, counted from 0, up to but not including `end`."""

    start: Annotated[int, Field(ge=0, le=2**31)] = Field(description="Offset of its first character.")
    end: Annotated[int, Field(ge=1, le=2**31)] = Field(description="Offset behind its last character.")


class BulletIn(_Body):
    """A point of an editor's list."""

    text: Annotated[str, StringConstraints(max_length=2000)]
    id: Short | None = Field(None, description="Id of an existing bullet. Leave it out for a new bullet.")
    sources: Annotated[list[SpanIn], Field(max_length=20)] | None = Field(
        None,
        description="The source sentences. Default: those of the existing bullet; for a new bullet, the one or two "
        "sentences that contain most of its words.",
    )
    reason: Reason | None = Field(
        None,
        description="Why the software's text was changed. Send it with every version. "
        "untrue: it says something that its sentences do not; "
        "broken: it is not a whole sentence; leaning: it cannot be understood alone; poor: it says too little.",
    )


class RevisionIn(_Body):
    """A new version of a list."""

    revision: Annotated[int, Field(ge=1, le=2**31)] = Field(
        description="Number of the version that was edited. If a newer one exists, the answer is 409."
    )
    bullets: Annotated[list[BulletIn], Field(max_length=MAX_BULLETS)]
    removed: dict[Short, Reason] = Field(
        default_factory=dict,
        description="Reasons for deleting bullets of the draft, by bullet id. Send all of them with every version.",
        max_length=MAX_BULLETS,
    )
    note: Short | None = Field(None, description="A note for the history of the list.")


class DecisionIn(_Body):
    """A decision on a list."""

    revision: Annotated[int, Field(ge=1, le=2**31)] = Field(
        description="Number of the version that was read. If a newer one exists, the answer is 409."
    )
    note: Short | None = Field(None, description="A note for the history of the list.")


class CheckIn(ArticleIn):
    """A point, and the article to check it against: in full, or by the id of its summary."""

    summary: Id | None = Field(None, description="Id of a summary, instead of an article.")
    point: Annotated[str, StringConstraints(max_length=2000)] = Field(description="The text to check.")
    sources: Annotated[list[SpanIn], Field(max_length=20)] | None = Field(
        None, description="Its source sentences. Default: those that contain most of its words."
    )


class WordingsIn(_Body):
    """Sentences to reword."""

    sources: Annotated[list[SpanIn], Field(min_length=1, max_length=6)] = Field(description="The sentences.")
    length: Length = Field("standard", description="Length of the wordings.")


class OpenIn(_Body):
    """True when the editor opens the list or still has it open, false when the editor closes it."""

    open: bool = Field(description="Whether the list is open.")


# For the documentation. The texts that are sent are those of the exceptions (service.py, store.py, status.py).
_ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"description": "No valid key or session."},
    403: {"description": "The key or user does not have the right, or the request comes from a page of another site."},
    404: {"description": "There is no such summary or version."},
    409: {"description": "The list has a newer version, or cannot be changed in this way now; `detail` says why."},
    501: {"description": "HTML was sent, but the extra `html` is not installed on the desk."},
    502: {"description": "The language model that writes the points does not answer."},
    503: {"description": "Too many requests are waiting; try again after `Retry-After` seconds."},
    504: {"description": "The article, or the check, took longer than the time limit of the desk."},
    413: {"description": "The request is larger than the desk allows."},
    422: {"description": "The request is invalid; `detail` says what is wrong."},
}


async def _read(given: ArticleIn, request: Request, desk: Desk, person: Person) -> Article:
    """Returns the article that was sent. HTML and Markdown may take long to read; plain text does not."""
    reading, text = given.reading(), given.text
    if text is not None and (given.title or not ("<" in text or text.lstrip().startswith("#"))):
        found = Article(text, None, given.language) if given.title else await run_in_threadpool(reading)
    else:
        found = await while_connected(request, desk.reading(partial(desk.reader, reading), person.name))
    return Article(found.text, given.title or found.title, found.language)


def _errors(*codes: int) -> dict[int | str, dict[str, Any]]:
    return {code: _ERRORS[code] for code in (401, 403, 413, 422, *codes)}


@router.post(
    "/v1/summaries",
    status_code=201,
    responses=_errors(501, 502, 503, 504) | {200: {"description": "The existing summary of this article."}},
)  # fmt: skip
async def draft(
    request: Request, given: SummaryIn, desk: OfDesk, person: Drafter, response: Response
) -> dict[str, Any]:
    """Drafts the key points of an article, and returns the record of the summary. If a summary with the same id, story,
    headline, language and length exists, it is returned, even if other options differ. If the client disconnects, the
    work on the article ends."""
    found = await _read(given, request, desk, person)

    def known() -> str | None:
        return desk.store.find(given.id, found.text, found.title, found.language, given.length)

    there = await run_in_threadpool(known)
    if there:
        response.status_code = 200
        return await run_in_threadpool(desk.store.get, there)

    def made() -> tuple[dict[str, Any], bool]:
        if there := known():  # another request drafted it while this one waited
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

    record, new = await while_connected(request, desk.drafting(made, person.name))
    if not new:
        response.status_code = 200
    return record


@router.get("/v1/summaries", responses=_errors(404))
def summaries(
    desk: OfDesk,
    person: Reader,
    status: Status | None = None,
    before: Annotated[Id | None, Query(description="The `next` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE,
) -> dict[str, Any]:
    """Returns a page of summaries, newest first. If `next` in the answer is null, there are no more pages."""
    found = desk.store.entries(status, before, limit=limit)
    return {"summaries": [asdict(row) for row in found], "next": found[-1].id if len(found) == limit else None}


@router.get("/v1/summaries/{id}", responses=_errors(404))
def summary(id: Id, desk: OfDesk, person: Reader) -> dict[str, Any]:
    """Returns the record of a summary and its history: every version, without its bullets."""
    record = desk.store.get(id)
    shown = ("number", "at", "who", "action", "status", "note")
    versions = desk.store.history(id)
    return record | {"history": [{name: getattr(version, name) for name in shown} for version in versions]}


@router.get("/v1/summaries/{id}/revisions/{number}", responses=_errors(404))
def revision(id: Id, number: Annotated[int, Field(ge=1, le=2**31)], desk: OfDesk, person: Reader) -> dict[str, Any]:
    """Returns one version of a list, with its bullets."""
    for version in desk.store.history(id):
        if version.number == number:
            return asdict(version)
    raise NotThereError(f"{id} with a version {number}")


@router.post("/v1/summaries/{id}/revisions", status_code=201, responses=_errors(404, 409, 503, 504))
async def revise(id: Id, given: RevisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Saves an editor's version of a list, and returns its record. New texts are checked. The list becomes a draft
    again; if it was approved, the webhook is called with the event "withdrawn"."""

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

    try:  # moving and deleting points needs no model, so such a version does not wait in the queue
        return await run_in_threadpool(made, _no_check)
    except _NeedsCheckError:
        check = partial(desk.summarizer.check, time_limit=desk.settings.seconds)
        return await desk.editing(partial(made, check), person.name)


class _NeedsCheckError(Exception):
    """The list has a new text, which must be checked."""


def _no_check(*_: Any) -> Bullet:
    raise _NeedsCheckError


@router.post("/v1/summaries/{id}/approve", responses=_errors(404, 409))
def approve(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Approves a list as it is, and calls the webhook with the event "approved"."""
    if not desk.store.get(id)["bullets"]:
        raise HTTPException(409, "the list has no points; there is nothing to approve")
    return _decided(desk, id, given, person, "approved", "approved")


@router.post("/v1/summaries/{id}/reject", responses=_errors(404, 409))
def reject(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Rejects a draft: the article gets no list."""
    return _decided(desk, id, given, person, "rejected")


@router.post("/v1/summaries/{id}/withdraw", responses=_errors(404, 409))
def withdraw(id: Id, given: DecisionIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Withdraws an approved list, and calls the webhook with the event "withdrawn"."""
    return _decided(desk, id, given, person, "withdrawn", "withdrawn")


def _decided(
    desk: Desk, id: str, given: DecisionIn, person: Person, action: str, event: str | None = None
) -> dict[str, Any]:
    event = event if desk.settings.webhook else None
    return desk.store.change(id, given.revision, person.name, action, note=given.note, event=event)


@router.post("/v1/summaries/{id}/wordings", responses=_errors(404, 502, 503, 504))
async def wordings(id: Id, request: Request, given: WordingsIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Returns other wordings of some sentences of the article: first rewrites, ordered by the verifier's probability,
    then the sentences themselves."""

    def found() -> list[dict[str, Any]]:
        article = article_of(desk.store.get(id))
        try:
            spans = _spans(article, given)
            limit = desk.settings.seconds
            made = desk.summarizer.wordings(article, spans or [], given.length, time_limit=limit)
            return [asdict(bullet) for bullet in made]
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    return {"wordings": await while_connected(request, desk.editing(found, person.name))}


@router.get("/v1/summaries/{id}/text", response_class=PlainTextResponse, responses=_errors(404))
def text(id: Id, desk: OfDesk, person: Reader, form: Form = "markdown") -> PlainTextResponse:
    """Returns a list to paste into a story, with the line for readers."""
    return PlainTextResponse(formatted(desk.store.get(id), form))


@router.post("/v1/summaries/{id}/open", responses=_errors(404))
def opened(id: Id, given: OpenIn, desk: OfDesk, person: Editor) -> dict[str, Any]:
    """Records that an editor has a list open, or has closed it. While it is open, repeat the call at least every 90
    seconds. `by` in the answer is another editor who has the list open, or null."""
    return {"by": desk.store.open(id, person.name, given.open)}


@router.post("/v1/check", responses=_errors(404, 501, 503, 504))
async def check(request: Request, given: CheckIn, desk: OfDesk, person: Drafter) -> dict[str, Any]:
    """Checks a point against an article. Returns the point with its source sentences and checks; `missing` lists the
    facts that the article lacks, with their offsets in the point."""
    if given.summary and "read" not in person.scopes:
        raise HTTPException(403, f"{person.name} does not have the right 'read'; send the article itself")
    if given.summary and (given.text or given.html or given.markdown):
        raise HTTPException(422, "send an article or the id of a summary, not both")

    sent = None if given.summary else await _read(given, request, desk, person)

    def found() -> dict[str, Any]:
        article = sent or article_of(desk.store.get(str(given.summary)))
        try:
            limit = desk.settings.seconds
            bullet = desk.summarizer.check(article, given.point, _spans(article, given), time_limit=limit)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error
        missing = [
            {"kind": fact.kind, "text": fact.text, "start": fact.start, "end": fact.end}
            for fact in prepared(article).checker.missing(given.point)
        ]
        return asdict(bullet) | {"missing": missing}

    return await while_connected(request, desk.editing(found, person.name))


def _spans(article: Article, given: CheckIn | WordingsIn) -> list[Span] | None:
    return spans_of(article, given.model_dump()["sources"])


@router.get("/v1/export", response_class=StreamingResponse, responses=_errors() | {200: {"content": {EXPORTED: {}}}})
def export(desk: OfDesk, person: Reader) -> StreamingResponse:
    """Returns the records of all approved lists as JSONL, which can be used as training data."""
    return StreamingResponse(exported(desk.store), media_type=EXPORTED)


def exported(store: Store) -> Iterator[str]:
    """Yields the lines of an export: the records of the approved lists."""
    for record in store.approved():
        yield json.dumps(record, ensure_ascii=False) + "\n"


@router.get("/health")
def health(desk: OfDesk) -> dict[str, Any]:
    """Checks that the database answers, and returns the number of running and waiting articles."""
    desk.store.counts()
    return {"status": "ok", "running": desk.drafting.load.running, "waiting": desk.drafting.load.waiting}


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(desk: OfDesk, request: Request) -> PlainTextResponse:
    """Returns metrics in the format of Prometheus."""
    return PlainTextResponse(desk.metrics.text(), media_type="text/plain; version=0.0.4")
