import os
import subprocess
import sys

import pytest

from summarizer import cpu
from summarizer.cpu import cores

CODE = """
import os
from summarizer import Summarizer
Summarizer.from_pretrained()("The council voted on Monday. It was close.")
print(os.environ.get("CT2_FORCE_CPU_ISA", "none"))
"""


def chosen(**environment) -> str:
    env = {k: v for k, v in os.environ.items() if k != "CT2_FORCE_CPU_ISA"} | environment
    return subprocess.run(
        [sys.executable, "-c", CODE], env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


def test_wide_instructions_are_used_where_there_are_some_and_a_choice_of_ones_own_stays():
    assert chosen() == ("AVX512" if cpu._about()[1] >= cpu._WIDE else "none")
    assert chosen(CT2_FORCE_CPU_ISA="GENERIC") == "GENERIC"


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 8),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 8),
        ({}, 8),
    ],
)
def test_a_container_may_have_a_share_of_the_cores(tmp_path, monkeypatch, files, wanted):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setattr(cpu, "_CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    assert cores() == wanted


def test_the_instruction_set_is_named(monkeypatch):
    monkeypatch.setenv("CT2_FORCE_CPU_ISA", "AVX2")
    assert cpu.instructions().split()[0] == "AVX2"
