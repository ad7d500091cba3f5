"""Fine-tunes the writer: `python -m training writer --config training/configs/writer.yaml`.

A causal language model reads the story with the sentences of its points marked, and learns to write each point so that
it stands alone, with as little change as possible, and then the same point in few words. The story is read by the base
model as it is, without gradients, and only the texts are read with LoRA (Greenewald et al. 2025, "Activated LoRA"):
that takes half of the time, and the story's state does not depend on the training. The weights of the base are rounded
first, so that LoRA makes up for the rounding of the exported model. To resume a killed run from its last checkpoint,
run the same command again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from peft import LoraConfig, PeftModel, get_peft_model, set_peft_model_state_dict
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, Trainer, TrainingArguments, set_seed

from eval.data import fingerprint
from summarizer.checks import VERDICTS
from summarizer.points import JUDGE, KIND, WRITE, request, story

from .arguments import RunArguments, is_first_process
from .data import StandaloneArticle, shuffled, standalone
from .judge import fitted, measures
from .modeling import (
    IGNORED,
    LINEAR,
    Loss,
    PackedRows,
    round_weights,
    shipped_part,
    use_int8,
    with_vocabulary,
    writer_of,
)
from .run import add_callbacks, claim_folder, command, machine, train_or_resume, write_whole


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
        default="Qwen/Qwen2.5-Coder-0.5B-Instruct",
        metadata={
            "help": "A Qwen2 checkpoint (a Hub name or a folder), or a model of this project (base), whose writer "
            "is trained further."
        },
    )
    vocabulary: int = field(
        default=32000,
        metadata={"help": "Number of pieces of the vocabulary to keep, those that the articles use most; 0: all."},
    )
    adapter: str | None = field(
        default=None,
        metadata={
            "help": "LoRA matrices to start from, safetensors, such as training/written/writer-adapter.safetensors."
        },
    )
    lora_rank: int = field(default=16, metadata={"help": "Rank of the LoRA matrices."})
    frozen_layers: int = field(default=6, metadata={"help": "Number of layers at the bottom without LoRA."})
    epochs: float = field(default=1.0, metadata={"help": "Epochs over the articles."})
    learning_rate: float = field(default=5e-4, metadata={"help": "Peak learning rate."})
    batch_size: int = field(default=4, metadata={"help": "Articles per step, over all processes."})
    longest: int = field(default=2048, metadata={"help": "Maximum number of tokens of a story, and of its answers."})
    held_out: int = field(
        default=40, metadata={"help": "Maximum number of articles that select the checkpoint and calibrate the judge."}
    )
    least: float = field(
        default=0.6, metadata={"help": "Minimum probability for showing a text; part of the exported model."}
    )


def main(args: WriterArguments) -> None:
    """Trains, and writes to `args.output`: `start/` (the base with the vocabulary that is kept), `adapter/` (LoRA),
    `run.json` (data, settings and scores), and in `steps/` the Trainer's checkpoints, `metrics.jsonl` and `run.png`."""
    output = Path(args.output)
    sources = {name: value for name in ("train", "validation") if (value := getattr(args, name))}
    notes = asdict(args) | {name: " ".join(map(fingerprint, value.split(","))) for name, value in sources.items()}
    claim_folder(output, notes, (), args.resume)
    if args.gradient_checkpointing:
        raise ValueError("gradient_checkpointing does not work with a story that is read once; leave it out")
    began = time.time()
    set_seed(args.seed)
    train, validation = divided_articles(args)
    model, tokenizer = start(args, train, output / "start")
    learnt, held = (
        [item for one in part if (item := writer_item(one, tokenizer, args.longest))["texts"]]
        for part in (train[: args.limit], validation)
    )
    if not learnt or not held:
        raise ValueError(f"{len(learnt)} articles for training and {len(held)} for validation: more are needed")
    trainer = _Trainer(
        model=model,
        args=_settings(args, output / "steps"),
        train_dataset=learnt,
        eval_dataset=held,
        data_collator=PackedRows(),
        compute_loss_func=Loss(shifted=False, smoothing=0.0),
    )
    add_callbacks(trainer, output / "steps", "loss", args.patience)
    train_or_resume(trainer, output / "steps")
    if not is_first_process():
        return
    trainer.model.save_pretrained(output / "adapter")
    scores, said = judgements(trainer.model.eval(), tokenizer, validation)
    calibration = fitted(scores, said)
    about = {
        "task": "writer",
        "command": command(args, "writer"),
        "arguments": asdict(args),
        "data": {
            name: {"fingerprint": notes[name], "articles": len(part)}
            for name, part in (("train", learnt), ("validation", held))
            if name in sources
        },
        "points": sum(len(item["texts"]) for item in learnt),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step,
        "validation": {"loss": trainer.state.best_metric, "judge": measures(scores, said, calibration)},
        "calibration": asdict(calibration),
        "seconds": round(time.time() - began),
        "machine": machine(),
    }
    write_whole(output / "run.json", json.dumps(about, indent=2) + "\n")


