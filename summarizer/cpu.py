"""What of the CPU is used: how many of its cores, and which of its instructions."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_WIDE = frozenset("avx512f avx512cd avx512vl avx512bw avx512dq".split())


def cores() -> int:
    """The cores that this process may use (on Linux that can be fewer than there are)."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def use_wide_instructions() -> None:
    """Lets CTranslate2 use AVX-512 where the CPU has it, which it does not do of its own: an article takes a tenth less
    (benchmarks/NOTES.md). It asks the environment when its first model is loaded; a choice that stands there stays."""
    info = Path("/proc/cpuinfo")
    if sys.platform != "linux" or not info.is_file():
        return
    flags = next((line for line in info.read_text("utf-8", "replace").splitlines() if line.startswith("flags")), "")
    if set(flags.split()) >= _WIDE:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")
