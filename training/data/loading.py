"""Reads the articles of a run and checks them before training; `python -m training check DATA`.

A bad row does not stop a run: it is set aside in a file with the reason. Test articles among the training articles stop
it, because all scores measured on them would be wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from datasketch import MinHash, MinHashLSH
from tqdm import tqdm

from eval.data import Example, ExampleError, example_of, rows
from eval.measures import ArticleFacts, words
from summarizer.archive import Record

from ..arguments import DataArguments

PARTS = ("train", "auxiliary", "validation", "test")
"""Parts of the data of a run; each is an argument that names a source of articles."""
MIN_WORDS = 50
"""Minimum number of words of an article; nothing can be learnt from a shorter one."""
NEAR = 0.7
"""Similarity from which two articles are near-duplicates: Jaccard index of their five-word sequences, estimated by
MinHash (Broder 1997)."""
HELD_OUT = 10
"""Without validation articles, one in this many training articles is held out."""
LEAK = "stands in test"
_ORDER = ("test", "validation", "train", "auxiliary")
"""Order in which the parts are read: held-out articles before training articles."""
_HELD = _ORDER[:2]
_PIECE = 5
_HASHES = 64
_LOOKED_AT = 500
_KEPT_PIECES = 2000
"""Number of words, from the start of an article, whose five-word sequences are hashed."""


class LeakError(ValueError):
    """Test articles are also among the training articles."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that is not used.

    Attributes:
        where: Its position in its file.
        reason: Kind of the fault, for the counts.
        detail: What is wrong with it.
        row: The record.
    """

    where: str
    reason: str
    detail: str
    row: Record


@dataclass(frozen=True)
class Data:
    """The articles of a run.

    Attributes:
        train: Articles to train on.
        validation: Articles that select the checkpoint.
        test: Articles for the final scores; empty if no file was given.
        auxiliary: More articles to train the extractor on; empty if no file was given.
        aside: Rows that are not used, by the name of their part.
    """

    train: list[Example]
    validation: list[Example]
    test: list[Example]
    auxiliary: list[Example] = field(default_factory=list)
    aside: dict[str, list[SetAside]] = field(default_factory=dict)


def load(args: DataArguments, output: Path | None = None) -> Data:
    """Reads and checks the articles of a run, and prints the counts on stderr.

    Args:
        args: Arguments with the sources of the articles.
        output: Folder of the run; `set_aside.jsonl` is written there if a row is set aside.

    Raises:
        LeakError: Training articles are also in the test file, word for word or nearly; the message names the first.
        ValueError: No usable article is left, or a field is missing.
        FileNotFoundError: A file does not exist.
    """
    aside: dict[str, list[SetAside]] = {}
    parts: dict[str, list[Example]] = {part: [] for part in PARTS}
    known = _Known()
    for part in _ORDER:
        source = getattr(args, part, None)
        if source:
            parts[part], aside[part] = _checked(source, part, args, known)
    learnt = [*aside["train"], *aside.get("auxiliary", ())]
    leaks = [bad for bad in learnt if bad.reason == LEAK]
    if leaks and not args.drop_leaks:
        raise LeakError(
            f"{len(leaks)} of the training articles are also in {args.test} (the first: {leaks[0].detail}); "
            "remove them, or set --drop_leaks true to train without them"
        )
    for part, bad in aside.items():
        _wanted(getattr(args, part), parts[part], bad)
    if not args.validation:
        parts["train"], parts["validation"] = _held_out(parts["train"])
    if not parts["train"] or not parts["validation"]:
        raise ValueError(f"{args.train} leaves {len(parts['train'])} articles for training and "
                         f"{len(parts['validation'])} for validation; each needs at least one")  # fmt: skip
    parts["train"] = parts["train"][: args.limit]
    _report(parts, aside, args)
    if output and any(aside.values()):
        write_aside(output / "set_aside.jsonl", aside)
    return Data(parts["train"], parts["validation"], parts["test"], parts["auxiliary"], aside)


@dataclass
class CheckArguments(DataArguments):
    """Arguments of `python -m training check DATA`; `train` is DATA, and is compared with `validation` and `test`."""

    set_aside: str = field(
        default="set_aside.jsonl", metadata={"help": "File for the rows that cannot be used, with the reason."}
    )
    clean: str | None = field(
        default=None,
        metadata={"help": "File for the rows that can be used, as JSONL with id, article, and bullets or points."},
    )


def check(args: CheckArguments) -> None:
    """Checks a source of articles, and prints a report on stdout: counts, sizes, and how much of its bullets is copied.

    Raises:
        LeakError: Some of its articles are also in the test file.
        ValueError: It has no usable article.
        FileNotFoundError: A file does not exist.
    """
    known = _Known()
    aside: dict[str, list[SetAside]] = {}
    for part in ("test", "validation"):
        source = getattr(args, part)
        if source:
            _, aside[part] = _checked(source, part, args, known)
    examples, aside["train"] = _checked(args.train, "train", args, known)
    examples = examples[: args.limit]
    leaks = [bad for bad in aside["train"] if bad.reason == LEAK]
    if not leaks:
        _wanted(args.train, examples, aside["train"])
    print(f"{args.train}: {len(examples):,} articles can be used")
    for part, bad in aside.items():
        for reason, count in sorted(Counter(b.reason for b in bad).items(), key=lambda item: -item[1]):
            first = next(b for b in bad if b.reason == reason)
            name = "" if part == "train" else f"{part}: "
            print(f"  {name}{count:,} set aside: {reason} (first: {first.where}: {first.detail})")
    if examples:
        print("\n" + profile(examples))
    if any(aside.values()):
        write_aside(Path(args.set_aside), aside)
        print(f"\nrows set aside: {args.set_aside}")
    if args.clean:
        Path(args.clean).write_text("".join(_line(example) for example in examples), "utf-8")
        print(f"usable rows: {args.clean}")
    if leaks and not args.drop_leaks:
        raise LeakError(f"{len(leaks)} articles of {args.train} are also in {args.test}; a training run would stop")


def profile(examples: Sequence[Example]) -> str:
    """Returns statistics of the data as a Markdown table: sizes, and how much of the bullets is copied (coverage,
    density and novelty after Grusky et al. 2018). The table has the median and the 5th and 95th percentile over at most
    500 articles."""
    step = max(1, len(examples) // _LOOKED_AT)
    looked_at = examples[::step][:_LOOKED_AT]
    columns: dict[str, list[float]] = {}
    for example in tqdm(looked_at, "statistics of the bullets", file=sys.stderr, mininterval=2, leave=False):
        copied = ArticleFacts(example.text).copied(example.bullets)
        sizes = [len(words(bullet)) for bullet in example.bullets]
        row = {
            "words an article": len(words(example.text)),
            "bullets an article": len(sizes),
            "words a bullet": float(np.mean(sizes)),
            "coverage, % of words copied": copied["coverage"],
            "density, words a piece": copied["density"],
            "compression": copied["compression"],
            "novel bigrams, %": copied["novel_2gram"],
        }
        for name, value in row.items():
            columns.setdefault(name, []).append(value)
    lines = ["| | 5% | median | 95% |", "| --- | --- | --- | --- |"]
    for name, values in columns.items():
        low, middle, high = np.nanpercentile(values, [5, 50, 95])
        lines.append(f"| {name} | {low:,.4g} | {middle:,.4g} | {high:,.4g} |")
    return "\n".join(lines)


def write_aside(path: Path, aside: dict[str, list[SetAside]]) -> None:
    """Writes the rows that were set aside, each with its position and reason, as JSONL."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for part, bad in aside.items():
            for fault in bad:
                about = {"part": part, "where": fault.where, "reason": fault.reason, "detail": fault.detail}
                file.write(json.dumps(about | {"row": dict(fault.row.values)}, ensure_ascii=False, default=str) + "\n")


