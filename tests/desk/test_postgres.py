"""The desk's store on a real PostgreSQL server. The tests start it, if PostgreSQL is installed."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from summarizer.desk.auth import Keys
from summarizer.desk.database import Database, stamp
from summarizer.desk.store import ConflictError, Store
from summarizer.desk.webhooks import Calls

_FOUND = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
INITDB = shutil.which("initdb") or (str(_FOUND[0]) if _FOUND else None)
pytestmark = pytest.mark.skipif(not INITDB, reason="PostgreSQL is not installed (apt-get install postgresql)")


@pytest.fixture(scope="module")
def url():
    folder = Path(INITDB).resolve().parent
    # PostgreSQL refuses to run as root.
    as_other = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with TemporaryDirectory(prefix="pg") as place:
        data = Path(place) / "data"
        if as_other:
            shutil.chown(place, "postgres")

        def run(*command):
            subprocess.run([*as_other, *command], check=True, capture_output=True, cwd=place)

        run(str(folder / "initdb"), "-D", str(data), "-U", "desk", "-A", "trust", "-E", "UTF8")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{place}'"
        run(str(folder / "pg_ctl"), "-D", str(data), "-o", settings, "-l", f"{place}/log", "-w", "start")
        try:
            yield f"postgresql+psycopg://desk@/postgres?host={place}"
        finally:
            run(str(folder / "pg_ctl"), "-D", str(data), "-m", "fast", "stop")


@pytest.fixture
def database(url):
    opened = Database(url)
    yield opened
    opened.close()


def test_lists_versions_and_conflicts(database, url, base, story):
    store = Store(database)
    record = base(story, policy="extract").to_dict()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: store.add(record, "a", f"cms {i}"), range(8)))
    assert len({one["id"] for one, _ in found}) == 1 and sum(new for _, new in found) == 1
    id = found[0][0]["id"]

    def change(i):
        try:
            return store.change(id, 1, f"editor {i}", "revised", [{"id": "b1", "text": f"by {i} 😀"}])
        except ConflictError:
            return None

    with ThreadPoolExecutor(8) as pool:
        (won,) = [one for one in pool.map(change, range(8)) if one]
    assert Store(Database(url)).get(id)["bullets"] == won["bullets"] and len(store.history(id)) == 2
    others = [store.add(record | {"text": f"{record['text']} {i}"}, f"s{i}", "cms")[0]["id"] for i in range(4)]
    first = store.entries(limit=3)
    rest = store.entries(limit=3, before=first[-1].id)
    assert {one.id for one in (*first, *rest)} == {id, *others}
    for one in others:
        store.change(one, 1, "ann", "approved", event="approved")
    assert {one["id"] for one in store.approved()} == set(others) and store.counts()["approved"] == 4
    assert store.open(id, "ann", True) is None and store.open(id, "bob", True) == "ann"


def test_keys_and_calls(database):
    keys, calls = Keys(database), Calls(database)
    assert keys.of(keys.new("cms", "draft")).scopes == {"draft"}
    for call in calls.due():
        calls.made(call.id, "no answer", again=stamp(datetime.now(UTC) + timedelta(hours=1)))
    assert calls.due() == [] and calls.failed() == 0
