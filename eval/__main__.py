"""Measures lists of key points against the lists that people wrote.

A model beside the lead and the oracle, on articles with human lists:
  python -m eval --model models/base --data validation.jsonl
Lists that some system printed, against human lists (JSONL with id and bullets, or plain text, one article a line):
  python -m eval --predictions ours.jsonl --references human.jsonl
Several systems side by side, with a page to look at:
  python -m eval --data validation.jsonl --model base --predictions other=other.jsonl --report report.html
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from summarizer import Article, Summarizer
from summarizer.boilerplate import story
from summarizer.errors import SummarizerError

from . import baselines
from .bootstrap import SEED
from .card import with_scores
from .data import Example, aligned, fingerprint, read, read_lists, read_references
from .evaluation import Evaluation, evaluate
from .faithfulness import judge
from .gate import fallen, raise_floors
from .report import report
from .rouge import tokenizer
from .table import plain, table

Lists = list[list[str]]


def main(argv: list[str]) -> None:
    """Prints a table on stdout. Exit codes: 0 fine, 1 a score is below its floor, 2 wrong use or unreadable data."""
    parser = _parser()
    args = parser.parse_args(argv)
    if bool(args.data) == bool(args.references):
        parser.error("give either --data (articles with human lists) or --references (human lists alone)")
    if args.references and (args.model or not args.predictions):
        parser.error("--references holds no articles to summarize; give --predictions, or give --data")
    try:
        below = _run(args)
    except (ValueError, OSError, SummarizerError) as error:
        parser.exit(2, f"error: {error}\n")
    if below:
        parser.exit(1, "".join(f"below the floor: {line}\n" for line in below))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("what is measured")
    data.add_argument("--data", help="articles with human lists: .jsonl, .csv, .parquet, .gz, a folder, or a Hub name")
    data.add_argument("--references", help="human lists without articles: .jsonl, or plain text")
    data.add_argument("--model", action="append", default=[], help="model name or folder; may be repeated")
    data.add_argument(
        "--predictions", action="append", default=[], metavar="[NAME=]FILE", help="lists of a system; may be repeated"
    )
    data.add_argument(
        "--baselines",
        nargs="*",
        choices=baselines.BASELINES,
        default=["lead", "oracle"],
        help="systems to stand beside (default: lead oracle); they need --data",
    )
    data.add_argument("--text-column", help="column of the article (default: article, text or document)")
    data.add_argument("--bullets-column", help="column of the list (default: bullets, highlights or summary)")
    data.add_argument("--split", default="test", help="split of a Hub data set (default: test)")
    data.add_argument("--limit", type=int, help="only the first so many articles")
    how = parser.add_argument_group("how")
    how.add_argument("--bullets", default="3", help="how many bullets, or auto (default: 3)")
    how.add_argument("--length", default="brief", choices=["brief", "standard"], help="(default: brief)")
    how.add_argument("--language", default="en", help="code; any but en gets the Unicode tokenizer (default: en)")
    how.add_argument("--several", default="best", choices=["best", "mean"], help="with several human lists an article")
    how.add_argument("--metric", action="append", default=[], metavar="MODULE:FUNCTION", help="a metric of your own")
    out = parser.add_argument_group("results")
    out.add_argument("--json", type=Path, metavar="FILE", help="write everything there")
    out.add_argument("--report", type=Path, metavar="FILE.html", help="write a page to look at")
    out.add_argument("--card", action="store_true", help="put the table into the model's card (its README.md)")
    out.add_argument("--floors", type=Path, metavar="FILE", help="fail where the model is below its floors")
    out.add_argument("--set-floors", action="store_true", help="set the floors in that file from this run")
    out.add_argument("--lower-floors", action="store_true", help="allow --set-floors to lower one")
    return parser


def _run(args: argparse.Namespace) -> list[str]:
    """Does what was asked; gives what is below its floor."""
    count = args.bullets if args.bullets == "auto" else int(args.bullets)
    judges = {name: judge(name) for name in args.metric}
    if args.data:
        examples = read(args.data, args.text_column, args.bullets_column, args.split)[: args.limit]
    else:
        examples = read_references(args.references, args.bullets_column)[: args.limit]
    models = args.model or ([] if args.predictions else ["base"])
    systems = _systems(args, examples, models, count)
    evaluation = evaluate(examples, systems, args.language, args.several, judges)
    for system in evaluation.systems:
        empty = sum(not bullets for bullets in system.lists)
        if empty:
            print(f"warning: {system.name} has no bullets for {empty} articles; they score 0", file=sys.stderr)
    about = _about(args, count)
    text = table(evaluation, about)
    print(text)
    if args.json:
        args.json.write_text(json.dumps(plain(evaluation, about), indent=2, ensure_ascii=False) + "\n", "utf-8")
    if args.report:
        args.report.write_text(report(evaluation, about), "utf-8")
    if args.card:
        card = Path(models[0]) / "README.md"
        title = f"{about['data']}, {args.length}, {args.bullets} bullets"
        card.write_text(with_scores(card.read_text("utf-8"), text, title), "utf-8")
    return _gate(args, evaluation, about, models) if args.floors else []


def _systems(args: argparse.Namespace, examples: list[Example], models: list[str], count: Any) -> dict[str, Lists]:
    """Every system's lists, made or read, in the order of the table: the lead first, the oracle last."""
    lead = 3 if count == "auto" else count
    made: dict[str, Callable[[], Iterable[list[str]]]] = {}
    if args.data:
        sentences = [[s.text for s in story(example.text, args.language)] for example in examples]
        tokens = tokenizer(args.language)
        pairs = list(zip(sentences, examples, strict=True))
        made = {
            "lead": lambda: (baselines.lead(s, lead) for s in sentences),
            "random": lambda: (baselines.random(s, lead, SEED) for s in sentences),
            "lexrank": lambda: (baselines.lexrank(s, lead) for s in sentences),
            "textrank": lambda: (baselines.textrank(s, lead) for s in sentences),
            "oracle": lambda: (baselines.oracle(s, e.bullets, lead, tokens) for s, e in pairs),
        }
    titles = {"lead": f"LEAD-{lead}", "lexrank": "LexRank", "textrank": "TextRank"}
    wanted = [name for name in baselines.BASELINES if name in args.baselines and name in made]
    found: dict[str, Lists] = {}

    def take(name: str, lists: Iterable[list[str]]) -> None:
        if name in found:
            raise ValueError(f"two systems are called {name!r}; name them with --predictions NAME=FILE")
        found[name] = list(tqdm(lists, f"{name}: bullets", len(examples), file=sys.stderr, mininterval=2))

    for name in wanted:
        if name != "oracle":
            take(titles.get(name, name), made[name]())
    for model in models:
        take(Path(model).name, _summaries(model, examples, count, args.length, args.language))
    for given in args.predictions:
        name, _, file = given.rpartition("=") if not Path(given).exists() else ("", "", given)
        lists = read_lists(file, args.bullets_column if args.references else None)
        if isinstance(lists, list) and args.limit:
            lists = lists[: args.limit]
        elif args.limit:
            lists = {example.id: lists[example.id] for example in examples if example.id in lists}
        take(name or Path(file).name.split(".")[0], aligned(lists, examples, file))
    if "oracle" in wanted:
        take("oracle", made["oracle"]())
    return found


