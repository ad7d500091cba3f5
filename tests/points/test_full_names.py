"""Names in full at their first place, and only where it is certain who is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.checks.facts import facts
from summarizer.points.full_names import FullNames

ARTICLE = """Ana Roe, who leads the council, met President Lars Lund in New York on Monday. Yet Roe left early. Her
brothers Jon Moe and Kai Moe stayed. The Marl Lane baths cost Roe votes. "Lund knows," said Tor Berg Vik of the World
Bank. Similarly Ferry calls stopped at Ferry, just outside Munich; Bayern Munich plays there. Munich is in Yemen. Sunni
Yemen said little. Mayor Eva Dahl and Judge Mats Lie came too. The U.S. Senate, Wall Street and
Twelve Americans watched. Vik's bank paid."""


@pytest.mark.parametrize(
    ("bullet", "full"),
    [
        ("Roe left early.", "Ana Roe left early."),
        ("The baths cost Roe votes.", "The baths cost Ana Roe votes."),
        ("Roe and Lund met; Roe left early.", "Ana Roe and Lars Lund met; Roe left early."),
        ("Vik's bank paid.", "Tor Berg Vik's bank paid."),
        ("Dahl came.", "Eva Dahl came."),
    ],
)
def test_a_bare_last_name_is_completed(bullet, full):
    assert FullNames(ARTICLE, facts(ARTICLE))(bullet, []) == full


@pytest.mark.parametrize(
    "bullet",
    [
        "Ana Roe left early.",
        "President Lund came.",
        "Mr. Roe left.",
        "Moe stayed.",  # which of the two?
        "York is old.",
        "The Roe family left.",
        "Roe Foundation opens.",
        "Roe-Lund talks fail.",
        '"Lund knows," she said.',
        "The Senate and the Bank watched.",
        "Street sellers came.",
        "Ferry is small.",
        "Munich plays on Monday.",
        "Yemen is poor.",  # stands alone before it stands behind another word
        "Americans watched.",
    ],
)
def test_what_may_be_something_else_is_left_alone(bullet):
    assert FullNames(ARTICLE, facts(ARTICLE))(bullet, []) == bullet


def test_the_first_place_in_a_list_is_enough():
    assert FullNames(ARTICLE, facts(ARTICLE))("Roe left early.", ["Ana Roe met Lars Lund."]) == "Roe left early."


@pytest.mark.parametrize(
    ("bullet", "short"),
    [
        ("Ana Roe left early, and Ana Roe's brothers stayed.", "Roe left early, and Roe's brothers stayed."),
        ("Lars Lund met Ana Roe.", "Lars Lund met Roe."),
        # left alone
        ("Mayor Ana Roe left.", "Mayor Ana Roe left."),
        ('"Ana Roe left," he said.', '"Ana Roe left," he said.'),
        ("The Ana Roe Prize went to Lund.", "The Ana Roe Prize went to Lund."),
        ("Jon Moe and Kai Moe stayed.", "Jon Moe and Kai Moe stayed."),
        ("Bill and Ana Roe left.", "Bill and Ana Roe left."),
        ("Kai Roe, a brother of Ana Roe, left.", "Kai Roe, a brother of Ana Roe, left."),
    ],
)
def test_who_was_named_in_full_before_has_the_last_name_alone(bullet, short):
    full_names = FullNames(ARTICLE, facts(ARTICLE))
    assert full_names.shortened(bullet, ["Ana Roe met Jon Moe and Kai Moe."]) == short
    for before in ("Roe met Moe.", "The Ana Roe Foundation gave money.", "Ana Roe-Lund came."):
        assert full_names.shortened(bullet, [before]) == bullet


@given(st.text(), st.text())
def test_any_text_goes_through(article, bullet):
    assert FullNames(article, facts(article))(bullet, [bullet]) == bullet
