"""What every task is told: where the articles are, and how a run goes. Each field is a flag and a key of the YAML."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch


@dataclass
class DataArguments:
    """Where the articles are."""

    train: str = field(
        default="data/train.jsonl.gz",
        metadata={"help": "Articles with human bullets: .jsonl, .csv, .parquet (.gz), a folder, or a Hub data set."},
    )
    validation: str | None = field(
        default=None,
        metadata={"help": "Articles that choose the best checkpoint; default: a tenth of `train` is held out."},
    )
    test: str | None = field(
        default=None, metadata={"help": "Articles for the final figures; training refuses to see one of them."}
    )
    text_field: str | None = field(
        default=None,
        metadata={
            "help": "Field of the article (a dotted path leads into objects); default: article, text or document."
        },
    )
    bullets_field: str | None = field(
        default=None, metadata={"help": "Field of the bullets; default: bullets, highlights or summary."}
    )
    limit: int | None = field(default=None, metadata={"help": "Train on the first so many articles only."})
    drop_leaks: bool = field(
        default=False, metadata={"help": "Train without the articles that stand in `test`, instead of refusing."}
    )


@dataclass
class RunArguments(DataArguments):
    """How a run goes."""

    output: str = field(default="runs/run", metadata={"help": "Folder of the run."})
    languages: str = field(default="en", metadata={"help": "Languages of the articles: codes, with commas."})
    resume: bool = field(
        default=False,
        metadata={"help": "Insist that the folder holds a run to go on with; without it, one that is there goes on."},
    )
    batch_size: int = field(default=8, metadata={"help": "Articles or pairs a step, over all processes."})
    accumulation: int = field(
        default=1, metadata={"help": "Parts that a step's batch is read in, one after the other: less memory."}
    )
    gradient_checkpointing: bool = field(
        default=False, metadata={"help": "Compute activations twice instead of keeping them: less memory, more time."}
    )
    torch_compile: bool = field(default=False, metadata={"help": "Compile the model; pays on a GPU in long runs."})
    bf16: bool = field(default=True, metadata={"help": "Train in bfloat16 where the machine can."})
    eval_steps: int = field(default=200, metadata={"help": "Steps between two looks at the validation articles."})
    patience: int = field(
        default=0, metadata={"help": "Stop after so many looks without a better score; 0 goes on to the end."}
    )
    seed: int = field(default=13, metadata={"help": "Seed of everything that is drawn."})
    measured: int = field(
        default=250,
        metadata={"help": "Articles of `test`, or else of `validation`, that the finished model is tried on."},
    )
    compare_with: str = field(
        default="base", metadata={"help": "Model that the finished one is compared with; none for LEAD-3 alone."}
    )
    push_to_hub: str | None = field(
        default=None, metadata={"help": "Hub repository that the finished model is pushed to, such as you/name."}
    )

    def __post_init__(self) -> None:
        """Raises ValueError where the batch cannot be divided among the processes and parts."""
        if self.batch_size % (_processes() * self.accumulation):
            raise ValueError(
                f"batch_size {self.batch_size} cannot be divided among {_processes()} processes and "
                f"{self.accumulation} parts each"
            )

    @property
    def half(self) -> bool:
        """Whether bfloat16 is wanted and this machine computes in it faster than in float32."""
        if not self.bf16:
            return False
        if torch.cuda.is_available():
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        return bool(torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported())

    def language_codes(self) -> list[str]:
        """The codes in `languages`."""
        return [code.strip() for code in self.languages.split(",")]

    @property
    def language(self) -> str:
        """The first of them: sentence borders go by it."""
        return self.language_codes()[0]

    def for_trainer(self, output: Path, batch_size: int | None = None) -> dict[str, Any]:
        """The settings that all Trainers share, as keyword arguments of `TrainingArguments`.

        Args:
            output: Folder of the checkpoints.
            batch_size: Items a step, over all processes; default: `self.batch_size`.
        """
        return {
            "output_dir": str(output),
            "per_device_train_batch_size": (batch_size or self.batch_size) // _processes() // self.accumulation,
            "gradient_accumulation_steps": self.accumulation,
            "torch_compile": self.torch_compile,
            "bf16": self.half,
            "use_cpu": not torch.cuda.is_available(),
            "eval_strategy": "steps",
            "save_strategy": "steps",
            "eval_steps": self.eval_steps,
            "save_steps": self.eval_steps,
            "save_total_limit": 2,
            "load_best_model_at_end": True,
            "greater_is_better": True,
            "logging_steps": min(50, self.eval_steps),
            "report_to": "tensorboard" if importlib.util.find_spec("tensorboard") else "none",
            "seed": self.seed,
            "restore_callback_states_from_checkpoint": True,
            # Later versions of transformers warn of the name, which is only said where it is wanted.
            **({"gradient_checkpointing": True} if self.gradient_checkpointing else {}),
        }


@dataclass
class PartArguments(RunArguments):
    """How a part of this project's model is trained."""

    parts_from: str = field(
        default="base",
        metadata={"help": "Model that gives the finished model its other parts; none: it has the new part alone."},
    )


def _processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """Whether this is the process that writes, where several train together."""
    return os.environ.get("RANK", "0") == "0"
