"""The limits of the desk: size, time, the queue, and a client that leaves."""

import asyncio
import threading
import time
from functools import partial

import httpx
import pytest

from summarizer import Article
from summarizer.desk import service
from summarizer.desk.queue import BusyError, TaskQueue

from .desk import TEXT, TITLE, article, busy, client, drafted, kept, revise, server


def test_a_request_that_does_not_say_its_size_is_cut_off(base, tmp_path):
    with server(base, tmp_path, max_request=50_000) as (address, _):
        sent = (b"x" * 10_000 for _ in range(100))
        answer = httpx.post(f"{address}/v1/summaries", content=sent, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413


def test_beyond_its_line_the_desk_says_no(base, tmp_path):
    with client(base, tmp_path, max_queue=0) as desk:
        record = drafted(desk, id="before")
        with busy(desk.desk.drafting):
            answer = desk.post("/v1/summaries", json=article())
            assert answer.status_code == 503 and int(answer.headers["retry-after"]) >= 1
            assert desk.get("/health").json()["running"] == desk.desk.drafting._concurrency
            # An editor does not wait behind articles.
            assert desk.post("/v1/check", json={"summary": record["id"], "point": "Roe left."}).status_code == 200
            assert revise(desk, record, [{"text": "Ann Roe leads the council."}]).status_code == 201
        assert desk.post("/v1/summaries", json=article()).status_code == 201


def test_a_client_that_leaves_frees_its_worker(base, tmp_path):
    with server(base, tmp_path, seconds=600) as (address, desk):
        long = "\n\n".join(f"{TEXT} Part {at}." for at in range(1500))
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{address}/v1/summaries", json=article(text=long), timeout=httpx.Timeout(30, read=1.5))
        while desk.drafting.load.running:
            time.sleep(0.1)
        assert desk.store.counts()["draft"] == 0
        assert 'status="408"' in httpx.get(f"{address}/metrics").text


@pytest.mark.parametrize("part", ['"', "“”", "1,", "A", "(", ". ", "the ", "Ann Roe ", "‘a ", "<!-- a -->"])
def test_hostile_texts_are_answered(base, tmp_path, part):
    with server(base, tmp_path) as (address, _):
        hostile = part * (20_000 // len(part)) + f"\n\n{TEXT}"
        answer = httpx.post(f"{address}/v1/summaries", json=article(text=hostile, policy="checked"), timeout=120)
        assert answer.status_code == 201, answer.text
        assert answer.json()["bullets"]


def test_a_page_with_a_tag_of_many_attributes_is_refused(base, tmp_path):
    with client(base, tmp_path) as desk:
        page = f"<html><body><p {' '.join(f'a{at}=1' for at in range(20_000))}>{TEXT}</p></body></html>"
        answer = desk.post("/v1/summaries", json={"html": page})
        assert answer.status_code == 422 and "pass its story as plain text" in answer.json()["detail"]
        assert desk.get("/", params={"q": "a" * 60_000}).status_code == 422


def test_a_page_that_takes_too_long_to_read_ends_with_its_process(base, tmp_path, monkeypatch):
    monkeypatch.setattr(service, "READING", 10)
    # The values hold ">", so no tag looks long, and libxml2 compares 60,000 attributes with each other.
    values = " ".join(f'a{at}=">"' for at in range(60_000))
    with client(base, tmp_path) as desk:
        good = f"<html><body><p>{TEXT}</p></body></html>"
        assert desk.post("/v1/summaries", json={"html": good}).status_code == 201
        answer = desk.post("/v1/summaries", json={"html": f"<html><body><p {values}>{TEXT}</p></body></html>"})
        assert answer.status_code == 504, answer.text
        assert "reading the article took longer than its limit of 10 seconds" in answer.json()["detail"]
        assert desk.post("/v1/summaries", json={"html": good, "id": "again"}).status_code == 201
        assert desk.post("/v1/summaries", json={"html": "<html><body></body></html>"}).status_code == 422


def test_senders_take_turns():
    gates = {name: threading.Event() for name in ("a1", "b1", "a2", "a3", "b2", "c1")}
    started = []

    def work(name):
        started.append(name)
        gates[name].wait()

    async def until(count):
        while len(started) < count:
            await asyncio.sleep(0.01)

    async def run():
        tasks = []
        for name in gates:
            tasks.append(asyncio.create_task(queue(partial(work, name), name[0])))
            await asyncio.sleep(0)
        await until(2)
        gates["a1"].set()
        await until(3)
        gates["a2"].set()
        await until(4)
        assert started[2:] == ["a2", "c1"]  # not a3, which came before c1
        for gate in gates.values():
            gate.set()
        await asyncio.gather(*tasks)

    queue = TaskQueue(2, 10)
    asyncio.run(run())
    queue.close()


def test_one_sender_does_not_fill_the_queue_for_others():
    async def fill():
        hold = threading.Event()
        many = [asyncio.create_task(queue(hold.wait, "archive")) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await queue(hold.wait, "archive")
        assert await queue(lambda: "done", "editor") == "done"
        hold.set()
        await asyncio.gather(*many)

    queue = TaskQueue(3, 2)
    asyncio.run(fill())
    queue.close()


def test_one_sender_leaves_a_thread_for_others():
    async def fill():
        hold = threading.Event()
        greedy = [asyncio.create_task(queue(hold.wait, "archive")) for _ in range(5)]
        await asyncio.sleep(0)
        assert (queue.load.running, queue.load.waiting) == (2, 3)
        assert await queue(lambda: "done", "editor") == "done"
        greedy[4].cancel()  # leaves the queue
        await asyncio.sleep(0)
        hold.set()
        assert await asyncio.gather(*greedy[:4]) == [True] * 4
        with pytest.raises(asyncio.CancelledError):
            await greedy[4]

    queue = TaskQueue(3, 10)
    asyncio.run(fill())
    assert (queue.load.running, queue.load.waiting) == (0, 0)
    queue.close()


def test_an_article_that_takes_too_long(base, tmp_path):
    with client(base, tmp_path, seconds=0.000001) as desk:
        answer = desk.post("/v1/summaries", json=article())
        assert answer.status_code == 504 and "took longer" in answer.json()["detail"]
        record = desk.desk.store.add(base(Article(TEXT, TITLE), policy="extract").to_dict(), "a", "cms")[0]
        sources = [{"start": s["start"], "end": s["end"]} for s in record["bullets"][0]["sources"]]
        for answer in (
            desk.post("/v1/check", json={"text": TEXT, "point": "Roe left."}),
            desk.post(f"/v1/summaries/{record['id']}/wordings", json={"sources": sources}),
            revise(desk, record, [{"text": "Roe left."}]),
        ):
            assert answer.status_code == 504 and "took longer" in answer.json()["detail"]
        assert revise(desk, record, kept(record)[::-1]).status_code == 201  # no text is new: nothing is checked


def test_a_list_without_a_new_text_is_saved_however_busy_the_models_are(base, tmp_path):
    with client(base, tmp_path, max_queue=0) as desk:
        record = drafted(desk)
        with busy(desk.desk.editing):
            moved = revise(desk, record, kept(record)[::-1])
            assert moved.status_code == 201
            assert revise(desk, moved.json(), [{"text": "Ann Roe leads the council."}]).status_code == 503
