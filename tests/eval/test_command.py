"""`python -m eval` and what it reads and writes, as users call it."""

import csv
import gzip
import json

import pytest

from eval import baselines
from eval.__main__ import main
from eval.card import SCORES_BEGIN, SCORES_END, with_scores
from eval.data import fingerprint, read, read_lists
from eval.gate import fallen, raise_floors
from eval.measures.bootstrap import Figure
from eval.measures.rouge import tokenizer

from ..articles import STORY
from ..commands import called

REFERENCE = ["Council keeps Marl Lane baths open", "Work starts on May 11"]


def run(*flags):
    return called(main, *flags)


PLAIN = [name for name in baselines.BASELINES if name not in ("main-oracle", "source-oracle")]
"""Those that need no sources."""


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.jsonl"
    rows = [{"id": f"a{i}", "article": STORY, "bullets": REFERENCE} for i in range(3)]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_a_model_beside_baselines_and_predictions(data, tmp_path):
    other = tmp_path / "other.jsonl"
    rows = [{"id": f"a{i}", "bullets": [{"text": REFERENCE[0]}, {"text": "Repairs cost 3 million"}]} for i in (2, 0, 1)]
    other.write_text("\n".join(map(json.dumps, rows)))
    done = run("--data", data, "--model", "base", "--predictions", other, "--baselines", *PLAIN,
               "--json", tmp_path / "r.json", "--report", tmp_path / "r.html")  # fmt: skip
    assert done.returncode == 0, done.stderr
    for name in ("LEAD-3", "random", "LexRank", "TextRank", "base", "other", "oracle"):
        assert f"| {name} |" in done.stdout
    result = json.loads((tmp_path / "r.json").read_text())
    systems = result["systems"]
    assert result["articles"] == 3 and fingerprint(data) in result["fingerprint"] and result["bootstrap"]["seed"] == 13
    assert systems["oracle"]["rouge1"]["f1"]["value"] >= systems["LEAD-3"]["rouge1"]["f1"]["value"]
    assert systems["other"]["supported"]["value"] == 50  # "3 million" stands nowhere in the story
    assert systems["base"]["supported"]["value"] == 100
    assert set(systems["base"]["rougeLsum"]) == {"precision", "recall", "f1"}
    assert result["above"]["base"]["base"] == "LEAD-3"
    assert {"sumy", "sentencex", "newsroom-summarizer"} <= set(result["versions"])
    assert result["options"]["baselines"] == PLAIN and len(result["models"]["base"]) == 12
    assert list(result["predictions"].values()) == [fingerprint(other)]
    assert (tmp_path / "r.html").stat().st_size > 1000


