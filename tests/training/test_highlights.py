"""Highlights: learning which points a newsroom's own lists have, from what ships."""

import json

import pytest

from summarizer import Summarizer
from training.__main__ import main as command

from ..articles import ROOT, STORY, archive, written

CONFIG = ["extractor", "--config", str(ROOT / "training" / "configs" / "highlights.yaml")]


def test_one_command_learns_the_choice_and_changes_no_other_length(tmp_path, capsys):
    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = ["--train", str(train), "--batch_size", "6", "--eval_steps", "9", "--epochs", "3", "--measured", "2"]
    command([*CONFIG, *flags, "--output", str(tmp_path / "run")])
    assert "| run above base (paired) |" in capsys.readouterr().out
    model = tmp_path / "run" / "model"
    mine, base = Summarizer.from_pretrained(model), Summarizer.from_pretrained()
    assert [bullet.text for bullet in mine(STORY)] == [bullet.text for bullet in base(STORY)]
    assert mine(STORY, length="highlights").bullets
    assert {part: mine.config[part] for part in ("extractor", "rewriter", "verifier")} == {
        part: base.config[part] for part in ("extractor", "rewriter", "verifier")
    }
    assert [path.name for path in (model / "highlights").iterdir()] == ["head.safetensors"]
    heads = [(folder / "highlights" / "head.safetensors").read_bytes() for folder in (model, base.folder)]
    assert heads[0] != heads[1]
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["task"] == "highlights" and {"rouge1", "source_f1"} <= set(record["validation"])
    card = (model / "README.md").read_text()
    assert "## The highlights" in card and "archive.jsonl" in card and str(tmp_path) not in card
    # It can be fine-tuned further.
    again = ["--output", str(tmp_path / "again"), "--base_model", str(model), "--compare_with", "none"]
    command([*CONFIG, *flags[:-1], "0", *again])
    assert (tmp_path / "again" / "model" / "highlights" / "head.safetensors").is_file()


@pytest.mark.parametrize(
    ("flags", "message"),
    [(["--base_model", "tiny"], "is no model of this project"), (["--head_of", "brief"], "head_of must be highlights")],
)
def test_what_cannot_be_trained_is_refused(flags, message, tmp_path, capsys, tiny_checkpoint):
    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = [str(tiny_checkpoint) if flag == "tiny" else flag for flag in flags]
    with pytest.raises(SystemExit) as stop:
        command([*CONFIG, "--train", str(train), "--output", str(tmp_path / "run"), *flags])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
