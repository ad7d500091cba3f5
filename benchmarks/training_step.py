"""Measures a training step on a CPU with and without dropout and bfloat16: `python benchmarks/training_step.py`."""

from __future__ import annotations

import time

import torch
from transformers import BertConfig, BertModel

ROUNDS = 3


def main() -> None:
    """Measures and prints."""
    print("Eight windows of 512 tokens, MiniLM-L6's shape, random weights.\n")
    print("| dropout | precision | forward, s | backward, s |\n| --- | --- | --- | --- |")
    for dropout in (0.1, 0.0):
        config = BertConfig(
            hidden_size=384,
            num_hidden_layers=6,
            num_attention_heads=12,
            intermediate_size=1536,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        model = BertModel(config).train()
        ids = torch.randint(1000, 28_000, (8, 512))
        for half in (False, True):
            for _ in range(ROUNDS):
                start = time.perf_counter()
                with torch.autocast("cpu", torch.bfloat16, enabled=half):
                    hidden = model(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
                forward = time.perf_counter()
                hidden.float().pow(2).mean().backward()
                backward = time.perf_counter()
            name = "bfloat16" if half else "float32"
            print(f"| {dropout} | {name} | {forward - start:.2f} | {backward - forward:.2f} |")


if __name__ == "__main__":
    main()
