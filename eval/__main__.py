"""`python -m eval`: a model beside LEAD and the oracle on articles with human bullets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from summarizer import Summarizer
from summarizer.boilerplate import story

from .bootstrap import RESAMPLES, SEED, interval, paired
from .card import with_scores
from .data import Example, fingerprint, read
from .oracle import greedy_oracle
from .rouge import MEASURES, rouge

Lists = list[list[str]]


def main(argv: list[str]) -> None:
    """Prints a table on stdout; wrong use ends with exit code 2."""
    parser = argparse.ArgumentParser("python -m eval", description=__doc__)
    parser.add_argument("--model", default="base", help="a shipped model's name or a model folder (default: base)")
    parser.add_argument("--data", required=True, help="JSONL (.gz) with id, article and bullets")
    parser.add_argument("--bullets", default="3", help="how many bullets, or auto (default: 3)")
    parser.add_argument("--length", default="brief", choices=["brief", "standard"])
    parser.add_argument("--limit", type=int, help="only the first so many articles")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the full result there")
    parser.add_argument("--card", action="store_true", help="put the table into the model's card (its README.md)")
    args = parser.parse_args(argv)
    try:
        count = args.bullets if args.bullets == "auto" else int(args.bullets)
        examples = read(args.data)[: args.limit]
        result = evaluate(args.model, examples, count, args.length)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    result |= {"data": Path(args.data).name, "fingerprint": fingerprint(args.data), "model": args.model}
    text = table(result)
    print(text)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    if args.card:
        card = Path(args.model) / "README.md"
        title = f"{result['data']}, {args.length}, {args.bullets} bullets"
        card.write_text(with_scores(card.read_text("utf-8"), text, title), "utf-8")


def evaluate(model: str, examples: list[Example], count: Any, length: Any) -> dict[str, Any]:
    """Scores of LEAD, the model and the oracle, with intervals, and the model's lead over LEAD."""
    sentences = [[s.text for s in story(example.text)] for example in examples]
    references = [example.bullets for example in examples]
    lead = 3 if count == "auto" else count
    summaries = Summarizer.from_pretrained(model).stream((e.text for e in examples), bullets=count, length=length)
    systems: dict[str, Callable[[], Iterable[list[str]]]] = {
        f"LEAD-{lead}": lambda: (s[:lead] for s in sentences),
        "model": lambda: ([b.text for b in summary] for summary in summaries),
        "oracle": lambda: (
            [s[i] for i in sorted(greedy_oracle(s, r, lead))] for s, r in zip(sentences, references, strict=True)
        ),
    }
    scores, rows = {}, {}
    for name, bullets in systems.items():
        lists: Lists = list(tqdm(bullets(), name, len(examples), file=sys.stderr, mininterval=2))
        scores[name] = rouge(lists, references)
        rows[name] = {
            "bullets": float(np.mean([len(x) for x in lists])),
            "words": float(np.mean([sum(len(b.split()) for b in x) for x in lists])),
        } | {m: _figure(scores[name][:, i]) for i, m in enumerate(MEASURES)}
    base = f"LEAD-{lead}"
    above = {
        m: dict(zip(("difference", "low", "high", "p"), paired(scores["model"][:, i], scores[base][:, i]), strict=True))
        for i, m in enumerate(MEASURES)
    }
    return {
        "articles": len(examples),
        "length": length,
        "count": count,
        "systems": rows,
        "model_above_lead": above,
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
    }


def table(result: dict[str, Any]) -> str:
    """The result as a Markdown table."""
    lines = [
        f"{result['articles']} articles of {result['data']} (sha256 {result['fingerprint']}…), `{result['length']}`, "
        f"{result['count']} bullets; ROUGE F1, stemmed, with 95% bootstrap intervals.",
        "",
        "| system | bullets | words | R1 | R2 | RLsum |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in result["systems"].items():
        figures = [f"{row[m]['f1']:.2f} ({row[m]['low']:.1f} to {row[m]['high']:.1f})" for m in MEASURES]
        lines.append(f"| {name} | {row['bullets']:.1f} | {row['words']:.0f} | {' | '.join(figures)} |")
    above = [
        f"{a['difference']:+.2f} ({a['low']:+.2f} to {a['high']:+.2f})" for a in result["model_above_lead"].values()
    ]
    lines.append(f"| model above LEAD (paired) | | | {' | '.join(above)} |")
    return "\n".join(lines)


def _figure(values: np.ndarray[Any, Any]) -> dict[str, float]:
    low, high = interval(values)
    return {"f1": float(values.mean()), "low": low, "high": high}


if __name__ == "__main__":
    main(sys.argv[1:])
