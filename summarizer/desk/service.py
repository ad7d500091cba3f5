"""The HTTP service: one application with the API and the editors' pages."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException as StarletteError
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import ArticleError, ClosedError, MissingExtraError, TimeLimitError, WriterError
from ..summarizer import Summarizer
from ..version import __version__
from .auth import Keys, Person, user
from .database import STATUSES, Database, NotAllowedError
from .queue import BusyError, KillableProcess, TaskQueue
from .settings import Settings
from .store import ConflictError, NotThereError, Store
from .webhooks import Calls, deliver

T = TypeVar("T")
_log = logging.getLogger(__name__)
EDITING = 2
"""Number of checks and wordings, and of articles that become text, that are made at the same time."""
READING = 15.0
"""Maximum seconds in which an article becomes text. A news page takes a tenth of a second."""


class Desk:
    """The objects that all routes share.

    Args:
        settings: The settings of the desk.
        summarizer: The model.

    Attributes:
        settings: The settings of the desk.
        summarizer: The model.
        database: The open database.
        store: Summaries and their versions.
        keys: Keys of other systems.
        calls: Webhook calls.
        drafting: Queue of articles.
        editing: Queue of checks and wordings, so that editors do not wait behind articles.
        reading: Queue of articles as HTML or Markdown that become text.
        reader: The process in which they do.
        metrics: Metrics that `/metrics` returns.
    """

    def __init__(self, settings: Settings, summarizer: Summarizer) -> None:
        self.settings, self.summarizer = settings, summarizer
        self.database = Database(settings.database)
        self.store = Store(self.database, settings.disclosure)
        self.keys, self.calls = Keys(self.database), Calls(self.database)
        self.drafting, self.editing = (
            TaskQueue(summarizer.max_concurrency, settings.max_queue),
            TaskQueue(EDITING, settings.max_queue),
        )
        self.reading = TaskQueue(EDITING, settings.max_queue)
        self.reader = KillableProcess(min(READING, settings.seconds), "reading the article")
        self.metrics = Metrics(self)

    def close(self) -> None:
        """Waits for running tasks, and closes the database."""
        self.drafting.close()
        self.editing.close()
        self.reading.close()
        self.reader.close()
        self.database.close()


class Metrics:
    """Prometheus metrics of a desk.

    Attributes:
        requests: Number of requests by route, method and status.
        seconds: Duration of requests.
        drafts: Number of summarized articles.
    """

    def __init__(self, desk: Desk) -> None:
        self._registry = CollectorRegistry()
        labels = ("route", "method")
        self.requests = Counter("desk_requests", "Requests.", (*labels, "status"), registry=self._registry)
        self.seconds = Histogram("desk_request_seconds", "Seconds per request.", labels, registry=self._registry)
        self.drafts = Counter("desk_drafts", "Articles summarized.", registry=self._registry)
        running = Gauge("desk_running", "Running tasks.", ("queue",), registry=self._registry)
        waiting = Gauge("desk_waiting", "Waiting tasks.", ("queue",), registry=self._registry)
        for queue, load in (("drafting", desk.drafting.load), ("editing", desk.editing.load)):
            running.labels(queue).set_function(partial(getattr, load, "running"))
            waiting.labels(queue).set_function(partial(getattr, load, "waiting"))
        failed = Gauge("desk_failed_calls", "Webhook calls that were given up.", registry=self._registry)
        failed.set_function(desk.calls.failed)
        kept = Gauge("desk_summaries", "Summaries by status.", ("status",), registry=self._registry)
        for status in STATUSES:
            kept.labels(status).set_function(partial(_count, desk.store, status))

    def text(self) -> bytes:
        """Returns all metrics in the format of Prometheus."""
        return generate_latest(self._registry)


def _count(store: Store, status: str) -> float:
    return store.counts()[status]


def create_app(settings: Settings, summarizer: Summarizer) -> FastAPI:
    """Creates the application. The caller closes the summarizer.

    Args:
        settings: The settings of the desk.
        summarizer: The model.

    Raises:
        StoreError: The database cannot be used.
    """
    from . import api, pages

    desk = Desk(settings, summarizer)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        calls = asyncio.create_task(deliver(desk.calls, settings)) if settings.webhook else None
        yield
        if calls:
            calls.cancel()
        await asyncio.to_thread(desk.close)

    app = FastAPI(
        title="Key points desk",
        version=__version__,
        summary="Drafts key points of articles, and stores the versions and decisions of editors.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's page loads scripts from another host
        redoc_url=None,
    )
    app.state.desk = desk
    app.include_router(api.router)
    app.include_router(pages.router)
    pages.mount_files(app)
    app.add_middleware(_Limit, largest=settings.max_request)
    app.middleware("http")(_guarded)
    if settings.hosts:  # against DNS rebinding: requests to any other host name are refused
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(settings.hosts), www_redirect=False)
    _handle_errors(app)
    return app


# Authentication and rights.


def desk_of(request: Request) -> Desk:
    """Returns the desk that received a request."""
    found: Desk = request.app.state.desk
    return found


OfDesk = Annotated[Desk, Depends(desk_of)]


def person_of(request: Request, desk: OfDesk) -> Person | None:
    """Returns who sent a request: a key from the header `Authorization: Bearer`, or the user whom the proxy names.
    Returns None if there is no valid key or name."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    header = desk.settings.user_header
    if scheme.lower() == "bearer":
        person = desk.keys.of(secret.strip())
        if person or header:  # a desk without a proxy needs no key, so an unknown one does no harm
            return person
    if not header:
        return user(desk.settings.editor)
    try:  # names are sent as UTF-8, which Starlette reads as Latin-1
        return user(request.headers.get(header, "").encode("latin-1").decode())
    except ValueError:
        return None


