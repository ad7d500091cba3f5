"""The CPU: number of usable cores, and instruction set."""

from __future__ import annotations

import math
import os
import sys
from functools import cache
from pathlib import Path

_WIDE = frozenset("avx512f avx512cd avx512vl avx512bw avx512dq".split())
_CGROUP = Path("/sys/fs/cgroup")


def cores() -> int:
    """Number of cores that this process may use. On Linux, CPU affinity and the cgroup quota count: a container or a
    service can have fewer cores than the machine."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    return max(1, math.ceil(min(len(os.sched_getaffinity(0)), _quota())))


def use_wide_instructions() -> None:
    """Makes CTranslate2 use AVX-512 if the CPU has it, which is not its default and is quicker.

    Sets an environment variable, which CTranslate2 reads when it loads its first model. An existing value is kept."""
    if _about()[1] >= _WIDE:
        os.environ.setdefault("CT2_FORCE_CPU_ISA", "AVX512")


def instructions() -> str:
    """Returns the instruction set that the models use and the CPU's vendor, such as "AVX512 GenuineIntel". Other
    instruction sets round numbers differently, so a list can differ."""
    vendor, flags = _about()
    use_wide_instructions()
    chosen = os.environ.get("CT2_FORCE_CPU_ISA")
    known = (("avx2", "AVX2"), ("avx", "AVX"), ("asimd", "NEON"))
    found = chosen or next((name for flag, name in known if flag in flags), "GENERIC")
    return f"{found} {vendor}".strip()


@cache
def _about() -> tuple[str, frozenset[str]]:
    """The CPU's vendor and flags on Linux; elsewhere the platform's name and no flags."""
    info = Path("/proc/cpuinfo")
    if sys.platform != "linux" or not info.is_file():
        return sys.platform, frozenset()
    lines = [line.partition(":") for line in info.read_text("utf-8", "replace").splitlines()]
    fields = {name.strip().lower(): value.strip() for name, _, value in reversed(lines)}
    return fields.get("vendor_id", ""), frozenset(fields.get("flags", fields.get("features", "")).split())


def _quota() -> float:
    """The CPU quota of this process's cgroup (version 2 or 1), in cores; infinity without a quota."""
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