def divided_articles(args: WriterArguments) -> tuple[list[StandaloneArticle], list[StandaloneArticle]]:
    """Returns the articles for training and those that select the checkpoint."""
    train = shuffled(standalone(args.train, args.language), args.seed)
    if args.validation:
        return train, standalone(args.validation, args.language)[: args.held_out]
    return train[args.held_out :], train[: args.held_out]


def start(args: WriterArguments, train: Sequence[StandaloneArticle], folder: Path) -> tuple[Any, Any]:
    """Returns the base model with rounded weights, the vocabulary that is kept, and LoRA, and its tokenizer. Saves the
    base and the tokenizer in `folder`."""
    kind = torch.bfloat16 if _half(args) else torch.float32
    part = shipped_part(args.base_model, "writer")
    if part:
        model, tokenizer = writer_of(part)
        if is_first_process() and not (folder / "tokenizer.json").exists():
            model.get_base_model().save_pretrained(folder, state_dict=_plain(model))
            tokenizer.save_pretrained(folder)
        round_weights(model.get_base_model())
        for parameter in model.parameters():
            if not parameter.requires_grad:
                parameter.data = parameter.data.to(kind)
        return _fast(model), tokenizer
    if (folder / "tokenizer.json").exists():  # the file that is written last
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=kind)
        tokenizer = AutoTokenizer.from_pretrained(folder)
    else:
        model = AutoModelForCausalLM.from_pretrained(args.base_model, dtype=kind)
        tokenizer = AutoTokenizer.from_pretrained(args.base_model)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        if model.config.model_type != "qwen2" or not model.config.tie_word_embeddings:
            raise ValueError(f"{args.base_model} is no Qwen2 whose head is its table of embeddings")
        if args.vocabulary:
            texts = [sentence.text for one in train for sentence in one.sentences]
            texts += [text for one in train for point in one.points for text in point.texts.values()]
            tokenizer = with_vocabulary(model, tokenizer, texts, args.vocabulary)
        if is_first_process():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
    round_weights(model)
    config = LoraConfig(
        r=args.lora_rank,
        lora_alpha=2 * args.lora_rank,
        target_modules=list(LINEAR),
        layers_to_transform=list(range(args.frozen_layers, model.config.num_hidden_layers)),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, config)
    if args.adapter:
        found = set_peft_model_state_dict(model, load_file(args.adapter))
        if found.unexpected_keys or any("lora" in name for name in found.missing_keys):
            raise ValueError(f"{args.adapter} has LoRA matrices of another rank or for other layers")
    return _fast(model), tokenizer


def _half(args: WriterArguments) -> bool:
    """True if the model computes in bfloat16; on a CPU, int8 and float32 are faster."""
    return torch.cuda.is_available() and args.half


def _fast(model: Any) -> Any:
    """Returns the model; without a GPU, the layers that do not learn compute in int8 from now on."""
    if not torch.cuda.is_available():
        use_int8(model)
    return model


def _plain(model: Any) -> dict[str, Tensor]:
    """Returns the state of the base of a PeftModel."""
    state = model.get_base_model().state_dict()
    return {name.replace(".base_layer", ""): value for name, value in state.items() if ".lora_" not in name}


