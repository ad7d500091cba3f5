"""Points from scores that are written by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.points.content_selection import Settings, group
from summarizer.points.extractor import DISTANCE_FEATURES, Scored
from summarizer.reading.sentences import Sentence

NEVER, ALWAYS = -20.0, 20.0
WORDS = "baths roof council vote money trust spring".split()


def scored(main, pairs=(), top=None, texts=None):
    """Scores for as many sentences as there are main scores; `pairs` belong together."""
    n = len(main)
    texts = texts or [f"The {WORDS[i % 7]} of place {i} was {i} in year {i}." for i in range(n)]
    sentences = tuple(Sentence(text, 100 * i, 100 * i + len(text)) for i, text in enumerate(texts))
    together = np.full((n, n), NEVER, np.float32)
    for a, b in pairs:
        together[a, b] = together[b, a] = ALWAYS
    main = np.asarray(main, np.float32)
    top = main if top is None else np.asarray(top, np.float32)
    weights = np.zeros(DISTANCE_FEATURES + 2, np.float32)
    # What a sentence asks for is a row of the table of pairs; each offers itself.
    return Scored(
        sentences,
        main,
        main,
        top,
        np.eye(n, dtype=np.float32),
        together * np.sqrt(n),
        np.eye(n, dtype=np.float32),
        weights,
    )


def sentences_of(groups):
    return [one.chosen for one in groups]


def test_a_point_is_a_main_sentence_and_what_belongs_to_it_wherever_it_stands():
    chances = scored([3, -9, 2, -9, 1, -9, -9], [(0, 6), (2, 3), (2, 5)])
    found = group(chances, 3, "standard", Settings(max_sentences=3))
    assert sentences_of(found) == [(0, 6), (2, 3, 5), (4,)]
    assert max(map(len, sentences_of(group(chances, 3, "standard", Settings(max_sentences=2))))) == 2
    assert [one.main for one in found] == [0, 2, 4]


def test_a_sentence_that_belongs_to_a_chosen_point_is_none_of_its_own():
    assert sentences_of(group(scored([3, 2, 1, -9], [(0, 1)]), 2, "standard")) == [(0, 1), (2,)]


def test_a_repeated_sentence_is_said_once():
    texts = ["The council voted on Monday to keep the baths open."] * 2 + ["The roof comes first, said Ann Roe."]
    assert sentences_of(group(scored([3, 2, 1], texts=texts), 2, "standard")) == [(0,), (2,)]


@pytest.mark.parametrize(("chances", "count"), [([9] * 4, 4), ([9] * 9, 7), ([9, -9, -9, -9], 3), ([9, 9], 2)])
def test_there_are_as_many_points_as_the_story_has(chances, count):
    assert len(group(scored(chances), "auto", "standard")) == count


def test_brief_has_the_points_that_matter_most_in_reading_order():
    found = group(scored([9, 9, 9, 9, 9], top=[1, -5, 3, -5, 2]), "auto", "brief")
    assert [one.main for one in found] == [0, 2, 4]


def test_the_next_best_are_spare():
    found = group(scored([5, 4, 3, 2, 1, -9], [(3, 5)]), 3, "standard", spare=1)
    assert [(one.chosen, one.spare) for one in found] == [
        ((0,), False),
        ((1,), False),
        ((2,), False),
        ((3, 5), True),
    ]
    brief = group(scored([9, 9, 9, 9, 9], top=[1, -5, 3, 0, 2]), "auto", "brief", spare=2)
    assert [one.main for one in brief if one.spare] == [3, 1]


def test_a_brief_list_asks_whether_a_point_is_one_of_the_most_important():
    chances = scored([2, -0.5, -9], top=[0, 2, -9])
    standard, brief = (group(chances, 2, length) for length in ("standard", "brief"))
    assert [one.likely for one in standard] == pytest.approx([0.881, 0.378], abs=1e-3)
    assert [one.likely for one in brief] == pytest.approx([0.5, 0.881], abs=1e-3)
    assert [one.score for one in brief] == [one.score for one in standard] == [0.8808, 0.3775]


def test_the_sentence_before_a_point_is_free_if_no_other_point_has_it():
    chances = scored([5, -9, 4, 3, -9, 2])
    assert [(one.main, one.before) for one in group(chances, 4, "standard")] == [(0, None), (2, 1), (3, None), (5, 4)]
    last = replace(chances.sentences[5], section=1)
    other_section = replace(chances, sentences=(*chances.sentences[:5], last))
    assert [one.before for one in group(other_section, 4, "standard")] == [None, 1, None, None]


@pytest.mark.parametrize("length", ["standard", "brief", "highlights"])
def test_the_number_that_is_asked_for_is_given(length):
    for count in (1, 4, 9, 12):
        assert len(group(scored([float(-i) for i in range(12)]), count, length)) == count


@given(st.data())
def test_no_sentence_is_in_two_points(data):
    n = data.draw(st.integers(1, 12))
    main = data.draw(st.lists(st.floats(-5, 5), min_size=n, max_size=n))
    pairs = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=20))
    count = data.draw(st.one_of(st.just("auto"), st.integers(1, 15)))
    length = data.draw(st.sampled_from(["standard", "brief", "highlights"]))
    found = group(scored(main, pairs), count, length, Settings())
    more = group(scored(main, pairs), count, length, Settings(), spare=2)
    # Which sentence before a point is free depends on the spare points too.
    assert [replace(one, before=None) for one in more[: len(found)]] == [replace(one, before=None) for one in found]
    assert all(one.spare for one in more[len(found) :]) and len(more) <= len(found) + 2
    used = [i for one in more for i in one.chosen]
    assert found and len(used) == len(set(used)) and count in ("auto", *range(len(found), 16))
    for one in found:
        assert one.main in one.chosen and len(one.chosen) <= Settings().max_sentences
        assert list(one.chosen) == sorted(one.chosen) and 0 <= one.score <= 1
