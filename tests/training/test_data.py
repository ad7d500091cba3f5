"""An archive is checked before anything is trained on it."""

import csv
import json

import pytest

from training.__main__ import main
from training.arguments import DataArguments
from training.data.judged import judged
from training.data.loading import LeakError, load

from ..articles import archive, written


def check(capsys, *args):
    """Output and exit code of `python -m training check`."""
    try:
        main(["check", *map(str, args)])
        code = 0
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def test_bad_rows_are_set_aside_with_their_reason(tmp_path, capsys):
    good = archive(6)
    nearly = good[0]["article"].replace("Monday", "Tuesday")
    bad = [
        {"id": "empty", "article": " ", "bullets": ["x"]},
        {"id": "none", "article": good[0]["article"], "bullets": []},
        {"id": "short", "article": "Two words.", "bullets": ["x"]},
        {"id": "long", "article": "word " * 60, "bullets": ["word " * 70]},
        {"id": "twice", "article": good[1]["article"], "bullets": ["x"]},
        {"id": "nearly", "article": nearly, "bullets": ["x"]},
        {"id": good[2]["id"], "article": archive(1, 9)[0]["article"], "bullets": ["x"]},
        {"id": "other", "body": "text", "bullets": ["x"]},
        {"disclosure": "by software", "status": "draft", **archive(1, 8)[0]},
    ]
    path = written(tmp_path / "drafts.jsonl", [*good, *bad])
    path.write_text(path.read_text() + "{broken\n")
    code, out, _ = check(capsys, path, "--set_aside", tmp_path / "aside.jsonl", "--clean", tmp_path / "clean.jsonl")
    assert code == 0 and "6 articles can be used" in out and "| words an article |" in out
    aside = [json.loads(line) for line in (tmp_path / "aside.jsonl").read_text().splitlines()]
    assert [row["reason"] for row in aside] == [
        "article empty", "no bullets", "article too short", "bullets as long as the article", "duplicate",
        "near-duplicate", "id again", "field missing", "draft", "not readable",
    ]  # fmt: skip
    assert aside[0]["row"]["id"] == "empty" and "line 7 of" in aside[0]["where"]
    assert "nearly the text of '0-0'" in aside[5]["detail"]
    clean = [json.loads(line) for line in (tmp_path / "clean.jsonl").read_text().splitlines()]
    assert [row["id"] for row in clean] == [row["id"] for row in good] and clean[0]["bullets"] == good[0]["bullets"]


def test_test_articles_must_not_be_trained_on(tmp_path, capsys):
    train, test = written(tmp_path / "train.jsonl", archive(9)), written(tmp_path / "test.jsonl", archive(2))
    with pytest.raises(LeakError, match=r"2 of the training articles are also in .*test.jsonl"):
        load(DataArguments(train=str(train), test=str(test)))
    data = load(DataArguments(train=str(train), test=str(test), drop_leaks=True))
    assert len(data.train) + len(data.validation) == 7 and len(data.test) == 2
    code, out, err = check(capsys, train, "--test", test, "--set_aside", tmp_path / "aside.jsonl")
    assert code == 2 and "stands in test" in out and "2 articles" in err


def test_validation_articles_are_taken_out_of_training_and_a_tenth_is_held_out_without_them(tmp_path, capsys):
    train, held = written(tmp_path / "train.jsonl", archive(20)), written(tmp_path / "held.jsonl", archive(3))
    data = load(DataArguments(train=str(train), validation=str(held)), tmp_path)
    assert len(data.train) == 17 and len(data.validation) == 3
    assert "3 set aside (stands in validation)" in capsys.readouterr().err
    assert (tmp_path / "set_aside.jsonl").read_text().count("\n") == 3
    alone = load(DataArguments(train=str(train)))
    assert len(alone.train) == 18 and len(alone.validation) == 2
    assert not {e.id for e in alone.train} & {e.id for e in alone.validation}


def test_an_article_that_is_like_two_is_named_by_the_one_that_is_held_out(tmp_path):
    first = archive(1)[0]
    twins = [first | {"id": day, "article": first["article"].replace("Monday", day)} for day in ("Tuesday", "Friday")]
    test, held = written(tmp_path / "test.jsonl", [first]), written(tmp_path / "held.jsonl", twins[:1] + archive(2, 3))
    train = written(tmp_path / "train.jsonl", [twins[1], *archive(4, 5)])
    data = load(DataArguments(train=str(train), validation=str(held), test=str(test), drop_leaks=True))
    assert [bad.reason for bad in data.aside["train"]] == ["stands in test"]
    # What stands in validation is a fault of validation, and is set aside there.
    assert [bad.reason for bad in data.aside["validation"]] == ["stands in test"]


def forms(folder, rows):
    """The same rows as a newsroom may have them."""
    with (folder / "a.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["id", "body", "points"])
        table.writeheader()
        for row in rows:
            points = "<ul>" + "".join(f"<li>{b}</li>" for b in row["bullets"]) + "</ul>"
            table.writerow({"id": row["id"], "body": row["article"], "points": points})
    stories = folder / "stories"
    stories.mkdir()
    for row in rows:
        (stories / f"{row['id']}.txt").write_text(row["article"])
        (stories / f"{row['id']}.bullets.txt").write_text("\n".join(f"- {b}" for b in row["bullets"]))
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "a.parquet")
    return [("a.csv", "body", "points"), ("stories", None, None), ("a.parquet", None, None)]


