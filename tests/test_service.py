"""The library inside a service: many threads, an event loop, a time limit, a clean end."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event, Thread

import pytest

from summarizer import Article, ArticleError, ClosedError, Summarizer, Summary, TimeLimitError
from summarizer.points import Pipeline

from .articles import EXAMPLES, STORY, archive

LONG = "\n".join(row["article"] for row in archive(80))


def test_many_threads_and_options_at_once_give_what_each_gives_alone(base, examples):
    texts = [examples[0]["text"], *(row["article"] for row in archive(2))]
    asked = [
        (text, {"length": length, "policy": policy, "bullets": bullets})
        for text in texts
        for length, policy, bullets in (("brief", "checked", 2), ("standard", "extract", 4), ("standard", "flag", 1))
    ]
    alone = [base(text, **options) for text, options in asked]
    with ThreadPoolExecutor(16) as pool:
        running = [pool.submit(base, text, **options) for text, options in asked]
        streams = [pool.submit(lambda: list(base.stream(reversed(texts), length="brief", bullets=2))) for _ in range(2)]
        assert [future.result() for future in running] == alone
        assert all(stream.result() == alone[::3][::-1] for stream in streams)


def test_the_event_loop_goes_on_while_it_waits(base):
    async def main():
        ticks, gaps = [], []

        async def tick():
            while True:
                ticks.append(time.monotonic())
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        found = await asyncio.gather(*(base.async_call(STORY, bullets=n) for n in (1, 2, 3)), base.async_call([STORY]))
        ticking.cancel()
        gaps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
        return found, gaps

    (one, two, three, many), gaps = asyncio.run(main())
    assert [len(one), len(two), len(three)] == [1, 2, 3] and many == [base(STORY)]
    assert len(gaps) > 3  # it ticked while they ran


def test_async_errors_are_those_of_a_call_and_a_cancelled_task_leaves_the_line(base, monkeypatch):
    begun, run = [], Pipeline.__call__
    monkeypatch.setattr(Pipeline, "__call__", lambda *given: begun.append(1) or run(*given))

    async def main():
        with pytest.raises(ArticleError, match="the article is empty"):
            await base.async_call("")
        waiting = [asyncio.create_task(base.async_call(LONG, policy="extract")) for _ in range(20)]
        await asyncio.sleep(0.05)
        for task in waiting:
            task.cancel()
        assert await base.async_call(STORY)

    asyncio.run(main())
    assert len(begun) <= base.max_concurrency + 1  # those that ran, and the last; the others were not begun


def test_a_long_article_lets_short_ones_pass(base):
    began = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(base, LONG * 3, policy="extract")
        time.sleep(0.3)
        took = []
        while not slow.done():
            at = time.monotonic()
            base(STORY, policy="extract")
            took.append(time.monotonic() - at)
    assert max(took) < 0.5 * (time.monotonic() - began)


def test_a_time_limit_stops_a_long_article_and_nothing_else(base):
    with pytest.raises(TimeLimitError, match=r"the article took longer than its limit of 0\.01 seconds"):
        base(LONG, time_limit=0.01)
    assert isinstance(TimeLimitError("x"), TimeoutError)
    assert base(STORY, time_limit=60) == base(STORY)
    # The limit is a hundred times what the short one takes now; the long one is ten thousand times as long.
    began = time.monotonic()
    base(STORY, policy="extract")
    fast = {"policy": "extract", "time_limit": max(1.0, 100 * (time.monotonic() - began))}
    before, late, after = base.stream([STORY, LONG * 80, STORY], on_error="yield", **fast)
    assert before == after == base(STORY, policy="extract") and isinstance(late, TimeLimitError)
    for limit in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="time_limit"):
            base(STORY, time_limit=limit)


def test_a_stream_goes_on_past_errors_if_asked_to(base):
    found = list(base.stream([STORY, "", 3, STORY], on_error="yield"))
    assert found[0] == found[3] == base(STORY)
    assert [str(error) for error in found[1:3]] == [
        "article 1 is empty; there is nothing to summarize",
        "article 2: an article's text must be a str, not int",
    ]
    with pytest.raises(ValueError, match="on_error"):
        base.stream([STORY], on_error="ignore")


def test_a_stream_takes_articles_that_are_read_when_their_turn_comes(base, tmp_path):
    paths = [*EXAMPLES[:2], tmp_path / "no.json", EXAMPLES[2]]
    options = {"policy": "extract"}
    found = list(base.stream((partial(Article.from_file, path) for path in paths), on_error="yield", **options))
    assert [getattr(one, "article", None) and one.article.title for one in found].count(None) == 1
    assert "no.json" in str(found[2])
    assert found[3] == base(Article.from_file(EXAMPLES[2]), **options)


def test_a_stream_that_is_left_early_leaves_nothing_running(base):
    stream = base.stream([STORY] * 100)
    next(stream)
    stream.close()
    assert base(STORY)


def test_closing_waits_for_what_runs_and_takes_no_more():
    with Summarizer.from_pretrained() as summarizer:
        begun, results = Event(), []

        def article():
            begun.set()
            return LONG

        running = Thread(target=lambda: results.extend(summarizer.stream([article])))
        running.start()
        begun.wait()
        time.sleep(0.1)
    running.join()
    assert len(results) == 1 and results[0].bullets
    for call in (lambda: summarizer(STORY), lambda: summarizer.stream([STORY])):
        with pytest.raises(ClosedError, match="was closed"):
            call()
    with pytest.raises(ClosedError):
        asyncio.run(summarizer.async_call(STORY))
    summarizer.close()


def test_closing_ends_the_line_of_those_that_wait():
    summarizer = Summarizer.from_pretrained(threads=1)

    async def main():
        waiting = [asyncio.create_task(summarizer.async_call(LONG)) for _ in range(4)]
        await asyncio.sleep(0.3)
        closing = Thread(target=summarizer.close)
        closing.start()
        await asyncio.sleep(0.05)
        with pytest.raises(ClosedError):
            await summarizer.async_call(STORY)
        found = await asyncio.gather(*waiting, return_exceptions=True)
        closing.join()
        return found

    found = asyncio.run(main())
    assert {type(one) for one in found} == {Summary, ClosedError}