class _Known:
    """Index of the articles that were read, to find duplicates."""

    def __init__(self) -> None:
        self._exact: dict[int, str] = {}
        self._near = MinHashLSH(threshold=NEAR, num_perm=_HASHES)
        self._sketches: dict[str, MinHash] = {}

    def again(self, text: str, part: str, key: str) -> tuple[str, bool]:
        """Looks for an earlier article with the same or a similar text. Adds this one to the index if it is new, or if
        it is only similar and its part is held out.

        Returns:
            Part and id of the earlier article ("PART ID"; "" if there is none), and True if the texts are equal.
        """
        name = f"{part} {key}"
        tokens = words(text)
        exact = hash(" ".join(tokens))
        if exact in self._exact:
            return self._exact[exact], True
        sketch = MinHash(_HASHES, hashfunc=crc32)
        pieces = {" ".join(tokens[i : i + _PIECE]) for i in range(min(len(tokens), _KEPT_PIECES) - _PIECE + 1)}
        sketch.update_batch([piece.encode() for piece in pieces])
        like = [str(other) for other in (self._near.query(sketch) if pieces else ())]
        like = [other for other in like if sketch.jaccard(self._sketches[other]) >= NEAR]
        if not like or part in _HELD:
            self._exact[exact] = name
            if pieces:
                self._sketches[name] = sketch
                self._near.insert(name, sketch)
        # The index returns matches in no fixed order; a match in a held-out part comes first.
        return min(like, key=lambda other: (_ORDER.index(other.partition(" ")[0]), other), default=""), False


