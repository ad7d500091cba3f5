import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from eval.bootstrap import interval, paired
from eval.card import SCORES_BEGIN, SCORES_END, with_scores
from eval.data import read
from eval.oracle import f1, greedy_oracle, ngrams
from eval.rouge import rouge

from .conftest import STORY

WORDS = st.lists(
    st.sampled_from("the council councils voted vote votes 2.9 million Marl Lane's baths".split()), max_size=9
)


def test_rouge_by_hand():
    # Two of three words of the prediction are in the reference of four: P 2/3, R 2/4, F 4/7. One bigram of two and
    # three: F 2/5. As one line each, the longest common subsequence is the two words: F 4/7.
    (scores,) = rouge([["a b x"]], [["a b c d"]])
    assert scores == pytest.approx([400 / 7, 200 / 5, 400 / 7])


def test_rouge_of_itself_is_100_and_of_nothing_0():
    assert rouge([["A council voted.", "It was close."]], [["A council voted.", "It was close."]])[0] == pytest.approx(
        100
    )
    assert rouge([[]], [["A council voted."]])[0] == pytest.approx(0)
    with pytest.raises(ValueError):
        rouge([["a"]], [])


@given(WORDS, WORDS)
def test_ngrams_agree_with_rouge_score(a, b):
    left, right = " ".join(a), " ".join(b)
    scores = rouge_scorer.RougeScorer(["rouge1", "rouge2"], use_stemmer=True).score(right, left)
    for name, x, y in zip(("rouge1", "rouge2"), ngrams(left), ngrams(right), strict=True):
        assert f1((x & y).total(), x.total(), y.total()) == pytest.approx(scores[name].fmeasure)


def test_oracle_takes_what_covers_the_bullets_and_stops():
    sentences = ["The roof leaks a lot in winter.", "The council voted to keep the baths.", "Repairs cost millions."]
    assert greedy_oracle(sentences, ["Council voted to keep baths", "Repairs cost millions"], 3) == [1, 2]
    assert greedy_oracle(sentences, ["Entirely other matters"], 3) == []
    assert greedy_oracle([], ["A point"], 3) == []


def test_paired_bootstrap_tells_a_difference_from_noise():
    rng = np.random.default_rng(0)
    a = rng.normal(30, 10, 500)
    difference, low, high, p = paired(a + 1 + rng.normal(0, 1, 500), a)
    assert 0 < low < difference < high and p < 0.01
    _, low, high, p = paired(a + rng.normal(0, 1, 500), a)
    assert low < 0 < high and p > 0.05
    low, high = interval(a)
    # The normal approximation: 1.96 standard errors to each side.
    assert high - low == pytest.approx(2 * 1.96 * a.std() / 500**0.5, rel=0.05)
    with pytest.raises(ValueError, match="same articles"):
        paired(a, a[:3])


def test_scores_in_a_card_are_replaced_by_key():
    card = f"# base\n{SCORES_BEGIN}\nNot measured yet\n{SCORES_END}\n## Limits\n"
    once = with_scores(card, "| a |", "test, brief")
    twice = with_scores(with_scores(once, "| c |", "validation, brief"), "| b |", "test, brief")
    assert "Not measured" not in once and "| a |" in once
    assert "| a |" not in twice and "| b |" in twice and "| c |" in twice and twice.endswith("## Limits\n")


def test_data_errors_name_line_and_fields(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"article": "x", "bullets": ["y"]}\n{"body": "x", "id": 3}\n')
    with pytest.raises(ValueError, match=r"line 2 of .*a\.jsonl.*body, id"):
        read(path)
    path.write_text('{"article": "x", "bul')
    with pytest.raises(ValueError, match=r"line 1 of .*not valid JSON"):
        read(path)
    path.write_text("")
    with pytest.raises(ValueError, match="no article"):
        read(path)


def test_the_command_prints_a_table_and_writes_json(tmp_path):
    data = tmp_path / "data.jsonl"
    row = {"id": "1", "article": STORY, "bullets": ["Council keeps Marl Lane baths open", "Work starts on May 11"]}
    data.write_text("\n".join([json.dumps(row)] * 3))
    command = [sys.executable, "-m", "eval", "--data", str(data), "--json", str(tmp_path / "r.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("LEAD-3", "model", "oracle", "RLsum"))
    result = json.loads((tmp_path / "r.json").read_text())
    assert result["articles"] == 3
    assert result["systems"]["oracle"]["rouge1"]["f1"] >= result["systems"]["LEAD-3"]["rouge1"]["f1"]
    wrong = subprocess.run([*command[:4], str(tmp_path / "no.jsonl")], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2 and "Traceback" not in wrong.stderr