def _summaries(model: str, examples: Sequence[Example], count: Any, length: Any, language: str) -> Iterable[list[str]]:
    articles = (Article.from_text(example.text, language=language) for example in examples)
    stream = Summarizer.from_pretrained(model).stream(articles, bullets=count, length=length)
    return ([bullet.text for bullet in summary] for summary in stream)


def _about(args: argparse.Namespace, count: Any) -> dict[str, Any]:
    """What the figures were made with."""
    source = args.data or args.references
    number = f"{count} bullets" if args.data else "lists as given"
    return {
        "data": Path(source).name if Path(source).exists() else source,
        "fingerprint": fingerprint(source),
        "what": f"`{args.length}`, {number}" if args.data else number,
        "tokens": "rouge-score's tokens, stemmed" if args.language.startswith("en") else "Unicode tokens, unstemmed",
        "options": {
            name: getattr(args, name)
            for name in ("bullets", "length", "language", "several", "limit", "split", "text_column", "bullets_column")
        },
    }


def _gate(args: argparse.Namespace, evaluation: Evaluation, about: dict[str, Any], models: list[str]) -> list[str]:
    if not models:
        raise ValueError("--floors guards a model; give --model")
    key = f"{about['data']}, {args.length}, {args.bullets} bullets"
    figures = evaluation.figures[Path(models[0]).name]
    if args.set_floors:
        print(f"floors of {key!r}: {raise_floors(args.floors, key, figures, args.lower_floors)}", file=sys.stderr)
        return []
    return fallen(args.floors, key, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
