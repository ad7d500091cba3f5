"""What an article costs as it gets longer, what many cost, and how near the encoder is to what the machine can do.

Run as a program, it takes one job on standard input and prints its figures; speed.py gives the jobs.
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
"""The encoder's shape: all-MiniLM-L6-v2."""
ENOUGH = 2.0
"""Seconds after which an article is not repeated for a median."""


def by_length(name: str, texts: list[str], lengths: list[int], stop: float, rounds: int) -> dict[str, list[float]]:
    """Seconds for an article of each length; ends behind a length that took more than `stop` seconds."""
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
    """Seconds for a stream of so many articles, and the memory that the process has when it is through."""
    system = loaded(f"{OURS}, brief, extract")
    assert system.many
    article = writer(texts)
    at = time.perf_counter()
    done = sum(1 for _ in system.many(article(length, seed) for seed in range(articles)))
    seconds, resident = time.perf_counter() - at, _resident()
    return {"articles": done, "seconds": seconds, "resident": resident, "peak": max(peak(), resident)}


def writer(texts: Sequence[str]) -> Callable[[int, int], str]:
    """Composes articles of any length from the sentences of others. Every number is replaced by another, so that no two
    are the same, however many there are."""
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
    """The arithmetic of the encoder for the tokens it reads, the machine's best rate, and what is really taken."""
    import ctranslate2

    batches: list[list[list[int]]] = []

    class Watched(ctranslate2.Encoder):  # takes down what this project has the encoder read
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
    """The operations of the linear layers and of attention, for windows of so many tokens. A multiplication with the
    addition that follows counts as two."""
    linear = LAYERS * tokens * (4 * HIDDEN * HIDDEN + 2 * HIDDEN * INNER)
    attention = LAYERS * 2 * tokens * tokens * HIDDEN
    return 2 * windows * linear, 2 * windows * attention


def _alone(encoder: Any, batches: list[list[list[int]]], rounds: int) -> float:
    """Seconds for the encoder to read these batches with nothing else to do, one on each core."""
    from summarizer import Summarizer

    with Summarizer.from_pretrained() as summarizer:
        folder = summarizer.folder
    assert folder
    model = encoder(str(folder / "extractor"), inter_threads=cores(), intra_threads=1)
    with ThreadPoolExecutor(cores()) as pool:
        return _pass(lambda: list(pool.map(model.forward_batch, batches)), rounds)


def _pass(work: Callable[[], object], rounds: int) -> float:
    """Seconds for the work, the median of so many times, and of three at least."""
    seconds = []
    for _ in range(max(rounds, 3) + 1):
        at = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - at)
    return statistics.median(seconds[1:])


def _rates() -> tuple[float, float]:
    """Operations a second of a big matrix product on all cores, in int8 and in float32: the best of a few tries."""
    import torch

    torch.set_num_threads(cores())
    int8 = single = 0.0
    for n in (1024, 2048):
        a, b = (torch.randint(-100, 100, (n, n), dtype=torch.int8) for _ in range(2))
        x, y = a.float(), b.float()
        # Where torch's int8 product has no fast kernel, float32 is the better rate, and then counts as int8's too.
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
    """The memory of this process now, in MB; 0 where the system does not say."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * resource.getpagesize() / 1024**2 if pages.is_file() else 0.0


def main() -> None:
    """Does the job on standard input; the last line printed is the answer."""
    job: dict[str, Any] = json.load(sys.stdin)
    part: Callable[..., dict[str, Any]] = {"length": by_length, "number": by_number, "floor": floor}[job.pop("part")]
    print(json.dumps(part(**job)))


if __name__ == "__main__":
    main()
