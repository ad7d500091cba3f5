"""Which points a list keeps, by what they are expected to cost."""

import pytest

from summarizer.checks import facts
from summarizer.points.candidates import Candidate, Point
from summarizer.points.full_names import FullNames
from summarizer.points.pipeline import DROP_COST, GAIN, NOT_KEY_POINT_COST, _bullets, _Chosen, _without
from summarizer.summary import Options


def point(at, score, faults=0.0):
    return _Chosen(Point(at, score, score), Candidate("Ann ran.", "extracted", (), (), None, faults, faults))


def kept(points, spare=(), count="auto"):
    return [one.point.sentence for one in _without(points, spare, Options(bullets=count))]


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
    points = [point(i, 0.6, DROP_COST + 0.1 * i + 0.01) for i in range(5)]
    assert kept(points) == [0, 1, 2]
    assert kept(points, count=5) == [0, 1, 2, 3, 4]
    assert kept([point(i, 0.1, DROP_COST - 0.1) for i in range(5)]) == [0, 1, 2, 3, 4]


def test_a_text_is_shown_once_and_a_full_name_once():
    article = "Ana Roe said no. Roe left early."
    texts = ["Ana Roe said no.", "Ana Roe left early.", "Ana Roe said no."]
    listed = [_Chosen(Point(i, 0.5, 0.5), Candidate(t, "rewritten", (), (), None, 0, 0)) for i, t in enumerate(texts)]
    shown = _bullets(FullNames(article, facts(article)), listed, 0.0)
    assert [bullet.text for bullet in shown] == ["Ana Roe said no.", "Roe left early.", "Roe said no."]
