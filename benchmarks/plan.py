"""Plans a large archive: `python benchmarks/plan.py --articles 100e6 --machines 20 --cores 16 --price 0.64`.

The default rates are those of README.md, for articles of 666 words on two cores, scaled by the number of cores. For
your own articles and machines, pass --rate: what `summarize batch` printed for a sample on one machine.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path

from summarizer import Article, Summarizer

HERE = Path(__file__).resolve().parent
RATES = {"extract": 10.0, "checked, brief": 0.79, "checked, standard": 0.69}
"""Articles a second on `MEASURED_CORES` cores, by `python benchmarks/speed.py --only "this project"`."""
MEASURED_CORES = 2


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
    return {policy: rate * cores / MEASURED_CORES for policy, rate in RATES.items()}


if __name__ == "__main__":
    main()
