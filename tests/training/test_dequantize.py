"""What ships can be trained on: its int8 weights become a checkpoint again."""

import json
import shutil

import numpy as np
import pytest

from summarizer import Summarizer
from training.__main__ import main as command
from training.export import convert
from training.modeling.dequantize import encoder_of, rewriter_of

from ..articles import ROOT, STORY, archive, written

BASE = ROOT / "models" / "base"


def test_the_rewriter_becomes_the_same_int8_again(tmp_path):
    model, tokenizer = rewriter_of(BASE / "rewriter")
    model.save_pretrained(tmp_path / "checkpoint")
    tokenizer.save_pretrained(tmp_path / "checkpoint")
    convert(tmp_path / "checkpoint", tmp_path / "again", "int8")
    assert (tmp_path / "again" / "model.bin").read_bytes() == (BASE / "rewriter" / "model.bin").read_bytes()


def test_the_encoder_gives_the_vectors_of_what_ships():
    import ctranslate2
    import torch

    model, tokenizer = encoder_of(BASE / "extractor")
    ids = tokenizer(STORY)["input_ids"]
    with torch.inference_mode():
        wanted = model(input_ids=torch.tensor([ids])).last_hidden_state[0].numpy()
    encoder = ctranslate2.Encoder(str(BASE / "extractor"), compute_type="float32")
    found = np.array(encoder.forward_batch([ids]).last_hidden_state)[0]
    assert found == pytest.approx(wanted, abs=1e-4)


def test_the_rewriter_gives_the_probabilities_of_what_ships():
    """A rewriter whose logits had another scale would learn something else than it is asked later."""
    import ctranslate2
    import torch

    model, tokenizer = rewriter_of(BASE / "rewriter")
    read, written = (tokenizer(text)["input_ids"] for text in (STORY, "12:" + STORY.split(".")[0]))
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([read]), labels=torch.tensor([written])).logits
    wanted = logits.log_softmax(-1)[0].gather(-1, torch.tensor(written)[:, None])[:, 0].numpy()
    rewriter = ctranslate2.Translator(str(BASE / "rewriter"), compute_type="float32")
    read, written = (tokenizer.convert_ids_to_tokens(ids) for ids in (read, written[:-1]))
    (found,) = rewriter.score_batch([read], [written])
    assert found.log_probs == pytest.approx(wanted, abs=0.05)


def test_training_goes_on_without_dropout():
    """On a CPU its random numbers would be a fifth of the time of a step."""
    import torch

    model, tokenizer = rewriter_of(BASE / "rewriter")
    ids = torch.tensor([tokenizer(STORY)["input_ids"]])
    first, second = (model.train()(input_ids=ids, labels=ids[:, :12]).logits for _ in range(2))
    assert torch.equal(first, second)


def test_the_shipped_model_is_trained_on_by_one_command(tmp_path, capsys):
    """The extractor starts where the shipped one is, the rewriter stays, and the table says what has changed."""
    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = ["--train", str(train), "--base_model", "base", "--epochs", "1", "--learning_rate", "0"]
    flags += ["--head_learning_rate", "0", "--eval_steps", "2", "--output", str(tmp_path / "mine")]
    command(["extractor", *flags])
    assert "| mine above base (paired) |" in capsys.readouterr().out
    mine, base = Summarizer.from_pretrained(tmp_path / "mine" / "model"), Summarizer.from_pretrained()
    # Nothing was learnt: only the scores were scaled anew, which leaves the first sentence first.
    ours, theirs = mine(STORY, bullets=1), base(STORY, bullets=1)
    assert [b.sources for b in ours] == [b.sources for b in theirs]
    assert mine.config["rewriter"] == base.config["rewriter"]
    card = (tmp_path / "mine" / "model" / "README.md").read_text()
    assert "archive.jsonl" in card and "--base_model base" in card and "LEAD-3" in card and str(tmp_path) not in card


@pytest.mark.parametrize("part", ["extractor", "rewriter"])
def test_a_damaged_part_is_named(part, tmp_path):
    shutil.copytree(BASE / part, tmp_path / part)
    (tmp_path / part / "model.bin").write_bytes(b"\x06\x00")
    read = encoder_of if part == "extractor" else rewriter_of
    with pytest.raises(ValueError, match=r"model.bin cannot be read: it is truncated"):
        read(tmp_path / part)


def test_a_model_without_the_part(tmp_path, capsys):
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text(json.dumps({"format": 1}))
    train = written(tmp_path / "archive.jsonl", archive(12))
    flags = ["--train", str(train), "--base_model", str(tmp_path / "half"), "--output", str(tmp_path / "run")]
    with pytest.raises(SystemExit) as stop:
        command(["extractor", *flags])
    assert stop.value.code == 2 and "has no extractor to train on" in capsys.readouterr().err
