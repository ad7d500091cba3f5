"""What of the CPU is used: how many of its cores, and which of its instructions."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from pathlib import Path

_WIDE = frozenset("avx512f avx512cd avx512vl avx512bw avx512dq".split())
_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """The cores that this process may use. On Linux that can be fewer than there are: a container or a service may have
    a share of them."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))


def use_wide_instructions() -> None:
    """Lets CTranslate2 use AVX-512 where the CPU has it, which it does not do of its own: an article takes a tenth less
    (benchmarks/NOTES.md). It asks the environment when its first model is loaded; a choice that stands there stays."""
    if _about()[1] >= _WIDE:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def instructions() -> str:
    """The instruction set that models are computed with, and whose CPU it is, such as "AVX512 GenuineIntel". Numbers
    are rounded differently with another one, so that a list may come out differently."""
    vendor, flags = _about()
    use_wide_instructions()
    chosen = os.environ.get("CT2_FORCE_CPU_ISA")
    known = (("avx2", "AVX2"), ("avx", "AVX"), ("asimd", "NEON"))
    found = chosen or next((name for flag, name in known if flag in flags), "GENERIC")
    return f"{found} {vendor}".strip()


@cache
def _about() -> tuple[str, frozenset[str]]:
    """The CPU's vendor and flags, as Linux tells; elsewhere nothing is known of them."""
    info = Path("/proc/cpuinfo")
    if sys.platform != "linux" or not info.is_file():
        return sys.platform, frozenset()
    lines = [line.partition(":") for line in info.read_text("utf-8", "replace").splitlines()]
    said = {name.strip().lower(): value.strip() for name, _, value in reversed(lines)}
    return said.get("vendor_id", ""), frozenset(said.get("flags", said.get("features", "")).split())


def _quota() -> float:
    """The share of the cores that the control group of this process has, in cores."""
    try:
        limit, period = (_CGROUP / "cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        try:
            files = (_CGROUP / "cpu" / f"cpu.cfs_{name}_us" for name in ("quota", "period"))
            limit, period = (file.read_text("ascii") for file in files)
        except OSError:
            return math.inf
    share = math.inf if limit == "max" else int(limit) / int(period)
    return share if share > 0 else math.inf
