"""Prints what readers said of judged texts, by writer: `python benchmarks/verdicts.py FILE`.

FILE is one of `training/written/judged-*.jsonl.gz` whose texts name their writer; it need not be unpacked.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict

from eval.data import rows
from summarizer.checks import VERDICTS


def main() -> None:
    """Counts the verdicts and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--length", default="", help="only texts of this length, such as standard (default: all)")
    args = parser.parse_args()
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows(args.file, "train"):
        for point in row.values["points"]:
            group = f"{point['reading']} reading, " if "reading" in point else ""
            verdicts = []
            for text in point["judged"]:
                for length in text["length"].split(";"):  # several, where they gave the same text
                    if length.startswith(args.length):
                        said[f"{group}{text['writer']}, {length}"][text["verdict"]] += 1
                        verdicts.append(text["verdict"])
            if "verdict" in point:
                said[f"{group}the sentence as it stands"][point["verdict"]] += 1
                # What a perfect judge could choose.
                some = "good" in verdicts
                said[f"{group}one of the texts is good"]["good" if some else ""] += 1
                either = some or point["verdict"] == "good"
                said[f"{group}one of them or the sentence is good"]["good" if either else ""] += 1
    print(f"| writer | texts | {' | '.join(f'{verdict}, %' for verdict in VERDICTS)} |")
    print("| --- " * (2 + len(VERDICTS)) + "|")
    for writer, counts in sorted(said.items()):
        shares = " | ".join(f"{100 * counts[verdict] / counts.total():.1f}" for verdict in VERDICTS)
        print(f"| {writer} | {counts.total()} | {shares} |")


if __name__ == "__main__":
    main()
