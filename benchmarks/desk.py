"""Compares the speed of the desk with that of the library: `python benchmarks/desk.py`.

Starts a desk, as `summarize serve` does, and sends articles from 1, 4, 16 and 64 clients at once. A client that gets a
503 retries after the time in the Retry-After header. Prints summaries a second, the 50th, 95th and 99th percentile of
the request times, the number of 503 responses, and the memory of the desk. Before the desk starts, the same number of
articles runs through `Summarizer.stream` in this process, for comparison.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from summarizer import Article, Summarizer

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.json"))
_numbers = count()


@dataclass(frozen=True)
class Load:
    """Results for one number of clients.

    Attributes:
        rate: Summaries a second.
        seconds: Seconds of each request, including retries.
        refused: Number of 503 responses.
        memory: Memory of the desk at the end, in MB.
    """

    rate: float
    seconds: list[float]
    refused: int
    memory: float


def articles(size: int) -> Iterator[dict[str, str]]:
    """Yields example articles, each slightly different from all others."""
    texts = [json.loads(path.read_text("utf-8")) for path in EXAMPLES]
    for i in range(size):
        article = texts[i % len(texts)]
        number = next(_numbers)
        yield {
            "id": f"story-{number}",
            "title": article["title"],
            "text": f"{article['text']}\n\nThis is article {number:,}.",
        }


def library(size: int, policy: str) -> float:
    """Articles a second without the desk."""
    with Summarizer.from_pretrained() as summarizer:
        given = [Article(article["text"], article["title"]) for article in articles(size)]
        for _ in summarizer.stream(given[:4], policy=policy):
            pass
        began = time.monotonic()
        for _ in summarizer.stream(given, policy=policy):
            pass
        return size / (time.monotonic() - began)


def loaded(address: str, process: int, clients: int, size: int, policy: str) -> Load:
    """Sends articles to the desk from `clients` clients at once."""
    refused = 0

    def hand_in(one: dict[str, str]) -> float:
        nonlocal refused
        began = time.monotonic()
        while True:
            answer = client.post("/v1/summaries", json=one | {"policy": policy})
            if answer.status_code != 503:
                answer.raise_for_status()
                return time.monotonic() - began
            refused += 1
            time.sleep(float(answer.headers["retry-after"]))

    limits = httpx.Limits(max_connections=clients)
    with httpx.Client(base_url=address, timeout=300, limits=limits) as client, ThreadPoolExecutor(clients) as pool:
        began = time.monotonic()
        seconds = list(pool.map(hand_in, articles(size)))
        took = time.monotonic() - began
    return Load(size / took, seconds, refused, memory(process))


def memory(process: int) -> float:
    """Resident memory of a process, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=64, help="articles for each number of clients")
    parser.add_argument("--policy", default="checked", help="policy, as for summarize")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 4, 16, 64])
    args = parser.parse_args()
    alone = library(args.size, args.policy)
    print(f"{args.size} articles of about 700 words, policy {args.policy!r}; the library alone: {alone:.2f} a second\n")
    print("| clients | a second | of the library's | p50, s | p95, s | p99, s | 503 responses | memory, MB |")
    print("| --- " * 8 + "|")
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "summarizer", "serve", "--port", "0"]
        environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent.parent)}
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            try:
                address = process.stdout.readline().split("the desk is at ")[1].split(" ")[0]
                loaded(address, process.pid, 1, 4, args.policy)
                for clients in args.clients:
                    load = loaded(address, process.pid, clients, args.size, args.policy)
                    times = " | ".join(f"{value:.2f}" for value in np.percentile(load.seconds, (50, 95, 99)))
                    print(
                        f"| {clients} | {load.rate:.2f} | {100 * load.rate / alone:.0f}% | {times} | {load.refused} | "
                        f"{load.memory:.0f} |",
                        flush=True,
                    )
            finally:
                process.terminate()


if __name__ == "__main__":
    main()
