"""Measures time by article length, time and memory by number of articles, and how close the encoder is to the limit of
the machine.

As a program, reads one job from standard input and prints its figures; speed.py sends the jobs.
"""

from __future__ import annotations

import json
import random
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from systems import OURS, cores, loaded, peak

LAYERS, HIDDEN, INNER = 6, 384, 1536
"""Layers, width and inner width of the encoder, all-MiniLM-L6-v2."""
ENOUGH = 2.0
"""Total seconds after which a length is not repeated for the median."""


def by_length(name: str, texts: list[str], lengths: list[int], stop: float, rounds: int) -> dict[str, list[float]]:
    """Median seconds per article for each length; stops after a length that took more than `stop` seconds."""
    system = loaded(name)
    article = writer(texts)
    system.one(article(500, 0))
    reached: list[float] = []
    for length in lengths:
        seconds: list[float] = []
        while not seconds or (len(seconds) < rounds and sum(seconds) < ENOUGH):
            text = article(length, len(seconds))
            at = time.perf_counter()
            system.one(text)
            seconds.append(time.perf_counter() - at)
        reached.append(statistics.median(seconds))
        if reached[-1] > stop:
            break
    return {"words": list(lengths[: len(reached)]), "seconds": reached}


def by_number(texts: list[str], articles: int, length: int) -> dict[str, float]:
    """Seconds for a stream of `articles` articles, and the memory of the process at the end."""
    system = loaded(f"{OURS}, brief, extract")
    assert system.many
    article = writer(texts)
    at = time.perf_counter()
    done = sum(1 for _ in system.many(article(length, seed) for seed in range(articles)))
    seconds, resident = time.perf_counter() - at, _resident()
    return {"articles": done, "seconds": seconds, "resident": resident, "peak": max(peak(), resident)}


def writer(texts: Sequence[str]) -> Callable[[int, int], str]:
    """Returns a function that composes an article from the sentences of `texts`, by number of words and seed. Every
    number is replaced by a random one, so that all articles differ, however many there are."""
    from summarizer.reading import content_sentences

    sentences = [s.text for text in texts for s in content_sentences(text)]

    def write(length: int, seed: int) -> str:
        draw = random.Random(seed)
        at, words, parts = draw.randrange(len(sentences)), 0, []
        while words < length:
            part = re.sub(
                r"\d+", lambda m: str(draw.randrange(10 ** len(m[0]))), sentences[at % len(sentences)]
            ).split()
            if len(part) > length - words:
                part = [*part[: length - words - 1], part[length - words - 1].rstrip(".,;:") + "."]
            parts.append(" ".join(part))
            words += len(part)
            at += 1
        return "\n\n".join(" ".join(parts[i : i + 3]) for i in range(0, len(parts), 3))

    return write


def floor(texts: list[str], rounds: int) -> dict[str, float]:
    """Operations of the encoder for the tokens it reads, the best rate of the machine, and the measured times."""
    import ctranslate2

    batches: list[list[list[int]]] = []

    class Watched(ctranslate2.Encoder):  # records the batches that the encoder reads
        def forward_batch(self, ids: list[list[int]], *args: Any, **kwargs: Any) -> object:
            batches.append(ids)
            return super().forward_batch(ids, *args, **kwargs)

    encoder, ctranslate2.Encoder = ctranslate2.Encoder, Watched
    system = loaded(f"{OURS}, brief, extract")
    for text in texts:
        system.one(text)
    read = list(batches)
    article = _pass(lambda: [system.one(text) for text in texts], rounds) / len(texts)
    counts = [operations(len(batch), max(map(len, batch))) for batch in read]
    linear, attention = (sum(count) / len(texts) for count in zip(*counts, strict=True))
    alone = _alone(encoder, read, rounds) / len(texts)
    int8, single = _rates()
    return {
        "tokens": sum(len(ids) for batch in read for ids in batch) / len(texts),
        "windows": sum(map(len, read)) / len(texts),
        "linear": linear,
        "attention": attention,
        "int8_rate": int8,
        "float32_rate": single,
        "floor": (linear + attention) / int8,
        "floor_float_attention": linear / int8 + attention / single,
        "encoder": alone,
        "article": article,
    }


def operations(windows: int, tokens: int) -> tuple[int, int]:
    """Operations of the linear layers and of attention for `windows` windows of `tokens` tokens. A multiplication and
    its addition count as two."""
    linear = LAYERS * tokens * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER)
    attention = LAYERS * 2 * tokens * tokens * HIDDEN
    return 2 * windows * linear, 2 * windows * attention


def _alone(encoder: Any, batches: list[list[list[int]]], rounds: int) -> float:
    """Seconds for the encoder alone to read these batches, one on each core."""
    from summarizer import Summarizer

    with Summarizer.from_pretrained() as summarizer:
        folder = summarizer.folder
    assert folder
    model = encoder(str(folder / "extractor"), inter_threads=cores(), intra_threads=1)
    with ThreadPoolExecutor(cores()) as pool:
        return _pass(lambda: list(pool.map(model.forward_batch, batches)), rounds)


def _pass(work: Callable[[], object], rounds: int) -> float:
    """Median seconds for the work, over `rounds` runs, at least three, after a warm-up run."""
    seconds = []
    for _ in range(max(rounds, 3) + 1):
        at = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - at)
    return statistics.median(seconds[1:])


def _rates() -> tuple[float, float]:
    """Operations a second of a large matrix product on all cores, in int8 and in float32: the best of a few runs."""
    import torch

    torch.set_num_threads(cores())
    int8 = single = 0.0
    for n in (1024, 2048):
        a, b = (torch.randint(-100, 100, (n, n), dtype=torch.int8) for _ in range(2))
        x, y = a.float(), b.float()
        # If torch has no fast int8 kernel, float32 has the better rate, which then also counts for int8.
        single = max(single, _rate(lambda x=x, y=y: x @ y, n))
        int8 = max(int8, single, _rate(lambda a=a, b=b: torch._int_mm(a, b), n))
    return int8, single


def _rate(product: Callable[[], object], n: int) -> float:
    product()
    best = 0.0
    for _ in range(5):
        at = time.perf_counter()
        product()
        best = max(best, 2 * n**3 / (time.perf_counter() - at))
    return best


def _resident() -> float:
    """Current memory of this process, in MB; 0 if the system does not report it."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1024**2 if pages.is_file() else 0.0


def main() -> None:
    """Runs the job from standard input; prints the result as the last line."""
    job: dict[str, Any] = json.load(sys.stdin)
    part: Callable[..., dict[str, Any]] = {"length": by_length, "number": by_number, "floor": floor}[job.pop("part")]
    print(json.dumps(part(**job)))


if __name__ == "__main__":
    main()
