"""The editors' pages: the queue, and an article with its list."""

from __future__ import annotations

import logging
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, select_autoescape

from ..reading import content_sentences, paragraphs
from .api import Id, Status
from .auth import SESSION, Person
from .database import STATUSES
from .revisions import REASONS, article_of
from .service import COOKIE, NAME_COOKIE, Desk, OfDesk, OfPerson, desk_of, person_of, same_site
from .store import PAGE, Entry

_log = logging.getLogger(__name__)

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


def _page(name: str, request: Request, desk: Desk, person: Person | None, code: int = 200, **values: Any) -> Response:
    page = _templates.get_template(name).render(
        person=person, guests=desk.settings.guests, path=request.url.path, **values
    )
    return HTMLResponse(page, code)


def _signed_in(request: Request, person: OfPerson) -> Person:
    """Returns the user of a page. Redirects others to the sign-in page, which leads back to this page."""
    if person is None:
        to = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
        raise HTTPException(303, "sign in", headers={"Location": f"/login?to={to}"})
    if person.key:
        raise HTTPException(403, "a key is for the API under /v1; sign in to use the pages")
    return person


Here = Annotated[Person, Depends(_signed_in)]


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
        "queue.html", request, desk, person,
        entries=list(rows.values()), status=status, statuses=STATUSES, counts=desk.store.counts(), q=q.strip(),
        next=entries[-1].id if len(entries) == PAGE else None,
    )  # fmt: skip


@router.get("/new")
def new(request: Request, desk: OfDesk, person: Here) -> Response:
    """Shows a form for an article."""
    return _page("new.html", request, desk, person)


@router.get("/summaries/{id}")
def summary(id: Id, request: Request, desk: OfDesk, person: Here) -> Response:
    """Shows an article next to its list."""
    record = desk.store.get(id)
    return _page(
        "summary.html", request, desk, person,
        record=record, paragraphs=_paragraphs(record), reasons=REASONS,
        other="brief" if record["options"]["length"] == "standard" else "standard",
    )  # fmt: skip


@router.get("/summaries/{id}/next")
def following(id: Id, desk: OfDesk, person: Here) -> Response:
    """Leads to the next draft of the queue: the next older one, or else the newest; without drafts to the queue."""
    older, newest = desk.store.entries("draft", id, limit=1), desk.store.entries("draft", limit=1)
    drafts = [entry.id for entry in (*older, *newest) if entry.id != id]
    return RedirectResponse(f"/summaries/{drafts[0]}" if drafts else "/", 303)


@router.get("/login")
def login(request: Request, desk: OfDesk, person: OfPerson, to: str = "/") -> Response:
    """Shows the form to sign in."""
    return _page("login.html", request, desk, person, to=_inside(to), failed=False)


@router.post("/login")
async def sign_in(
    request: Request, desk: OfDesk, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "/",
) -> Response:  # fmt: skip
    """Signs in. On a desk without users, stores the name in a cookie instead. Wrong passwords are logged; after some of
    them, for a name or from an address, there are growing pauses (`auth.Attempts`)."""
    same_site(request)
    name, password = (text.encode("utf-8", "replace").decode() for text in (name, password))
    answer = RedirectResponse(_inside(to), 303)
    kept: dict[str, Any] = {"httponly": True, "samesite": "strict", "secure": desk.settings.secure}
    if desk.settings.guests:
        answer.set_cookie(NAME_COOKIE, quote(" ".join(name.split())[:100]), max_age=365 * 86_400, **kept)
        return answer
    address = request.client.host if request.client else ""
    keys = (f"name {name[:100]}", f"address {address}")
    if pause := math.ceil(desk.attempts.pause(*keys)):
        refused = _page("login.html", request, desk, None, 429, to=_inside(to), failed=False, pause=pause)
        refused.headers["Retry-After"] = str(pause)
        return refused
    desk.attempts.failed(*keys)  # counted before the password is read, so that parallel attempts count too
    token = await desk.signing(lambda: desk.people.sign_in(name, password), address)
    if token is None:
        _log.warning("wrong password for %r from %s", name[:100], address)
        return _page("login.html", request, desk, None, 401, to=_inside(to), failed=True)
    desk.attempts.succeeded(*keys)
    answer.set_cookie(COOKIE, token, max_age=int(SESSION.total_seconds()), **kept)
    return answer


@router.post("/logout")
def sign_out(request: Request, desk: OfDesk) -> Response:
    """Ends the session."""
    same_site(request)
    if token := request.cookies.get(COOKIE):
        desk.people.sign_out(token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE)
    answer.delete_cookie(NAME_COOKIE)
    return answer


def error(request: Request, code: int, detail: str) -> Response:
    """Returns a page that shows an error."""
    desk = desk_of(request)
    return _page("error.html", request, desk, person_of(request, desk), code, detail=detail)


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


def _inside(path: str) -> str:
    """Returns a path on this desk. A path that leads to another host becomes "/"."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def _age(at: str) -> str:
    minutes = int((datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() // 60)
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}{'s' if count > 1 else ''}"
    return "a moment"
