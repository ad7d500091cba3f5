"""Compares the encoder in CTranslate2's int8 with OpenVINO: `python benchmarks/runtimes.py --minilm FOLDER`.

FOLDER is a transformers checkpoint of sentence-transformers/all-MiniLM-L6-v2, or its name on the Hub. Needs `pip
install openvino`. Two windows run at once, one on each core, as in this library.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import ctranslate2
import numpy as np

from summarizer import Summarizer

LENGTHS = (128, 256, 512)
ROUNDS = 10
CORES = 2


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", default="sentence-transformers/all-MiniLM-L6-v2", metavar="FOLDER")
    args = parser.parse_args()
    ways = {"CTranslate2, int8": _ctranslate2()} | {
        f"OpenVINO, {precision}": _openvino(args.minilm, precision) for precision in ("f32", "bf16")
    }
    print(f"| ms a window of | {' | '.join(f'{n} tokens' for n in LENGTHS)} |\n|{' --- |' * (len(LENGTHS) + 1)}")
    for name, make in ways.items():
        print(f"| {name} | {' | '.join(f'{_milliseconds(make, n):.1f}' for n in LENGTHS)} |")


def _milliseconds(make: Callable[[int], Callable[[], object]], tokens: int) -> float:
    def one(_: int) -> float:
        read = make(tokens)
        read()
        at = time.perf_counter()
        for _ in range(ROUNDS):
            read()
        return (time.perf_counter() - at) / ROUNDS

    with ThreadPoolExecutor(CORES) as pool:
        return 1000 * float(np.mean(list(pool.map(one, range(CORES)))))


def _ctranslate2() -> Callable[[int], Callable[[], object]]:
    folder = str(Summarizer.from_pretrained().folder / "extractor")
    encoder = ctranslate2.Encoder(folder, inter_threads=CORES, intra_threads=1)
    return lambda tokens: lambda: np.asarray(encoder.forward_batch([[2000] * tokens]).last_hidden_state)


def _openvino(checkpoint: str, precision: str) -> Callable[[int], Callable[[], object]]:
    import openvino
    import torch
    from transformers import AutoModel

    names = ("input_ids", "attention_mask", "token_type_ids")
    model = AutoModel.from_pretrained(checkpoint, attn_implementation="eager").eval()
    example = {name: torch.ones(1, 128, dtype=torch.long) for name in names}
    hints = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": CORES, "INFERENCE_NUM_THREADS": CORES}
    compiled = openvino.Core().compile_model(openvino.convert_model(model, example_input=example), "CPU", hints)

    def make(tokens: int) -> Callable[[], object]:
        request = compiled.create_infer_request()
        given = dict(zip(names, (np.full((1, tokens), n, np.int64) for n in (2000, 1, 0)), strict=True))
        return lambda: request.infer(given)

    return make


if __name__ == "__main__":
    main()
