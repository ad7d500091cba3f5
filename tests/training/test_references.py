"""Sentences into which references are put, from points that stand alone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.points import COSTS
from training.__main__ import main
from training.data.judged import judged, preferred
from training.data.references import references
from training.data.smallest_change import edited, reference_edits, shortens

from ..articles import STORY, archive, written
from ..commands import called

pytest.importorskip("torch")


def resolved(sentence, alone):
    return edited(sentence, list(reference_edits(sentence, alone)))


@pytest.mark.parametrize(
    ("sentence", "alone", "kept"),
    [
        ("He said the roof comes first.", "Council leader Jan Roe said the roof comes first.",
         "Council leader Jan Roe said the roof comes first."),
        ("Roe said the roof comes first, for now.", "Council leader Jan Roe said the roof comes first.",
         "Council leader Jan Roe said the roof comes first, for now."),
        ("Critics say the move is a gamble.", "Critics say the Marl Lane lease is a gamble.",
         "Critics say the Marl Lane lease is a gamble."),
        ("Swimmers love their pool.", "Swimmers love Marl Lane's pool.", "Swimmers love Marl Lane's pool."),
        ("The 41-year-old swims there daily.", "Jan Roe, 41, swims there every day.",
         "Jan Roe, 41, swims there daily."),
    ],
)  # fmt: skip
def test_what_is_meant_is_put_in_and_the_rest_stays(sentence, alone, kept):
    assert resolved(sentence, alone) == kept


@pytest.mark.parametrize(
    ("sentence", "alone"),
    [
        ("The roof comes first, the council said.", "The roof comes first."),  # shorter
        ("The roof comes first.", "The roof of the baths in Marl comes first."),  # a place
        ("The roof comes first.", "Jan Roe said the roof comes first."),  # a speaker
        ('Jan Roe said: "It comes first."', 'Jan Roe said: "The roof comes first."'),  # a quotation
        ("The council, which met on Monday, voted.", "The council voted on Tuesday."),
    ],
)
def test_other_changes_are_left_out(sentence, alone):
    assert resolved(sentence, alone) == sentence


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), st.text(max_size=80))
def test_edits_of_any_text_are_places_of_the_sentence_with_words_of_the_other(sentence, alone):
    edits = list(reference_edits(sentence, alone))
    assert all(0 <= start <= end <= len(sentence) and words.strip() in alone for start, end, words in edits)
    assert not list(reference_edits(sentence, sentence))


def points(article):
    start = article.index("The roof")
    end = article.index(".", start) + 1
    alone = "The Marl Lane roof" + article[start + len("The roof") : end]
    return [{"sources": [[start, end]], "kind": "key", "verdict": "leaning", "standard": alone, "brief": alone}]


def test_points_that_stand_alone_become_pairs(tmp_path):
    good = {"sources": [[0, STORY.index(".") + 1]], "kind": "key", "verdict": "good", "standard": "x", "brief": "x"}
    rows = [{"id": f"{i}", "article": STORY, "points": [*points(STORY), *[good] * (i == 0)]} for i in range(40)]
    learnt, chooses = references(written(tmp_path / "alone.jsonl", rows))
    assert chooses and len(learnt) + len(chooses) == 41
    assert {pair.targets[0] for pair in chooses} == {"The Marl Lane roof comes first"}
    (same,) = [pair for pair in (*learnt, *chooses) if pair.targets[0] == pair.sources.rstrip(".")]
    assert same.as_it_is and same.sources == STORY[: STORY.index(".") + 1]


def test_a_text_that_names_what_is_not_there_is_not_learnt(tmp_path):
    point = points(STORY)[0]
    start, end = point["sources"][0]
    itself = STORY[start:end]
    for name, learnt in (("Zelda Quark", 0), ("Marl Lane", 1)):
        row = {
            "id": "1",
            "article": STORY,
            "points": [point | {"resolved": itself.replace("The roof", f"{name}'s roof")}],
        }
        assert len(references(written(tmp_path / f"{learnt}.jsonl", [row]))[0]) == learnt


def test_a_row_without_texts_is_named(tmp_path):
    point = {"sources": [[0, STORY.index(".") + 1]], "verdict": "good"}
    path = written(tmp_path / "alone.jsonl", [{"id": "1", "article": STORY, "points": [point]}])
    with pytest.raises(ValueError, match=r"line 1 of alone.jsonl: 'standard' is missing"):
        references(path)


def test_the_rewriter_learns_from_them(tmp_path, tiny_t5):
    rows = [{"id": f"{i}", "article": STORY, "points": points(STORY)} for i in range(20)]
    alone = written(tmp_path / "alone.jsonl", rows)
    learnt, _ = references(str(alone))
    done = called(
        main, "rewriter", "--train", written(tmp_path / "train.jsonl", archive(12)), "--base_model", tiny_t5,
        "--validation", written(tmp_path / "held.jsonl", archive(4, 1)), "--references", alone,
        "--output", tmp_path / "run", "--vocabulary", 0, "--epochs", 1, "--eval_steps", 2,
        "--compare_with", "none", "--parts_from", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["pairs"]["train"] == 12 + len(learnt) and record["data"]["references"]["fingerprint"]


def test_they_are_asked_for_with_a_request_of_their_own(tiny_t5):
    from transformers import AutoTokenizer

    from training.data.pairs import Pair
    from training.rewriter import RewriterArguments, _rows

    tokenizer = AutoTokenizer.from_pretrained(tiny_t5)
    one, other = (Pair("The roof comes first.", "", None, ("The roof",), as_it_is=kind) for kind in (True, False))
    (asks, _), (words, _) = (row["texts"][0] for row in _rows([one, other], tokenizer, RewriterArguments()))
    expected = (tokenizer(text, add_special_tokens=False)["input_ids"] for text in ("0:", "2:"))
    assert [asks, words] == list(expected) and asks != words


def test_of_judged_texts_those_are_learnt_that_leave_words_out(tmp_path):
    said = {
        "The council voted to pull the Marl Lane baths down.": "untrue",
        "The council will keep the Marl Lane baths.": "good",
        "The council voted on Monday to keep open.": "broken",
        "The council voted to keep the Marl Lane baths open.": "good",
    }
    judgements = [{"text": text, "verdict": verdict, "score": -0.1} for text, verdict in said.items()]
    point = {"sources": [[0, STORY.index(".") + 1]], "judged": judgements}
    found = judged(str(written(tmp_path / "judged.jsonl", [{"id": "1", "article": STORY, "points": [point]}])))
    assert [one.kind for one in found] == ["rewrites"] * 4
    (pair,) = preferred(found)
    assert pair.targets == ("The council voted to keep the Marl Lane baths open",)
    assert pair.refused == (("The council voted on Monday to keep open", COSTS["broken"]),)


@pytest.mark.parametrize(
    ("text", "of", "is_shorter"),
    [
        ("The roof leaks.", "The roof, built in 1911, leaks.", True),
        ("The Marl roof leaks.", "The roof, which the Marl council owns, leaks.", False),
        ("Jan Roe spoke.", "He spoke on Monday.", True),
        ("Jan Roe spoke.", "He spoke.", False),
        ("On Monday he spoke.", "He spoke on Monday for an hour.", False),
    ],
)
def test_a_shorter_text_leaves_words_out_and_may_say_what_is_meant(text, of, is_shorter):
    assert shortens(text, of) == is_shorter
