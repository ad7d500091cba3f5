"""Measures lists of key points against the lists that people wrote.

Measure a model on articles with reference lists, and compare it with the lead and the oracle:
  python -m eval --model models/base --data validation.jsonl
Compare a system's lists with reference lists (JSONL with id and bullets, or plain text, one article a line):
  python -m eval --predictions ours.jsonl --references references.jsonl
Compare several systems, and write an HTML report:
  python -m eval --data validation.jsonl --model base --predictions other=other.jsonl --report report.html
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from summarizer.errors import SummarizerError
from summarizer.flags import writer_options
from summarizer.models import version_of
from summarizer.options import LENGTHS, POLICIES
from summarizer.reading import content_sentences
from summarizer.summary import Policy

from . import baselines
from .card import with_scores
from .data import Example, aligned, fingerprint, read, read_lists, read_references
from .evaluation import Evaluation, evaluate
from .gate import fallen, raise_floors
from .measures import SEED, is_english, load_metric, tokenizer
from .report import report
from .systems import ModelLists, make_lists
from .table import plain, scores, table

Lists = list[list[str]]


def main(argv: list[str]) -> None:
    """Prints a table on stdout. Exit codes: 0 success, 1 a score is below its floor, 2 wrong use or unreadable data."""
    parser = _parser()
    args = parser.parse_args(argv)
    if bool(args.data) == bool(args.references):
        parser.error("give either --data (articles with reference lists) or --references (reference lists alone)")
    if args.references and (args.model or not args.predictions):
        parser.error("--references holds no articles to summarize; give --predictions, or give --data")
    if args.limit is not None and args.limit < 1:
        parser.error(f"--limit must be at least 1, not {args.limit}")
    if (args.set_floors or args.lower_floors) and not args.floors:
        parser.error("--set-floors and --lower-floors need --floors FILE")
    args.model = args.model or ([] if args.predictions else ["base"])
    if (args.floors or args.card) and not args.model:
        parser.error("--floors and --card need a model; give --model")
    if args.card and not (Path(_named(args.model[0])[1]) / "README.md").is_file():
        parser.error(f"--card needs a model folder with a README.md; {args.model[0]!r} is not such a folder")
    try:
        below = _run(args)
    except (ValueError, OSError, SummarizerError) as error:
        parser.exit(2, f"error: {error}\n")
    if below:
        parser.exit(1, "".join(f"below the floor: {line}\n" for line in below))


def _count(text: str) -> int | str:
    if text == "auto" or (text.isdigit() and int(text)):
        return text if text == "auto" else int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is neither a whole number from 1 nor auto")


def _named(given: str) -> tuple[str, str]:
    """Name of a system and its model or file, from NAME=PLACE or PLACE."""
    name, equals, place = given.partition("=")
    if equals and not Path(given).exists():
        return name, place
    return Path(given).name.split(".")[0] or given, given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m eval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = parser.add_argument_group("what is measured")
    data.add_argument(
        "--data", help="articles with reference lists: .jsonl, .csv, .parquet, .gz, a folder, or a Hub data set"
    )
    data.add_argument("--references", help="reference lists without articles: .jsonl, or plain text")
    data.add_argument(
        "--model", action="append", default=[], metavar="[NAME=]MODEL", help="model name or folder; may be repeated"
    )
    data.add_argument(
        "--predictions",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="file with the lists of a system; may be repeated",
    )
    data.add_argument(
        "--baselines",
        nargs="*",
        choices=baselines.BASELINES,
        default=["lead", "oracle"],
        help="simple systems and oracles to compare with (default: lead oracle); they need --data",
    )
    data.add_argument("--text-field", help="field of the article (default: article, text or document)")
    data.add_argument("--bullets-field", help="field of the list (default: bullets, highlights or summary)")
    data.add_argument("--split", default="test", help="split of a Hub data set (default: test)")
    data.add_argument("--limit", type=int, help="maximum number of articles (default: all)")
    data.add_argument(
        "--compare-with", metavar="NAME", help="system that the others are compared with (default: the first)"
    )
    how = parser.add_argument_group("how")
    how.add_argument("--bullets", type=_count, default=3, help="number of bullets, or auto (default: 3)")
    how.add_argument("--length", default="brief", choices=LENGTHS, help="length of the bullets (default: brief)")
    how.add_argument(
        "--policy",
        nargs="+",
        default=["checked"],
        choices=POLICIES,
        help="which rewrites a model may show; several policies are measured separately (default: checked)",
    )
    how.add_argument(
        "--min-confidence", type=float, metavar="P", help="as for summarize (default: the model's threshold)"
    )
    how.add_argument(
        "--writer", metavar="URL|MODEL", help="language model that writes the points of every --model, as for summarize"
    )
    how.add_argument("--writer-model", default="", metavar="NAME", help="its name, if --writer is a server")
    how.add_argument("--writer-guide", metavar="FILE", help="your editor's guide for it")
    how.add_argument(
        "--language", default="en", help="language code; all but English use the Unicode tokenizer (default: en)"
    )
    how.add_argument(
        "--several", default="best", choices=["best", "mean"], help="score for several reference lists (default: best)"
    )
    how.add_argument(
        "--metric", action="append", default=[], metavar="MODULE:FUNCTION", help="user-defined metric; may be repeated"
    )
    out = parser.add_argument_group("results")
    out.add_argument("--json", type=Path, metavar="FILE", help="write all results to this file")
    out.add_argument("--report", type=Path, metavar="FILE.html", help="write an HTML report to this file")
    out.add_argument("--card", action="store_true", help="write the scores into the model card (README.md)")
    out.add_argument("--floors", type=Path, metavar="FILE", help="fail if the model is below these floors")
    out.add_argument("--set-floors", action="store_true", help="set the floors in the --floors file from this run")
    out.add_argument("--lower-floors", action="store_true", help="allow --set-floors to lower a floor")
    return parser


def _run(args: argparse.Namespace) -> list[str]:
    """Runs the evaluation; returns one line for each score below its floor."""
    custom_metrics = {name: load_metric(name) for name in args.metric}
    if args.data:
        examples = read(args.data, args.text_field, args.bullets_field, args.split, args.length)[: args.limit]
    else:
        examples = read_references(args.references, args.bullets_field)[: args.limit]
    names = {
        "lead": f"LEAD-{'n' if _as_listed(args, examples) else _fixed(args)}",
        "lexrank": "LexRank",
        "textrank": "TextRank",
        "main-oracle": "main oracle",
        "source-oracle": "source oracle",
    }
    made: dict[str, ModelLists] = {}
    systems = _systems(args, examples, names, made)
    evaluation = evaluate(
        examples,
        systems,
        args.language,
        args.several,
        custom_metrics,
        compare_with=args.compare_with,
        spans={name: lists.spans for name, lists in made.items()},
    )
    for system in evaluation.systems:
        empty = sum(not bullets for bullets in system.lists)
        if empty:
            print(f"warning: {system.name} has no bullets for {empty} articles; they score 0", file=sys.stderr)
    about = _about(args) | {"made": {name: lists.counts for name, lists in made.items()}}
    print(table(evaluation, about))
    if args.json:
        args.json.write_text(json.dumps(plain(evaluation, about), indent=2, ensure_ascii=False) + "\n", "utf-8")
    if args.report:
        args.report.write_text(report(evaluation, about), "utf-8")
    if args.card:
        card = Path(_named(args.model[0])[1]) / "README.md"
        title = f"{about['data']}, {args.length}, {args.bullets} bullets"
        card.write_text(with_scores(card.read_text("utf-8"), scores(evaluation, about), title), "utf-8")
    return _gate(args, evaluation, about) if args.floors else []


def _fixed(args: argparse.Namespace) -> int:
    """Number of bullets for systems that do not choose it themselves."""
    return 3 if args.bullets == "auto" else int(args.bullets)


def _as_listed(args: argparse.Namespace, examples: list[Example]) -> bool:
    """True if such systems use the number of bullets of the reference list: for header lists, with --bullets auto."""
    return args.bullets == "auto" and any(point.sources for example in examples for point in example.points)


def _systems(
    args: argparse.Namespace, examples: list[Example], names: dict[str, str], made_by: dict[str, ModelLists]
) -> dict[str, Lists]:
    """Reads or makes the lists of every system, in the order of the table: the lead first, the oracle last. Also adds
    the output of models to `made_by`."""

    def run(name: str, model: str, policy: Policy) -> Lists:
        writer = writer_options(args.writer, args.writer_model, args.writer_guide, fallback=False)
        made_by[name] = make_lists(
            model, examples, name, args.bullets, args.length, policy, args.language, args.min_confidence, writer
        )
        return made_by[name].lists

    def shown(name: str) -> Iterable[list[str]]:
        return tqdm(made[name](), f"{names.get(name, name)}: bullets", len(examples), file=sys.stderr, mininterval=2)

    given = _predictions(args, examples)  # first, so that errors show before models run for hours
    tokens = tokenizer(args.language)
    sentences = [[s.text for s in content_sentences(e.text, args.language)] for e in examples] if args.data else []
    listed = _as_listed(args, examples)
    counts = [len(e.bullets) if listed else _fixed(args) for e in examples]
    given_count = list(zip(sentences, counts, strict=False))
    made: dict[str, Callable[[], Iterable[list[str]]]] = {
        "lead": lambda: (baselines.lead(s, n) for s, n in given_count),
        "random": lambda: (baselines.random(s, n, SEED) for s, n in given_count),
        "lexrank": lambda: (baselines.lexrank(s, n) for s, n in given_count),
        "textrank": lambda: (baselines.textrank(s, n) for s, n in given_count),
        "main-oracle": lambda: (baselines.points_oracle(e, whole=False) for e in examples),
        "source-oracle": lambda: (baselines.points_oracle(e, whole=True) for e in examples),
        "oracle": lambda: (
            baselines.oracle(s, e.references, n, tokens) for (s, n), e in zip(given_count, examples, strict=True)
        ),
    }
    order: list[tuple[str, Callable[[], Iterable[list[str]]]]] = []
    wanted = [name for name in baselines.BASELINES if name in args.baselines and args.data]
    order += [(names.get(name, name), partial(shown, name)) for name in wanted if not name.endswith("oracle")]
    for model, place in map(_named, args.model):
        order += [(name, partial(run, name, place, policy)) for name, policy in _runs(args, model)]
    order += [(name, partial(iter, lists)) for name, lists in given.items()]
    order += [(names.get(name, name), partial(shown, name)) for name in wanted if name.endswith("oracle")]
    found: dict[str, Lists] = {}
    for name, lists in order:
        if name in found:
            raise ValueError(f"two systems are called {name!r}; name them: --model NAME=MODEL, --predictions NAME=FILE")
        found[name] = list(lists())
    return found


def _predictions(args: argparse.Namespace, examples: list[Example]) -> dict[str, Lists]:
    found: dict[str, Lists] = {}
    for name, file in map(_named, args.predictions):
        if name in found:
            raise ValueError(f"two systems are called {name!r}; name them: --predictions NAME=FILE")
        lists = read_lists(file)
        if isinstance(lists, list) and args.limit:
            lists = lists[: args.limit]
        elif args.limit:
            lists = {example.id: lists[example.id] for example in examples if example.id in lists}
        found[name] = aligned(lists, examples, file)
    return found


def _runs(args: argparse.Namespace, model: str) -> list[tuple[str, Policy]]:
    """The names that a model has in the table, each with its policy."""
    return [(model if len(args.policy) == 1 else f"{model}, {policy}", policy) for policy in args.policy]


def _about(args: argparse.Namespace) -> dict[str, Any]:
    """Data, options, and versions of the models behind the figures."""
    source = args.data or args.references
    there = Path(source).exists()
    made = f", `{args.length}`, {args.bullets} bullets" if args.model else ""
    files = [place for _, place in map(_named, args.predictions)]
    return {
        "data": Path(source).name if there else source,
        "fingerprint": f"sha256 {fingerprint(source)}…" if there else f"split {args.split}",
        "what": made,
        "tokens": "rouge-score's tokens, stemmed" if is_english(args.language) else "Unicode tokens, unstemmed",
        "options": {name: value for name, value in vars(args).items() if not isinstance(value, Path)},
        "predictions": {file: fingerprint(file) for file in files},
        "models": {model: version_of(place) for model, place in map(_named, args.model)},
    }


def _gate(args: argparse.Namespace, evaluation: Evaluation, about: dict[str, Any]) -> list[str]:
    limit = f", first {args.limit}" if args.limit else ""
    key = f"{about['data']} ({about['fingerprint']}){limit}, {args.length}, {args.bullets} bullets"
    figures = evaluation.figures[_runs(args, _named(args.model[0])[0])[0][0]]
    if args.set_floors:
        print(f"floors of {key!r}: {raise_floors(args.floors, key, figures, args.lower_floors)}", file=sys.stderr)
        return []
    return fallen(args.floors, key, figures)


if __name__ == "__main__":
    main(sys.argv[1:])
