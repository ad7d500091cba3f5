"""The desk loses no acknowledged change, and calls the CMS's webhook."""

import json
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest
import sqlalchemy as sa

from summarizer.desk.auth import Keys
from summarizer.desk.database import Database, StoreError, stamp
from summarizer.desk.store import ConflictError, Store
from summarizer.desk.webhooks import Calls, signature

from ..articles import ROOT
from .desk import client, drafted, kept, revise


def opened(folder):
    """Returns the store and the calls of a new database."""
    database = Database(f"sqlite:///{folder / 'desk.sqlite'}")
    return Store(database), Calls(database)


def test_only_one_of_many_versions_from_the_same_one_wins(tmp_path, base, story):
    store, _ = opened(tmp_path)
    record = base(story, policy="extract").to_dict()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: store.add(record, "a", f"cms {i}"), range(8)))
    assert len({one["id"] for one, _ in found}) == 1 and sum(new for _, new in found) == 1

    def change(i):
        try:
            store.change(found[0][0]["id"], 1, f"editor {i}", "revised", [{"id": "b1", "text": f"by {i}"}])
        except ConflictError:
            return None
        return i

    with ThreadPoolExecutor(8) as pool:
        won = [i for i in pool.map(change, range(8)) if i is not None]
    assert len(won) == 1
    assert store.get(found[0][0]["id"])["bullets"][0]["text"] == f"by {won[0]}"


def test_what_was_acknowledged_survives_a_kill(tmp_path, base, story):
    """Another process writes versions, and prints the number of each. It is killed while it writes, three times."""
    url = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    store = Store(Database(url))
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    writes = (
        "import sys; from summarizer.desk.database import Database; from summarizer.desk.store import Store\n"
        f"store = Store(Database({url!r})); id = {id!r}\n"
        "at = store.get(id)['revision']\n"
        "while True:\n"
        "    at = store.change(id, at, 'ann', 'revised', [{'id': 'b1', 'text': str(at)}])['revision']\n"
        "    print(at, flush=True)\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", writes], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        said = [int(process.stdout.readline()) for _ in range(15)]
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split()]
        process.wait()
        history = store.history(id)
        assert len(history) >= said[-1] and [one.number for one in history] == list(range(1, len(history) + 1))
        assert store.get(id)["revision"] == len(history)


def test_the_store_of_a_newer_version_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    Database(url).close()
    Database(url).close()  # opens again
    with sa.create_engine(url).begin() as db:
        db.execute(sa.text("UPDATE meta SET value = '99' WHERE name = 'schema'"))
    with pytest.raises(StoreError, match="made by a newer version"):
        Database(url)


