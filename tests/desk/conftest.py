"""What the tests of the pages share: a browser, a desk that runs, a list, and a window that shows it."""

import os
import shutil

import pytest

from .desk import Editor, sent, server


@pytest.fixture(scope="module", autouse=True)
def time_to_read():
    """A busy machine may need longer than the limit only to start the process that reads a page."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("summarizer.desk.service.READING", 300.0)
        yield


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if not path:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def desk(base, tmp_path):
    with server(base, tmp_path) as made:
        yield made


@pytest.fixture
def record(desk):
    return sent(desk[0])


@pytest.fixture
def editor(browser, desk, record):
    opened = Editor(browser, desk[0], record)
    yield opened
    opened.close()
