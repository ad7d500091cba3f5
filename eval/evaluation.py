"""Measures systems on the same articles: every measure for every article, then means with intervals."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rouge_score.tokenizers import Tokenizer
from tqdm import tqdm

from .data import Example
from .measures import (
    MEASURES,
    PARTS,
    ArticleFacts,
    Difference,
    Figure,
    Matching,
    Metric,
    References,
    Several,
    Wanted,
    dangling,
    differences,
    is_english,
    match,
    means,
    redundancy,
    resampled,
    rouge,
    standing_alone,
    tokenizer,
    with_intervals,
)

Floats = npt.NDArray[np.float64]
Lists = Sequence[Sequence[str]]
Spans = Sequence[Sequence[Sequence[tuple[int, int]]]]
"""For each bullet of each list, its source spans in the article."""
SCORES = (*MEASURES, "bullet_match")
"""Measures with precision, recall and F1; their flat names are `rouge1_precision`, `rouge1_recall`, `rouge1_f1`."""


@dataclass(frozen=True)
class Measured:
    """The lists of a system, and the measures of each list.

    Attributes:
        name: The system's name.
        lists: Its bullets, a list for each article.
        columns: Every measure by its flat name, shape (articles,); NaN if it has no value for an article.
    """

    name: str
    lists: Lists
    columns: dict[str, Floats]


@dataclass(frozen=True)
class Evaluation:
    """The result of an evaluation.

    Attributes:
        examples: The articles with their reference lists.
        systems: The systems, in the order they were given.
        figures: For each system, the mean of each measure over the articles, with its interval.
        above: For each system except the base, its difference from the base in each measure.
        base: Name of the system that the others are compared with.
        custom_metrics: Names of the user-defined metrics.
    """

    examples: Sequence[Example]
    systems: tuple[Measured, ...]
    figures: dict[str, dict[str, Figure]]
    above: dict[str, dict[str, Difference]]
    base: str
    custom_metrics: tuple[str, ...] = ()


def evaluate(
    examples: Sequence[Example],
    systems: Mapping[str, Lists],
    language: str = "en",
    several: Several = "best",
    custom_metrics: Mapping[str, Metric] | None = None,
    compare_with: str | None = None,
    spans: Mapping[str, Spans] | None = None,
) -> Evaluation:
    """Measures systems on the same articles.

    Args:
        examples: Articles and reference lists. Measures that need the text are left out where it is empty.
        systems: A list of bullets for each article, by the system's name.
        language: Language code; selects the tokenizer. Measures with English rules (facts, dangling, alone) are left
            out for other languages.
        several: Scoring of an article with several reference lists: "best" or "mean".
        custom_metrics: User-defined metrics, by name.
        compare_with: Name of the system that the others are compared with; default: the first.
        spans: Source spans of the bullets, by the system's name. For other systems, the source of a bullet is the
            article sentence that equals it; if one of its bullets equals none, a list has no value in the source
            measures.

    Raises:
        ValueError: There is no article or no system, `compare_with` is no system, a system does not have one list per
            article, or a user-defined metric does not return one number per article.
    """
    if not examples or not systems:
        raise ValueError("there is nothing to measure: no articles, or no lists of bullets")
    for name, lists in systems.items():
        if len(lists) != len(examples):
            raise ValueError(f"{name} has {len(lists)} lists of bullets for {len(examples)} articles")
    columns = {name: _scores(name, examples, lists, language, several) for name, lists in systems.items()}
    for name, rows in _looks(examples, systems, language, several, spans or {}).items():
        columns[name] |= {key: np.asarray([row[key] for row in rows]) for key in rows[0]}
    for title, metric in (custom_metrics or {}).items():
        for name, lists in systems.items():
            found = np.asarray(metric([e.text for e in examples], [list(x) for x in lists]), float)
            if found.shape != (len(examples),):
                raise ValueError(f"{title} returned figures of shape {found.shape} for {len(examples)} articles")
            columns[name][title] = found
    measured = tuple(Measured(name, lists, columns[name]) for name, lists in systems.items())
    base = compare_with or measured[0].name
    if base not in systems:
        raise ValueError(f"there is no system {base!r} to compare with; there are {', '.join(systems)}")
    return _with_intervals(examples, measured, base, tuple(custom_metrics or ()))


def _scores(name: str, examples: Sequence[Example], lists: Lists, language: str, several: Several) -> dict[str, Floats]:
    progress = tqdm(lists, name, file=sys.stderr, mininterval=2)
    scores = rouge(progress, [example.references for example in examples], language, several)
    return {f"{m}_{p}": scores[:, i, j] for i, m in enumerate(MEASURES) for j, p in enumerate(PARTS)}


def _looks(
    examples: Sequence[Example],
    systems: Mapping[str, Lists],
    language: str,
    several: Several,
    spans: Mapping[str, Spans],
) -> dict[str, list[dict[str, float]]]:
    """All measures except ROUGE. The articles are the outer loop, so that only one index is in memory at a time."""
    tokens, english = tokenizer(language), is_english(language)
    with_text = all(example.text for example in examples)
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    traced = any(point.sources for example in examples for point in example.points)
    for i, example in enumerate(tqdm(examples, "lists", file=sys.stderr, mininterval=2, leave=False)):
        source = ArticleFacts(example.text) if with_text else None
        wanted = Wanted(example, language) if traced else None
        for name, lists in systems.items():
            bullets = lists[i]
            row = _matched(bullets, example.references, tokens, several) | _shape(bullets, tokens)
            if english:
                row["dangling"] = dangling(bullets)
                row["alone"] = standing_alone(bullets)
            if wanted:
                given = spans[name][i] if name in spans else None
                row |= wanted.reached(bullets, given)._asdict()
            if source:
                row |= source.copied(bullets) | (source.supported(bullets) if english else {})
            rows[name].append(row)
    return rows


def _matched(bullets: Sequence[str], references: References, tokens: Tokenizer, several: Several) -> dict[str, float]:
    """Matching scores against the reference list that matches best, or their mean over all reference lists."""
    rows = [_of_matching(match(bullets, reference, tokens), bullets, reference) for reference in references]
    if several == "best":
        return max(rows, key=lambda row: row["bullet_match_f1"])
    values = means(np.asarray([list(row.values()) for row in rows]))
    return dict(zip(rows[0], map(float, values), strict=True))


def _of_matching(matching: Matching, bullets: Sequence[str], reference: Sequence[str]) -> dict[str, float]:
    return {
        "bullet_match_precision": 100 * matching.precision,
        "bullet_match_recall": 100 * matching.recall,
        "bullet_match_f1": 100 * matching.f1,
        "missed": 100 * matching.missed / len(reference),
        "unmatched": 100 * matching.unmatched / len(bullets) if bullets else float("nan"),
    }


def _shape(bullets: Sequence[str], tokens: Tokenizer) -> dict[str, float]:
    sizes = [len(bullet.split()) for bullet in bullets]
    return {
        "bullets": float(len(bullets)),
        "words": float(sum(sizes)),
        "redundancy": 100 * redundancy(bullets, tokens),
    }


def _with_intervals(
    examples: Sequence[Example],
    systems: tuple[Measured, ...],
    base: str,
    custom_metrics: tuple[str, ...],
) -> Evaluation:
    names = list(systems[0].columns)
    tables = [np.stack([system.columns[name] for name in names], 1) for system in systems]
    # Resample all systems together, so that every figure uses the same samples of the articles.
    table = np.concatenate(tables, 1)
    values, drawn = means(table), resampled(table)
    places = {(s.name, name): i * len(names) + j for i, s in enumerate(systems) for j, name in enumerate(names)}
    found = with_intervals(values, drawn)
    figures = {s.name: {name: found[places[s.name, name]] for name in names} for s in systems}
    of_base = tables[[system.name for system in systems].index(base)]
    above = {
        system.name: dict(zip(names, differences(table, of_base), strict=True))
        for system, table in zip(systems, tables, strict=True)
        if system.name != base
    }
    return Evaluation(examples, systems, figures, above, base, custom_metrics)
