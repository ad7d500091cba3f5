"""Matching, faithfulness and the bootstrap, against cases worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.data import Example
from eval.evaluation import evaluate
from eval.measures.bootstrap import differences, means, resampled, with_intervals
from eval.measures.faithfulness import ArticleFacts, dangling, fragments, load_metric
from eval.measures.matching import likeness, match, redundancy
from eval.measures.rouge import tokenizer

ENGLISH = tokenizer("en")
BULLETS = st.lists(
    st.lists(
        st.sampled_from("council votes roof baths trust lease swim gamble May".split()), min_size=1, max_size=6
    ).map(" ".join),
    min_size=1,
    max_size=4,
    unique=True,
)


def test_matching_by_hand():
    # Likeness (ROUGE-1 F1): "a b c" with "a b c" 1; "a b" with "a b c" 2*2/5 = 0.8, and with "d e" 0.
    # One to one, so "a b" gets nothing: precision 1/2, recall 1/2, one point missed, one bullet without a point.
    found = match(["a b", "a b c"], ["a b c", "d e"], ENGLISH)
    assert found.pairs == ((1, 0, pytest.approx(1.0)),)
    assert (found.precision, found.recall, found.f1) == pytest.approx((0.5, 0.5, 0.5))
    assert (found.missed, found.unmatched) == (1, 1)


def test_the_best_pairing_is_found_where_the_greedy_one_is_not():
    # "a b c" is most like the first reference bullet (6/7), but then "a b x" has no partner: with the second it has
    # 2 * 1 / (3 + 2) = 0.4, and "a b x" with the first 2 * 2 / (3 + 4): 0.4 + 0.571 is more than 0.857 + 0.
    found = match(["a b c", "a b x"], ["a b c d", "c e"], ENGLISH)
    assert [(i, j) for i, j, _ in found.pairs] == [(0, 1), (1, 0)]
    assert sum(value for *_, value in found.pairs) == pytest.approx(0.4 + 4 / 7)


def test_two_weak_pairs_do_not_outweigh_a_good_one():
    # 0 is 0.5 alike with reference 0 and 2/7 with reference 1; 1 is 2/7 alike with reference 0. Two times 2/7 is more
    # than 0.5, but pairs below 0.3 are none.
    found = match(["a b c d", "a x y"], ["a b e f", "c u v"], ENGLISH)
    assert likeness(["a b c d", "a x y"], ["a b e f", "c u v"], ENGLISH) == pytest.approx(
        np.array([[0.5, 2 / 7], [2 / 7, 0]])
    )
    assert found.pairs == ((0, 0, pytest.approx(0.5)),)


@given(BULLETS)
def test_a_list_matches_itself_and_a_copy_never_raises_precision(bullets):
    assert match(bullets, bullets, ENGLISH).f1 == pytest.approx(1)
    reference = ["council votes to keep baths", "trust gets lease"]
    once = match(bullets, reference, ENGLISH)
    assert match([*bullets, bullets[0]], reference, ENGLISH).precision <= once.precision
    assert match(bullets, reference[::-1], ENGLISH).f1 == pytest.approx(once.f1)


def test_redundancy_is_the_mean_likeness_of_pairs():
    # Pairs: (1,2) alike 1, (1,3) and (2,3) alike 0.
    assert redundancy(["a b", "a b", "c d"], ENGLISH) == pytest.approx(1 / 3)
    assert math.isnan(redundancy(["a b"], ENGLISH))
    assert likeness([], ["a"], ENGLISH).shape == (0, 1)


def test_coverage_and_density_by_hand():
    # Fragments of "the roof comes first today" in "roof comes first , says the mayor": "the" (1), "roof comes first"
    # (3); "today" is new. Coverage (1 + 3) / 5, density (1 + 9) / 5, compression 6 / 5. Bigrams: "the roof" and "first
    # today" are new, "roof comes" and "comes first" are not: 2 of 4.
    source = ArticleFacts("Roof comes first, says the mayor")
    found = source.copied(["the roof comes first today"])
    assert fragments("a b x a b c".split(), "a b c".split()) == [3]  # the longest piece, not the first
    assert fragments("roof comes first says the mayor".split(), "the roof comes first today".split()) == [1, 3]
    assert (found["coverage"], found["density"], found["compression"]) == pytest.approx((80, 2.0, 1.2))
    assert (found["novel_1gram"], found["novel_2gram"]) == pytest.approx((20, 50))
    assert math.isnan(source.copied([])["coverage"])


def test_supported_counts_bullets_and_facts():
    source = ArticleFacts("Ann Roe, who leads the council, said repairs cost 2.9 million pounds.")
    found = source.supported(["Roe: repairs cost £2.9m", "Roe: repairs cost £2.8m", "Work goes on"])
    # Two of three bullets hold; one of two numbers; both names.
    assert found["supported"] == pytest.approx(200 / 3)
    assert (found["supported_number"], found["supported_name"]) == (50, 100)
    assert math.isnan(found["supported_quote"])
    assert source.supported([])["supported"] == 0


def test_dangling_share():
    assert dangling(["He said no", "The move is final", "Ann Roe said no", "This week Roe said no"]) == 50


def test_a_metric_of_your_own(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def shout(articles, lists):\n    return [len(x) for x in lists]\n")
    monkeypatch.syspath_prepend(tmp_path)
    examples = [Example("1", "a b", (("a",),))]
    result = evaluate(examples, {"ours": [["a", "b"]]}, custom_metrics={"mine:shout": load_metric("mine:shout")})
    assert result.figures["ours"]["mine:shout"].value == 2
    with pytest.raises(ValueError, match=r"short returned figures of shape \(2,\) for 1 articles"):
        evaluate(examples, {"ours": [["a"]]}, custom_metrics={"short": lambda articles, lists: [1, 2]})
    for wrong in ("mine", "mine:nothing", "no_such_module:f"):
        with pytest.raises(ValueError, match=wrong):
            load_metric(wrong)


def figures(scores, resamples=10_000):
    """As the evaluation makes them."""
    return with_intervals(means(scores), resampled(scores, resamples))


def paired(a, b, **how):
    """The difference of one column."""
    return differences(a[:, None], b[:, None], **how)[0]


def test_paired_bootstrap_tells_a_difference_from_noise():
    rng = np.random.default_rng(0)
    a = rng.normal(30, 10, 500)
    difference, low, high, p = paired(a + 1 + rng.normal(0, 1, 500), a)
    assert 0 < low < difference < high and p < 0.01
    _, low, high, p = paired(a + rng.normal(0, 1, 500), a)
    assert low < 0 < high and p > 0.05
    # By the normal approximation: z is mean over standard error, p the two tails beyond it.
    noise = rng.normal(0.08, 1, 500)
    z = noise.mean() / (noise.std() / 500**0.5)
    found = paired(a + noise, a)
    assert found.p == pytest.approx(math.erfc(abs(z) / 2**0.5), abs=0.02)
    assert found.high - found.low == pytest.approx(2 * 1.96 * noise.std() / 500**0.5, rel=0.05)
    assert paired(a + noise, a) == found and paired(a + noise, a, seed=14) != found
    assert paired(a, a + noise).difference == pytest.approx(-found.difference)
    ((_, low, high),) = figures(a[:, None])
    # The normal approximation: 1.96 standard errors to each side.
    assert high - low == pytest.approx(2 * 1.96 * a.std() / 500**0.5, rel=0.05)
    with pytest.raises(ValueError, match="same articles"):
        paired(a, a[:3])
    with pytest.raises(ValueError, match="same articles"):
        differences(np.zeros((0, 2)), np.zeros((0, 2)))


def test_a_column_with_gaps_is_averaged_over_what_is_there():
    table = np.array([[1.0, np.nan], [3.0, 5.0], [2.0, 7.0]])
    first, second = figures(table, resamples=2000)
    assert (first.value, second.value) == (2.0, 6.0)
    assert 1 <= first.low < first.high <= 3
    rare = np.full((100, 1), np.nan)
    rare[:8] = np.arange(8.0)[:, None]
    (figure,) = figures(rare)
    assert figure.value == 3.5 and 0 < figure.low < figure.high < 7
    rare[1:] = np.nan
    (figure,) = figures(rare)
    assert figure.value == 0 and math.isnan(figure.low)
    (difference,) = differences(rare * np.nan, rare)
    assert math.isnan(difference.difference) and math.isnan(difference.p)


EXAMPLES = [
    Example("1", "Ann Roe paid 12 euros. Then it rained.", (("ann roe paid", "it rained"),)),
    Example("2", "The court freed Bo Lee. He left.", (("court freed bo lee",),)),
    Example("3", "Prices rose 5%. Nobody knew why.", (("prices rose",), ("nobody knew why", "prices rose 5%"))),
]
FIRST = [["Ann Roe paid 12 euros.", "Then it rained."], ["The court freed Bo Lee."], ["Nobody knew why."]]
SECOND = [["it rained", "ann roe paid"], [], ["prices rose 6%"]]


def test_an_evaluation_by_hand():
    result = evaluate(EXAMPLES, {"first": FIRST, "second": SECOND})
    first, second = result.figures["first"], result.figures["second"]
    # ROUGE-1 F1 of `first`: 1: five of eight words, all five of the reference: 2*5/(8+5). 2: 2*4/(5+4). 3: with the
    # second list, 3 of 3 and 3 of 6: 2*3/(3+6).
    wanted = 100 * (10 / 13 + 8 / 9 + 6 / 9) / 3
    assert first["rouge1_f1"].value == pytest.approx(wanted)
    # Of `second`: 1: all words. 2: nothing. 3: "prices rose" of "prices rose 6": 2*2/(3+2) with the first list.
    assert second["rouge1_f1"].value == pytest.approx(100 * (1 + 0 + 0.8) / 3)
    assert result.above["second"]["rouge1_f1"].difference == pytest.approx(100 * 1.8 / 3 - wanted)
    assert result.base == "first" and set(result.above) == {"second"}
    # `second` misses nothing of 1, all of 2, nothing of 3's first list; it has no bullet too many.
    assert second["missed"].value == pytest.approx(100 / 3)
    assert second["unmatched"].value == 0
    # `first` in 3 makes one of two points of the second list.
    assert first["missed"].value == pytest.approx(100 * (0 + 0 + 0.5) / 3)
    # 6% stands nowhere, and an empty list supports nothing.
    assert second["supported"].value == pytest.approx(100 * (1 + 0 + 0) / 3) and first["supported"].value == 100
    assert second["bullets"].value == 1


def test_the_mean_over_several_editors():
    mean = evaluate(EXAMPLES[2:], {"first": FIRST[2:]}, several="mean").figures["first"]
    # No point of the first list, one of two of the second.
    assert mean["missed"].value == pytest.approx(100 * (1 + 0.5) / 2)
    assert mean["bullet_match_f1"].value == pytest.approx(100 * (0 + 2 * 1 * 0.5 / 1.5) / 2)


def test_english_rules_are_not_counted_for_other_languages():
    found = evaluate([Example("1", "Er sagte nein.", (("Er sagte nein",),))], {"a": [["Er sagte nein"]]}, language="de")
    assert not {"supported", "dangling"} & set(found.figures["a"]) and found.figures["a"]["rouge1_f1"].value == 100


def test_the_order_of_articles_does_not_matter():
    examples = [Example(str(i), f"article {i} says {i}", ((f"says {i}",),)) for i in range(6)]
    lists = [[f"article {i}"] if i % 2 else [f"says {i}", "more"] for i in range(6)]
    there = evaluate(examples, {"a": lists}).figures["a"]
    back = evaluate(examples[::-1], {"a": lists[::-1]}).figures["a"]
    assert all(there[k].value == pytest.approx(back[k].value) or math.isnan(there[k].value) for k in there)


def test_another_number_of_lists_is_an_error():
    with pytest.raises(ValueError, match="ours has 2 lists of bullets for 1 articles"):
        evaluate([Example("1", "", (("a",),))], {"ours": [["a"], ["b"]]})