def test_lists_against_lists_in_plain_text(tmp_path):
    ours, reference = tmp_path / "ours.txt", tmp_path / "references.txt.gz"
    ours.write_text("Council keeps baths<n>Work starts\n\n")
    reference.write_bytes(gzip.compress(b"Council keeps baths<n>Work starts\nA trust takes over\n"))
    done = run("--predictions", ours, "--references", reference, "--json", tmp_path / "r.json")
    assert done.returncode == 0, done.stderr
    assert "ours has no bullets for 1 articles" in done.stderr
    assert json.loads((tmp_path / "r.json").read_text())["systems"]["ours"]["rouge2"]["f1"]["value"] == 50
    assert "facts in the article" not in done.stdout  # there is no article


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "give either --data"),
        (["--references", "x.txt"], "give --predictions"),
        (["--data", "no.jsonl"], "there is no file no.jsonl"),
        (["--data", "{data}", "--model", "no-such-model"], "no model 'no-such-model'"),
        (
            ["--data", "{data}", "--text-field", "body"],
            'there is no "body"; it has id, article, bullets. Name it with --text-field',
        ),
        (["--data", "{data}", "--predictions", "{short}"], "3 articles"),
        (["--data", "{data}", "--predictions", "{unknown}"], "has ids that the articles lack: 1 of them, such as 'b'"),
        (["--data", "{data}", "--metric", "nothing"], "package.module:function"),
        (["--data", "{data}", "--limit", "0"], "at least 1"),
        (["--data", "{data}", "--bullets", "x"], "neither a whole number from 1 nor auto"),
        (["--data", "{data}", "--set-floors"], "need --floors FILE"),
        (["--data", "{data}", "--predictions", "{short}", "--card"], "give --model"),
        (["--data", "{data}", "--card"], "needs a model folder"),
        (["--data", "{data}", "--model", "base", "--model", "base"], "two systems are called 'base'"),
        (["--data", "{data}", "--predictions", "{few}"], "lacks lists for articles: 2 of them, such as 'a1'"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_to_do(data, tmp_path, flags, message):
    (tmp_path / "short.txt").write_text("one\n")
    (tmp_path / "few.jsonl").write_text(json.dumps({"id": "a0", "bullets": ["x"]}))
    (tmp_path / "unknown.jsonl").write_text(json.dumps({"id": "b", "bullets": ["x"]}))
    names = {"data": data, "short": tmp_path / "short.txt", "unknown": tmp_path / "unknown.jsonl"}
    names["few"] = tmp_path / "few.jsonl"
    done = run(*[flag.format(**names) for flag in flags])
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr
    assert not done.stdout


def test_data_in_every_form(tmp_path):
    lines = "- Council keeps Marl Lane baths open\n- Work starts on May 11"
    items = "<ul><li>Council keeps <b>Marl Lane</b> baths open</li><li>Work starts on May 11</li></ul>"
    with (tmp_path / "d.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text", "highlights"], ["1", STORY, lines], ["007", STORY, items]])
    rows = read(tmp_path / "d.csv")
    assert [list(e.bullets) for e in rows] == [REFERENCE, REFERENCE] and rows[1].id == "007" and rows[0].text == STORY

    from datasets import Dataset

    Dataset.from_dict({"body": [STORY], "points": [REFERENCE]}).to_parquet(tmp_path / "d.parquet")
    assert list(read(tmp_path / "d.parquet", "body", "points")[0].bullets) == REFERENCE

    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.json").write_text(json.dumps({"text": STORY, "bullets": [REFERENCE, ["Baths stay"]]}))
    (tmp_path / "nested.jsonl").write_text(json.dumps({"content": {"body": STORY}, "by": [{"points": REFERENCE}]}))
    (nested,) = read(tmp_path / "nested.jsonl", "content.body", "by.0.points")
    assert nested.text == STORY and list(nested.bullets) == REFERENCE
    (example,) = read(tmp_path / "folder")
    assert example.id == "x" and example.references == (tuple(REFERENCE), ("Baths stay",))


