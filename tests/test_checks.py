"""Facts of a bullet against a text: what stands in it in other words passes, what does not fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.checks import KINDS, Known, check, dangles, facts


def passes(bullet, text, kind):
    of_kind = [fact for fact in facts(bullet) if fact.kind == kind]
    assert of_kind, f"no {kind} was read in {bullet!r}"
    known = Known(text)
    return all(known.supports(fact) for fact in of_kind)


@pytest.mark.parametrize(
    ("bullet", "text"),
    [
        ("3,600 jobs", "about 3.6 thousand jobs"),
        ("two ships", "the 2 ships"),
        ("2 ships", "two ships"),
        ("a fine of $25m", "fined 25 million dollars"),
        ("25 million euros", "€25m"),
        ("half of the voters", "50% of voters"),
        ("50 percent", "half the voters"),
        ("12 per cent", "12%"),
        ("twenty-five years", "25 years"),
        ("two hundred and five", "205 people"),
        ("a dozen arrests", "12 arrests"),
        ("three million people", "3m people"),
        ("$2 million", "between $2 and $3 million"),
        ("20%", "from 20 to 25 percent"),
        ("1.5 million", "one and a half million, or 1,500,000"),
        ("the 21st victim", "21 victims"),
        ("hits of '69", "the summer of 1969"),
        ("the third ship", "3 ships"),
    ],
)
def test_numbers_that_are_the_same(bullet, text):
    assert passes(bullet, text, "number")


@pytest.mark.parametrize(
    ("bullet", "text"),
    [
        ("3,600 jobs", "3,060 jobs"),
        ("two ships", "three ships"),
        ("$25m", "25 people"),
        ("$25 million", "25 million euros"),
        ("25%", "25 people"),
        ("3 million", "3 people"),
        ("1.2 million", "12 million"),
        ("in 2014", "in 2015"),
    ],
)
def test_numbers_that_are_not(bullet, text):
    assert not passes(bullet, text, "number")


@pytest.mark.parametrize(
    ("bullet", "text", "same"),
    [
        ("The vote is on Monday", "The council votes Monday.", True),
        ("The vote is on Monday", "The council votes Tuesday.", False),
        ("Work starts on May 11", "Work starts on 11 May.", True),
        ("Work starts on May 11", "Work starts on May 12.", False),
        ("It ends in June", "It ends on June 3.", True),
        ("It ends on Sept. 3", "It ends on September 3.", True),
        ("It ends in March", "Marchers came in May.", False),
    ],
)
def test_dates(bullet, text, same):
    assert passes(bullet, text, "date") is same


@pytest.mark.parametrize(
    ("bullet", "text", "same"),
    [
        ("The plan of Ann Roe", "Ann Roe has a plan.", True),
        ("The plan of Ann Roe", "Ann Doe and Jane Roe have a plan.", False),  # first and last name mixed
        ("The plan of Ann Roe", "Ann M. Roe has a plan.", True),
        ("The plan of President Ann Roe", "Ann Roe, the president, has a plan.", True),
        ("The plan of Derek Malloy", "Ann Roe has a plan.", False),
        ("It is up to the United Nations", "It is up to the U.N.", True),
        ("It is up to the EU", "It is up to the European Union.", True),
        ("Those are Californians", "They live in California.", True),
        ("The talks with Thailand", "The Thai delegation talks.", True),
        ("The U.S. agrees", "America agrees.", True),
        ("The plan's author is O'Neill", "O’Neill wrote the plan.", True),
        ("Police Chief Ann Roe resigns", "The police chief is Ann Roe.", True),
        ("Malloy says no", "Roe says no.", False),
    ],
)
def test_names(bullet, text, same):
    assert passes(bullet, text, "name") is same


def test_a_capital_at_the_start_is_no_name():
    assert not facts("Repairs go on")
    assert not facts("Now the roof comes first")


@pytest.mark.parametrize(
    ("bullet", "text", "same"),
    [
        ('Roe: "We listened"', "“We listened,” said Roe.", True),
        ("Roe calls it a 'gamble'", "the sum was a gamble", True),
        ('Roe: "We did not listen"', "“We listened,” said Roe.", False),
        ('Roe: "We ... listened"', "“We have always listened,” said Roe.", True),
        ("It's the players' choice, isn't it", "nothing", None),
    ],
)
def test_quotes(bullet, text, same):
    if same is None:
        assert not [fact for fact in facts(bullet) if fact.kind == "quote"]
    else:
        assert passes(bullet, text, "quote") is same


def test_a_check_names_what_is_missing():
    known = Known("Ann Roe paid 12 euros on Monday.")
    checks = {c.kind: c for c in check("On Monday, Ann Roe paid 13 euros", known)}
    assert checks["date"].passed and checks["name"].passed and not checks["number"].passed
    assert "13 euros" in checks["number"].evidence and "Monday" in checks["date"].evidence


def test_dangling():
    assert dangles("He said no.") and dangles("“They left.") and dangles("The move is final.")
    assert not dangles("It is not clear who won.") and not dangles("This week Roe left.")


@given(st.text(max_size=300))
def test_any_text_supports_itself_and_offsets_hold(text):
    known = Known(text)
    for fact in facts(text):
        assert fact.kind in KINDS and text[fact.start : fact.end] == fact.text
        assert known.supports(fact), fact


@given(
    st.lists(st.sampled_from('two 3.5 million $4bn % May 11 Monday Ann Roe\'s U.N. the said "no" , . half of'.split()))
)
def test_any_news_like_text_supports_itself(tokens):
    text = " ".join(tokens)
    known = Known(text)
    assert all(known.supports(fact) for fact in facts(text))
