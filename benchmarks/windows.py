"""How to spend two cores on a long article: one window on both, or a window on each? `python benchmarks/windows.py`."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import ctranslate2

from summarizer import Summarizer

ROUNDS = 24


def main() -> None:
    """Measures and prints."""
    folder = str(Summarizer.from_pretrained().folder / "extractor")
    print("| tokens | one window on two cores, ms | a window on each core, ms a window |\n| --- | --- | --- |")
    for tokens in (128, 256, 512):
        ids = [[101, *range(2000, 2000 + tokens - 2), 102]]
        row = []
        for workers, threads in ((1, 2), (2, 1)):
            encoder = ctranslate2.Encoder(folder, inter_threads=workers, intra_threads=threads)
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(encoder.forward_batch, [ids] * 4))
                at = time.perf_counter()
                list(pool.map(encoder.forward_batch, [ids] * ROUNDS))
                row.append(1000 * (time.perf_counter() - at) / ROUNDS)
        print(f"| {tokens} | {row[0]:.1f} | {row[1]:.1f} |")


if __name__ == "__main__":
    main()
