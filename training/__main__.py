"""`python -m training TASK`: extractor, rewriter, export."""

from __future__ import annotations

import ctypes
import difflib
import sys
from dataclasses import fields
from pathlib import Path
from typing import TypeVar

import yaml
from transformers import HfArgumentParser

from .resume import OtherSettingsError

T = TypeVar("T")

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # of malloc.h

USAGE = """usage: python -m training TASK [--config FILE.yaml] [--flag value ...]

tasks:
  extractor   fine-tune the sentence scorer from articles with human bullets
  rewriter    fine-tune a small T5 that writes the bullets from the sentences
  export      turn a run into a model folder: CTranslate2 int8, checksums, model card

A YAML file holds the same keys as the flags; a flag wins over the file. `python -m training TASK --help` lists them."""


def main(argv: list[str]) -> None:
    """Runs a task; wrong use ends with exit code 2."""
    if not argv or argv[0] in ("-h", "--help"):
        print(USAGE)
        return
    try:
        _run(*argv)
    except OtherSettingsError as error:
        sys.exit(_wrong(str(error)))


def _run(task: str, *flags: str) -> None:
    rest = list(flags)
    _keep_memory()
    if task == "extractor":
        from . import extractor

        extractor.main(_parsed(extractor.ExtractorArguments, rest))
    elif task == "rewriter":
        from . import rewriter

        rewriter.main(_parsed(rewriter.RewriterArguments, rest))
    elif task == "export":
        from . import export

        if rest and not rest[0].startswith("-"):
            rest.insert(0, "--run")
        export.main(_parsed(export.ExportArguments, rest))
    else:
        sys.exit(_wrong(f"there is no task {task!r}.\n\n{USAGE}"))


def _keep_memory() -> None:
    """Tells glibc to keep large blocks: it gives them back and asks for them again at every step, which on a CPU takes
    as long as the step itself (benchmarks/NOTES.md). Does nothing elsewhere."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt:
            mallopt(_M_MMAP_MAX, 0)
            mallopt(_M_TRIM_THRESHOLD, -1)


def _parsed(kind: type[T], argv: list[str]) -> T:
    """Arguments from the YAML file behind --config, and the flags, which win."""
    argv = list(argv)
    values: dict[str, object] = {}
    if "--config" in argv:
        at = argv.index("--config")
        path = Path(argv[at + 1]) if at + 1 < len(argv) else sys.exit(_wrong("--config needs a file"))
        del argv[at : at + 2]
        try:
            values = yaml.safe_load(path.read_text("utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            sys.exit(_wrong(f"{path}: {error}"))
        known = [f.name for f in fields(kind)]  # type: ignore[arg-type]
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, 1)
                hint = f"; did you mean {near[0]!r}?" if near else f"; the keys are {', '.join(known)}"
                sys.exit(_wrong(f"{path}: unknown key {key!r}{hint}"))
    flags = [part for key, value in values.items() if value is not None for part in (f"--{key}", str(value))]
    (arguments,) = HfArgumentParser(kind).parse_args_into_dataclasses(flags + argv)  # type: ignore[arg-type]
    return arguments  # type: ignore[no-any-return]


def _wrong(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    main(sys.argv[1:])