def writer_item(article: StandaloneArticle, tokenizer: Any, longest: int) -> dict[str, Any]:
    """Returns an article as the model reads it: its story, and for each point what is asked of it (`story.request`).
    Texts beyond `longest` tokens are left out; a longer story keeps its start."""

    def ids(text: str) -> list[int]:
        found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
        return found

    judge, kind, write = (ids(one)[0] for one in (JUDGE, KIND, WRITE))

    def word(said: str | None) -> int:
        return ids(f" {said}")[0] if said else IGNORED

    texts: list[tuple[list[int], list[int]]] = []
    for number, point in enumerate(article.points, 1):
        asked = ids(request(number, article.sentences[point.sentence].text))
        first = [IGNORED] * len(asked) + [word(point.verdict), word(point.kind)]
        given, learnt = [*asked, judge, kind], list(first)
        if standard := point.texts.get("standard"):
            text = ids(f" {standard}\n")
            given, learnt = [*given, write, *text, judge], [*learnt, *text, IGNORED, IGNORED]
            if brief := point.texts.get("brief"):
                text = [*ids(brief), tokenizer.eos_token_id]
                given, learnt = [*given, write, *text], [*learnt, *text, IGNORED]
        texts.append((given, learnt))
        for one in point.judged:
            text = ids(f" {one.standard or one.text}\n")
            read = [*asked, judge, kind, write, *text, judge]
            if one.standard:
                read += [write, *ids(one.text), tokenizer.eos_token_id, judge]
            texts.append((read, [IGNORED] * (len(read) - 1) + [word(one.verdict)]))
    kept, size = [], 0
    for given, learnt in texts:
        size += len(given)
        if size <= longest and any(token != IGNORED for token in learnt):
            kept.append((given, learnt))
    read = story(article.sentences, [(point.sentence,) for point in article.points], article.title)
    return {"story": ids(read)[:longest], "texts": kept}


def _settings(args: WriterArguments, output: Path) -> TrainingArguments:
    processes = args.for_trainer(output)["per_device_train_batch_size"] * args.accumulation
    shared = {name: value for name, value in args.for_trainer(output).items() if name != "bf16"} | {
        "greater_is_better": False,
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": processes,
    }
    return TrainingArguments(
        **shared,
        bf16=_half(args),
        num_train_epochs=args.epochs,
        learning_rate=args.learning_rate,
        lr_scheduler_type="cosine",
        per_device_eval_batch_size=1,
        prediction_loss_only=True,
        remove_unused_columns=False,
        warmup_steps=0.05,
        metric_for_best_model="loss",
        label_names=["labels"],
    )


def trained_writer(run: Path) -> tuple[Any, Any]:
    """Returns the model of a finished run, float32, and its tokenizer."""
    model = AutoModelForCausalLM.from_pretrained(run / "start", dtype=torch.float32)
    round_weights(model)
    return PeftModel.from_pretrained(model, run / "adapter"), AutoTokenizer.from_pretrained(run / "start")


def judgements(
    model: Any, tokenizer: Any, articles: Sequence[StandaloneArticle]
) -> tuple[npt.NDArray[np.float32], list[str]]:
    """Returns the scores of the verdicts for all judged sentences and texts of some articles, shape (texts, VERDICTS),
    and what readers said of them."""
    words = [one[0] for one in tokenizer([f" {word}" for word in VERDICTS], add_special_tokens=False)["input_ids"]]
    verdict_of = dict(zip(words, VERDICTS, strict=True))
    scores: list[npt.NDArray[np.float32]] = []
    said: list[str] = []
    for article in articles:
        points = [replace(point, texts={}, kind=None) for point in article.points]
        item = writer_item(replace(article, points=points), tokenizer, WriterArguments.longest)
        batch = PackedRows()([item])
        labels = batch.pop("labels")
        if len(labels):
            given = {name: value.to(model.device) for name, value in batch.items()}
            with torch.no_grad():
                logits = model(**_with_story(model, given))["logits"][0].float()
            scores.append(logits[:, words].cpu().numpy())
            said += [verdict_of[int(label)] for label in labels]
    return np.concatenate(scores) if scores else np.zeros((0, len(VERDICTS)), np.float32), said


def _with_story(model: Any, batch: dict[str, Tensor]) -> dict[str, Any]:
    """Reads the story of a batch with the base model; returns the rest of the batch with what it has read."""
    with torch.no_grad(), model.disable_adapter():
        read = model.get_base_model().model(input_ids=batch["story"], use_cache=True)
    mask = batch["attention_mask"].to(next(model.parameters()).dtype)
    rest = {name: value for name, value in batch.items() if name != "story"}
    return rest | {"attention_mask": mask, "past_key_values": read.past_key_values}


class _Trainer(Trainer):
    """Reads the story with the base model before the answers."""

    def compute_loss(self, model: Any, inputs: dict[str, Tensor], *rest: Any, **more: Any) -> Any:
        given = _with_story(self.accelerator.unwrap_model(model), inputs)
        return super().compute_loss(model, given, *rest, **more)
