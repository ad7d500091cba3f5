"""Compares ways to run windows on two cores: one window on both, one on each, or a batch of equal length on each.

Run `python benchmarks/windows.py`.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import ctranslate2

from summarizer import Summarizer

ROUNDS = 24
WAYS = (
    ("one window on two cores", 1, 2, 1),
    ("a window on each core", 2, 1, 1),
    ("a batch of two on each core", 2, 1, 2),
    ("a batch of four on each core", 2, 1, 4),
)
"""Name, number of workers, threads per worker, windows per batch."""


def main() -> None:
    """Measures and prints."""
    folder = str(Summarizer.from_pretrained().folder / "extractor")
    print(f"| tokens | {' | '.join(f'{name}, ms a window' for name, *_ in WAYS)} |\n|{' --- |' * (len(WAYS) + 1)}")
    for tokens in (128, 256, 512):
        window = [101, *range(2000, 2000 + tokens - 2), 102]
        row = [_milliseconds(folder, [window] * batch, workers, threads) for _, workers, threads, batch in WAYS]
        print(f"| {tokens} | {' | '.join(f'{value:.1f}' for value in row)} |")


def _milliseconds(folder: str, batch: list[list[int]], workers: int, threads: int) -> float:
    encoder = ctranslate2.Encoder(folder, inter_threads=workers, intra_threads=threads)
    count = ROUNDS // len(batch)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(encoder.forward_batch, [batch] * 4))
        at = time.perf_counter()
        list(pool.map(encoder.forward_batch, [batch] * count))
        return 1000 * (time.perf_counter() - at) / (count * len(batch))


if __name__ == "__main__":
    main()
