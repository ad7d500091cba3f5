"""Systems side by side on the same articles: every measure for every article, then means with intervals."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from .bootstrap import Difference, Figure, differences, figures
from .data import Example
from .faithfulness import Judge, Source, dangling
from .matching import match, redundancy
from .rouge import MEASURES, PARTS, Several, rouge, tokenizer

Floats = npt.NDArray[np.float64]
Lists = Sequence[Sequence[str]]
SCORES = (*MEASURES, "bullet_match")
"""What has precision, recall and F1; in a flat table under `rouge1_precision`, `rouge1_recall` and `rouge1_f1`."""


@dataclass(frozen=True)
class Measured:
    """A system's lists with what was measured of each.

    Attributes:
        name: The system's name.
        lists: Its bullets, a list for each article.
        columns: Every measure by its flat name, shape (articles,); NaN where it has no value for an article.
    """

    name: str
    lists: Lists
    columns: dict[str, Floats]


@dataclass(frozen=True)
class Evaluation:
    """The result.

    Attributes:
        examples: The articles with their human lists.
        systems: The systems, in the order they were given.
        figures: For each system, each measure's mean with its interval.
        above: For each system but the base, how far it is above the base, measure by measure.
        base: The system that the others are compared with: the first.
        closed: For each system, the share of the way from the lead to the oracle that its rouge1, rouge2 and rougeLsum
            close, in percent; empty where one of the two was not measured.
    """

    examples: Sequence[Example]
    systems: tuple[Measured, ...]
    figures: dict[str, dict[str, Figure]]
    above: dict[str, dict[str, Difference]]
    base: str
    closed: dict[str, dict[str, float]]


def evaluate(
    examples: Sequence[Example],
    systems: Mapping[str, Lists],
    language: str = "en",
    several: Several = "best",
    judges: Mapping[str, Judge] | None = None,
) -> Evaluation:
    """Measures systems on the same articles.

    Args:
        examples: Articles (their text may be empty; what needs it is then left out) and human lists.
        systems: A list of bullets for each article, by the system's name; the first one is what others are compared
            with. The names of `lead` and `oracle` begin with "LEAD" and "oracle".
        language: Chooses the tokenizer of ROUGE and of the matching.
        several: What a score is where an article has several human lists: "best" or "mean".
        judges: Metrics of your own, by name.

    Raises:
        ValueError: A system has another number of lists than there are articles.
    """
    for name, lists in systems.items():
        if len(lists) != len(examples):
            raise ValueError(f"{name} has {len(lists)} lists of bullets for {len(examples)} articles")
    sources = (
        [Source(e.text) for e in tqdm(examples, "articles", file=sys.stderr, mininterval=2, leave=False)]
        if all(e.text for e in examples)
        else None
    )
    measured = []
    for name, lists in systems.items():
        columns = _columns(name, examples, sources, lists, language, several)
        for title, judge in (judges or {}).items():
            columns[title] = np.asarray(judge([e.text for e in examples], [list(x) for x in lists]), float)
        measured.append(Measured(name, lists, columns))
    return _with_intervals(examples, tuple(measured))


def _columns(
    name: str,
    examples: Sequence[Example],
    sources: Sequence[Source] | None,
    lists: Lists,
    language: str,
    several: Several,
) -> dict[str, Floats]:
    tokens = tokenizer(language)
    references = [example.references for example in examples]
    progress = tqdm(lists, name, file=sys.stderr, mininterval=2)
    scores = rouge(progress, references, language, several)
    columns = {f"{m}_{p}": scores[:, i, j] for i, m in enumerate(MEASURES) for j, p in enumerate(PARTS)}
    rows: list[dict[str, float]] = []
    for i, bullets in enumerate(lists):
        matchings = [match(bullets, human, tokens) for human in references[i]]
        best = max(matchings, key=lambda m: m.f1)
        human = references[i][matchings.index(best)]
        sizes = [len(b.split()) for b in bullets]
        row = {
            "bullet_match_precision": 100 * best.precision,
            "bullet_match_recall": 100 * best.recall,
            "bullet_match_f1": 100 * best.f1,
            "missed": 100 * best.missed / len(human),
            "unmatched": 100 * best.unmatched / len(bullets) if bullets else float("nan"),
            "order": 100 * best.order,
            "bullets": float(len(bullets)),
            "words": float(sum(sizes)),
            "bullet_words": float(np.mean(sizes)) if bullets else float("nan"),
            "human_bullets": float(len(human)),
            "human_words": float(sum(len(b.split()) for b in human)),
            "redundancy": 100 * redundancy(bullets, tokens),
            "dangling": dangling(bullets),
            "empty": 100.0 * (not bullets),
        }
        if sources:
            row |= sources[i].supported(bullets) | sources[i].copied(bullets)
        rows.append(row)
    return columns | {key: np.asarray([row[key] for row in rows]) for key in rows[0]}


def _with_intervals(examples: Sequence[Example], systems: tuple[Measured, ...]) -> Evaluation:
    names = list(systems[0].columns)
    tables = [np.stack([system.columns[name] for name in names], 1) for system in systems]
    # All systems at once, so that every figure comes from the same samples of the articles.
    found = iter(figures(np.concatenate(tables, 1)))
    means = {system.name: {name: next(found) for name in names} for system in systems}
    base = systems[0].name
    above = {
        system.name: dict(zip(names, differences(table, tables[0]), strict=True))
        for system, table in zip(systems[1:], tables[1:], strict=True)
    }
    return Evaluation(examples, systems, means, above, base, _closed(means))


def _closed(means: dict[str, dict[str, Figure]]) -> dict[str, dict[str, float]]:
    low = next((name for name in means if name.startswith("LEAD")), None)
    high = next((name for name in means if name.startswith("oracle")), None)
    if low is None or high is None:
        return {}
    keys = [f"{m}_f1" for m in ("rouge1", "rouge2", "rougeLsum")]
    return {
        name: {
            k: 100 * (row[k].value - means[low][k].value) / (means[high][k].value - means[low][k].value) for k in keys
        }
        for name, row in means.items()
        if all(means[high][k].value > means[low][k].value for k in keys)
    }
