"""Several processes train together: the losses are those of one process with the same batch."""

import json
import subprocess
import sys

import pytest
from torch import distributed

from training.__main__ import main

from ..articles import archive, written
from ..commands import called

FLAGS = {
    "extractor": ["--measured", "0", "--width", "16", "--heads", "2", "--dropout", "0"],
    "writer": ["--lora", "4", "--max_tokens", "6000"],
}


@pytest.mark.parametrize(("task", "base"), [("extractor", "tiny_checkpoint"), ("writer", "tiny_llama")])
def test_two_processes_give_the_losses_of_one(task, base, request, tmp_path):
    train, held = written(tmp_path / "train.jsonl", archive(8)), written(tmp_path / "held.jsonl", archive(4, 1))
    flags = ["--train", str(train), "--validation", str(held), "--base_model", str(request.getfixturevalue(base))]
    flags += ["--epochs", "2", "--batch_size", "4", "--eval_steps", "2", "--bf16", "false"]
    losses = []
    for name in ("one", "two"):
        given = [task, *flags, *FLAGS[task], "--output", str(tmp_path / name)]
        two = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "-m", "training", *given]
        done = (
            called(main, *given) if name == "one" else subprocess.run(two, capture_output=True, text=True, check=False)
        )
        assert done.returncode == 0, done.stderr
        rows = json.loads((tmp_path / name / "steps" / "trainer_state.json").read_text())["log_history"]
        losses.append({key: [row[key] for row in rows if key in row] for key in ("loss", "eval_loss")})
    one, two = losses
    assert len(one["loss"]) >= 2 and two["loss"] == pytest.approx(one["loss"], rel=1e-3)
    # An evaluation is the mean over batches, which the processes cut differently.
    assert two["eval_loss"] == pytest.approx(one["eval_loss"], rel=1e-2)


def test_a_task_closes_its_process_group(tmp_path):
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        assert called(main, "check", str(written(tmp_path / "train.jsonl", archive(16)))).returncode == 0
        assert not distributed.is_initialized()
    finally:
        if distributed.is_initialized():
            distributed.destroy_process_group()
