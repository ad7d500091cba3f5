"""Training a checkpoint that writes the whole list, on tiny ones built in memory."""

import errno
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from eval.data import Example
from summarizer import Summarizer
from training.__main__ import main as command
from training.export import ExportArguments
from training.export import main as export
from training.generator import GeneratorArguments, main

from ..articles import STORY, archive, written


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    written(folder / "train.jsonl", archive(16))
    written(folder / "held.jsonl", archive(4, 1))
    return folder


def arguments(data, base, output, **more):
    settings = {
        "train": str(data / "train.jsonl"), "validation": str(data / "held.jsonl"), "base_model": str(base),
        "output": str(output), "epochs": 2.0, "batch_size": 4, "eval_steps": 3, "window": 200, "max_new_tokens": 90,
        "learning_rate": 1e-2, "bf16": False, "compare_with": "none", "beams": 1,
    }  # fmt: skip
    return GeneratorArguments(**(settings | more))


@pytest.fixture(scope="module")
def run(data, tiny_t5, tmp_path_factory):
    args = arguments(data, tiny_t5, tmp_path_factory.mktemp("runs") / "t5", dropout=0.0)
    main(args)
    return args


def test_a_run_leaves_a_model_that_is_a_summarizer(run, data, tiny_t5):
    output = Path(run.output)
    assert not [p for p in (output / "model").iterdir() if p.suffix in (".bin", ".pt", ".pkl")]
    summary = Summarizer.from_pretrained(output / "model", device="cpu")(STORY, policy="flag")
    assert summary.model == "t5"
    family = json.loads((output / "model" / "key_points.json").read_text())
    assert family["window"] == 200 and family["separator"] == " ; " and family["beams"] == 1
    record = json.loads((output / "run.json").read_text())
    assert record["data"]["train"]["articles"] == 16 and record["steps"] == 8 and "rouge1" in record["validation"]
    rows = [json.loads(line) for line in (output / "training" / "metrics.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < losses[0] and {"eval_loss", "eval_rouge2"} <= set().union(*rows)
    assert (output / "training" / "run.png").stat().st_size > 5_000
    card = (output / "model" / "README.md").read_text()
    assert "16 articles, train.jsonl" in card and "LEAD-3" in card and "oracle" in card and "| window | 200 |" in card
    assert str(data) not in card and str(tiny_t5.parent) not in card


def test_a_killed_run_goes_on_to_the_same_weights(run, tmp_path, capsys):
    again = tmp_path / "again"
    shutil.copytree(run.output, again)
    for gone in ("model", "run.json", "training/checkpoint-8"):
        path = again / gone
        shutil.rmtree(path, ignore_errors=True)
    whole = again / "training" / "checkpoint-3"
    if not whole.exists():
        whole = again / "training" / "checkpoint-6"
    cut = again / "training" / "checkpoint-7"  # killed while it was written
    shutil.copytree(whole, cut)
    (cut / "trainer_state.json").write_text('{"epoch": 1')
    main(replace(run, output=str(again), resume=True))
    first, second = load_file(f"{run.output}/model/model.safetensors"), load_file(again / "model/model.safetensors")
    assert all(np.allclose(value, second[name], atol=1e-6) for name, value in first.items())
    assert not cut.exists()
    logs = [(Path(folder) / "training" / "metrics.jsonl").read_text().splitlines() for folder in (run.output, again)]
    first, second = ([(row["step"], row.get("loss")) for row in map(json.loads, lines)] for lines in logs)
    assert len(first) > 3 and first == second


def test_resume_needs_a_run(data, tiny_t5, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        command(
            ["generator", "--train", str(data / "train.jsonl"), "--output", str(tmp_path / "new"), "--resume", "true"]
        )
    assert stop.value.code == 2 and "has no run to resume" in capsys.readouterr().err


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
    flags = [
        part
        for name in ("train", "validation", "base_model", "epochs", "batch_size", "eval_steps", "window",
                     "max_new_tokens", "learning_rate", "bf16", "compare_with", "beams", "dropout")
        for part in (f"--{name}", str(getattr(run, name)))
    ]  # fmt: skip
    with pytest.raises(SystemExit) as stop:
        command(["generator", *flags, "--output", str(tmp_path / "run")])
    err = capsys.readouterr().err
    assert stop.value.code == 1 and "the disk is full" in err and "same command again" in err
    command(["generator", *flags, "--output", str(tmp_path / "run")])  # some space was freed
    first, second = (
        load_file(f"{run.output}/model/model.safetensors"),
        load_file(tmp_path / "run/model/model.safetensors"),
    )
    assert all(np.allclose(value, second[name], atol=1e-6) for name, value in first.items())


def test_early_stopping(data, tiny_t5, tmp_path):
    args = arguments(data, tiny_t5, tmp_path / "run", learning_rate=0.0, eval_steps=1, patience=2, measured=0)
    for _ in range(2):  # the same command again finds that it stopped
        main(args)
        assert json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 3


def test_of_an_article_that_is_too_long_no_bullet_is_lost(tiny_llama, tiny_bart):
    from summarizer.checkpoints.prompts import for_training, settings_of
    from summarizer.checkpoints.transformers_engine import load
    from training.generator import _item

    example = Example("1", STORY * 5, (("Council keeps the baths open", "Work starts on May 11"),))
    for folder in (tiny_llama, tiny_bart):
        model, tokenizer = load(str(folder))
        family = for_training(settings_of(model, tokenizer), tokenizer, 500, 80, 1)
        item = _item(example, tokenizer, family)
        answer = [i for i in item["labels"] if i >= 0]
        assert tokenizer.decode(answer, skip_special_tokens=True) == "\n".join(example.bullets)
        assert answer[-1] == tokenizer.eos_token_id
        read = tokenizer.decode(item["input_ids"])
        assert "The council voted on Monday" in read and len(item["input_ids"]) <= 500
        if family.kind == "causal":  # the loss counts the answer only
            assert item["labels"][-len(answer) :] == answer and item["input_ids"][-len(answer) :] == answer
            assert len(item["labels"]) == len(item["input_ids"]) > 490
        short = _item(example, tokenizer, replace(family, max_new_tokens=40))
        assert tokenizer.decode([i for i in short["labels"] if i >= 0], skip_special_tokens=True) == example.bullets[0]


def test_lora_trains_few_weights_and_comes_out_whole(data, tiny_llama, tmp_path, capsys):
    main(arguments(data, tiny_llama, tmp_path / "run", lora=4, window=900, epochs=1.0, measured=2))
    assert "million weights are trained" in capsys.readouterr().err
    model = tmp_path / "run" / "model"
    assert (model / "adapter_model.safetensors").stat().st_size < (tiny_llama / "model.safetensors").stat().st_size / 2
    assert not (model / "model.safetensors").exists()
    same_after_export(tmp_path / "run", tmp_path / "exported", capsys)


def same_after_export(run, folder, capsys):
    """In float32 the exported model writes what the trained one does; the table says so."""
    export(ExportArguments(run=str(run), output=str(folder), quantization="float32"))
    table = capsys.readouterr().out
    assert "| trained |" in table and "100%" in table.split("| exported |")[1]
    trained, exported = Summarizer.from_pretrained(run / "model", device="cpu"), Summarizer.from_pretrained(folder)
    ours, theirs = trained(STORY, policy="flag"), exported(STORY, policy="flag")
    assert [b.text for b in ours] == [b.text for b in theirs] != []
    assert len(exported(STORY * 6, policy="flag").to_json()) > 100
    exported.save_pretrained(folder.parent / "copy")
    assert Summarizer.from_pretrained(folder.parent / "copy").version == exported.version


def test_a_finished_model_is_pushed_where_it_was_asked_for(data, tiny_t5, tmp_path, monkeypatch):
    import huggingface_hub

    done = []
    monkeypatch.setattr(
        huggingface_hub.HfApi, "create_repo", lambda self, name, **how: done.append((name, how["private"]))
    )
    monkeypatch.setattr(
        huggingface_hub.HfApi, "upload_folder", lambda self, repo_id, folder_path: done.append((repo_id, folder_path))
    )
    main(arguments(data, tiny_t5, tmp_path / "run", epochs=0.5, measured=0, eval_steps=2, push_to_hub="you/points"))
    assert done == [("you/points", True), ("you/points", tmp_path / "run" / "model")]


def test_what_was_pushed_is_found_on_the_hub(run, base, monkeypatch):
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def download(name, file, revision, token, local_files_only):
        assert (revision, token) == ("v2", "secret")
        if not (there[name] / file).exists():
            raise LocalEntryNotFoundError(file)
        return str(there[name] / file)

    there = {"you/base": base.folder, "you/t5": Path(run.output) / "model"}
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, revision, token: str(there[name]))
    hub = {"revision": "v2", "token": "secret"}
    assert Summarizer.from_pretrained("you/base", **hub).version == base.version
    pushed = Summarizer.from_pretrained("you/t5", device="cpu", **hub)
    assert pushed.config["name"] == "t5" and pushed._backend.generator.settings.separator == " ; "


def test_export_of_a_t5(run, tmp_path, capsys):
    same_after_export(Path(run.output), tmp_path / "exported", capsys)


def test_export_of_a_bart(data, tiny_bart, tmp_path, capsys):
    main(arguments(data, tiny_bart, tmp_path / "run", window=None, epochs=0.5, measured=0, eval_steps=2))
    same_after_export(tmp_path / "run", tmp_path / "exported", capsys)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--base_model", "CLASSIFIER"], "which cannot write a summary"),
        (["--base_model", "/nowhere"], "/nowhere"),
        (["--learning_rat", "1"], "did you mean 'learning_rate'"),
        (["--batch_size", "5", "--accumulation", "2"], "cannot be divided"),
        (["--compare_with", "bse"], "there is no model 'bse'"),
    ],
)
def test_wrong_use(flags, message, data, tiny_checkpoint, tmp_path, capsys):
    flags = [str(tiny_checkpoint) if flag == "CLASSIFIER" else flag for flag in flags]
    with pytest.raises(SystemExit) as stop:
        command(["generator", "--train", str(data / "train.jsonl"), "--output", str(tmp_path / "run"), *flags])
    assert stop.value.code == 2 and message in capsys.readouterr().err
