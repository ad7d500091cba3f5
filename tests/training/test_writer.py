"""The writer's data, its packed rows, and a run on a tiny language model."""

import json

import pytest

from training.__main__ import main
from training.data import standalone

from ..articles import archive, written
from ..commands import called

torch = pytest.importorskip("torch")


def rows(count):
    """Invented articles, each with two points that were made to stand alone."""
    found = []
    for one in archive(count):
        first, second = one["article"].split("\n")[:2]
        at = len(first) + 1
        points = [
            {
                "sources": [[0, len(first)]],
                "standard": first,
                "brief": one["bullets"][0],
                "verdict": "good",
                "kind": "key",
            },
            {
                "sources": [[at, at + len(second)]],
                "brief": one["bullets"][1],
                "verdict": "leaning",
                "kind": "background",
            },
        ]
        found.append({"id": one["id"], "title": "Council votes", "article": one["article"], "points": points})
    return found


def test_points_have_the_sentences_that_their_spans_name(tmp_path):
    (article,) = standalone(str(written(tmp_path / "points.jsonl", rows(1))))
    assert [point.sources for point in article.points] == [(0,), (1,)]
    assert set(article.points[0].texts) == {"standard", "brief"} and set(article.points[1].texts) == {"brief"}
    assert article.points[1].verdict == "leaning" and article.title == "Council votes"


def test_a_row_without_its_article_says_how_to_get_it(tmp_path):
    (row,) = rows(1)
    del row["article"]
    with pytest.raises(ValueError, match=r'points.jsonl.*"article" is missing; `python -m training unpack`'):
        standalone(str(written(tmp_path / "points.jsonl", [row])))


def test_packed_articles_are_learnt_as_each_text_alone(tiny_qwen, tmp_path):
    """The loss of a row with two articles and seven answers each is that of the single answers."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from training.modeling import PackedRows
    from training.writer import _row

    model, tokenizer = AutoModelForCausalLM.from_pretrained(tiny_qwen), AutoTokenizer.from_pretrained(tiny_qwen)
    items = [_row(one, tokenizer, 3000) for one in standalone(str(written(tmp_path / "points.jsonl", rows(2))))]
    assert [len(item["texts"]) for item in items] == [7, 7]

    def scores(batch):
        with torch.no_grad():
            logits = model(**{name: value for name, value in batch.items() if name != "labels"}).logits[0]
        return torch.nn.functional.cross_entropy(logits, batch["labels"][0], reduction="none")

    together = scores(PackedRows()(items))
    alone = [
        scores(PackedRows()([{"input_ids": item["input_ids"], "texts": [text]}]))
        for item in items
        for text in item["texts"]
    ]
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_a_run_learns_goes_on_and_is_exported(tiny_qwen, tmp_path):
    from summarizer.deadline import Deadline
    from summarizer.points import Writer, request, story

    data = written(tmp_path / "points.jsonl", rows(12))
    flags = [
        "--train",
        data,
        "--base_model",
        tiny_qwen,
        "--output",
        tmp_path / "run",
        "--vocabulary",
        0,
        "--held_out",
        4,
    ]
    flags += ["--batch_size", 2, "--accumulation", 1, "--lora_rank", 4, "--eval_steps", 2, "--longest", 3000]
    run = called(main, "writer", *flags)
    assert run.returncode == 0, run.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["steps"] == 4 and about["points"] == 16 and (tmp_path / "run" / "adapter").is_dir()
    again = called(main, "writer", *flags)  # finished: nothing is trained again
    assert again.returncode == 0 and json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 4

    out = called(main, "export", tmp_path / "run", "--output", tmp_path / "model", "--data", data)
    assert out.returncode == 0 and "same text" in out.stdout, out.stderr
    assert "writer" in json.loads((tmp_path / "model" / "config.json").read_text())
    writer, limit = Writer(tmp_path / "model" / "writer", 1), Deadline()
    (article, *_) = standalone(str(data))
    read = writer.read(story(article.sentences, [(0,), (1,)], article.title), limit)
    assert len(writer.write(read, [request(1, "brief"), request(2, "brief")], limit)) == 2
