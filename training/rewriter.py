"""Fine-tunes the rewriter: `python -m training rewriter --config training/configs/rewriter.yaml`.

Human bullets are paired with the sentences they were made from (`pairs.py`); a small T5, made smaller (`smaller.py`),
learns to write the one from the other in a given number of words. In a second stage it learns from its own rewrites,
those that pass every check (`own.py`). A run that was killed goes on from its last checkpoint when the same command is
given again.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    EvalPrediction,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    set_seed,
)

from eval.metric import KeyPoints
from summarizer.checks import Checker
from summarizer.cpu import cores
from summarizer.rewriter import finished, prompt
from summarizer.sentences import words

from .arguments import PartArguments, is_first_process
from .data import PARTS, Data, load
from .export import convert
from .finish import finish, found_before_training
from .loss import Loss
from .own import own_rewrites
from .pairs import Pair, pairs
from .record import watch
from .resume import begin, go_on, write_whole
from .sampling import GroupedByLength
from .shipped import rewriter_of, shipped_part
from .smaller import with_decoder_layers, with_vocabulary

_SCORES = ("eval_rouge", "eval_words", "eval_passed", "eval_shown")


@dataclass
class RewriterArguments(PartArguments):
    """What `python -m training rewriter` is told; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/rewriter", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="google/flan-t5-small",
        metadata={
            "help": "A T5: a Hub name or a folder; or a model of this project, such as base, whose rewriter is then "
            "trained on."
        },
    )
    auxiliary: str | None = field(
        default=None, metadata={"help": "More articles, with longer points; forms as of `train`."}
    )
    auxiliary_pairs: int = field(default=6000, metadata={"help": "Pairs of `auxiliary` to take, at most."})
    vocabulary: int = field(default=16000, metadata={"help": "Pieces of the vocabulary to keep; 0 keeps all."})
    decoder_layers: int = field(default=4, metadata={"help": "Layers of the decoder to keep; 0 keeps all."})
    epochs: float = field(default=3.0, metadata={"help": "Passes over the pairs."})
    learning_rate: float = field(default=5e-4, metadata={"help": "Highest learning rate."})
    batch_size: int = field(default=32, metadata={"help": "Pairs a step, over all processes."})
    own_rewrites: int = field(
        default=0,
        metadata={"help": "Human bullets that it then rewrites itself, to learn from what passes the checks."},
    )
    own_auxiliary: int = field(default=0, metadata={"help": "The same, of `auxiliary`."})
    own_epochs: float = field(default=1.0, metadata={"help": "Passes over its own rewrites and as many human bullets."})
    own_learning_rate: float = field(default=2e-4, metadata={"help": "Highest learning rate of that stage."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Label smoothing, 0 to 1."})
    max_source_tokens: int = field(default=192, metadata={"help": "Tokens that go in; the rest is cut."})
    max_target_tokens: int = field(default=80, metadata={"help": "Tokens that come out."})
    validation_pairs: int = field(default=400, metadata={"help": "Pairs that are rewritten at each look."})


def main(args: RewriterArguments) -> None:
    """Trains, and leaves in `args.output`: `checkpoint/` (the best one, in transformers' form), `model/` (ready for
    `Summarizer.from_pretrained`, with its card), `run.json` (what it was made from and what it scored), and for each
    stage the Trainer's checkpoints, `metrics.jsonl` and `run.png`."""
    output = Path(args.output)
    begin(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    train = pairs(data.train) + _some(pairs(data.auxiliary), args.auxiliary_pairs, args.seed)
    validation = _some(pairs(data.validation), args.validation_pairs, args.seed)
    if not train or not validation:
        raise ValueError(
            f"{len(train)} pairs to train on and {len(validation)} to choose with: too few bullets say what sentences "
            "of their article say; more articles are needed"
        )
    model, tokenizer = _start(args, train, output / "start")
    held_out = _rows(validation, tokenizer, args)

    def fit(stage: str, of: Sequence[Pair], epochs: float, rate: float, best: str) -> dict[str, Any]:
        checkpoints = output / stage
        trainer = _Trainer(
            model=model,
            args=_settings(args, checkpoints, epochs, rate, best),
            train_dataset=_rows(of, tokenizer, args),
            eval_dataset=held_out,
            data_collator=DataCollatorForSeq2Seq(tokenizer, model, pad_to_multiple_of=8),
            processing_class=tokenizer,
            compute_metrics=_Rewrites(tokenizer),
            compute_loss_func=Loss(shifted=False, smoothing=args.label_smoothing),
        )
        watch(trainer, checkpoints, best, args.patience)
        go_on(trainer, checkpoints)
        scores = {k.removeprefix("eval_"): v for k, v in trainer.evaluate().items() if k.startswith(_SCORES)}
        state = trainer.state
        return {"pairs": len(of), "steps": state.global_step, "best_step": state.best_global_step, "validation": scores}

    stages = {"human": fit("human", train, args.epochs, args.learning_rate, "rouge_mean") | {"kept": True}}
    if args.own_rewrites or args.own_auxiliary:
        own = _own(args, model, tokenizer, data, output)
        if own:
            mixed = own + _some(train, len(own), args.seed)
            stages["own"] = fit("own", mixed, args.own_epochs, args.own_learning_rate, "shown") | {"kept": True}
        else:
            print("no rewrite of the first stage passes the checks: there is no second stage", file=sys.stderr)
    if not is_first_process():
        return
    model.save_pretrained(output / "checkpoint")
    tokenizer.save_pretrained(output / "checkpoint")
    sizes = {"train": len(train), "validation": len(validation)}
    about = {"pairs": sizes, "validation": list(stages.values())[-1]["validation"], "stages": stages}
    finish(args, "rewriter", data, about, began)


def _own(args: RewriterArguments, model: Any, tokenizer: Any, data: Data, output: Path) -> list[Pair]:
    """The pairs that the model of the first stage wrote; a run that goes on finds them in its folder."""
    notes = output / "own.jsonl"
    if not notes.exists() and is_first_process():
        first = output / "first"
        model.save_pretrained(first)
        tokenizer.save_pretrained(first)
        convert(first, output / "first_int8", "int8")
        threads = torch.get_num_threads()
        found: list[Pair] = []
        for of, most in ((data.train, args.own_rewrites), (data.auxiliary, args.own_auxiliary)):
            shuffled = random.Random(args.seed).sample(of, len(of))
            found += own_rewrites(output / "first_int8", shuffled, most, cores())
        torch.set_num_threads(threads)  # CTranslate2 sets OpenMP to one thread a worker, and torch with it
        write_whole(notes, "".join(json.dumps(asdict(pair)) + "\n" for pair in found))
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
    return [Pair(**json.loads(line)) for line in notes.read_text("utf-8").splitlines()]


def _some(found: list[Pair], count: int, seed: int) -> list[Pair]:
    return random.Random(seed).sample(found, min(count, len(found)))


def _start(args: RewriterArguments, train: Sequence[Pair], folder: Path) -> tuple[Any, Any]:
    """The base, made smaller once; a run that goes on finds it in its folder."""
    part = shipped_part(args.base_model, "rewriter")
    if part:
        model, tokenizer = rewriter_of(part)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        return model, tokenizer
    if (folder / "tokenizer.json").exists():  # what is written last
        return _loaded(str(folder)), AutoTokenizer.from_pretrained(folder)
    model, tokenizer = _loaded(args.base_model), AutoTokenizer.from_pretrained(args.base_model)
    if args.vocabulary:
        texts = [text for pair in train for text in (pair.sources, pair.context, pair.target)]
        tokenizer = with_vocabulary(model, tokenizer, texts, args.vocabulary)
    if args.decoder_layers:
        with_decoder_layers(model, args.decoder_layers)
    if is_first_process():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return model, tokenizer


def _loaded(name: str) -> Any:
    # Dropout's random numbers cost a CPU more than the arithmetic; early stopping on validation does its work.
    model = AutoModelForSeq2SeqLM.from_pretrained(name, dropout_rate=0.0)
    if model.get_output_embeddings().weight is not model.get_input_embeddings().weight:
        # transformers 5 says "tied" for every T5; a newer T5 has a head of its own, which would not be saved.
        model.config.tie_word_embeddings = False
    return model


def _rows(of: Sequence[Pair], tokenizer: Any, args: RewriterArguments) -> list[dict[str, Any]]:
    prompts = [prompt(pair.sources, pair.context, len(words(pair.target))) for pair in of]
    ins = tokenizer(prompts, truncation=True, max_length=args.max_source_tokens)["input_ids"]
    outs = tokenizer([pair.target for pair in of], truncation=True, max_length=args.max_target_tokens)["input_ids"]
    return [
        {"input_ids": a, "attention_mask": [1] * len(a), "labels": b, "length": len(a)}
        for a, b in zip(ins, outs, strict=True)
    ]


def _settings(args: RewriterArguments, output: Path, epochs: float, rate: float, best: str) -> Seq2SeqTrainingArguments:
    return Seq2SeqTrainingArguments(
        **args.for_trainer(output),
        num_train_epochs=epochs,
        learning_rate=rate,
        per_device_eval_batch_size=50,
        warmup_steps=0.05,
        weight_decay=0.01,
        predict_with_generate=True,
        include_for_metrics=["inputs"],
        generation_max_length=args.max_target_tokens,
        generation_num_beams=1,
        metric_for_best_model=best,
    )


class _Trainer(GroupedByLength, Seq2SeqTrainer):
    pass


class _Rewrites:
    """Rewrites of the validation pairs against what people wrote, and whether they pass every check."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._scorer = KeyPoints(keep_in_memory=True)

    def __call__(self, prediction: EvalPrediction) -> dict[str, float]:
        rewrites, humans, prompts = map(self._texts, (prediction.predictions, prediction.label_ids, prediction.inputs))
        passed = [_passes(finished(text), asked) for text, asked in zip(rewrites, prompts, strict=True)]
        scores = self._rouge(rewrites, humans)
        # What fails a check is not shown, and is worth nothing.
        shown = self._rouge([text if ok else "" for text, ok in zip(rewrites, passed, strict=True)], humans)
        length = float(np.mean([len(words(text)) for text in rewrites]))
        return scores | {
            "rouge_mean": float(np.mean(list(scores.values()))),
            "words": length,
            "passed": 100 * float(np.mean(passed)),
            "shown": float(np.mean(list(shown.values()))),
        }

    def _rouge(self, rewrites: Sequence[str], humans: Sequence[str]) -> dict[str, float]:
        found = self._scorer.compute(predictions=[[text] for text in rewrites], references=[[text] for text in humans])
        return {name: found[name] for name in ("rouge1", "rouge2", "rougeLsum")}

    def _texts(self, ids: Any) -> list[str]:
        filled = np.where(ids < 0, self._tokenizer.pad_token_id, ids)
        texts: list[str] = self._tokenizer.decode(filled, skip_special_tokens=True)
        return texts


def _passes(rewrite: str, asked: str) -> bool:
    sources, _, context = asked.partition(": ")[2].partition(" Context: ")
    return all(check.passed for check in Checker(f"{context}\n{sources}").against(sources, context)(rewrite))
