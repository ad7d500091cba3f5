"""Counts lists that differ between two kinds of CPU: `python benchmarks/machines.py --data validation.jsonl.gz`.

Summarizes the same articles with two instruction sets of this machine (`CT2_FORCE_CPU_ISA`). Prints the percentage of
lists and of bullets with different texts, for each length and policy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

from summarizer import Article, Summarizer
from summarizer.archive import Archive

ROOT = Path(__file__).resolve().parent.parent


def lists(data: str, limit: int, length: str, policy: str) -> list[list[str]]:
    """The bullets of each article."""
    records = islice(Archive(data), limit)
    articles = [Article(record.values["article"], record.values.get("title")) for record in records]
    with Summarizer.from_pretrained() as summarizer:
        return [
            [bullet.text for bullet in summary] for summary in summarizer.stream(articles, length=length, policy=policy)
        ]


def main() -> None:
    """Measures and prints; each instruction set runs in its own process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="articles as JSONL")
    parser.add_argument("--limit", type=int, default=100, help="articles")
    parser.add_argument("--instructions", nargs=2, default=["AVX512", "AVX2"])
    parser.add_argument("--write", nargs=2, metavar=("LENGTH", "POLICY"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write:
        print(json.dumps(lists(args.data, args.limit, *args.write)))
        return
    print(f"{args.limit} articles, {args.instructions[0]} and {args.instructions[1]}\n")
    print("| length | policy | lists that differ | bullets that differ |\n| --- | --- | --- | --- |")
    for length in ("standard", "brief"):
        for policy in ("checked", "extract"):
            command = [sys.executable, __file__, "--data", args.data, "--limit", str(args.limit)]
            found = []
            for name in args.instructions:
                environment = os.environ | {"CT2_FORCE_CPU_ISA": name, "PYTHONPATH": str(ROOT)}
                done = subprocess.run(
                    [*command, "--write", length, policy], env=environment, check=True, stdout=subprocess.PIPE
                )
                found.append(json.loads(done.stdout))
            one, other = found
            differ = sum(a != b for a, b in zip(one, other, strict=True))
            bullets = sum(len(set(a) - set(b)) for a, b in zip(one, other, strict=True))
            total = sum(map(len, one))
            shares = f"{100 * differ / len(one):.0f}% | {100 * bullets / total:.1f}%"
            print(f"| {length} | {policy} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
