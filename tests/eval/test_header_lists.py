"""Header lists: read, and what a list stands on held against them."""

import json
import math

import numpy as np
import pytest

from eval.baselines import points_oracle
from eval.data import read
from eval.evaluation import evaluate
from eval.measures.points import Wanted, stands
from summarizer.reading.boilerplate import content_sentences

from ..articles import STORY, written

SENTENCES = content_sentences(STORY)
SPANS = [[s.start, s.end] for s in SENTENCES]


def point(rank, *places, **more):
    sources = [SPANS[i] for i in places]
    return {"rank": rank, "standard": f"standard {rank}", "brief": f"brief {rank}", "sources": sources,
            "main": sources[0]} | more  # fmt: skip


POINTS = [point(1, 0, 1), point(4, 2), point(2, 4, 5), point(3, 6)]


def file(folder, points=POINTS, **more):
    return written(folder / "lists.jsonl", [{"id": "a", "article": STORY, "points": points} | more])


def test_both_lengths_of_a_header_list_are_read(tmp_path):
    (standard,) = read(file(tmp_path, title=" Baths  stay "), length="standard")
    assert standard.bullets == ("standard 1", "standard 4", "standard 2", "standard 3")
    assert standard.title == "Baths stay" and [p.rank for p in standard.points] == [1, 4, 2, 3]
    assert standard.points[2].sources == (tuple(SPANS[4]), tuple(SPANS[5])) and standard.points[2].main == tuple(
        SPANS[4]
    )
    (brief,) = read(file(tmp_path), length="brief")
    assert brief.bullets == ("brief 1", "brief 2", "brief 3")
    assert [p.rank for p in brief.listed] == [1, 2, 3] and len(brief.points) == 4


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([], "the reference list is empty"),
        (["x"], "point 1 must be an object"),
        ([point(1, 0), {"rank": 2}], 'point 2 has neither "standard" nor "brief"'),
        ([point(1, 0, sources=[[5, 90000]])], "is no span of the article's"),
        ([point(1, 0, main=[9, 3])], "is no span of the article's"),
        ([point("x", 0)], "its rank must be a number"),
    ],
)
def test_a_header_list_of_another_form_is_named(tmp_path, bad, message):
    with pytest.raises(ValueError, match=message) as error:
        read(file(tmp_path, bad))
    assert "line 1" in str(error.value)


def test_an_approved_record_is_a_header_list_with_sources(base, tmp_path):
    record = base(STORY).to_dict() | {"id": "a", "status": "approved"}
    (example,) = read(written(tmp_path / "approved.jsonl", [record]))
    assert [p.sources for p in example.points] == [
        tuple((s["start"], s["end"]) for s in b["sources"]) for b in record["bullets"]
    ]


def test_bullets_have_ranks_and_the_length_that_they_are(tmp_path):
    rows = [{"id": "a", "article": STORY, "bullets": ["short one", "word " * 30]}]
    (example,) = read(written(tmp_path / "b.jsonl", rows))
    assert [(set(p.texts), p.rank, p.sources) for p in example.points] == [({"brief"}, 1, ()), ({"standard"}, 2, ())]


def test_lists_that_stand_on_the_same_are_the_same():
    theirs = [{0, 1}, {2}, {4, 5}, {6}]
    assert stands(theirs, theirs) == stands([{6}, {4, 5}, {2}, {0, 1}], theirs) == (100, 100)
    assert stands([{7}, {8}], theirs) == stands([], theirs) == (0, 0)


def test_a_point_is_found_once_and_only_by_most_of_its_sentences():
    found = stands([{0}, {1}, {2, 7, 8, 9}], [{0, 1}, {2}])
    assert found.points_found == pytest.approx(200 / 5)  # {1} comes too late, the last has too much
    assert found.source_f1 == pytest.approx(100 * 6 / 9)


def test_a_bullet_that_is_a_sentence_stands_on_it(tmp_path):
    (example,) = read(file(tmp_path), length="standard")
    wanted = Wanted(example)
    ours = [SENTENCES[0].text, SENTENCES[2].text]
    assert wanted.reached(ours).source_f1 == pytest.approx(100 * 4 / 8)
    assert wanted.reached(ours, [[SPANS[0], SPANS[1]], [SPANS[2]]]).source_f1 == pytest.approx(100 * 6 / 9)
    assert math.isnan(wanted.reached([*ours, "Nobody wrote this."]).source_f1)


def test_the_oracles_of_points_and_the_table(tmp_path):
    examples = read(file(tmp_path), length="standard")
    main, whole = (points_oracle(examples[0], whole=whole) for whole in (False, True))
    assert main == [SENTENCES[i].text for i in (0, 2, 4, 6)]
    assert whole[0] == f"{SENTENCES[0].text} {SENTENCES[1].text}"
    (second,) = read(file(tmp_path, [point(1, 0, 1, standard=SENTENCES[1].text)]), length="standard")
    assert points_oracle(second, whole=False) == [SENTENCES[1].text]  # what says most, whatever `main` is
    found = evaluate(examples, {"main": [main], "other": [["No such sentence."]]})
    assert found.figures["main"]["points_found"].value == 100
    assert np.isnan(found.figures["other"]["source_f1"].value)
    plain = read(written(tmp_path / "p.jsonl", [{"id": "a", "article": STORY, "bullets": ["x"]}]))
    assert "source_f1" not in evaluate(plain, {"main": [main]}).figures["main"]
    with pytest.raises(ValueError, match="a point has no sources"):
        points_oracle(plain[0], whole=False)


def test_the_command_measures_points(tmp_path, capsys):
    from eval.__main__ import main

    command = ["--data", str(file(tmp_path)), "--length", "standard", "--bullets", "auto"]
    main([*command, "--baselines", "lead", "main-oracle", "source-oracle", "--json", str(tmp_path / "out.json")])
    table = capsys.readouterr().out
    assert "| LEAD-n |" in table and "| source oracle |" in table and "points found" in table
    systems = json.loads((tmp_path / "out.json").read_text())["systems"]
    assert systems["main oracle"]["points_found"]["value"] == 100
    assert systems["LEAD-n"]["bullets"]["value"] == 4
    assert systems["base"]["source_f1"]["value"] > 0
