"""Which points a list keeps, by what they are expected to cost."""

import pytest

from summarizer.options import Options
from summarizer.points.pipeline import GAIN, _without
from summarizer.points.point import NOT_KEY_POINT_COST, Point
from summarizer.points.text_choice import DROP_THRESHOLD
from summarizer.reading.boilerplate import content_sentences

from ..articles import STORY

SENTENCES = content_sentences(STORY)


def point(at, score, faults=0.0):
    return Point(SENTENCES, (at,), at, score, likely=score, faults=faults)


def kept(points, spare=(), count="auto"):
    return [one.main for one in _without(points, spare, Options(bullets=count))]


def test_a_point_costs_its_faults_and_that_it_may_be_background():
    assert point(0, 0.9, 1.0).cost == pytest.approx(1.0 + 0.1 * NOT_KEY_POINT_COST)


def test_a_spare_point_takes_the_place_of_one_that_costs_more():
    points = [point(0, 0.9), point(1, 0.5, 0.9), point(2, 0.6, 0.2)]
    assert kept(points, [point(5, 0.45, 0.1)]) == [0, 5, 2]
    # not where it is likelier background by as much as it is better said
    assert kept(points, [point(5, 0.1, 0.1)]) == [0, 1, 2]
    # nor where the difference is small
    assert kept(points, [point(5, 0.5, 0.9 - GAIN)]) == [0, 1, 2]
    assert kept(points, [point(5, 0.5, 0.89 - GAIN)]) == [0, 5, 2]


def test_the_news_stays_whatever_it_says():
    assert kept([point(0, 0.95, 1.0), point(1, 0.6), point(2, 0.6)], [point(5, 0.3)])[0] == 0


def test_what_will_hardly_do_is_left_out_while_three_remain():
    points = [point(i, 0.6, DROP_THRESHOLD + 0.1 * i + 0.01) for i in range(5)]
    assert kept(points) == [0, 1, 2]
    assert kept(points, count=5) == [0, 1, 2, 3, 4]
    assert kept([point(i, 0.1, DROP_THRESHOLD - 0.1) for i in range(5)]) == [0, 1, 2, 3, 4]
