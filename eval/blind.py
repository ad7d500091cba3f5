"""Prepares lists for readers who do not know which system made them, and counts the readers' answers.

Write batches of articles, each followed by the lists of several systems in random order:
  python -m eval.blind write FOLDER --data test.jsonl --brief ours=models/base other=other.jsonl lead reference
Count the answers, one line for each article and length, such as `17 | brief | Q>P=R | P u=1 a=2 | Q | R b=1` (best
first; faults are u untrue, f not a finished sentence, a not understood alone, b background, m misses the main news):
  python -m eval.blind count FOLDER answers*.txt
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from collections.abc import Sequence
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from summarizer.errors import SummarizerError
from summarizer.options import LENGTHS
from summarizer.reading import content_sentences
from summarizer.summary import Length

from .baselines import lead
from .data import Example, aligned, read, read_lists
from .measures import SEED
from .systems import make_lists

FAULTS = {
    "u": "untrue or misleading",
    "f": "not a finished sentence",
    "a": "cannot be understood alone",
    "b": "background, colour, trivia",
    "m": "lists that miss the main news",
}
_FAULT = re.compile(rf"([{''.join(FAULTS)}])\s*=\s*(\d+)")
_COUNTS = re.compile(rf"([P-W])\s*:?((?:[\s,;]+[{''.join(FAULTS)}]\s*=\s*\d+)*)[\s,;]*")
"""A list with its faults, such as "P u=1 b=2"."""
_REMARK = re.compile(rf"(?![P-W]\b)(?!.*\b\w?[{''.join(FAULTS)}]\s*[=:]\s*-?\w).*")
"""Any other text: it names no list and no fault."""
_LETTERS = "PQRSTUVW"
_MIN_PAIRS = 100
"""Minimum number of pairs of lists, one preferred to the other, for which costs are estimated."""
_RIDGE = 0.1


def write(folder: Path, examples: Sequence[Example], kinds: dict[str, dict[str, list[list[str]]]], size: int) -> None:
    """Writes `batch_0.txt`, … and `key.json`, which names the article and the system of each list.

    Args:
        folder: Output folder; created if missing.
        examples: The articles.
        kinds: For each kind of list (for example, a length) the lists of each system, article by article.
        size: Number of articles in a batch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(SEED)
    key: dict[str, dict[str, Any]] = {}
    for at in range(0, len(examples), size):
        parts = []
        for number in range(at, min(at + size, len(examples))):
            example = examples[number]
            key[str(number)] = {"id": example.id, "lists": {}}
            parts.append(f"=== ARTICLE {number}{f' - {example.title}' if example.title else ''}\n\n{example.text}\n")
            for kind, systems in kinds.items():
                order = draw.sample(sorted(systems), len(systems))
                key[str(number)]["lists"][kind] = order
                for letter, name in zip(_LETTERS, order, strict=False):
                    bullets = "\n".join(f"- {bullet}" for bullet in systems[name][number])
                    parts.append(f"--- {kind} {letter}\n{bullets}\n")
        (folder / f"batch_{at // size}.txt").write_text("\n".join(parts), "utf-8")
    (folder / "key.json").write_text(json.dumps(key, indent=1) + "\n", "utf-8")


