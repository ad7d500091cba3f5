"""The writer's data and a run on a tiny encoder."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.__main__ import main
from training.data import copies, places_of, standalone

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


def test_points_have_the_sentence_that_their_spans_name(tmp_path):
    (article,) = standalone(str(written(tmp_path / "points.jsonl", rows(1))))
    assert [point.sentence for point in article.points] == [0, 1]
    assert set(article.points[0].texts) == {"standard", "brief"} and set(article.points[1].texts) == {"brief"}
    assert article.points[1].verdict == "leaning" and article.title == "Council votes"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.pop("article"), r'points.jsonl.*"article" is missing; `python -m training unpack`'),
        (lambda row: row["points"][0].update(verdict="fine"), "the verdict 'fine' is none of good, untrue"),
        (lambda row: row["points"].clear(), r'"points" is missing'),
    ],
)
def test_an_unusable_row_is_named_with_what_is_wrong(tmp_path, change, message):
    (row,) = rows(1)
    change(row)
    with pytest.raises(ValueError, match=message):
        standalone(str(written(tmp_path / "points.jsonl", [row])))


class Read:
    def __init__(self, ids, sentences):
        self.ids, self.sentences = ids, sentences


def test_a_text_copies_its_own_sentence_and_the_rest_in_long_runs():
    read = Read((7, 8, 9, 1, 2, 3, 4, 8, 9), [0, 0, 0, 1, 1, 1, 1, 2, 2])
    assert copies(read, 1, [7, 8, 9, 2, 4, 5], places_of(read)) == [[0], [1], [2], [4], [6], []]
    assert copies(read, 1, [8, 9, 3], places_of(read)) == [[1, 7], [2, 8], [5]]


def test_a_name_that_is_put_in_is_copied_whole():
    ann, roe, leads, says = range(4)
    read = Read((ann, roe, leads, roe, says), [0, 0, 0, 1, 1])
    assert copies(read, 1, [ann, roe, says], places_of(read)) == [[0], [1], [4]]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30), st.lists(st.integers(0, 7), max_size=20), st.data())
def test_what_is_copied_is_there_and_what_is_there_is_copied(ids, text, data):
    sentences = sorted(data.draw(st.lists(st.integers(0, 2), min_size=len(ids), max_size=len(ids))))
    read = Read(tuple(ids), sentences)
    for token, found in zip(text, copies(read, 0, text, places_of(read)), strict=True):
        assert all(ids[at] == token for at in found) and bool(found) == (token in ids)


def test_a_run_learns_goes_on_and_is_exported(tiny_checkpoint, tmp_path):
    from summarizer.deadline import Deadline
    from summarizer.points import Writer

    data = written(tmp_path / "points.jsonl", rows(12))
    flags = ["--train", data, "--base_model", tiny_checkpoint, "--output", tmp_path / "run", "--held_out", 4]
    flags += ["--batch_size", 2, "--width", 64, "--eval_steps", 2, "--epochs", 1]
    run = called(main, "writer", *flags)
    assert run.returncode == 0, run.stderr
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    assert about["steps"] == 4 and about["data"]["train"]["articles"] == 8
    again = called(main, "writer", *flags)  # finished: nothing is trained again
    assert again.returncode == 0 and json.loads((tmp_path / "run" / "run.json").read_text())["steps"] == 4
    other = called(main, "writer", *flags, "--layers", 3)
    assert other.returncode == 2 and "layers" in other.stderr

    out = called(main, "export", tmp_path / "run", "--output", tmp_path / "model", "--data", data)
    assert out.returncode == 0 and "points a second" in out.stdout, out.stderr
    assert "writer" in json.loads((tmp_path / "model" / "config.json").read_text())
    (article, *_) = standalone(str(data))
    writer = Writer(tmp_path / "model" / "writer", 1)
    found = writer(article.sentences, [point.sentence for point in article.points], "brief", article.title, Deadline())
    assert len(found) == 2
