import os
import subprocess
import sys

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
    assert chosen() in ("AVX512", "none")
    assert chosen(CT2_FORCE_CPU_ISA="GENERIC") == "GENERIC"


def test_cores_are_those_that_may_be_used():
    assert 1 <= cores() <= (os.cpu_count() or 1)