OfPerson = Annotated[Person | None, Depends(person_of)]


def allowed(scope: str) -> Callable[..., Person]:
    """Creates a dependency that returns who sent a request, and refuses it without the right.

    Args:
        scope: The right, one of `auth.SCOPES`.
    """

    def check(request: Request, person: OfPerson) -> Person:
        if person is None:
            raise HTTPException(
                401,
                "this desk does not know the key"
                if "authorization" in request.headers
                else "the proxy named no user; sign in there, or send a key in the header Authorization: Bearer",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope not in person.scopes:
            raise HTTPException(403, f"{person.name} does not have the right {scope!r}")
        if not person.key and request.method not in ("GET", "HEAD"):  # browsers do not send keys by themselves
            same_site(request)
        return person

    return check


def same_site(request: Request) -> None:
    """Refuses a request from a page of another site (cross-site request forgery). A program sends neither header.

    Raises:
        HTTPException: The request comes from another site.
    """
    origin = request.headers.get("origin")
    elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if elsewhere or request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise HTTPException(403, "this request comes from a page of another site")


async def while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """Returns the result of some work, or cancels the work if the client disconnects.

    Raises:
        HTTPException: The client has disconnected. Nobody reads this answer; the metrics count it.
    """
    # `Request.is_disconnected` does not notice it behind a middleware of Starlette.
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise HTTPException(408, "the client has disconnected")
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


# Errors, as problem+json (RFC 9457).


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """Returns an error as a response."""
    from http import HTTPStatus

    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JSONResponse(body, status, headers, "application/problem+json")


def _handle_errors(app: FastAPI) -> None:
    from .pages import error as page

    def handles(kind: type[Exception], answer: Callable[[Any], JSONResponse]) -> None:
        async def handler(request: Request, error: Exception) -> Response:
            found = answer(error)
            wants_page = "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/v1/")
            if wants_page and found.status_code >= 400:
                return await run_in_threadpool(
                    page, request, found.status_code, json.loads(bytes(found.body))["detail"]
                )
            return found

        app.add_exception_handler(kind, handler)

    handles(NotThereError, lambda e: problem(404, f"there is no summary {e}"))
    handles(NotAllowedError, lambda e: problem(409, str(e)))
    handles(
        ConflictError, lambda e: problem(409, f"{e}; reload the list, and repeat your changes", revision=e.revision)
    )
    handles(ArticleError, lambda e: problem(422, str(e)))
    handles(MissingExtraError, lambda e: problem(501, str(e)))
    handles(WriterError, lambda e: problem(502, str(e)))
    handles(TimeLimitError, lambda e: problem(504, str(e)))
    handles(ClosedError, lambda e: problem(503, "the desk is stopping", {"Retry-After": "10"}))
    handles(BusyError, lambda e: problem(503, str(e), {"Retry-After": str(e.seconds)}))
    handles(StarletteError, lambda e: problem(e.status_code, str(e.detail), e.headers))
    handles(RequestValidationError, lambda e: problem(422, "; ".join(map(_where, e.errors()))))


def _where(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}"


class _Limit:
    """Refuses requests that are too large, including requests without a Content-Length header."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        answer = problem(413, f"the request is larger than {self._largest:,} bytes")
        if not declared.isdigit() or int(declared) > self._largest:
            await answer(scope, receive, send)
            return
        size, started = 0, False

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._largest:
                raise HTTPException(413, f"the request is larger than {self._largest:,} bytes")
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except HTTPException:
            if started:
                raise
            await answer(scope, receive, send)


async def _guarded(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """Handles a request, records its metrics, and adds security headers: browsers run no scripts of other hosts, and
    refuse to show the pages in frames."""
    began = time.monotonic()
    try:
        response = await call(request)
    except Exception:
        _log.exception("%s %s failed", request.method, request.url.path)
        response = problem(500, "internal error of the desk; its log on standard error has the details")
    route = getattr(request.scope.get("route"), "path", "other")
    method = request.method if request.method in _METHODS else "other"
    metrics = desk_of(request).metrics
    metrics.requests.labels(route, method, response.status_code).inc()
    metrics.seconds.labels(route, method).observe(time.monotonic() - began)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


_METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
