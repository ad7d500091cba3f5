"""Runs a million short articles through `summarize batch`: `python benchmarks/million.py FOLDER`.

The articles are composed of the examples' sentences with every number replaced, so that all articles differ. Memory and
rate are recorded every few seconds, and printed at the end. At the time limit, SIGTERM stops the run; the same command
resumes it. The articles and the output stay in FOLDER.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from cost import writer

HERE = Path(__file__).resolve().parent
WORDS = 40
EVERY = 5.0
"""Seconds between two measurements."""


def main() -> None:
    """Runs the batch, and writes and prints the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--articles", type=int, default=1_000_000)
    parser.add_argument("--minutes", type=float, default=120.0)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    source, output = args.folder / "articles.jsonl", args.folder / "summaries.jsonl"
    if not source.exists():
        _write(source, args.articles)
    looks = _run(source, output, 60 * args.minutes)
    if len(looks) < 3:
        sys.exit("the run was too short: fewer than 3 measurements; use a longer --minutes or more --articles")
    figures = {"articles": args.articles, "words": WORDS} | _summed(looks)
    print(figures)


def _write(source: Path, count: int) -> None:
    examples = [json.loads(p.read_text("utf-8"))["text"] for p in sorted((HERE.parent / "examples").glob("*.json"))]
    article = writer(examples)
    fresh = source.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({"id": f"a{number}", "text": article(WORDS, number)}, ensure_ascii=False) + "\n")
    fresh.replace(source)


def _run(source: Path, output: Path, limit: float) -> list[dict[str, float]]:
    """Runs the batch; returns its measurements: seconds, records in the output, memory in MB."""
    flags = ["--policy", "extract", "--length", "brief", "--no-text"]
    command = [sys.executable, "-m", "summarizer", "batch", str(source), "-o", str(output), *flags]
    began = time.monotonic()
    running = subprocess.Popen(command)
    looks: list[dict[str, float]] = []
    records = read = 0
    while running.poll() is None:
        time.sleep(EVERY)
        if output.exists():
            with output.open("rb") as file:
                file.seek(read)
                data = file.read()
            records, read = records + data.count(b"\n"), read + len(data)
        memory = Path(f"/proc/{running.pid}/statm")
        if running.poll() is None and memory.exists():
            pages = int(memory.read_text().split()[1])
            seconds = time.monotonic() - began
            looks.append({"seconds": seconds, "records": records, "memory": pages * resource.getpagesize() / 1024**2})
        if time.monotonic() - began > limit:
            running.send_signal(signal.SIGTERM)
            running.wait()
    return looks


def _summed(looks: list[dict[str, float]]) -> dict[str, Any]:
    settled = looks[len(looks) // 10 :]
    first, last = settled[0], settled[-1]
    memory = [look["memory"] for look in settled]
    return {
        "done": last["records"],
        "seconds": last["seconds"],
        "rate": (last["records"] - first["records"]) / (last["seconds"] - first["seconds"]),
        "memory": statistics.median(memory),
        "memory_least": min(memory),
        "memory_most": max(memory),
    }


if __name__ == "__main__":
    main()
