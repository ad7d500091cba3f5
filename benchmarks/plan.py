"""Plans a large archive: `python benchmarks/plan.py --articles 100e6 --machines 20 --cores 16 --price 0.64`.

Uses the rates in speed.json, scaled by the number of cores; they hold for the machine and the length of articles named
there. For your own articles and machines, pass --rate: what `summarize batch` printed for a sample on one machine.
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

from summarizer import Article, Summarizer

HERE = Path(__file__).resolve().parent
SYSTEMS = {"extract": "this project, brief, extract", "checked": "this project, brief"}


def main() -> None:
    """Prints the plan."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=float, required=True)
    parser.add_argument("--machines", type=int, default=1)
    parser.add_argument("--cores", type=int, default=16, help="cores per machine (default: 16)")
    parser.add_argument("--price", type=float, help="price of a machine per hour, in any currency")
    parser.add_argument("--rate", type=float, help="measured articles a second of one machine")
    args = parser.parse_args()
    print("| policy | articles/s, all machines | hours | machine hours | price |\n| --- | --- | --- | --- | --- |")
    for policy, rate in _rates(args.rate, args.cores).items():
        together = rate * args.machines
        hours = args.articles / together / 3600
        price = f"{args.price * hours * args.machines:,.0f}" if args.price else "-"
        print(f"| {policy} | {together:,.0f} | {hours:,.1f} | {hours * args.machines:,.0f} | {price} |")
    plain, packed = (args.articles * size / 1e12 for size in _sizes())
    print(f"\nOutput: {plain:.2g} TB as JSONL with the articles, {packed:.2g} TB as .jsonl.gz.")


def _sizes() -> tuple[float, float]:
    """Mean bytes of an output record of the examples, plain and compressed."""
    with Summarizer.from_pretrained() as summarizer:
        articles = [Article.from_file(path) for path in sorted((HERE.parent / "examples").glob("*.json"))]
        records = [summary.to_json() + "\n" for summary in summarizer.stream(articles, length="brief")]
    data = "".join(records).encode()
    return len(data) / len(records), len(gzip.compress(data)) / len(records)


def _rates(measured: float | None, cores: int) -> dict[str, float]:
    if measured:
        return {"measured": measured}
    figures = json.loads((HERE / "speed.json").read_text("utf-8"))
    share = cores / figures["machine"]["cores"]
    return {policy: figures["systems"][name]["rate"] * share for policy, name in SYSTEMS.items()}


if __name__ == "__main__":
    main()
