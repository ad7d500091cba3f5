"""Measures the judge of a model on texts that readers have judged: how well it separates good texts from others, and
what each threshold shows. The texts are those of `training/written/`, unpacked (`python -m training unpack`).

    python benchmarks/judge.py runs/judged-validation.jsonl.gz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from summarizer.checks import VERDICTS
from summarizer.cpu import cores
from summarizer.deadline import Deadline
from summarizer.models import folder_of
from summarizer.points import Writer, story
from training.data import standalone
from training.judge import auc

THRESHOLDS = (0.0, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def main() -> None:
    """Prints two tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("judged", help="articles with judged texts, JSONL (.gz)")
    parser.add_argument("--model", default="base", help="model folder (default: base)")
    args = parser.parse_args()
    writer, limit = Writer(Path(folder_of(args.model)) / "writer", cores()), Deadline()
    found: dict[str, list[tuple[str, float]]] = {"sentences": [], "standard texts": [], "brief texts": []}
    for article in tqdm(standalone(args.judged), unit=" articles"):
        numbers = {i: n for n, i in enumerate(dict.fromkeys(point.sentence for point in article.points), 1)}
        read = writer.read(story(article.sentences, [(i,) for i in numbers], article.title), limit)
        for point in article.points:
            own = article.sentences[point.sentence].text
            if point.verdict:
                (written,) = writer.write(read, [numbers[point.sentence]], [own], limit, enough=[0.0])
                found["sentences"].append((point.verdict, written.sentence.good))
            for one in point.judged:
                (verdict,) = writer.judge(read, [numbers[point.sentence]], [own], [one.text], limit)
                found["brief texts" if one.standard else "standard texts"].append((one.verdict, verdict.good))
    print("| | texts | good, % | AUC | untrue | broken | leaning | poor |\n" + "| --- " * 8 + "|")
    for name, rows in found.items():
        said, good = np.array([one for one, _ in rows]), np.array([value for _, value in rows])
        if len(rows):
            of_fault = [auc(good[kept], said[kept] == "good") for kept in _beside_good(said)]
            shares = " | ".join(f"{value:.2f}" for value in (auc(good, said == "good"), *of_fault))
            print(f"| {name} | {len(rows)} | {100 * (said == 'good').mean():.0f} | {shares} |")
    print(
        "\n| threshold | texts that reach it, % | good, % | untrue, % | broken, % | leaning, % |\n" + "| --- " * 6 + "|"
    )
    rows = [row for name, rows in found.items() if name != "sentences" for row in rows]
    for least in THRESHOLDS:
        reach = [said for said, good in rows if good >= least]
        shares = [100 * reach.count(verdict) / max(len(reach), 1) for verdict in VERDICTS[:4]]
        print(f"| {least} | {100 * len(reach) / len(rows):.0f} | {' | '.join(f'{share:.0f}' for share in shares)} |")


def _beside_good(said: np.ndarray) -> list[np.ndarray]:
    """Returns for each fault which texts are good or have it."""
    return [(said == "good") | (said == fault) for fault in VERDICTS[1:]]


if __name__ == "__main__":
    main()
