"""HTML report of an evaluation: the tables, and every article beside its lists. The page needs no script."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from rouge_score.tokenizers import Tokenizer
from tqdm import tqdm

from summarizer.checks import Fact, FactIndex, facts
from summarizer.reading import content_sentences

from .evaluation import Evaluation
from .measures import is_english, match, source_of, tokenizer
from .table import SCORE_TITLES, table

_PAGES = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)


@dataclass(frozen=True)
class _Bullet:
    """A bullet as the page shows it.

    Attributes:
        parts: Its text in pieces; pieces 1, 3, 5, … are facts that were not found in the article.
        source: Number of the article's sentence that it is most similar to, from 0; None if there is none.
        pair: The bullet of the reference list that it is paired with, such as "A2", and their likeness; or None.
    """

    parts: list[str]
    source: int | None
    pair: tuple[str, float] | None


@dataclass(frozen=True)
class _Article:
    """An article as the page shows it.

    Attributes:
        number: Its number, from 0. Several articles may have the same id.
        id: Its id.
        text: Its text in pieces; pieces 1, 3, 5, … are the sentences of the story.
        lists: Name, scores ("" for a reference list) and bullets of each list.
        rouge1: ROUGE-1 F1 of each system.
    """

    number: int
    id: str
    text: list[str]
    lists: list[tuple[str, str, list[_Bullet]]]
    rouge1: list[float]


def report(evaluation: Evaluation, about: Mapping[str, Any]) -> str:
    """Returns one self-contained HTML file, which loads nothing.

    Args:
        evaluation: The evaluation to show.
        about: Its data and options, as for `table`; `options.language` selects how sentences are split and words are
            counted (default: "en").
    """
    articles = list(_articles(evaluation, about.get("options", {}).get("language", "en")))
    names = [system.name for system in evaluation.systems]
    first = next(iter(about.get("made", {})), names[0])  # the first model, if there is one
    page = _PAGES.get_template("report.html").render(
        table=table(evaluation, about),
        articles=articles,
        systems=names,
        first=first,
        worst=sorted(articles, key=lambda article: article.rouge1[names.index(first)]),
    )
    return page.encode("utf-8", "replace").decode("utf-8")  # half of a surrogate pair cannot be written


def _articles(evaluation: Evaluation, language: str) -> Iterator[_Article]:
    tokens = tokenizer(language)
    for i, example in enumerate(tqdm(evaluation.examples, "report", file=sys.stderr, mininterval=2, leave=False)):
        sentences = content_sentences(example.text, language) if example.text else ()
        texts = [sentence.text for sentence in sentences]
        known = FactIndex(example.text) if example.text and is_english(language) else None  # the rules are English
        lists = []
        for k, reference in enumerate(example.references):
            lists.append(
                (f"Reference list {_letter(k)}", "", _bullets(reference, [None] * len(reference), texts, known, tokens))
            )
        for system in evaluation.systems:
            bullets = system.lists[i]
            scores = ", ".join(f"{title} {system.columns[key][i]:.1f}" for key, title in SCORE_TITLES.items())
            pairs = _pairs(bullets, example.references, tokens)
            lists.append((system.name, scores, _bullets(bullets, pairs, texts, known, tokens)))
        pieces = _pieces(example.text, [(sentence.start, sentence.end) for sentence in sentences])
        rouge1 = [float(system.columns["rouge1_f1"][i]) for system in evaluation.systems]
        yield _Article(i, example.id, pieces, lists, rouge1)


def _pairs(
    bullets: Sequence[str], references: Sequence[Sequence[str]], tokens: Tokenizer
) -> list[tuple[str, float] | None]:
    """For each bullet, its partner in the reference list that matches best, and their likeness."""
    matchings = [match(bullets, reference, tokens) for reference in references]
    best = max(range(len(matchings)), key=lambda k: matchings[k].f1)
    found = {i: (f"{_letter(best)}{theirs + 1}", likeness) for i, theirs, likeness in matchings[best].pairs}
    return [found.get(i) for i in range(len(bullets))]


def _letter(index: int) -> str:
    return chr(ord("A") + index)


def _bullets(
    bullets: Sequence[str],
    pairs: Sequence[tuple[str, float] | None],
    sentences: Sequence[str],
    known: FactIndex | None,
    tokens: Tokenizer,
) -> list[_Bullet]:
    found = []
    for bullet, pair in zip(bullets, pairs, strict=True):
        missing = _missing(bullet, known) if known else []
        parts = _pieces(bullet, [(fact.start, fact.end) for fact in missing])
        found.append(_Bullet(parts, source_of(bullet, sentences, tokens), pair))
    return found


def _missing(bullet: str, known: FactIndex) -> list[Fact]:
    """Facts that were not found, in order. If two overlap (a name within a quote), only the first one is kept."""
    kept: list[Fact] = []
    for fact in sorted(facts(bullet), key=lambda fact: (fact.start, -fact.end)):
        if not known.supports(fact) and (not kept or fact.start >= kept[-1].end):
            kept.append(fact)
    return kept


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    """Cuts the text at spans: pieces 1, 3, 5, … are the spans."""
    cuts = [0, *(cut for span in spans for cut in span), len(text)]
    return [text[start:end] for start, end in pairwise(cuts)]