def test_data_errors_name_the_place(tmp_path):
    path = tmp_path / "a.jsonl"
    for text, message in (
        (
            '{"article": "x", "bullets": ["y"]}\n{"body": "x", "id": 3}\n',
            r"line 2 of .*a\.jsonl.*it has body, id.*--text-f",
        ),
        ('{"article": "x", "bul', r"line 1 of .*not valid JSON.*does not end with }"),
        ("", "no article"),
        ('{"article": "x", "bullets": []}', "line 1 of .*reference list is empty"),
        ('{"article": " ", "bullets": ["y"]}', "line 1 of .*article is empty"),
        ('{"article": "x", "bullets": 3}', "must be a list or a text, not int"),
        ("[1]", "must be a JSON object, not list"),
        ('{"id": 1, "article": "x", "bullets": ["y"]}\n' * 2, "line 2 of .*the id '1' is used a second time"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read(path)
    path.write_text('{"id": 1, "bullets": ["x"]}\n{"id": 1, "bullets": ["y"]}')
    with pytest.raises(ValueError, match=r"line 2 of .*second time"):
        read_lists(path)
    path.write_text('{"id": 1, "bullets": ["x"]}\n{"bullets": ["y"]}')
    with pytest.raises(ValueError, match=r"line 2 of .*some have none"):
        read_lists(path)


def test_baselines_take_what_there_is():
    sentences = ["One thing happened in town.", "Another thing happened.", "The mayor spoke of the thing."]
    for count in (2, 9):
        for lists in (
            baselines.lead(sentences, count),
            baselines.random(sentences, count, 1),
            baselines.lexrank(sentences, count),
            baselines.textrank(sentences, count),
            baselines.oracle(sentences, [["mayor spoke", "thing happened"]], count, tokenizer("en")),
        ):
            assert 1 <= len(lists) <= count and set(lists) <= set(sentences)
    assert baselines.lead(sentences, 2) == sentences[:2]
    assert baselines.random(sentences, 2, 1) == baselines.random(sentences, 2, 1)
    assert len({tuple(baselines.random(sentences, 1, seed)) for seed in range(20)}) == 3
    story = [
        "The budget vote failed.", "Rain fell in June.", "The budget vote failed again, late.", "A budget vote failed."
    ]  # fmt: skip
    assert baselines.textrank(story, 2) == [story[0], story[2]]  # they share words; the second shares none
    two = [["rain fell"], ["budget vote failed", "rain fell in june"]]
    # One sentence reaches 2 * 2 / (4 + 2) of the first list, two reach 2 * 7 / (8 + 7) of the second.
    assert baselines.oracle(story, two, 2, tokenizer("en")) == ["The budget vote failed.", "Rain fell in June."]


def test_a_hub_name_may_hold_dots(monkeypatch):
    import datasets

    asked = []
    rows = [{"id": "x", "article": STORY, "highlights": "Baths stay open\nWork starts"}]
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: asked.append((a, k)) or rows)
    (example,) = read("abisee/cnn_dailymail:3.0.0", split="validation")
    assert example.bullets == ("Baths stay open", "Work starts")
    assert asked == [(("abisee/cnn_dailymail", "3.0.0"), {"split": "validation"})]


def test_files_that_break_off_are_errors_that_name_them(tmp_path):
    whole = gzip.compress(json.dumps({"article": STORY, "bullets": REFERENCE}).encode())
    (tmp_path / "a.jsonl.gz").write_bytes(whole[:-12])
    (tmp_path / "b.csv").write_text('id,text,bullets\n1,"never closed')
    (tmp_path / "c.jsonl").write_bytes('{"article": "é"}'.encode("latin-1"))
    (tmp_path / "d.parquet").write_bytes(b"no")
    for name in ("a.jsonl.gz", "b.csv", "c.jsonl", "d.parquet"):
        with pytest.raises(ValueError, match=name):
            read(tmp_path / name)


def test_floors_hold_fall_and_are_lowered_on_purpose_only(data, tmp_path):
    floors = tmp_path / "floors.json"
    command = ("--data", data, "--model", "base", "--floors", floors)
    missing = run(*command)
    assert missing.returncode == 2 and "no floors for 'data.jsonl (sha256" in missing.stderr
    assert run(*command, "--set-floors").returncode == 0 and run(*command).returncode == 0
    kept = json.loads(floors.read_text())
    (key,) = kept
    kept[key]["rouge2_f1"] = 99.0
    floors.write_text(json.dumps(kept))
    below = run(*command)
    assert below.returncode == 1 and "rouge2_f1 is" in below.stderr and "its floor is 99.00" in below.stderr
    assert run(*command, "--set-floors").returncode == 2
    assert run(*command, "--set-floors", "--lower-floors").returncode == 0 and run(*command).returncode == 0


def test_a_score_that_is_missing_is_below_its_floor(tmp_path):

    path = tmp_path / "floors.json"
    names = ("rouge1_f1", "rouge2_f1", "rougeLsum_f1", "bullet_match_f1", "supported")
    raise_floors(path, "x", dict.fromkeys(names, Figure(50.0, 40.0, 60.0)), lower=False)
    assert not fallen(path, "x", dict.fromkeys(names, Figure(49.6, 40.0, 60.0)))
    assert len(fallen(path, "x", dict.fromkeys(names, Figure(float("nan"), 0.0, 0.0)))) == 5


def test_scores_in_a_card_are_replaced_by_key():
    card = f"# base\n{SCORES_BEGIN}\nNot measured yet\n{SCORES_END}\n## Limits\n"
    once = with_scores(card, "| a |", "test, brief")
    twice = with_scores(with_scores(once, "| c |", "validation, brief"), "| b |", "test, brief")
    assert "Not measured" not in once and "| a |" in once
    assert "| a |" not in twice and "| b |" in twice and "| c |" in twice and twice.endswith("## Limits\n")