def _checked(source: str, part: str, args: DataArguments, known: _Known) -> tuple[list[Example], list[SetAside]]:
    found: list[Example] = []
    aside: list[SetAside] = []
    ids: set[str] = set()
    for row in tqdm(
        rows(source, "train" if part == "auxiliary" else part, tolerant=True),
        f"{part}: articles",
        file=sys.stderr,
        mininterval=2,
        leave=False,
    ):
        try:
            example = example_of(row, args.text_field, args.bullets_field)
        except ValueError as error:
            kind = error.kind if isinstance(error, ExampleError) else "not readable"
            if kind == "field missing" and row.number == 1:
                raise
            aside.append(SetAside(row.where, kind, str(error).removeprefix(f"{row.where}: "), row))
            continue
        fault = _fault(example, ids, part, known)
        if fault:
            aside.append(SetAside(row.where, *fault, row))
            continue
        ids.add(example.id)
        found.append(example)
    return found, aside


def _wanted(source: str, found: Sequence[Example], aside: Sequence[SetAside]) -> None:
    """Raises ValueError if a source has no usable article."""
    if not found:
        why = f": {aside[0].where}: {aside[0].detail}" if aside else ""
        raise ValueError(f"{source} holds no article that can be used{why}")


def _fault(example: Example, ids: set[str], part: str, known: _Known) -> tuple[str, str] | None:
    size, said = len(words(example.text)), sum(len(words(bullet)) for bullet in example.bullets)
    if example.id in ids:
        return "id again", f"the id {example.id!r} is used a second time"
    if size < MIN_WORDS:
        return "article too short", f"{size} words; at least {MIN_WORDS} are needed"
    if said >= size:
        return "bullets as long as the article", f"{said} words in the bullets, {size} in the article"
    other, exact = known.again(example.text, part, example.id)
    if other:
        where, _, key = other.partition(" ")
        detail = f"the text of {example.id!r} is {'' if exact else 'nearly '}the text of {key!r}"
        if where != part:
            return f"stands in {where}", detail
        if part not in _HELD or exact:
            return ("duplicate" if exact else "near-duplicate"), detail
    return None


def _held_out(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """Splits articles into training and validation articles. The choice depends only on their texts."""
    ranked = sorted(range(len(examples)), key=lambda i: crc32(examples[i].text.encode()))
    held = set(ranked[: max(1, len(examples) // HELD_OUT)])
    return [e for i, e in enumerate(examples) if i not in held], [examples[i] for i in sorted(held)]


def _report(parts: dict[str, list[Example]], aside: dict[str, list[SetAside]], args: DataArguments) -> None:
    for part, examples in parts.items():
        if not examples:
            continue
        source = getattr(args, part, None) or f"held out of {args.train}"
        counts = Counter(bad.reason for bad in aside.get(part, ()))
        without = "".join(f", {count:,} set aside ({reason})" for reason, count in counts.most_common())
        print(f"{part}: {len(examples):,} articles of {source}{without}", file=sys.stderr)


def _line(example: Example) -> str:
    row: dict[str, Any] = {"id": example.id, "article": example.text}
    if example.title:
        row["title"] = example.title
    if any(point.sources for point in example.points):
        row["points"] = [
            {"rank": point.rank, **point.texts, "sources": point.sources} | ({"main": point.main} if point.main else {})
            for point in example.points
        ]
    else:
        lists = [list(reference) for reference in example.references]
        row["bullets"] = lists[0] if len(lists) == 1 else lists
    return json.dumps(row, ensure_ascii=False) + "\n"