def test_a_database_of_an_older_version_opens(tmp_path):
    """The database of version 0.8.0 has a draft, an approved list with a pending webhook call, a user and a key."""
    path = tmp_path / "desk.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((ROOT / "tests" / "desk" / "desk_0_8_0.sql").read_text("utf-8"))
    database = Database(f"sqlite:///{path}")
    store, calls, keys = Store(database), Calls(database), Keys(database)
    draft, approved = store.entries("draft")[0], next(store.approved())
    assert [one.action for one in store.history(approved["id"])] == ["drafted", "revised", "approved"]
    assert approved["bullets"][0]["method"] == "edited" and calls.due()[0].event == "approved"
    assert keys.scopes() == {"cms": "draft read"}
    with closing(sqlite3.connect(path)) as db:  # passwords are the proxy's now
        assert not {"users", "sessions"} & {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    changed = store.change(draft.id, 1, "ann", "approved")
    assert changed["status"] == "approved" and len(list(store.approved())) == 2
    database.close()


def test_tables_follow_the_versions_or_stay_as_they_are(tmp_path, monkeypatch, base, story):
    url = f"sqlite:///{tmp_path / 'desk.sqlite'}"
    first = Database(url)
    id = Store(first).add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    first.close()
    add = "ALTER TABLE summaries ADD COLUMN desk VARCHAR(40) DEFAULT 'news'"
    monkeypatch.setattr("summarizer.desk.database.SCHEMA", 6)
    monkeypatch.setattr("summarizer.desk.database._MIGRATIONS", {4: [add], 5: ["UPDATE nowhere SET x = 1"]})
    with pytest.raises(StoreError, match="nowhere"):
        Database(url)
    with closing(sqlite3.connect(tmp_path / "desk.sqlite")) as db:  # the failed migration changed nothing
        assert db.execute("SELECT value FROM meta").fetchone() == ("4",)
        assert "desk" not in {row[1] for row in db.execute("PRAGMA table_info(summaries)")}
    monkeypatch.setattr("summarizer.desk.database._MIGRATIONS", {4: [add], 5: ["UPDATE summaries SET desk = 'city'"]})
    Database(url).close()
    second = Database(url)  # does not migrate again
    with closing(sqlite3.connect(tmp_path / "desk.sqlite")) as db:
        assert db.execute("SELECT value FROM meta").fetchone() == ("6",)
        assert db.execute("SELECT desk FROM summaries").fetchall() == [("city",)]
    assert Store(second).get(id)["id"] == id
    second.close()


def test_a_new_database_is_its_owners_only(tmp_path):
    Database(f"sqlite:///{tmp_path / 'desk.sqlite'}").close()
    assert (tmp_path / "desk.sqlite").stat().st_mode & 0o777 == 0o600


class _Cms(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = []
    calls: ClassVar[list[tuple[dict, bytes]]] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.calls.append((dict(self.headers), body))
        self.send_response(self.answers.pop(0) if self.answers else 204)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_webhook_is_signed_and_tried_again(base, tmp_path, monkeypatch):
    monkeypatch.setattr("summarizer.desk.webhooks._PAUSE", 0.05)
    monkeypatch.setattr("summarizer.desk.webhooks._FIRST", 0.1)
    _Cms.calls, _Cms.answers = [], [500, 302]
    cms = HTTPServer(("127.0.0.1", 0), _Cms)
    threading.Thread(target=cms.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{cms.server_port}/hook"
    with client(base, tmp_path, webhook=address, secret="a secret of the two") as desk:
        record = drafted(desk)
        desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": 1})
        ends = time.monotonic() + 10
        while len(_Cms.calls) < 3 and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(0.3)
        assert desk.desk.calls.due() == [] and desk.desk.calls.failed() == 0
    cms.shutdown()
    assert len(_Cms.calls) == 3 and len({headers["Desk-Delivery"] for headers, _ in _Cms.calls}) == 1
    headers, body = _Cms.calls[-1]
    at, signed = headers["Desk-Signature"].split(",")
    assert signed == "sha256=" + signature("a secret of the two", at.removeprefix("t="), body.decode())
    sent = json.loads(body)
    assert sent["event"] == "approved" and sent["summary"]["status"] == "approved"


def test_the_webhook_hears_of_one_list_in_order(tmp_path, base, story):
    store, calls = opened(tmp_path)
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    store.change(id, 1, "ann", "approved", event="approved")
    store.change(id, 2, "ann", "withdrawn", event="withdrawn")
    (first,) = calls.due()
    calls.made(first.id, "no answer", again=stamp(datetime.now(UTC) + timedelta(hours=1)))
    assert first.event == "approved" and calls.due() == []
    calls.made(first.id)
    assert [call.event for call in calls.due()] == ["withdrawn"]


def test_a_revision_of_an_approved_list_withdraws_it(base, tmp_path):
    with client(base, tmp_path, webhook="http://127.0.0.1:9/", secret="x") as desk:
        record = drafted(desk)
        approved = desk.post(f"/v1/summaries/{record['id']}/approve", json={"revision": 1}).json()
        revise(desk, approved, kept(record)[:1])
        with desk.desk.database._engine.connect() as db:
            events = [row[0] for row in db.execute(sa.text("SELECT event FROM calls ORDER BY number"))]
        assert events == ["approved", "withdrawn"]


def test_a_call_that_is_given_up_is_counted(tmp_path, base, story):
    store, calls = opened(tmp_path)
    id = store.add(base(story, policy="extract").to_dict(), "a", "cms")[0]["id"]
    store.change(id, 1, "ann", "approved", event="approved")
    (call,) = calls.due()
    calls.made(call.id, "no answer", again=stamp(datetime.now(UTC)))
    (again,) = calls.due()
    assert again.tries == 1 and again.id == call.id
    calls.made(call.id, "no answer")
    assert calls.due() == [] and calls.failed() == 1
