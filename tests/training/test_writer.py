"""Training a language model that writes points, on a tiny one built in memory; and what all runs share: they go on
after a kill or a full disk, and stop early."""

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from summarizer import Summarizer, WriterOptions
from training.__main__ import main as command
from training.writer import WriterArguments, main

from ..articles import STORY, archive, written

GUIDE = "Write one sentence of {words} words."


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    written(folder / "train.jsonl", archive(12))
    written(folder / "held.jsonl", archive(3, 1))
    (folder / "guide.md").write_text(GUIDE)
    return folder


def arguments(data, base, output, **more):
    settings = {
        "train": str(data / "train.jsonl"), "validation": str(data / "held.jsonl"), "base_model": str(base),
        "guide": str(data / "guide.md"), "output": str(output), "epochs": 1.0, "batch_size": 4, "eval_steps": 3,
        "learning_rate": 1e-2, "bf16": False, "lora": 4, "max_tokens": 4000,
    }  # fmt: skip
    return WriterArguments(**(settings | more))


@pytest.fixture(scope="module")
def run(data, tiny_llama, tmp_path_factory):
    args = arguments(data, tiny_llama, tmp_path_factory.mktemp("runs") / "llama")
    main(args)
    return args


def test_a_run_leaves_an_adapter_that_writes(run, data, tiny_llama):
    output = Path(run.output)
    adapter = output / "adapter"
    assert (adapter / "adapter_model.safetensors").stat().st_size < (tiny_llama / "model.safetensors").stat().st_size
    assert not [path for path in adapter.iterdir() if path.suffix in (".bin", ".pt", ".pkl")]
    record = json.loads((output / "run.json").read_text())
    assert record["texts"]["train"] >= 12 and record["steps"] >= 6 and record["loss"] > 0
    rows = json.loads((output / "steps" / "trainer_state.json").read_text())["log_history"]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < losses[0] and "eval_loss" in set().union(*rows)
    options = WriterOptions(str(adapter), guide=str(data / "guide.md"), device="cpu")
    with Summarizer.from_pretrained(writer=options) as summarizer:
        summary = summarizer(STORY, bullets=2, policy="flag")
    assert summary.writer == "llama/adapter" and len(summary) == 2
    assert {bullet.method for bullet in summary} <= {"generated", "extracted"}


def test_only_the_text_is_learnt(data, tiny_llama):
    from transformers import AutoTokenizer

    from eval.data import read
    from training.writer import _items

    tokenizer = AutoTokenizer.from_pretrained(tiny_llama)
    args = arguments(data, tiny_llama, "unused")
    examples = read(data / "train.jsonl")
    items = list(_items(examples, tokenizer, GUIDE, args, "texts"))
    texts = [text for example in examples for point in example.points for text in point.texts.values()]
    for item in items:
        asked, learnt = (
            tokenizer.decode([i for i, label in zip(item["input_ids"], item["labels"], strict=True) if pick(label)])
            for pick in (lambda label: label < 0, lambda label: label >= 0)
        )
        assert learnt.removesuffix("<|im_end|>") in texts and learnt.endswith("<|im_end|>")
        assert "Write one sentence of" in asked and "Article:" in asked and "Sentences:" in asked
    assert not list(_items(examples, tokenizer, GUIDE, replace(args, max_tokens=50), "texts"))


def test_a_killed_run_goes_on_to_the_same_weights(run, tmp_path):
    again = tmp_path / "again"
    shutil.copytree(run.output, again)
    steps = again / "steps"
    last = max(int(path.name.partition("-")[2]) for path in steps.glob("checkpoint-*"))
    for gone in (again / "adapter", steps / f"checkpoint-{last}"):
        shutil.rmtree(gone)
    (again / "run.json").unlink()
    (steps / "finished").unlink()
    whole = next(steps.glob("checkpoint-*"))
    cut = steps / "checkpoint-99"  # killed while it was written
    shutil.copytree(whole, cut)
    (cut / "trainer_state.json").write_text('{"epoch": 1')
    main(replace(run, output=str(again), resume=True))
    first, second = (load_file(f"{folder}/adapter/adapter_model.safetensors") for folder in (run.output, again))
    assert all(np.allclose(value, second[name], atol=1e-6) for name, value in first.items())
    assert not cut.exists()
    states = [json.loads((Path(folder) / "steps" / "trainer_state.json").read_text()) for folder in (run.output, again)]
    first, second = ([(row["step"], row.get("loss")) for row in state["log_history"]] for state in states)
    assert len(first) > 3 and first == second


def test_a_full_disk_leaves_the_last_good_checkpoint(run, tmp_path, monkeypatch, capsys):
    import transformers.trainer

    saved = []
    whole = transformers.trainer.Trainer._save_optimizer_and_scheduler

    def full(self, folder):
        saved.append(folder)
        if len(saved) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(self, folder)

    monkeypatch.setattr(transformers.trainer.Trainer, "_save_optimizer_and_scheduler", full)
    names = ("train", "validation", "base_model", "guide", "epochs", "batch_size", "eval_steps", "learning_rate",
             "bf16", "lora", "max_tokens")  # fmt: skip
    flags = [part for name in names for part in (f"--{name}", str(getattr(run, name)))]
    with pytest.raises(SystemExit) as stop:
        command(["writer", *flags, "--output", str(tmp_path / "run")])
    err = capsys.readouterr().err
    assert stop.value.code == 1 and "the disk is full" in err and "same command again" in err
    command(["writer", *flags, "--output", str(tmp_path / "run")])  # some space was freed
    first, second = (
        load_file(f"{folder}/adapter/adapter_model.safetensors") for folder in (run.output, f"{tmp_path}/run")
    )
    assert all(np.allclose(value, second[name], atol=1e-6) for name, value in first.items())


def test_early_stopping(data, tiny_llama, tmp_path):
    args = arguments(data, tiny_llama, tmp_path / "run", learning_rate=0.0, eval_steps=1, patience=2)
    for _ in range(2):  # the same command again finds that it stopped
        main(args)
        assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 3


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--base_model", "NO CHAT"], "has no chat template"),
        (["--base_model", "/nowhere"], "/nowhere"),
        (["--guide", "/nowhere.md"], "the guide /nowhere.md cannot be read"),
        (["--learning_rat", "1"], "did you mean 'learning_rate'"),
        (["--batch_size", "5", "--accumulation", "2"], "cannot be divided"),
        (["--resume", "true"], "has no run to resume"),
    ],
)
def test_wrong_use(flags, message, data, tiny_t5, tmp_path, capsys):
    flags = [str(tiny_t5) if flag == "NO CHAT" else flag for flag in flags]
    with pytest.raises(SystemExit) as stop:
        command(["writer", "--train", str(data / "train.jsonl"), "--output", str(tmp_path / "run"), *flags])
    assert stop.value.code == 2 and message in capsys.readouterr().err