def test_all_forms_of_an_archive_are_read_alike(tmp_path):
    rows = archive(4)
    for name, text, bullets in forms(tmp_path, rows):
        args = DataArguments(train=str(tmp_path / name), text_field=text, bullets_field=bullets)
        data = load(args)
        found = {e.id: e for e in [*data.train, *data.validation]}
        assert {row["id"]: tuple(row["bullets"]) for row in rows} == {key: e.bullets for key, e in found.items()}, name
        assert all(found[row["id"]].text == row["article"] for row in rows)


def test_what_editors_approved_is_training_data(base, tmp_path):
    """The JSON of a summary, once an editor has changed it and set its status."""
    lines = []
    for row, status in zip(archive(4), ["approved", "approved", "draft", "approved"], strict=True):
        record = json.loads(base(row["article"]).to_json())
        record["bullets"][0]["text"] = "The editor's own words"
        lines.append(record | {"status": status})
    data = load(DataArguments(train=str(written(tmp_path / "records.jsonl", lines))))
    examples = [*data.train, *data.validation]
    assert len(examples) == 3 and [bad.reason for bad in data.aside["train"]] == ["draft"]
    assert all(e.bullets[0] == "The editor's own words" and len(e.bullets) > 1 for e in examples)
    assert {e.text for e in examples} < {row["article"] for row in archive(4)}


@pytest.mark.parametrize(
    ("rows", "flags", "message"),
    [
        (archive(2), ["--text_field", "story"], 'there is no "story"; it has id, article, bullets'),
        ([], [], "holds no article that can be used"),
        ([{"id": 1, "article": "Short.", "bullets": ["x"]}], [], "at least 50 are needed"),
    ],
)
def test_data_that_cannot_be_used(rows, flags, message, tmp_path, capsys):
    path = written(tmp_path / "data.jsonl", rows)
    code, _, err = check(capsys, path, *flags, "--set_aside", tmp_path / "aside.jsonl")
    assert code == 2 and message in err and "Traceback" not in err


def test_a_file_that_is_not_there(capsys):
    code, _, err = check(capsys, "nowhere.jsonl")
    assert code == 2 and "there is no file nowhere.jsonl" in err


def test_another_text_than_the_one_that_was_judged_is_left_out_and_named(tmp_path, capsys):
    from training.data.packing import UnpackArguments, unpack

    point = {"sources": [[0, 13]], "judged": [{"text": ["Roe left."], "verdict": "good"}]}
    good = {"id": "1", "points": [point]}
    bad = {"id": "1", "points": [point | {"sources": [[900, 950]]}]}
    articles = written(tmp_path / "articles.jsonl", [{"id": "1", "article": "Ann Roe left. It rained."}])
    out = tmp_path / "out.jsonl"
    unpack(UnpackArguments(str(written(tmp_path / "packed.jsonl", [bad, good])), str(articles), str(out)))
    assert len(out.read_text("utf-8").splitlines()) == 1
    said = capsys.readouterr().err
    assert "article 1 is shorter than the text that was judged" in said and "1 whose article has another text" in said
    with pytest.raises(ValueError, match=r"no row of .* fits an article"):
        unpack(UnpackArguments(str(written(tmp_path / "packed.jsonl", [bad])), str(articles), str(out)))
    (tmp_path / "packed.txt").write_text("no JSON")
    with pytest.raises(ValueError, match=r"line 1 of .*packed.txt: the id is missing; a packed file is JSONL"):
        unpack(UnpackArguments(str(tmp_path / "packed.txt"), str(articles), str(out)))


def test_points_with_verdicts_are_judged_texts(tmp_path):
    text = "Ann Roe leads the council of Marl. But she said no."
    judged_text = {"text": "Ann Roe said no.", "verdict": "good"}
    points = [{"sources": [[35, 51]], "verdict": "leaning", "judged": [judged_text]}, {"sources": [[0, 34]]}]
    row = {"id": "1", "article": text, "points": points}
    sentence, rewrite = judged(str(written(tmp_path / "points.jsonl", [row])))
    assert (sentence.text, sentence.verdict, sentence.kind) == ("She said no.", "leaning", "sentences")
    assert (rewrite.text, rewrite.verdict, rewrite.kind) == ("Ann Roe said no.", "good", "others")
    assert rewrite.sources == "But she said no." and rewrite.context == "Ann Roe leads the council of Marl."
    points[0]["judged"][0]["verdict"] = "fine"
    with pytest.raises(ValueError, match=r"points\.jsonl.*the verdict 'fine' is not one of good"):
        judged(str(written(tmp_path / "points.jsonl", [row])))


def test_each_text_of_a_point_gets_its_words_back(tmp_path):
    from training.data.packing import UnpackArguments, packed, unpack

    text, articles = "Ann Roe left. It rained.", tmp_path / "articles.jsonl"
    written(articles, [{"id": "1", "article": text}])
    texts = {"standard": "Ann Roe left in rain.", "brief": "Roe left.", "resolved": "Council leader Ann Roe left."}
    point = {"sources": [[0, 13]]} | {name: packed(one, text) for name, one in texts.items()}
    rows, out = written(tmp_path / "packed.jsonl", [{"id": "1", "points": [point]}]), tmp_path / "out.jsonl"
    unpack(UnpackArguments(str(rows), str(articles), str(out)))
    (made,) = json.loads(out.read_text("utf-8"))["points"]
    assert made == {"sources": [[0, 13]]} | texts and all(point[name] != one for name, one in texts.items())
