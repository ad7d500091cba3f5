"""Answers requests while the desk still loads its model, so that its address can be opened at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .service import problem

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="2">
<title>Loading – desk</title>
<p>The desk is loading its model. This page reloads itself.</p>
</html>
"""
_DETAIL = "the desk is loading its model; try again in a few seconds"
_AGAIN = {"Retry-After": "2", "Cache-Control": "no-store"}


class Opening:
    """An application that is created in a thread after the server has started. Until then, every request is answered
    with 503: a page that reloads itself for a browser, else problem+json.

    Args:
        create: Creates the application.
        failed: Called if it cannot be created, to stop the server.

    Attributes:
        error: The error of `create`, if it failed.
    """

    def __init__(self, create: Callable[[], FastAPI], failed: Callable[[], None]) -> None:
        self._create, self._failed = create, failed
        self._app: ASGIApp | None = None
        self.error: Exception | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on to the application, or answers it; see ASGI."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif self._app:
            await self._app(scope, receive, send)
        elif "text/html" in Headers(scope=scope).get("accept", ""):
            await HTMLResponse(_PAGE, 503, _AGAIN)(scope, receive, send)
        else:
            await problem(503, _DETAIL, _AGAIN)(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as running:
            opened = asyncio.create_task(self._opened(running))
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await opened  # a model that is still being loaded cannot be stopped
        await send({"type": "lifespan.shutdown.complete"})

    async def _opened(self, running: AsyncExitStack) -> None:
        try:
            app = await asyncio.to_thread(self._create)
            await running.enter_async_context(app.router.lifespan_context(app))
        except Exception as error:
            self.error = error
            self._failed()
            return
        self._app = app
