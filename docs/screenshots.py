"""Makes the pictures of docs/desk.md from the running pages: `python docs/screenshots.py` (needs the extra `dev` and
Chromium)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from time import sleep

import uvicorn
from playwright.sync_api import sync_playwright

from summarizer import Article, Summarizer
from summarizer.desk.service import create_app
from summarizer.desk.settings import Settings

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
STORY = EXAMPLES / "thai-tyre-accord.json"


def main() -> None:
    """Draws."""
    with TemporaryDirectory() as folder, Summarizer.from_pretrained() as summarizer:
        app = create_app(Settings(f"sqlite:///{folder}/desk.sqlite"), summarizer)
        config = uvicorn.Config(app, "127.0.0.1", 0, log_level="error")
        server, socket = uvicorn.Server(config), config.bind_socket()
        store = app.state.desk.store
        for path in sorted(EXAMPLES.glob("*.json")):
            article = Article.from_json(json.loads(path.read_text("utf-8")))
            drafted, _ = store.add(summarizer(article).to_dict(), path.stem, "the desk")
            if path == STORY:
                record = drafted
        address = f"http://127.0.0.1:{socket.getsockname()[1]}"
        thread = Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        while not server.started:
            sleep(0.05)
        with sync_playwright() as started:
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 860})
            page.goto(f"{address}/summaries/{record['id']}")
            page.wait_for_selector("#bullets li")
            point = page.get_by_role("textbox", name="Point 2", exact=True)
            point.fill(point.input_value().replace("118 euros", "180 euros"))
            page.wait_for_selector(".back mark")
            page.get_by_label("Why point 2 was changed").select_option("other")
            page.screenshot(path=HERE / "desk.png")
            page.goto(address)
            store.open(record["id"], "editor", False)
            store.open(record["id"], "Bob", True)
            page.reload()
            page.screenshot(path=HERE / "desk-queue.png", clip={"x": 0, "y": 0, "width": 1280, "height": 560})
            phone = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme="dark")
            phone.goto(f"{address}/summaries/{record['id']}")
            phone.wait_for_selector("#bullets li")
            phone.screenshot(path=HERE / "desk-phone.png")
            browser.close()
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
