"""A person who was named in full before has the last name alone, only where it is certain who is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.points.full_names import FullNames

ARTICLE = """Ana Roe, who leads the council, met President Lars Lund in New York on Monday. Yet Roe left early. Her
brothers Jon Moe and Kai Moe stayed. The Marl Lane baths cost Roe votes. "Lund knows," said Tor Berg Vik of the World
Bank. Similarly Ferry calls stopped at Ferry, just outside Munich; Bayern Munich plays there. Munich is in Yemen. Sunni
Yemen said little. Mayor Eva Dahl and Judge Mats Lie came too. The U.S. Senate, Wall Street and
Twelve Americans watched. Vik's bank paid."""


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
    full_names = FullNames(ARTICLE)
    assert full_names(bullet, ["Ana Roe met Jon Moe and Kai Moe."]) == short
    for before in ("Roe met Moe.", "The Ana Roe Foundation gave money.", "Ana Roe-Lund came."):
        assert full_names(bullet, [before]) == bullet


@given(st.text(), st.text())
def test_any_text_goes_through(article, bullet):
    assert isinstance(FullNames(article)(bullet, [bullet]), str)