def count(folder: Path, answers: Sequence[str]) -> str:
    """Formats the answers as Markdown tables: preferences between systems, faults of each system, and costs of faults.

    The cost of a fault is how much one more of it lowers the log-odds of being preferred, with its standard error
    (logistic regression of all pairs of lists on the differences of their faults). It needs `_MIN_PAIRS` pairs.

    Args:
        folder: The folder that `write` made.
        answers: Lines of the answers.

    Raises:
        ValueError: A line is malformed, or two lines have the same article and kind; the message quotes the line.
    """
    key = {number: about["lists"] for number, about in _key(folder).items()}
    wins: dict[str, Counter[tuple[str, str, str]]] = {}
    faults: dict[str, Counter[tuple[str, str]]] = {}
    pairs: dict[str, list[list[int]]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for line in filter(str.strip, answers):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) < 3:
            raise ValueError(f"an answer needs a number, a kind and a ranking, separated by |: {line.strip()}")
        number, kind, ranking, *rest = parts
        if kind not in key.get(number, {}):
            raise ValueError(f"there is no {kind!r} list of article {number!r}: {line.strip()}")
        seen[number, kind] += 1
        if seen[number, kind] > 1:
            raise ValueError(f"article {number} has a second answer for {kind!r}: {line.strip()}")
        names = dict(zip(_LETTERS, key[number][kind], strict=False))
        if sorted(re.findall(r"\w", ranking)) != sorted(names):
            raise ValueError(f"the ranking must name {', '.join(list(names))} once each: {line.strip()}")
        ranked = {letter: at for at, tied in enumerate(ranking.split(">")) for letter in re.findall(r"\w", tied)}
        places = {names[letter]: at for letter, at in ranked.items()}
        for (one, at), (other, there) in permutations(places.items(), 2):
            result = "better" if at < there else "same" if at == there else "worse"
            wins.setdefault(kind, Counter())[one, other, result] += 1
        counts = {name: dict.fromkeys(FAULTS, 0) for name in places}
        told: set[str] = set()
        for part in filter(None, rest):
            found = _COUNTS.fullmatch(part)
            if not found and _REMARK.fullmatch(part):
                continue
            if not found or found[1] not in names or found[1] in told:
                raise ValueError(f"{part!r} is no list with its faults, such as 'P u=1 b=2': {line.strip()}")
            told.add(found[1])
            for fault, many in _FAULT.findall(found[2]):
                counts[names[found[1]]][fault] += int(many)
                faults.setdefault(kind, Counter())[names[found[1]], fault] += int(many)
        for one, other in permutations(places, 2):
            if places[one] < places[other]:
                more = [counts[other][fault] - counts[one][fault] for fault in FAULTS]
                pairs.setdefault(kind, []).append(more)
    costs = {kind: _costs(np.array(rows, float)) for kind, rows in pairs.items() if len(rows) >= _MIN_PAIRS}
    return "\n".join(_tables(wins, faults, seen, costs))


def _costs(more: npt.NDArray[Any]) -> list[str]:
    """Weight and standard error of each fault, by Newton's method with a weak ridge penalty. `more`, shape (pairs,
    FAULTS), is the number of faults of the worse list minus that of the better list."""
    weights = np.zeros(more.shape[1])
    for _ in range(30):
        other = 1 / (1 + np.exp(more @ weights))
        curvature = (more * (other * (1 - other))[:, None]).T @ more + _RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curvature, more.T @ other - _RIDGE * weights)
    errors = np.sqrt(np.diag(np.linalg.inv(curvature)))
    return [f"{weight:.1f} ± {error:.1f}" for weight, error in zip(weights, errors, strict=True)]


def _key(folder: Path) -> dict[str, Any]:
    """Reads `key.json`.

    Raises:
        ValueError: An earlier version wrote the file, without the articles' ids.
    """
    found: dict[str, Any] = json.loads((folder / "key.json").read_text("utf-8"))
    if any("lists" not in about for about in found.values()):
        raise ValueError(f"{folder / 'key.json'} has no article ids; write the batches again")
    return found


