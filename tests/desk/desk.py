"""A desk for tests: an article, an application in memory, a server in a thread, and a browser window."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

import httpx
import uvicorn
from fastapi.testclient import TestClient

from summarizer.desk.service import create_app
from summarizer.desk.settings import Settings

TEXT = """The council voted on Monday to keep the baths on Marl Lane open, ending a fight of four years.

Repairs will cost 2.9 million pounds, of which the county pays 1.1 million. Ann Roe, who leads \
the council, said the roof would be mended by May.

The baths were built in 1934. About 41,000 people swam there last year, the council said.

A pool company had offered 6 million pounds for the land. The council refused the offer in March."""
TITLE = "Council votes to keep the baths"


def article(**more):
    """Returns the request that a CMS sends."""
    return {"id": "story-1", "text": TEXT, "title": TITLE, "policy": "extract"} | more


@contextlib.contextmanager
def client(base, path, **settings):
    """Yields a client of an application in memory."""
    app = create_app(Settings(f"sqlite:///{path / 'desk.sqlite'}", **settings), base)
    with TestClient(app) as made:
        made.desk = app.state.desk
        yield made


@contextlib.contextmanager
def served(app):
    """Serves an application on a free port. Yields its address."""
    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="error")
    running = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(15)


@contextlib.contextmanager
def server(base, path, **settings):
    """Starts a desk on a free port. Yields its address and the desk."""
    app = create_app(Settings(f"sqlite:///{path / 'desk.sqlite'}", **settings), base)
    with served(app) as address:
        yield address, app.state.desk


@contextlib.contextmanager
def busy(work):
    """Keeps all threads of a queue busy, with tasks of several senders."""
    hold = threading.Event()

    async def wait():
        await asyncio.gather(*(work(hold.wait, f"sender {at}") for at in range(work._concurrency)))

    thread = threading.Thread(target=asyncio.run, args=[wait()])
    thread.start()
    try:
        while work.load.running < work._concurrency:
            time.sleep(0.01)
        yield
    finally:
        hold.set()
        thread.join()


def drafted(desk, **more):
    answer = desk.post("/v1/summaries", json=article(**more))
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def sent(address, **more):
    """Sends an article to a desk that runs; returns its list."""
    return httpx.post(f"{address}/v1/summaries", json=article(**more), headers=as_user("cms"), timeout=60).json()


def as_user(name):
    """Returns the headers that a proxy sends with a user's requests, for a desk with `user_header="X-Desk-User"`."""
    return {"X-Desk-User": name}


def revise(desk, record, bullets, **more):
    return desk.post(
        f"/v1/summaries/{record['id']}/revisions", json={"revision": record["revision"], "bullets": bullets, **more}
    )


def kept(record):
    return [{"id": one["id"], "text": one["text"]} for one in record["bullets"]]


class Editor:
    """A browser window that shows a list."""

    def __init__(self, browser, address, record, **context):
        self.context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], **context)
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.goto(f"{address}/summaries/{record['id']}")
        self.page.wait_for_selector("#bullets li")

    def point(self, number):
        return self.page.get_by_role("textbox", name=f"Point {number}", exact=True)

    def texts(self):
        return [area.input_value() for area in self.page.locator("#bullets textarea").all()]

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def said(self, text):
        self.page.wait_for_function("text => document.getElementById('said').textContent.includes(text)", arg=text)

    def close(self):
        assert self.errors == []
        self.context.close()
