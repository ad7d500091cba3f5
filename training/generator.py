"""Fine-tunes a checkpoint that writes the whole list: `python -m training generator --config CONFIG`.

The base is any sequence-to-sequence checkpoint of transformers (T5, BART, PEGASUS, mBART) or any causal one (SmolLM2,
Llama, Qwen). All weights are trained, or LoRA matrices. The loss counts only the answer. An article that is too long is
truncated; a list that is too long loses its last bullets. Evaluations during training measure what the library would
print: same prompt, search (one beam) and parsing of the answer. To resume a killed run from its last checkpoint, run
the same command again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments, set_seed
from transformers.trainer_utils import EvalLoopOutput

from eval.data import Example
from eval.measures import MEASURES, rouge
from summarizer.checkpoints import (
    GenerationSettings,
    Generator,
    TransformersEngine,
    as_read,
    for_training,
    load,
    pad_of,
    prompt_ids,
    settings_of,
)
from summarizer.reading import content_sentences

from .arguments import RunArguments
from .data import LABEL, PARTS
from .data import load as load_data
from .modeling import IGNORED, Loss
from .packaging import finish, found_before_training
from .run import GroupedByLength, add_callbacks, claim_folder, train_or_resume

_SCORES = ("eval_loss", "eval_rouge", "eval_list")


@dataclass
class GeneratorArguments(RunArguments):
    """Arguments of `python -m training generator`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/generator", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="google-t5/t5-small",
        metadata={"help": "A sequence-to-sequence or causal checkpoint: a Hub name or a folder."},
    )
    epochs: float = field(default=3.0, metadata={"help": "Epochs over the articles."})
    learning_rate: float = field(default=3e-4, metadata={"help": "Peak learning rate."})
    label_smoothing: float = field(default=0.0, metadata={"help": "Label smoothing, 0 to 1."})
    dropout: float | None = field(
        default=None, metadata={"help": "Dropout. Default: that of the checkpoint. 0 is much faster on a CPU."}
    )
    lora: int = field(default=0, metadata={"help": "Rank of the LoRA matrices to train; 0 trains all weights."})
    window: int | None = field(
        default=None, metadata={"help": "Maximum tokens of prompt and article. Default: the model's own limit."}
    )
    max_new_tokens: int = field(default=160, metadata={"help": "Maximum tokens of a list; longer lists lose bullets."})
    beams: int = field(default=4, metadata={"help": "Beams in the search of the finished model."})
    validation_articles: int = field(default=100, metadata={"help": "Number of validation articles to evaluate."})


class ListDataset(Dataset[dict[str, list[int]]]):
    """Examples as token ids."""

    def __init__(
        self, examples: Sequence[Example], tokenizer: Any, settings: GenerationSettings, language: str
    ) -> None:
        self.items = [_item(example, tokenizer, settings, language) for example in examples]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, list[int]]:
        return self.items[index]