def _tables(
    wins: dict[str, Counter[tuple[str, str, str]]],
    faults: dict[str, Counter[tuple[str, str]]],
    seen: Counter[tuple[str, str]],
    costs: dict[str, list[str]],
) -> list[str]:
    lines = []
    for kind, found in wins.items():
        names = list(dict.fromkeys(system for system, _, _ in found))
        lines += [f"{sum(k == kind for _, k in seen)} articles, {kind} lists.", ""]
        lines += ["| | better | same | worse |", "| --- | --- | --- | --- |"]
        for one, other in combinations(names, 2):
            cells = [str(found[one, other, result]) for result in ("better", "same", "worse")]
            lines.append(f"| {one} against {other} | {' | '.join(cells)} |")
        columns = [*names, *(["one costs"] if kind in costs else [])]
        lines += ["", f"| faults | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
        for at, (fault, title) in enumerate(FAULTS.items()):
            cells = [str(faults.get(kind, Counter())[name, fault]) for name in names]
            lines.append(f"| {title} | {' | '.join([*cells, *(costs[kind][at : at + 1] if kind in costs else [])])} |")
        lines.append("")
    return lines


def _lists(named: str, examples: Sequence[Example], length: Length) -> list[list[str]]:
    name, _, place = named.partition("=")
    if place and Path(place).is_file():
        found = read_lists(place)
        if isinstance(found, dict):
            found = {example.id: found[example.id] for example in examples if example.id in found}
        return aligned(found, list(examples), place)
    if place:
        return make_lists(place, examples, name, length=length).lists
    if name == "reference":
        return [list(example.bullets) for example in examples]
    if name == "lead":
        return [lead([s.text for s in content_sentences(e.text)], len(e.bullets)) for e in examples]
    raise ValueError(f"{named!r}: name a model or a file, as in {named}=models/base; only lead and reference need none")


def main(argv: Sequence[str] | None = None) -> None:
    """Writes batches, or prints the tables of the answers."""
    parser = argparse.ArgumentParser(
        "python -m eval.blind", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    make = tasks.add_parser("write", help="write batches of articles with lists")
    make.add_argument("folder", type=Path)
    make.add_argument("--data", required=True, help="articles with reference lists, as for python -m eval")
    for length in LENGTHS:
        make.add_argument(
            f"--{length}",
            nargs="+",
            default=[],
            metavar="NAME=PLACE",
            help="systems whose lists of this length are shown; PLACE is a model or a file of lists. Two systems need "
            "no PLACE: reference, the reference list, and lead, the same number of first sentences",
        )
    make.add_argument(
        "--leave-out",
        nargs="+",
        default=[],
        type=Path,
        metavar="FOLDER",
        help="folders of earlier readings; their articles are left out",
    )
    make.add_argument("--limit", type=int, default=50, help="number of articles, drawn at random (default: 50)")
    make.add_argument("--size", type=int, default=10, help="articles in a batch (default: 10)")
    answered = tasks.add_parser("count", help="print tables of the answers")
    answered.add_argument("folder", type=Path)
    answered.add_argument("answers", nargs="+", type=Path)
    args = parser.parse_args(argv)
    try:
        if args.task == "count":
            print(count(args.folder, [line for path in args.answers for line in path.read_text("utf-8").splitlines()]))
            return
        if not any(getattr(args, length) for length in LENGTHS):
            parser.error(f"give systems for at least one of {', '.join(f'--{length}' for length in LENGTHS)}")
        kinds: dict[str, dict[str, list[list[str]]]] = {}
        known = {about["id"] for earlier in args.leave_out for about in _key(earlier).values()}
        for length in LENGTHS:
            everything = [e for e in read(args.data, length=length) if e.id not in known]
            if not everything:
                raise ValueError(f"every article of {args.data} is in an earlier reading (--leave-out)")
            chosen = sorted(random.Random(SEED).sample(range(len(everything)), min(args.limit, len(everything))))
            examples = [everything[i] for i in chosen]
            if named := getattr(args, length):
                if len(named) > len(_LETTERS):
                    raise ValueError(
                        f"--{length} has {len(named)} systems; a reader can compare {len(_LETTERS)} at most"
                    )
                kinds[length] = {system.partition("=")[0]: _lists(system, examples, length) for system in named}
        write(args.folder, examples, kinds, args.size)
    except (ValueError, OSError, SummarizerError) as error:
        parser.exit(2, f"error: {error}\n")


if __name__ == "__main__":
    main()
