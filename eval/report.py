"""HTML report of an evaluation: scores, the shape of the lists, and every article next to its lists.

This file builds the data, one JSON block; the page `report.html` draws it in the reader's browser.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rouge_score.tokenizers import Tokenizer
from tqdm import tqdm

from summarizer.checks import Fact, FactIndex, facts
from summarizer.reading import content_sentences

from .data import Example
from .evaluation import Evaluation, Measured
from .measures import MATCH, is_english, match, source_of, tokenizer
from .table import LIST_TITLES, SCORE_TITLES, plain

Bullets = list[dict[str, Any]]

_TEMPLATE = Path(__file__).with_name("report.html")
# Bins of the histograms. The last bin is open-ended, so that one very long list does not flatten all others.
_COUNTS, _LENGTHS, _LENGTH_STEP, _PLACES = 11, 13, 5, 10


def report(evaluation: Evaluation, about: Mapping[str, Any]) -> str:
    """Returns one self-contained HTML file, which needs no network.

    Args:
        evaluation: The evaluation to show.
        about: Its data and options, as for `table`; `options.language` selects how sentences are split and words are
            counted (default: "en").
    """
    data = json.dumps(_data(evaluation, about), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Escape "<", which could end the script block; replace lone surrogates, which UTF-8 cannot encode.
    data = data.replace("<", "\\u003c").encode("utf-8", "replace").decode("utf-8")
    return _TEMPLATE.read_text("utf-8").replace("{{data}}", data)


def _data(evaluation: Evaluation, about: Mapping[str, Any]) -> dict[str, Any]:
    articles = list(_articles(evaluation, about.get("options", {}).get("language", "en")))
    keys = evaluation.systems[0].columns
    human = [(article, bullets) for article in articles for bullets in article["human"]]
    return {
        "result": plain(evaluation, about),
        "systems": [system.name for system in evaluation.systems],
        "scores": {key: title for key, title in SCORE_TITLES.items() if key in keys},
        "rest": {key: title for key, title in LIST_TITLES.items() if key in keys},
        "columns": {system.name: _columns(system) for system in evaluation.systems},
        "shapes": {
            "human": _shape(human),
            "systems": [
                _shape([(article, article["systems"][i]["bullets"]) for article in articles])
                for i in range(len(evaluation.systems))
            ],
        },
        "match": MATCH,
        "articles": articles,
    }


def _columns(system: Measured) -> dict[str, list[float | None]]:
    """Every measure of every article; null if it has no value."""
    return {
        key: [None if np.isnan(value) else round(float(value), 2) for value in column]
        for key, column in system.columns.items()
    }


def _articles(evaluation: Evaluation, language: str) -> Iterator[dict[str, Any]]:
    tokens = tokenizer(language)
    often = Counter(example.id for example in evaluation.examples)
    for i, example in enumerate(tqdm(evaluation.examples, "report", file=sys.stderr, mininterval=2, leave=False)):
        sentences = content_sentences(example.text, language) if example.text else ()
        texts = [sentence.text for sentence in sentences]
        known = FactIndex(example.text) if example.text and is_english(language) else None  # the rules are English
        yield {
            # Articles with the same id still need different addresses.
            "id": example.id if often[example.id] == 1 else f"{example.id} (article {i + 1})",
            "text": _pieces(example.text, [(sentence.start, sentence.end) for sentence in sentences]),
            "human": [_bullets(bullets, texts, known, tokens) for bullets in example.references],
            "systems": [
                _paired(_bullets(system.lists[i], texts, known, tokens), system.lists[i], example, tokens)
                for system in evaluation.systems
            ],
        }


def _bullets(bullets: Sequence[str], sentences: Sequence[str], known: FactIndex | None, tokens: Tokenizer) -> Bullets:
    """For each bullet: its pieces (every second is a fact that was not found), their kinds, and its source sentence."""
    found: Bullets = []
    for bullet in bullets:
        missing = _missing(bullet, known) if known else []
        parts = _pieces(bullet, [(fact.start, fact.end) for fact in missing])
        found.append({"parts": parts, "source": source_of(bullet, sentences, tokens)})
        if missing:
            found[-1]["missing"] = [fact.kind for fact in missing]
    return found


def _paired(found: Bullets, bullets: Sequence[str], example: Example, tokens: Tokenizer) -> dict[str, Any]:
    """A system's list, with the human list that matches it best and the pairs between the two."""
    matchings = [match(bullets, human, tokens) for human in example.references]
    best = max(range(len(matchings)), key=lambda k: matchings[k].f1)
    for i, human, likeness in matchings[best].pairs:
        found[i]["pair"] = [human, round(likeness, 2)]
    return {"human": best, "bullets": found}


def _missing(bullet: str, known: FactIndex) -> list[Fact]:
    """Facts that were not found, in order. If two overlap (a name within a quote), only the first one is kept."""
    kept: list[Fact] = []
    for fact in sorted(facts(bullet), key=lambda fact: (fact.start, -fact.end)):
        if not known.supports(fact) and (not kept or fact.start >= kept[-1].end):
            kept.append(fact)
    return kept


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Cuts the text at spans: pieces 1, 3, 5, … are the spans. Offsets would not work in JavaScript, which counts an
    emoji as two characters."""
    cuts = [0, *(cut for span in spans for cut in span), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]


def _shape(lists: Sequence[tuple[dict[str, Any], Bullets]]) -> dict[str, list[float]]:
    """Histograms in percent: number of bullets in a list, words in a bullet, and position of the sources in the
    article."""
    bullets = [(article, bullet) for article, one in lists for bullet in one]
    words = [len("".join(bullet["parts"]).split()) for _, bullet in bullets]
    # Use the middle of the sentence: its start would shift the sources of short articles towards the first bin.
    places = [
        int(_PLACES * (bullet["source"] + 0.5) / (len(article["text"]) // 2))
        for article, bullet in bullets
        if bullet["source"] is not None
    ]
    return {
        "bullets": _shares([len(one) for _, one in lists], _COUNTS, len(lists)),
        "words": _shares([count // _LENGTH_STEP for count in words], _LENGTHS, len(bullets)),
        "places": _shares(places, _PLACES, len(bullets)),
    }


def _shares(values: Sequence[int], bins: int, whole: int) -> list[float]:
    counts = np.bincount(np.minimum(np.asarray(values, int), bins - 1), minlength=bins)
    return [round(100 * float(count) / max(whole, 1), 2) for count in counts]
