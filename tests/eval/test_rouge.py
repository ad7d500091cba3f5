import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import rouge_scorer

from eval.measures.oracle import f1, greedy_oracle, ngrams
from eval.measures.rouge import MEASURES, UnicodeTokenizer, rouge
from eval.metric import KeyPoints

WORDS = st.lists(
    st.sampled_from("the council councils voted vote votes 2.9 million Marl Lane's baths".split()), max_size=9
)
LISTS = st.lists(WORDS.map(" ".join), max_size=3)


@given(LISTS, LISTS.filter(any))
def test_english_is_rouge_score_with_its_stemmer(ours, reference):
    wanted = rouge_scorer.RougeScorer(list(MEASURES), use_stemmer=True).score("\n".join(reference), "\n".join(ours))
    (scores,) = rouge([ours], [[reference]])
    for measure, row in zip(MEASURES, scores, strict=True):
        assert row / 100 == pytest.approx(list(wanted[measure]))


@given(WORDS, WORDS)
def test_ngrams_agree_with_rouge_score(a, b):
    left, right = " ".join(a), " ".join(b)
    scores = rouge_scorer.RougeScorer(["rouge1", "rouge2"], use_stemmer=True).score(right, left)
    for name, x, y in zip(("rouge1", "rouge2"), ngrams(left), ngrams(right), strict=True):
        assert f1((x & y).total(), x.total(), y.total()) == pytest.approx(scores[name].fmeasure)


def test_of_nothing_0_and_unequal_lengths_are_an_error():
    assert rouge([[]], [[["A council voted."]]])[0] == pytest.approx(0)
    with pytest.raises(ValueError, match="1 lists of bullets for 0 articles"):
        rouge([["a"]], [])
    with pytest.raises(ValueError, match="not 'worst'"):
        rouge([["a"]], [[["a"]]], several="worst")


def test_several_reference_lists_best_and_mean():
    # F1 with the first list 1, with the second 2 * 1 / (2 + 2) = 0.5.
    lists = [[["a b"], ["a c"]]]
    assert rouge([["a b"]], lists)[0, 0, 2] == pytest.approx(100)
    assert rouge([["a b"]], lists, several="mean")[0, 0, 2] == pytest.approx(75)


def test_the_unicode_tokenizer_keeps_words_and_numbers_whole():
    tokens = UnicodeTokenizer().tokenize
    assert tokens("Le café coûte 1,200.50 euros, l'été") == ["le", "café", "coûte", "1,200.50", "euros", "l'été"]
    assert tokens("प्रधानमंत्री ने कहा") == ["प्रधानमंत्री", "ने", "कहा"]
    assert tokens("東京で") == ["東", "京", "で"]
    assert tokens("AI技術とデータを") == ["ai", "技", "術", "と", "デ", "ー", "タ", "を"]
    assert tokens("GDP增长5.2%") == ["gdp", "增", "长", "5.2"]
    hindi = "प्रधानमंत्री ने सोमवार को संसद में कहा"
    assert rouge([[hindi]], [[[hindi]]], language="hi")[0] == pytest.approx(100)
    assert rouge([[hindi]], [[[hindi]]])[0] == pytest.approx(0)  # what a published English figure would count


@pytest.mark.parametrize("code", ["en", "EN", "en-US", "en_GB", "eng"])
def test_every_code_for_english_is_english(code):
    assert rouge([["votes"]], [[["voted"]]], language=code)[0, 0, 2] == pytest.approx(100)  # stemmed
    assert rouge([["votes"]], [[["voted"]]], language="de")[0, 0, 2] == 0


def test_oracle_takes_what_covers_the_bullets_and_stops():
    sentences = ["The roof leaks a lot in winter.", "The council voted to keep the baths.", "Repairs cost millions."]
    assert greedy_oracle(sentences, ["Council voted to keep baths", "Repairs cost millions"], 3) == [1, 2]
    assert greedy_oracle(sentences, ["Entirely other matters"], 3) == []
    assert greedy_oracle([], ["A point"], 3) == greedy_oracle(sentences, [], 3) == []


def test_the_evaluate_metric_takes_one_list_or_several():
    metric = KeyPoints(keep_in_memory=True)
    one = metric.compute(predictions=[["a b x"]], references=[["a b c d"]])
    assert one["rouge1"] == pytest.approx(400 / 7) and one["rouge1_recall"] == pytest.approx(50)
    assert "supported" not in one  # no article was given
    several = KeyPoints(keep_in_memory=True).compute(predictions=[["a b"]], references=[[["a b"], ["a c"]]])
    assert several["rouge1"] == pytest.approx(100)
    article = "Ann Roe paid 12 euros."
    found = KeyPoints(keep_in_memory=True).compute(
        predictions=[["Ann Roe paid 13 euros"]], references=[["Roe paid 12"]], articles=[article]
    )
    assert found["supported"] == 0 and found["supported_name"] == 100
    with pytest.raises(ValueError, match="2 articles for 1 lists"):
        KeyPoints(keep_in_memory=True).compute(predictions=[["a"]], references=[["a"]], articles=["x", "y"])
    with pytest.raises(ValueError, match="article 0 is empty"):
        KeyPoints(keep_in_memory=True).compute(predictions=[["a"]], references=[[]])
