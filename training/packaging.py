"""The end of a run: a model for `Summarizer.from_pretrained`, its card, and its scores compared with another model."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import TrainerState

from eval.baselines import lead, oracle
from eval.card import with_scores
from eval.data import Example, fingerprint
from eval.evaluation import evaluate
from eval.measures import is_english, tokenizer
from eval.systems import make_lists
from eval.table import table
from summarizer.models import folder_of, version_of
from summarizer.points import HIGHLIGHTS
from summarizer.reading import content_sentences
from summarizer.summary import Length

from .arguments import PartArguments
from .data import PARTS, Data
from .export import ExportArguments, export
from .run import public, write_record

COUNT = 3
"""Number of bullets of the lead and of the oracle, which a finished model is compared with."""
NONE = "none"
PART_NAMES = ("extractor", "rewriter", "verifier", "highlights")


def finish(
    args: PartArguments,
    task: str,
    data: Data,
    about: Mapping[str, Any],
    state: TrainerState,
    began: float,
    beside: Mapping[str, dict[str, Any]] | None = None,
) -> None:
    """Writes `run.json` and `model/`, measures the model, fills its card, and prints the table on stdout.

    Args:
        args: Arguments of the run.
        task: "extractor", "rewriter" or "highlights".
        data: Articles of the run.
        about: Other entries of `run.json`.
        state: State of the Trainer at the end.
        began: Start of the run, as of `time.time()`.
        beside: Entries of `run.json` for data that are not articles, by the name of their argument.
    """
    output = Path(args.output)
    read = {
        part: {"fingerprint": fingerprint(source), "articles": len(getattr(data, part))}
        for part in PARTS
        if (source := getattr(args, part, None))
    }
    write_record(args, task, state, began, {"data": read | dict(beside or {}), **about})
    folder, name = output / "model", output.name
    shutil.rmtree(folder, ignore_errors=True)  # left by a run that was killed here
    _beside(args.parts_from, task, folder)
    export(ExportArguments(run=str(output), output=str(folder), name=name, languages=args.languages))
    if not (folder / "extractor").is_dir():
        print(f"{folder} has a rewriter but no extractor, so it is not measured", file=sys.stderr)
        return
    examples = (data.test or data.validation)[: args.measured]
    if examples:
        part = "test" if data.test else "validation"
        source = getattr(args, part)
        about = {
            "data": public(source) if source else f"those held out of {public(args.train)}",
            "fingerprint": f"{'sha256 ' * Path(source or args.train).exists()}{fingerprint(source or args.train)}",
        }
        length: Length = HIGHLIGHTS if task == HIGHLIGHTS else "brief"
        text = measured(examples, name, folder, about, args, length)
        print(text)
        readme = folder / "README.md"
        title = f"{len(examples)} {part} articles, {length}, auto bullets"
        readme.write_text(with_scores(readme.read_text("utf-8"), text, title), "utf-8")
    if args.push_to_hub:
        from huggingface_hub import HfApi

        HfApi().create_repo(args.push_to_hub, exist_ok=True, private=True)
        HfApi().upload_folder(repo_id=args.push_to_hub, folder_path=folder)
        print(f"pushed {folder} to {args.push_to_hub} (private)", file=sys.stderr)


def found_before_training(args: PartArguments) -> None:
    """Checks that the models needed at the end of the run exist, so that a wrong name stops it before training.

    Raises:
        ModelError: A model does not exist.
    """
    for model in (args.compare_with, args.parts_from):
        if model != NONE:
            version_of(model)


def measured(
    examples: Sequence[Example], name: str, folder: Path, about: dict[str, Any], args: PartArguments, length: Length
) -> str:
    """Returns a table of scores with intervals (`auto` bullets) on the same articles: the finished model, the model
    to compare it with, LEAD-3 and the oracle."""
    language = args.language
    sentences = [[s.text for s in content_sentences(example.text, language)] for example in examples]
    tokens = tokenizer(language)
    systems: dict[str, list[list[str]]] = {f"LEAD-{COUNT}": [lead(story, COUNT) for story in sentences]}
    compare_with = public(args.compare_with)
    name = f"{name} (new)" if name == compare_with else name
    models = {compare_with: args.compare_with} if compare_with != NONE else {}
    made = {}
    threads = torch.get_num_threads()
    for title, model in (models | {name: str(folder)}).items():
        made_by_model = make_lists(model, examples, title, length=length, language=language)
        systems[title], made[title] = made_by_model.lists, made_by_model.counts
    torch.set_num_threads(threads)  # CTranslate2 sets OpenMP to one thread per worker, and so torch too
    systems["oracle"] = [oracle(s, e.references, COUNT, tokens) for s, e in zip(sentences, examples, strict=True)]
    first = compare_with if models else f"LEAD-{COUNT}"
    evaluation = evaluate(examples, systems, language, compare_with=first)
    return table(
        evaluation,
        about
        | {
            "what": f", `{length}`, auto bullets",
            "made": made,
            "tokens": "rouge-score's tokens, stemmed" if is_english(language) else "Unicode tokens, unstemmed",
            "models": {title: version_of(model) for title, model in (models | {name: str(folder)}).items()},
        },
    )


def _beside(model: str, task: str, folder: Path) -> None:
    """Copies the other parts of a model into the folder, with their entries in its config."""
    if model == NONE:
        return
    source = folder_of(model)
    config = json.loads((source / "config.json").read_text("utf-8"))
    others = {name: config[name] for name in PART_NAMES if name in config and name != task}
    for name in others:
        shutil.copytree(source / name, folder / name)
    if others:
        (folder / "config.json").write_text(json.dumps({"format": config.get("format"), **others}), "utf-8")
