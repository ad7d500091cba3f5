"""Highlights: learning a newsroom's own lists, from what ships."""

import json

import pytest

from eval.data import Example, Point
from summarizer import Summarizer
from training.__main__ import main as command
from training.data import pairs

from ..articles import ROOT, STORY, archive, written


def example(bullet: str) -> Example:
    return Example("1", STORY, ((bullet,),), (Point({"brief": bullet}, 1),))


def test_texts_in_the_editors_own_words_are_learnt_if_the_article_has_them():
    own = "Marl Lane baths stay open after council vote"
    assert not pairs([example(own)])
    (pair,) = pairs([example(own)], own_words=True)
    assert pair.targets == (own,)
    assert not pairs([example("Swimmers cheer as the mayor of Paris jumps in")], own_words=True)
    assert not pairs([example("Marl Lane baths stay open after council vote by 4,001 to 3")], own_words=True)


def test_one_command_learns_the_choice_and_the_wording(tmp_path, capsys):
    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = ["--config", str(ROOT / "training" / "configs" / "highlights.yaml"), "--train", str(train)]
    flags += ["--batch_size", "6", "--eval_steps", "1", "--head_epochs", "1", "--output", str(tmp_path / "run")]
    command(["highlights", *flags])
    assert "| run above base (paired) |" in capsys.readouterr().out
    mine, base = Summarizer.from_pretrained(tmp_path / "run" / "model"), Summarizer.from_pretrained()
    assert mine.config["rewriter"] == base.config["rewriter"]
    assert [bullet.text for bullet in mine(STORY)] == [bullet.text for bullet in base(STORY)]
    assert mine(STORY, length="highlights").bullets
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["task"] == "highlights" and record["pairs"]["train"] > 0
    card = (tmp_path / "run" / "model" / "README.md").read_text()
    assert "## The highlights" in card and "archive.jsonl" in card and str(tmp_path) not in card
    # It can be fine-tuned further.
    again = [*flags[:-1], str(tmp_path / "again"), "--base_model", str(tmp_path / "run" / "model")]
    command(["highlights", *again, "--compare_with", "none", "--measured", "0"])
    assert (tmp_path / "again" / "model" / "highlights" / "model.bin").is_file()


def test_another_base_is_refused(tmp_path, capsys, tiny_t5):
    train = written(tmp_path / "archive.jsonl", archive(12))
    with pytest.raises(SystemExit) as stop:
        command(["highlights", "--train", str(train), "--base_model", str(tiny_t5), "--output", str(tmp_path / "run")])
    assert stop.value.code == 2
    assert "is no model of this project" in capsys.readouterr().err
