"""The editors' pages: the queue, and an article with its list."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, select_autoescape

from ..reading import content_sentences, paragraphs
from .api import Id, Status
from .auth import Person
from .database import STATUSES
from .revisions import REASONS, article_of
from .service import OfDesk, allowed, desk_of, person_of
from .store import PAGE, Entry

router = APIRouter(include_in_schema=False)
_HERE = Path(__file__).parent
_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=select_autoescape(default=True), trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_templates.policies["json.dumps_kwargs"] = {"sort_keys": False}  # reasons keep their order


def mount_files(app: FastAPI) -> None:
    """Serves scripts and style sheets."""
    app.mount("/static", StaticFiles(directory=_HERE / "static"), "static")


def _page(name: str, request: Request, person: Person | None, code: int = 200, **values: Any) -> Response:
    page = _templates.get_template(name).render(person=person, path=request.url.path, **values)
    return HTMLResponse(page, code)


def _user(person: Annotated[Person, Depends(allowed("decide"))]) -> Person:
    if person.key:
        raise HTTPException(403, "a key is for the API under /v1; sign in to use the pages")
    return person


Here = Annotated[Person, Depends(_user)]


@router.get("/")
def queue(
    request: Request,
    desk: OfDesk,
    person: Here,
    status: Status = "draft",
    q: Annotated[str, Query(max_length=200)] = "",
    before: Id | None = None,
) -> Response:
    """Shows the summaries with a status, a row an article. `q` is a part of the headline or of the CMS's id."""
    entries = desk.store.entries(status, before, q.strip())
    rows: dict[str, list[tuple[Entry, str, str]]] = {}
    for entry in entries:
        since = _age(entry.open_at) if entry.open_at else ""
        rows.setdefault(entry.article_id, []).append((entry, _age(entry.created), since))
    return _page(
        "queue.html", request, person,
        entries=list(rows.values()), status=status, statuses=STATUSES, counts=desk.store.counts(), q=q.strip(),
        next=entries[-1].id if len(entries) == PAGE else None,
    )  # fmt: skip


@router.get("/new")
def new(request: Request, person: Here) -> Response:
    """Shows a form for an article."""
    return _page("new.html", request, person)


@router.get("/summaries/{id}")
def summary(id: Id, request: Request, desk: OfDesk, person: Here) -> Response:
    """Shows an article next to its list."""
    record = desk.store.get(id)
    return _page(
        "summary.html", request, person,
        record=record, paragraphs=_paragraphs(record), reasons=REASONS,
        other="brief" if record["options"]["length"] == "standard" else "standard",
    )  # fmt: skip


@router.get("/summaries/{id}/next")
def following(id: Id, desk: OfDesk, person: Here) -> Response:
    """Leads to the next draft of the queue: the next older one, or else the newest; without drafts to the queue."""
    older, newest = desk.store.entries("draft", id, limit=1), desk.store.entries("draft", limit=1)
    drafts = [entry.id for entry in (*older, *newest) if entry.id != id]
    return RedirectResponse(f"/summaries/{drafts[0]}" if drafts else "/", 303)


def error(request: Request, code: int, detail: str) -> Response:
    """Returns a page that shows an error."""
    desk = desk_of(request)
    return _page("error.html", request, person_of(request, desk), code, detail=detail)


def _paragraphs(record: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Returns the paragraphs of the story, each as pieces with their text. A sentence also has its start and end."""
    article = article_of(record)
    sentences = content_sentences(article.text, article.language)
    found: list[list[dict[str, Any]]] = []
    next_one = 0
    for at, end in paragraphs(article.text):
        if not found and " ".join(article.text[at:end].split()) == article.title:
            continue  # the headline is above the list
        pieces: list[dict[str, Any]] = []
        first = next_one
        while next_one < len(sentences) and sentences[next_one].start < end:
            next_one += 1
        for sentence in sentences[first:next_one]:
            if article.text[at : sentence.start]:
                pieces.append({"text": article.text[at : sentence.start]})
            pieces.append({"text": sentence.text, "start": sentence.start, "end": sentence.end})
            at = sentence.end
        if article.text[at:end]:
            pieces.append({"text": article.text[at:end]})
        found.append(pieces)
    return found


def _age(at: str) -> str:
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "a moment"
