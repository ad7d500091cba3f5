"""Fine-tunes the rewriter: `python -m training rewriter --config training/configs/rewriter.yaml`.

A T5 with a smaller vocabulary (`modeling/vocabulary.py`) learns the smallest changes of a sentence: to put in who or
what is meant (`data/references.py`), and to leave words out (also `data/pairs.py`, `data/judged.py`). To resume a
killed run from its last checkpoint, run the same command again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoTokenizer, set_seed

from eval.data import fingerprint
from eval.metric import KeyPoints
from summarizer.cpu import cores
from summarizer.deadline import Deadline
from summarizer.points import AS_IT_IS, Rewriter, Task, finished, length_prefix, prompt
from summarizer.reading import words

from .arguments import PartArguments, is_first_process
from .data import PARTS, Pair, divided, judged, load, pairs, preferred, references
from .export import convert
from .modeling import (
    Loss,
    Texts,
    Writer,
    rewriter_of,
    shipped_part,
    use_fused_gelu,
    with_vocabulary,
)
from .packaging import finish, found_before_training
from .run import claim_folder, trained


@dataclass
class RewriterArguments(PartArguments):
    """Arguments of `python -m training rewriter`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/rewriter", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="google/flan-t5-small",
        metadata={
            "help": "A T5: a Hub name or a folder. Or a model of this project, such as base; its rewriter is then "
            "fine-tuned further."
        },
    )
    judged: str | None = field(
        default=None,
        metadata={
            "help": "Rewrites that readers judged or corrected (files of `python -m training verifier`, separated by "
            "commas). Good ones are learnt, and are made more likely than refused ones of the same sentences."
        },
    )
    references: str | None = field(
        default=None,
        metadata={
            "help": "Points that stand alone, made from sentences of the article (files, separated by commas). Of "
            "the changes it learns those that say who or what is meant, and those that leave words out."
        },
    )
    preference: float = field(
        default=0.3, metadata={"help": "Weight of the comparisons of judged rewrites in the loss."}
    )
    title_share: float = field(
        default=0.5, metadata={"help": "Share of the pairs with a headline whose headline is read, 0 to 1."}
    )
    vocabulary: int = field(default=16000, metadata={"help": "Number of vocabulary pieces to keep; 0 keeps all."})
    epochs: float = field(default=3.0, metadata={"help": "Epochs over the pairs."})
    learning_rate: float = field(default=5e-4, metadata={"help": "Peak learning rate."})
    batch_size: int = field(default=32, metadata={"help": "Pairs per step, over all processes."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Label smoothing, 0 to 1."})
    max_source_tokens: int = field(default=320, metadata={"help": "Maximum number of input tokens; the rest is cut."})
    max_target_tokens: int = field(default=80, metadata={"help": "Maximum number of output tokens."})
    validation_pairs: int = field(default=400, metadata={"help": "Maximum number of pairs that select the checkpoint."})


def main(args: RewriterArguments) -> None:
    """Trains, and writes to `args.output`: `checkpoint/` (the best one, in the format of transformers), `model/` (ready
    for `Summarizer.from_pretrained`, with its card), `run.json` (data, settings and scores), and in `steps/` the
    Trainer's checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    judgements = args.judged.split(",") if args.judged else []
    alone = args.references.split(",") if args.references else []
    notes = asdict(args) | {
        name: " ".join(map(fingerprint, files)) for name, files in (("judged", judgements), ("references", alone))
    }
    claim_folder(output, notes, PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    train = pairs(data.train)
    validation = _some(pairs(data.validation), args.validation_pairs, args.seed)
    learnt, chooses, _ = divided([judgement for source in judgements for judgement in judged(source)])
    train += preferred(learnt)
    resolved = [references(source) for source in alone]
    train += [pair for learns, _ in resolved for pair in learns]
    if not train or not validation:
        raise ValueError(
            f"{len(train)} pairs for training and {len(validation)} for validation: too few bullets only leave words "
            "out of sentences of their article; more articles are needed"
        )
    held = validation + preferred(chooses) + [pair for _, selects in resolved for pair in selects]
    model, tokenizer = _start(args, train, output / "start")
    use_fused_gelu(model)

    trainer = trained(
        args, output / "steps", model, _rows(train, tokenizer, args, args.title_share), _rows(held, tokenizer, args),
        Texts(tokenizer.pad_token_id), eval_batch=32, processing_class=tokenizer,
        compute_loss_func=Loss(smoothing=args.label_smoothing, preference=args.preference),
    )  # fmt: skip
    if not is_first_process():
        return
    model.config.architectures = ["T5ForConditionalGeneration"]
    model.save_pretrained(output / "checkpoint")
    tokenizer.save_pretrained(output / "checkpoint")
    about = {
        "pairs": {"train": len(train), "validation": len(validation)},
        "validation": _rouge(output / "checkpoint", validation),
    }
    read = {"judged": {"fingerprint": notes["judged"], "rewrites": len(learnt)}} if judgements else {}
    if alone:
        read["references"] = {"fingerprint": notes["references"]}
    finish(args, "rewriter", data, about, trainer.state, began, read)


def _some(found: list[Pair], count: int, seed: int) -> list[Pair]:
    return random.Random(seed).sample(found, min(count, len(found)))


def _start(args: RewriterArguments, train: Sequence[Pair], folder: Path) -> tuple[Any, Any]:
    """Returns the base model, made smaller, and its tokenizer. Saves both in `folder` for a run that is resumed."""
    part = shipped_part(args.base_model, "rewriter")
    if part:
        return rewriter_of(part, Writer)
    if (folder / "tokenizer.json").exists():  # the file that is written last
        return _loaded(str(folder)), AutoTokenizer.from_pretrained(folder)
    model, tokenizer = _loaded(args.base_model), AutoTokenizer.from_pretrained(args.base_model)
    if args.vocabulary:
        texts = [text for pair in train for text in (pair.sources, pair.context, pair.title or "", *pair.targets)]
        tokenizer = with_vocabulary(model, tokenizer, texts, args.vocabulary)
    if is_first_process():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return model, tokenizer


def _loaded(name: str) -> Any:
    kind = AutoConfig.from_pretrained(name).model_type
    if kind not in ("t5", "mt5"):
        raise ValueError(f"{name} is a {kind}; base_model must be a T5")
    # On a CPU, dropout's random numbers take longer than the arithmetic; early stopping on validation replaces it.
    model = Writer.from_pretrained(name, dropout_rate=0.0)
    if model.get_output_embeddings().weight is not model.get_input_embeddings().weight:
        # transformers 5 sets "tied" for every T5; a newer T5 has a separate head, which would not be saved.
        model.config.tie_word_embeddings = False
    return model


def _rows(of: Sequence[Pair], tokenizer: Any, args: RewriterArguments, titled: float = 1.0) -> list[dict[str, Any]]:
    """Returns pairs as input of the model. Of the pairs with a headline, a share of `titled` is read with it."""
    draw = random.Random(args.seed)
    titles = [pair.title if draw.random() < titled else None for pair in of]
    prompts = [prompt(p.sources, p.context, title) for p, title in zip(of, titles, strict=True)]
    targets = [text for pair in of for text in (*pair.targets, *(text for text, _ in pair.refused))]
    lengths = [
        AS_IT_IS if pair.as_it_is else len(words(text))
        for pair in of
        for text in (*pair.targets, *(text for text, _ in pair.refused))
    ]
    asks = tokenizer([length_prefix(length) for length in lengths], add_special_tokens=False)["input_ids"]
    read = tokenizer(prompts, truncation=True, max_length=args.max_source_tokens)["input_ids"]
    answers = tokenizer(targets, truncation=True, max_length=args.max_target_tokens)["input_ids"]
    texts = iter(zip(asks, answers, strict=True))
    return [
        {
            "input_ids": ids,
            "texts": [next(texts) for _ in range(len(pair.targets) + len(pair.refused))],
            "bad": [0] * len(pair.targets) + [bad for _, bad in pair.refused],
            "length": len(ids),
        }
        for ids, pair in zip(read, of, strict=True)
    ]


def _rouge(checkpoint: Path, of: Sequence[Pair]) -> dict[str, float]:
    """Returns ROUGE and mean words of the texts that the finished int8 rewriter writes for the validation pairs."""
    with TemporaryDirectory() as folder:
        threads = torch.get_num_threads()
        convert(checkpoint, Path(folder), "int8")
        rewriter = Rewriter(Path(folder), cores())
        waiting = [
            (
                rewriter.start(Task(pair.sources, pair.context, pair.title, (len(words(target)),)), Deadline()),
                finished(target),
            )
            for pair in of
            for target in pair.targets
        ]
        written = [(next((c.text for c in wait().candidates), ""), target) for wait, target in waiting]
        torch.set_num_threads(threads)  # CTranslate2 sets OpenMP to one thread per worker, and so torch too
    found = KeyPoints(keep_in_memory=True).compute(
        predictions=[[text] for text, _ in written], references=[[target] for _, target in written]
    )
    length = float(np.mean([len(words(text)) for text, _ in written]))
    return {name: found[name] for name in ("rouge1", "rouge2", "rougeLsum")} | {"words": length}
