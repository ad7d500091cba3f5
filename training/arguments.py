"""Arguments that all tasks share: the data and the training settings. Each field is a flag and a key of the YAML."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch


@dataclass
class DataArguments:
    """Arguments that say where the articles are."""

    train: str = field(
        default="data/train.jsonl.gz",
        metadata={"help": "Articles with reference lists: .jsonl, .csv, .parquet (.gz), a folder, or a Hub data set."},
    )
    validation: str | None = field(
        default=None,
        metadata={"help": "Articles that select the best checkpoint. Default: a tenth of `train` is held out."},
    )
    test: str | None = field(
        default=None,
        metadata={"help": "Articles for the final scores. A run stops with an error if `train` has one of them."},
    )
    text_field: str | None = field(
        default=None,
        metadata={
            "help": "Field with the article; a dotted path is a nested field. Default: article, text or document."
        },
    )
    bullets_field: str | None = field(
        default=None, metadata={"help": "Field with the bullets. Default: bullets, highlights or summary."}
    )
    limit: int | None = field(default=None, metadata={"help": "Maximum number of articles of `train`. Default: all."})
    drop_leaks: bool = field(
        default=False, metadata={"help": "Drop training articles that are also in `test`, instead of stopping."}
    )


@dataclass
class Settings:
    """Arguments of any training run."""

    output: str = field(default="runs/run", metadata={"help": "Folder of the run."})
    resume: bool = field(
        default=False,
        metadata={"help": "Fail if `output` has no run to resume. Without this, a run is resumed if there is one."},
    )
    batch_size: int = field(default=8, metadata={"help": "Articles or pairs per step, over all processes."})
    accumulation: int = field(
        default=1, metadata={"help": "Gradient accumulation: parts that a batch is split into; saves memory."}
    )
    gradient_checkpointing: bool = field(
        default=False, metadata={"help": "Compute activations twice instead of storing them: less memory, more time."}
    )
    torch_compile: bool = field(default=False, metadata={"help": "Compile the model; worth it in long runs on a GPU."})
    bf16: bool = field(default=True, metadata={"help": "Train in bfloat16 if the hardware supports it."})
    eval_steps: int = field(default=200, metadata={"help": "Steps between two evaluations on the validation articles."})
    patience: int = field(
        default=0, metadata={"help": "Early stopping after this many evaluations without a better score; 0: never."}
    )
    seed: int = field(default=13, metadata={"help": "Random seed."})

    def __post_init__(self) -> None:
        """Raises ValueError if the batch cannot be divided evenly among the processes and parts."""
        if self.batch_size % (_processes() * self.accumulation):
            raise ValueError(
                f"batch_size {self.batch_size} cannot be divided evenly among {_processes()} processes with "
                f"{self.accumulation} accumulation parts each"
            )

    @property
    def half(self) -> bool:
        """True if `bf16` is set and the hardware supports bfloat16, which is then faster than float32."""
        if not self.bf16:
            return False
        if torch.cuda.is_available():
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
        # oneDNN says yes to any CPU with AVX-512, but without these instructions bfloat16 takes several times as long.
        return bool(torch.cpu._is_avx512_bf16_supported())

    def for_trainer(self, output: Path) -> dict[str, Any]:
        """Returns the settings that all Trainers share, as keyword arguments of `TrainingArguments`.

        Args:
            output: Folder of the checkpoints.
        """
        return {
            "output_dir": str(output),
            "per_device_train_batch_size": self.batch_size // _processes() // self.accumulation,
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
            "logging_steps": min(50, self.eval_steps),
            "report_to": "tensorboard" if importlib.util.find_spec("tensorboard") else "none",
            "seed": self.seed,
            "restore_callback_states_from_checkpoint": True,
            # Later versions of transformers warn about this argument, so it is passed only if it is set.
            **({"gradient_checkpointing": True} if self.gradient_checkpointing else {}),
        }


@dataclass
class RunArguments(DataArguments, Settings):
    """Arguments of a training run on articles."""

    languages: str = field(default="en", metadata={"help": "Languages of the articles: codes, separated by commas."})

    @property
    def language(self) -> str:
        """The first language code; sentences are split by the rules of this language."""
        return self.languages.split(",")[0].strip()


@dataclass
class PartArguments(RunArguments):
    """Arguments for training a part of this project's model whose lists are measured."""

    measured: int = field(
        default=250,
        metadata={"help": "Number of articles of `test` (without it, `validation`) for scoring the finished model."},
    )
    compare_with: str = field(
        default="base", metadata={"help": "Model to compare the finished one with; none: only LEAD-3."}
    )
    push_to_hub: str | None = field(
        default=None, metadata={"help": "Hub repository to push the finished model to, such as you/name."}
    )
    parts_from: str = field(
        default="base",
        metadata={"help": "Model whose other parts are copied into the finished model; none: only the new part."},
    )


def _processes() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_first_process() -> bool:
    """True in the process that writes files (rank 0), if several processes train together."""
    return os.environ.get("RANK", "0") == "0"
