"""Formats an evaluation as Markdown tables, and as plain data with everything needed to reproduce it."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from .evaluation import SCORES, Evaluation
from .measures import PARTS, RESAMPLES, SEED, Difference, Figure

SCORE_TITLES = {
    "rouge1_f1": "R1",
    "rouge2_f1": "R2",
    "rougeL_f1": "RL",
    "rougeLsum_f1": "RLsum",
    "bullet_match_f1": "bullets matched",
}
LIST_TITLES = {
    "bullets": "bullets",
    "words": "words",
    "missed": "points missed, %",
    "unmatched": "bullets without a point, %",
    "supported": "facts in the article, %",
    "dangling": "dangling, %",
    "alone": "alone, %",
    "source_f1": "sources",
    "points_found": "points found",
    "redundancy": "redundancy, %",
    "novel_2gram": "new bigrams, %",
    "density": "density",
}
NO_RIVALS = ("oracle", "main oracle", "source oracle", "random", "LexRank", "TextRank")
"""Systems whose difference from the base is only in the JSON, not in the table."""
_LIBRARIES = (
    "newsroom-summarizer rouge-score evaluate datasets numpy scipy nltk regex sumy sentencex ctranslate2".split()
)


def table(evaluation: Evaluation, about: Mapping[str, Any]) -> str:
    """Returns the scores as Markdown, and a second table with the shape of the lists."""
    shown = [key for key in (*LIST_TITLES, *evaluation.custom_metrics) if key in evaluation.systems[0].columns]
    titles = [LIST_TITLES.get(key, key) for key in shown]
    lines = [scores(evaluation, about), "", _row("system", *titles), _row(*["---"] * (1 + len(titles)))]
    for system in evaluation.systems:
        cells = [_plain(evaluation.figures[system.name][key].value) for key in shown]
        lines.append(_row(system.name, *cells))
    return "\n".join(lines)


def scores(evaluation: Evaluation, about: Mapping[str, Any]) -> str:
    """Returns a Markdown table of scores with intervals and paired differences, then how the bullets were made. It is
    also what a model card has."""
    articles = f"{len(evaluation.examples):,} articles of {about['data']} ({about['fingerprint']})"
    lines = [
        f"{articles}{about['what']}; F1, {about['tokens']}, with 95% bootstrap intervals.",
        "",
        _row("system", *SCORE_TITLES.values()),
        _row(*["---"] * (1 + len(SCORE_TITLES))),
    ]
    for system in evaluation.systems:
        row = evaluation.figures[system.name]
        lines.append(_row(system.name, *(_figure(row[s]) for s in SCORE_TITLES)))
    for name, row in evaluation.above.items():
        if name not in NO_RIVALS:
            lines.append(_row(f"{name} above {evaluation.base} (paired)", *(_above(row[s]) for s in SCORE_TITLES)))
    for name, counts in about.get("made", {}).items():
        total = sum(counts["by"].values()) or 1
        by = ", ".join(f"{100 * count / total:.1f}% {method}" for method, count in counts["by"].items())
        failed = f"; {100 * counts['failed'] / total:.1f}% fail a check" if counts["failed"] else ""
        lines += ["", f"{name}: {total:,} bullets, {by}{failed}."]
    return "\n".join(lines)


def plain(evaluation: Evaluation, about: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the whole result, for a JSON file: every measure of every system with its interval, the differences from
    the base system, and the versions, data and options of the run. A measure without a value is null."""
    return {
        **about,
        "articles": len(evaluation.examples),
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED},
        "versions": {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES},
        "systems": {name: _nested(row) for name, row in evaluation.figures.items()},
        "above": {name: {"base": evaluation.base, **_nested(row)} for name, row in evaluation.above.items()},
    }


def _nested(row: Mapping[str, Figure] | Mapping[str, Difference]) -> dict[str, Any]:
    """Figures by measure; precision, recall and F1 of one measure are grouped under its usual name."""
    flat = {key: _numbers(value) for key, value in row.items()}
    scores = {score: {part: flat.pop(f"{score}_{part}") for part in PARTS} for score in SCORES}
    return {**scores, **flat}


def _numbers(value: Figure | Difference) -> dict[str, float | None]:
    return {name: None if math.isnan(number) else number for name, number in value._asdict().items()}


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.1f} to {figure.high:.1f})"


def _above(difference: Difference) -> str:
    return f"{difference.difference:+.2f} ({difference.low:+.2f} to {difference.high:+.2f})"


def _plain(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1f}"
