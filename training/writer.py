"""Fine-tunes the writer: `python -m training writer --config training/configs/writer.yaml`.

A causal language model reads the story with the sentences of its points marked, and learns to write each point so that
it stands alone, in two lengths, with as little change as possible; and to say of the sentences whether an editor would
print them as they stand. To resume a killed run from its last checkpoint, run the same command again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, set_seed

from eval.data import fingerprint
from summarizer.points import request, story
from summarizer.summary import Length

from .arguments import RunArguments, is_first_process
from .data import StandaloneArticle, shuffled, standalone
from .modeling import Loss, PackedRows, row, with_vocabulary
from .run import add_callbacks, claim_folder, command, machine, train_or_resume, write_whole

_LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LENGTHS: tuple[Length, ...] = get_args(Length)


@dataclass
class WriterArguments(RunArguments):
    """Arguments of `python -m training writer`; each is a flag and a key of the YAML file."""

    train: str = field(
        default="runs/standalone.jsonl.gz",
        metadata={"help": "Articles with points that stand alone, JSONL (.gz); several files separated by commas."},
    )
    validation: str | None = field(
        default=None,
        metadata={"help": "The same, to select the checkpoint. Default: some articles of `train` are held out."},
    )
    output: str = field(default="runs/writer", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="Qwen/Qwen2.5-0.5B-Instruct", metadata={"help": "A causal checkpoint: a Hub name or a folder."}
    )
    vocabulary: int = field(
        default=32000,
        metadata={"help": "Number of pieces of the vocabulary to keep, those that the articles use most."},
    )
    lora_rank: int = field(default=16, metadata={"help": "Rank of the LoRA matrices; 0 trains all weights."})
    steps: int = field(default=-1, metadata={"help": "Number of steps; -1: as many as `epochs` asks for."})
    epochs: float = field(default=1.0, metadata={"help": "Epochs over the articles."})
    learning_rate: float = field(default=3e-4, metadata={"help": "Peak learning rate."})
    batch_size: int = field(default=8, metadata={"help": "Articles per step, over all processes."})
    accumulation: int = field(default=8, metadata={"help": "Parts that a batch is split into; saves memory."})
    longest: int = field(default=2048, metadata={"help": "Maximum number of tokens of an article with its answers."})
    held_out: int = field(default=40, metadata={"help": "Articles of `train` that select the checkpoint."})


def main(args: WriterArguments) -> None:
    """Trains, and writes to `args.output`: `checkpoint/` (the finished model in the format of transformers), `run.json`
    (data, settings and scores), and in `steps/` the Trainer's checkpoints, `metrics.jsonl` and `run.png`."""
    output = Path(args.output)
    claim_folder(output, asdict(args), ("train", "validation"), args.resume)
    began = time.time()
    set_seed(args.seed)
    train = shuffled(standalone(args.train, args.language), args.seed)[: args.limit]
    if args.validation:
        validation = standalone(args.validation, args.language)[: args.held_out]
    else:
        validation, train = train[: args.held_out], train[args.held_out :]
    if not train or not validation:
        raise ValueError(f"{len(train)} articles for training and {len(validation)} for validation: more are needed")
    base, tokenizer = _start(args, train, output / "start")
    trainer = Trainer(
        model=_adapted(base, args),
        args=_settings(args, output / "steps"),
        train_dataset=[_row(one, tokenizer, args.longest) for one in train],
        eval_dataset=[_row(one, tokenizer, args.longest) for one in validation],
        data_collator=PackedRows(),
        processing_class=tokenizer,
        compute_loss_func=Loss(shifted=False, smoothing=0.0),
    )
    add_callbacks(trainer, output / "steps", "loss", args.patience)
    train_or_resume(trainer, output / "steps")
    if not is_first_process():
        return
    model = trainer.model
    if isinstance(model, PeftModel):
        model.save_pretrained(output / "adapter")
        model = model.merge_and_unload()
    model.save_pretrained(output / "checkpoint")
    tokenizer.save_pretrained(output / "checkpoint")
    about = {
        "task": "writer",
        "command": command(args, "writer"),
        "arguments": asdict(args),
        "data": {"train": {"fingerprint": fingerprint(args.train), "articles": len(train)}},
        "points": sum(len(one.points) for one in train),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "validation": {"loss": trainer.state.best_metric},
        "seconds": round(time.time() - began),
        "machine": machine(),
    }
    write_whole(output / "run.json", json.dumps(about, indent=2) + "\n")


def _start(args: WriterArguments, train: Sequence[StandaloneArticle], folder: Path) -> tuple[Any, Any]:
    """Returns the base model with the vocabulary that is kept, and its tokenizer. Saves both in `folder` for a run that
    is resumed."""
    kind = torch.bfloat16 if args.half and args.lora_rank else torch.float32
    if (folder / "tokenizer.json").exists():  # the file that is written last
        return AutoModelForCausalLM.from_pretrained(folder, dtype=kind), AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(args.base_model, dtype=kind)
    tokenizer = AutoTokenizer.from_pretrained(args.base_model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    if args.vocabulary:
        texts = [sentence.text for one in train for sentence in one.sentences]
        texts += [text for one in train for point in one.points for text in point.texts.values()]
        tokenizer = with_vocabulary(model, tokenizer, texts, args.vocabulary)
    if is_first_process():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return model, tokenizer


def _adapted(model: Any, args: WriterArguments) -> Any:
    if not args.lora_rank:
        return model
    model.enable_input_require_grads()
    return get_peft_model(
        model,
        LoraConfig(r=args.lora_rank, lora_alpha=2 * args.lora_rank, target_modules=_LINEAR, task_type="CAUSAL_LM"),
    )


def _row(article: StandaloneArticle, tokenizer: Any, longest: int) -> dict[str, Any]:
    """Returns an article as the model reads it: its story; for each point its texts, its verdict and its kind; and for
    each judged text the verdict that follows its end."""
    asked: list[tuple[str, str]] = []
    judged: list[tuple[str, str]] = []
    for number, point in enumerate(article.points, 1):
        asked += [(request(number, length), text) for length, text in point.texts.items()]
        asked += [(request(number, "verdict"), point.verdict)] * bool(point.verdict)
        asked += [(request(number, "kind"), point.kind)] * bool(point.kind)
        judged += [(f"{request(number, one.length)} {one.text}", one.verdict) for one in point.judged]

    def ids(texts: Iterable[str]) -> list[list[int]]:
        texts = list(texts)
        return tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []

    (read,) = ids([story(article.sentences, [point.sources for point in article.points], article.title)])
    end = tokenizer.eos_token_id
    learnt = zip(ids(one for one, _ in asked), ids(f" {text}" for _, text in asked), strict=True)
    given = zip(ids(one for one, _ in judged), ids(f" {verdict}" for _, verdict in judged), strict=True)
    texts = [(one, [*text, end]) for one, text in learnt] + [([*one, end], verdict[:1]) for one, verdict in given]
    return row(read, texts, longest)


def _settings(args: WriterArguments, output: Path) -> TrainingArguments:
    shared = args.for_trainer(output) | {"greater_is_better": False}
    return TrainingArguments(
        **shared,
        num_train_epochs=args.epochs,
        max_steps=args.steps,
        learning_rate=args.learning_rate,
        per_device_eval_batch_size=1,
        prediction_loss_only=True,
        remove_unused_columns=False,
        warmup_steps=0.05,
        metric_for_best_model="loss",
        label_names=["labels"],
    )
