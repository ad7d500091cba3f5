"""Fine-tunes a language model that writes points: `python -m training writer --base_model Qwen/Qwen2.5-1.5B-Instruct`.

The model learns, with LoRA (Hu et al. 2021), to answer the messages that the library sends (`summarizer/writers/`) with
the texts of points that people or a stronger model wrote from the same sentences. `summarize --writer OUTPUT/adapter`
runs it. To resume a killed run from its last checkpoint, run the same command again.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from tqdm import tqdm
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    DataCollatorForSeq2Seq,
    set_seed,
)

from eval.data import Example, fingerprint
from summarizer import WriterOptions
from summarizer.points import Task, as_line
from summarizer.reading import content_sentences
from summarizer.writers import guide_of, messages

from .arguments import RunArguments, is_first_process
from .data import PARTS, load, points_of
from .modeling import IGNORED
from .run import claim_folder, trained, write_record


@dataclass
class WriterArguments(RunArguments):
    """Arguments of `python -m training writer`; each is a flag and a key of the YAML file."""

    output: str = field(default="runs/writer", metadata={"help": "Folder of the run."})
    base_model: str = field(
        default="Qwen/Qwen2.5-0.5B-Instruct", metadata={"help": "A chat model: a Hub name or a folder."}
    )
    guide: str | None = field(
        default=None, metadata={"help": "File with the editor's guide. Default: the library's own."}
    )
    lora: int = field(default=16, metadata={"help": "Rank of the LoRA matrices of every linear layer."})
    epochs: float = field(default=1.0, metadata={"help": "Epochs over the texts."})
    learning_rate: float = field(default=2e-4, metadata={"help": "Peak learning rate."})
    batch_size: int = field(default=16, metadata={"help": "Texts per step, over all processes."})
    max_tokens: int = field(
        default=2048, metadata={"help": "Maximum tokens of messages and text; longer ones are left out."}
    )
    validation_texts: int = field(default=400, metadata={"help": "Maximum number of texts that select the checkpoint."})


def main(args: WriterArguments) -> None:
    """Trains, and writes to `args.output`: `adapter/` (the LoRA matrices with the tokenizer, for `--writer`),
    `run.json` (data, settings and loss), and in `steps/` the Trainer's checkpoints and log (`trainer_state.json`)."""
    output = Path(args.output)
    claim_folder(output, asdict(args), PARTS, args.resume)
    guide = guide_of(WriterOptions(args.base_model, guide=args.guide))
    began = time.time()
    set_seed(args.seed)
    data = load(args, output)
    tokenizer = AutoTokenizer.from_pretrained(args.base_model)
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    if not tokenizer.chat_template:
        raise ValueError(f"{args.base_model} has no chat template; use a chat model, such as an -Instruct one")
    train, held = (
        list(_items(part, tokenizer, guide, args, name))
        for part, name in ((data.train, "training texts"), (data.validation, "validation texts"))
    )
    if not train or not held:
        raise ValueError(
            f"{len(train)} texts for training and {len(held)} for validation: the points of the articles need sources, "
            "or texts whose sentences can be found"
        )
    random.Random(args.seed).shuffle(held)
    model = AutoModelForCausalLM.from_pretrained(args.base_model, dtype=torch.bfloat16 if args.half else torch.float32)
    model.config.use_cache = False
    lora = LoraConfig(task_type="CAUSAL_LM", r=args.lora, lora_alpha=2 * args.lora, target_modules="all-linear")
    model = get_peft_model(model, lora)
    if args.gradient_checkpointing:
        model.enable_input_require_grads()
    collator = DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED, pad_to_multiple_of=8)
    trainer = trained(args, output / "steps", model, train, held[: args.validation_texts], collator)
    loss = trainer.evaluate()["eval_loss"]
    if not is_first_process():
        return
    model.save_pretrained(output / "adapter")
    tokenizer.save_pretrained(output / "adapter")
    about = {
        "data": {part: fingerprint(place) for part in PARTS if (place := getattr(args, part, None))},
        "texts": {"train": len(train), "validation": len(held)},
        "loss": loss,
    }
    write_record(args, "writer", trainer.state, began, about)
    print(f"{output / 'adapter'}: loss {loss:.3f} a token on {len(held):,} validation texts", file=sys.stderr)


def _items(
    examples: Sequence[Example], tokenizer: Any, guide: str, args: WriterArguments, name: str
) -> Iterator[dict[str, list[int]]]:
    """Yields token ids and labels of each text of each point: the messages, then the text."""
    for example in tqdm(examples, name, file=sys.stderr, mininterval=5):
        sentences = content_sentences(example.text, args.language)
        for point in points_of(example, sentences):
            sources, end = as_line(sentences, point.sources), sentences[point.sources[-1]].end
            for length, text in point.texts.items():
                task = Task(sources, "", example.title, (), length, example.text, end)
                prompt = tokenizer.apply_chat_template(
                    messages(guide, task), add_generation_prompt=True, tokenize=False
                )
                read = tokenizer(prompt, add_special_tokens=False)["input_ids"]
                answer = [*tokenizer(text, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
                if len(read) + len(answer) <= args.max_tokens:  # a longer one would lose its text
                    yield {
                        "input_ids": read + answer,
                        "attention_mask": [1] * (len(read) + len(answer)),
                        "labels": [IGNORED] * len(read) + answer,
                    }