def _item(example: Example, tokenizer: Any, settings: GenerationSettings, language: str = "en") -> dict[str, list[int]]:
    """Returns token ids of prompt and answer; a list that is too long loses its last bullets."""
    bullets = [LABEL.sub("", bullet) for bullet in example.bullets]
    while True:
        answer = _answer(settings.joined(bullets), tokenizer, settings)
        if len(answer) <= settings.max_new_tokens or len(bullets) == 1:
            break
        bullets.pop()
    answer = answer[: settings.max_new_tokens]
    prompt = prompt_ids(text_of(example, language), tokenizer.backend_tokenizer, settings, len(answer))
    if settings.kind == "seq2seq":
        return {"input_ids": prompt, "labels": answer}
    return {"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer}


def _answer(text: str, tokenizer: Any, settings: GenerationSettings) -> list[int]:
    if settings.kind == "seq2seq":
        ids: list[int] = tokenizer(text_target=text)["input_ids"]
        return ids
    return [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]


def text_of(example: Example, language: str) -> str:
    """Returns the story of an article as the library passes it to a checkpoint."""
    return as_read(content_sentences(example.text, language))


@dataclass(frozen=True)
class ListCollator:
    """Turns articles into a batch of tensors, padded to the longest."""

    model: Any
    pad: int
    seq2seq: bool

    def __call__(self, items: Sequence[dict[str, list[int]]]) -> dict[str, Tensor]:
        """Shapes: input_ids and attention_mask (articles, tokens); labels the same, or (articles, tokens of the answer)
        for a sequence-to-sequence model, `IGNORED` for tokens that the loss ignores."""
        inputs = _padded([item["input_ids"] for item in items], self.pad)
        labels = _padded([item["labels"] for item in items], IGNORED)
        sizes = torch.tensor([len(item["input_ids"]) for item in items])
        mask = (torch.arange(inputs.shape[1])[None] < sizes[:, None]).long()
        batch = {"input_ids": inputs, "attention_mask": mask, "labels": labels}
        if self.seq2seq:
            batch["decoder_input_ids"] = self.model.prepare_decoder_input_ids_from_labels(labels=labels)
        return batch


class _Trainer(GroupedByLength, Trainer):
    """Trainer that also generates the lists of some validation articles, as the library does, in every evaluation."""

    def __init__(
        self,
        *args: Any,
        examples: Sequence[Example],
        settings: GenerationSettings,
        tokenizer: Any,
        language: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._examples, self._family, self._tokenizer, self._language = examples, settings, tokenizer, language

    def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
        """Measures the loss and the ROUGE of the lists. Each process generates a share of the lists."""
        found = super().evaluation_loop(*args, **kwargs)
        prefix = kwargs.get("metric_key_prefix", "eval")
        model = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.eval()
        rank, processes = self.accelerator.process_index, self.accelerator.num_processes
        mine = self._examples[rank::processes]
        with torch.autocast(model.device.type, torch.bfloat16, enabled=self.args.bf16):
            generator = Generator(TransformersEngine(model, self._tokenizer), self._family)
            # A fine-tuned checkpoint gets no number of bullets.
            answers = generator([text_of(e, self._language) for e in mine], [0] * len(mine))
        model.train(was_training)
        lists = _gathered([list(answer.bullets) for answer in answers], processes)
        order = [e for share in range(processes) for e in self._examples[share::processes]]
        scores = rouge_of(lists, order)
        found.metrics.update({f"{prefix}_{name}": value for name, value in scores.items()})
        return found


def main(args: GeneratorArguments) -> None:
    """Trains, and writes to `args.output`: `model/` (the best checkpoint, ready for `Summarizer.from_pretrained`, with
    its card), `run.json` (data, settings and scores), and in `training/` the Trainer's checkpoints, `metrics.jsonl` and
    `run.png`."""
    output = Path(args.output)
    claim_folder(output, asdict(args), PARTS, args.resume)
    found_before_training(args)
    if args.push_to_hub and args.lora and Path(args.base_model).exists():
        raise ValueError(
            f"a LoRA adapter refers to its base by name, but {args.base_model} is a local folder: set --base_model to "
            "its name on the Hub, or leave out --push_to_hub"
        )
    began = time.time()
    set_seed(args.seed)
    data = load_data(args, output)
    looked_at = data.validation[: args.validation_articles]
    model, tokenizer, settings = _start(args)
    training = TrainingArguments(
        **args.for_trainer(output / "training"),
        num_train_epochs=args.epochs,
        learning_rate=args.learning_rate,
        warmup_steps=0.05,
        weight_decay=0.01,
        per_device_eval_batch_size=8,
        metric_for_best_model="rouge_mean",
        prediction_loss_only=True,
        remove_unused_columns=False,
        label_names=["labels"],
    )
    trainer = _Trainer(
        model=model,
        args=training,
        train_dataset=ListDataset(data.train, tokenizer, settings, args.language),
        eval_dataset=ListDataset(looked_at, tokenizer, settings, args.language),
        data_collator=ListCollator(model, pad_of(tokenizer), settings.kind == "seq2seq"),
        compute_loss_func=Loss(shifted=settings.kind == "causal", smoothing=args.label_smoothing),
        examples=looked_at,
        settings=replace(settings, beams=1),
        tokenizer=tokenizer,
        language=args.language,
    )
    add_callbacks(trainer, output / "training", patience=args.patience)
    train_or_resume(trainer, output / "training")
    scores = {k.removeprefix("eval_"): v for k, v in trainer.evaluate().items() if k.startswith(_SCORES)}
    if not trainer.is_world_process_zero():
        return
    folder = output / "model"
    trainer.accelerator.unwrap_model(model).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    replace(settings, name=output.name).save(folder)
    state = trainer.state
    about = {"validation": scores, "steps": state.global_step, "best_step": state.best_global_step}
    finish(args, "generator", data, about, began)


def _start(args: GeneratorArguments) -> tuple[Any, Any, GenerationSettings]:
    model, tokenizer = load(args.base_model)
    if args.dropout is not None:
        for part in model.modules():
            if isinstance(part, nn.Dropout):
                part.p = args.dropout
            for name in ("dropout", "attention_dropout", "activation_dropout"):
                if isinstance(getattr(part, name, None), float):
                    setattr(part, name, args.dropout)
    folder = Path(args.base_model)
    settings = settings_of(model, tokenizer, folder if folder.is_dir() else None)
    settings = for_training(settings, tokenizer, args.window, args.max_new_tokens, args.beams)
    if args.lora:
        model = _with_lora(model, args)
    if args.gradient_checkpointing:
        model.config.use_cache = False
    count = sum(p.numel() for p in model.parameters() if p.requires_grad)
    print(f"{args.base_model}: {count / 1e6:.1f} million weights are trained", file=sys.stderr)
    return model, tokenizer, settings


def _with_lora(model: Any, args: GeneratorArguments) -> Any:
    """Adds LoRA to every linear layer except the head (Hu et al. 2021)."""
    from peft import LoraConfig, get_peft_model

    task = "SEQ_2_SEQ_LM" if model.config.is_encoder_decoder else "CAUSAL_LM"
    settings = LoraConfig(task_type=task, r=args.lora, lora_alpha=2 * args.lora, target_modules="all-linear")
    return get_peft_model(model, settings)


def rouge_of(lists: Sequence[Sequence[str]], examples: Sequence[Example]) -> dict[str, float]:
    """Returns the mean ROUGE F1 scores of lists against the human ones, the mean of these, and the words per list."""
    found = rouge(lists, [example.references for example in examples])[:, :, 2].mean(0)
    scores = {name: float(f1) for name, f1 in zip(MEASURES, found, strict=True) if name != "rougeL"}
    size = float(np.mean([sum(len(bullet.split()) for bullet in one) for one in lists]))
    return scores | {"rouge_mean": float(np.mean(list(scores.values()))), "list_words": size}


def _gathered(lists: list[list[str]], processes: int) -> list[list[str]]:
    if processes == 1:
        return lists
    shares: list[list[list[str]] | None] = [None] * processes
    torch.distributed.all_gather_object(shares, lists)
    return [one for share in shares for one in share or []]


def _padded(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])
