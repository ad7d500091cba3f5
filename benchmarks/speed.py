"""Speed and memory beside sumy's LexRank and LEAD-3, on the same articles in one run: `python benchmarks/speed.py`.

Each system runs in a process of its own, which reports the seconds to load, to the first summary and for each article
after it, and its peak memory. The articles are the examples of this repository; give --data for a JSONL of your own.
LexRank gets this library's sentences and words, since sumy's own tokenizer downloads its data. Writes speed.md beside
this file.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
SYSTEMS = (
    "this project, brief",
    "this project, standard",
    "this project, brief, extract",
    "this project, standard, extract",
    "sumy LexRank",
    "LEAD-3",
)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="JSONL with article; default: the examples of this repository")
    parser.add_argument("--rounds", type=int, default=5, help="times that every article is summarized (default: 5)")
    parser.add_argument("--system", choices=SYSTEMS, help="measure only this one, and print JSON (used by the command)")
    args = parser.parse_args()
    texts = _texts(args.data)
    if args.system:
        print(json.dumps(_measure(args.system, texts, args.rounds)))
        return
    flags = ["--rounds", str(args.rounds)] + (["--data", str(args.data)] if args.data else [])
    results = {}
    for system in SYSTEMS:
        print(system, file=sys.stderr)
        command = [sys.executable, __file__, "--system", system, *flags]
        results[system] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    table = _table(results, texts, _cold_start())
    (HERE / "speed.md").write_text(table, "utf-8")
    print(table)


def _texts(path: Path | None) -> list[str]:
    if path:
        return [json.loads(line)["article"] for line in path.read_text("utf-8").splitlines()]
    return [json.loads(p.read_text("utf-8"))["text"] for p in sorted((HERE.parent / "examples").glob("*.json"))]


def _measure(system: str, texts: list[str], rounds: int) -> dict[str, float]:
    start = time.perf_counter()
    summarize = _loaded(system)
    loaded = time.perf_counter()
    summarize(texts[0])
    first = time.perf_counter()
    seconds = []
    for _ in range(rounds):
        for text in texts:
            at = time.perf_counter()
            summarize(text)
            seconds.append(time.perf_counter() - at)
    result = {"load": loaded - start, "first": first - start, "article": statistics.median(seconds)}
    if system.startswith("this project"):
        stream = _stream(system)
        at = time.perf_counter()
        done = sum(1 for _ in stream(texts * rounds))
        result["rate"] = done / (time.perf_counter() - at)
    else:
        result["rate"] = len(seconds) / sum(seconds)
    scale = 1024 if sys.platform == "linux" else 1024**2
    return result | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale}


_summarizer = None


def _loaded(system: str) -> Callable[[str], object]:
    global _summarizer  # noqa: PLW0603 - loaded once, used for single articles and for the stream
    if system.startswith("this project"):
        from summarizer import Summarizer

        _summarizer = Summarizer.from_pretrained()
        return lambda text: _summarizer(text, **_options(system))
    from summarizer.boilerplate import story

    if system == "LEAD-3":
        return lambda text: [s.text for s in story(text)[:3]]
    from sumy.nlp.stemmers import Stemmer
    from sumy.parsers.plaintext import PlaintextParser
    from sumy.summarizers.lex_rank import LexRankSummarizer

    from summarizer.sentences import words

    class Tokenizer:
        def to_sentences(self, text: str) -> list[str]:
            return [s.text for s in story(text)]

        def to_words(self, sentence: str) -> list[str]:
            return words(sentence)

    lexrank = LexRankSummarizer(Stemmer("english"))
    return lambda text: lexrank(PlaintextParser.from_string(text, Tokenizer()).document, 3)


def _stream(system: str) -> Callable[[list[str]], object]:
    return lambda texts: _summarizer.stream(texts, **_options(system))


def _options(system: str) -> dict[str, str]:
    _, length, *policy = system.split(", ")
    return {"length": length, "policy": policy[0] if policy else "checked"}


def _cold_start() -> float:
    """Seconds of the command line from nothing to the printed bullets, the median of five."""
    example = sorted((HERE.parent / "examples").glob("*.json"))[0]
    seconds = []
    for _ in range(5):
        at = time.perf_counter()
        subprocess.run([sys.executable, "-m", "summarizer", str(example)], check=True, capture_output=True)
        seconds.append(time.perf_counter() - at)
    return statistics.median(seconds)


def _table(results: dict[str, dict[str, float]], texts: list[str], cold: float) -> str:
    words = round(statistics.mean(len(t.split()) for t in texts))
    peer = results["sumy LexRank"]["article"]
    lines = [
        "# Speed and memory",
        "",
        f"Written by `python benchmarks/speed.py`: {len(texts)} articles of {words} words on average, "
        f"{_cpu()}, Python {platform.python_version()}.",
        "",
        "| system | load, s | first summary, s | one article, ms | against LexRank | articles/s | peak memory, MB |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for system, r in results.items():
        lines.append(
            f"| {system} | {r['load']:.2f} | {r['first']:.2f} | {1000 * r['article']:.1f} | {peer / r['article']:.2f}x "
            f"| {r['rate']:.1f} | {r['memory']:.0f} |"
        )
    lines += ["", f"`summarize` from a cold start to the printed bullets: {cold:.2f} s.", ""]
    return "\n".join(lines)


def _cpu() -> str:
    import os

    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{os.cpu_count()} cores of {names[0]}" if names else f"{os.cpu_count()} cores"


if __name__ == "__main__":
    main()
