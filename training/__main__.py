"""`python -m training TASK`: check, extractor, rewriter, verifier, writer, unpack, export."""

from __future__ import annotations

import ctypes
import difflib
import errno
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TypeVar

import yaml
from transformers import HfArgumentParser

from summarizer.errors import SummarizerError

T = TypeVar("T")

_WRITE = "unexpected pos"
"""Part of torch's error message if a file could not be written completely."""
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # constants of malloc.h

USAGE = """usage: python -m training TASK [--config FILE.yaml] [--flag value ...]

tasks:
  check DATA  check articles with reference lists: which can be used, which cannot and why, and some statistics
  extractor   fine-tune the sentence scorer, or only the choice of highlights
  rewriter    fine-tune a small T5 that puts references into sentences and shortens them
  verifier    fine-tune the classifier that says whether an editor would print a rewrite
  writer      fine-tune a chat model (LoRA) to write the points in place of the rewriter
  unpack FILE restore the texts of points and judgements that are stored as offsets into articles
  export RUN  turn a run into a model folder: CTranslate2 int8, checksums, model card

The keys of a YAML file are the flags' names; a flag overrides the file. `python -m training TASK --help` lists them.
Several processes: `torchrun --nproc_per_node N -m training TASK ...`."""
_TASKS = {
    "check": (".data", "check", "CheckArguments"),
    "extractor": (".extractor", "main", "ExtractorArguments"),
    "rewriter": (".rewriter", "main", "RewriterArguments"),
    "verifier": (".verifier", "main", "VerifierArguments"),
    "writer": (".writer", "main", "WriterArguments"),
    "unpack": (".data", "unpack", "UnpackArguments"),
    "export": (".export", "export", "ExportArguments"),
}
"""Module, function and arguments of each task. Only the module of the task is imported."""
_POSITIONAL = {"check": "--train", "export": "--run", "unpack": "--packed"}


def main(argv: list[str]) -> None:
    """Runs a task. Exit codes: 0 success, 1 the disk is full, 2 wrong usage or unusable data."""
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE)
        return
    try:
        _run(*argv)
    except Exception as error:
        if _is_full(error):  # torch, safetensors and Python each raise a different error
            print(
                f"error: the disk is full ({error}). The last complete checkpoint is kept: free some space and run "
                "the same command again",
                file=sys.stderr,
            )
            sys.exit(1)
        if isinstance(error, ValueError | OSError | SummarizerError):
            sys.exit(_wrong(str(error)))
        raise


def _run(task: str, *flags: str) -> None:
    rest = list(flags)
    if task in _POSITIONAL and rest and not rest[0].startswith("-"):
        rest.insert(0, _POSITIONAL[task])
    _keep_memory()
    if task not in _TASKS:
        sys.exit(_wrong(f"there is no task {task!r}.\n\n{USAGE}"))
    module, run, arguments = _TASKS[task]
    found = import_module(module, __package__)
    getattr(found, run)(_parsed(getattr(found, arguments), rest))
    distributed = import_module("torch.distributed")  # the task has imported it
    if distributed.is_available() and distributed.is_initialized():
        # Threads of gloo that are alive when Python ends can abort the process.
        distributed.destroy_process_group()


def _is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error) or _WRITE in str(error)


def _keep_memory() -> None:
    """Makes glibc keep large blocks. By default it returns them to the system and requests them again at every step,
    which on a CPU takes much of the step. Does nothing without glibc."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, -1)


def _parsed(kind: type[T], argv: list[str]) -> T:
    """Parses the flags and the YAML file of --config; a flag overrides the file."""
    argv = list(argv)
    values: dict[str, object] = {}
    known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    if "--config" in argv:
        at = argv.index("--config")
        path = Path(argv[at + 1]) if at + 1 < len(argv) else sys.exit(_wrong("--config needs a file"))
        del argv[at : at + 2]
        try:
            values = yaml.safe_load(path.read_text("utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            sys.exit(_wrong(f"{path}: {error}"))
        for key in values:
            if key not in known:
                sys.exit(_wrong(f"{path}: unknown key {key!r}{_nearest(key, known)}"))
    flags = [part for key, value in values.items() if value is not None for part in (f"--{key}", str(value))]
    parser = HfArgumentParser(kind, allow_abbrev=False)  # type: ignore[arg-type]
    arguments, unknown = parser.parse_args_into_dataclasses(flags + argv, return_remaining_strings=True)
    if unknown:
        near = _nearest(unknown[0].removeprefix("--").partition("=")[0], known)
        sys.exit(_wrong(f"unknown argument {unknown[0]!r}{near}"))
    return arguments  # type: ignore[no-any-return]


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; choose from {', '.join(known)}"


def _wrong(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main(sys.argv[1:])
