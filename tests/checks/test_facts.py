"""Facts of a bullet against a text: what stands in it in other words passes, what does not fails."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.checks.fact_index import FactIndex
from summarizer.checks.facts import FACT_KINDS, facts
from summarizer.checks.standalone import starts_with_anaphor


def passes(bullet, text, kind):
    of_kind = [fact for fact in facts(bullet) if fact.kind == kind]
    assert of_kind, f"no {kind} was read in {bullet!r}"
    known = FactIndex(text)
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
        ("a hundred and five people", "105 people"),
        ("a thousand and two nights", "1,002 nights"),
        ("two and a half years", "2.5 years"),
        ("a quarter of a million", "250,000 people"),
        ("two-thirds of voters", "67% of voters"),
        ("a third of voters", "33 percent of voters"),
        ("1 person killed", "One person was killed"),
        ("the 1st time", "the first time"),
        ("won 2-1", "by two goals to one"),
        ("between two and three million", "2 to 3 million"),
        ("the twenty-first victim", "the 21st victim"),
        ("rose 3%, and 2 managers quit", "Two managers quit after a rise of 3%"),
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
        ("a third of voters", "3 voters"),
        ("children aged two and four", "6 children"),
        ("two three-year terms", "five terms"),
        ("shares rose to 120%", "shares rose 5% to 120"),
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
        ("It ends in May", "The May election ends it.", True),
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
        ("The shop of Tim Olsen", "He went to the store.", False),  # "to" is no abbreviation of his
        ("The shop of Jose Roe", "José Roe has a shop.", True),
        ("A word from Mr. Roe", "Roe said a word.", True),
        ("Agents of the FBI came", "Agents of the Federal Bureau of Investigation came.", True),
        ("The US agrees", "It is up to all of us.", False),
        ("The twins and Mary Kate Roe", "Mary-Kate Roe has twins.", True),
        ("A word from Theresa May", "Theresa Villiers said a word in May.", False),
        ("Talks with North Korea", "South Korea talks, in the north.", False),
    ],
)
def test_names(bullet, text, same):
    assert passes(bullet, text, "name") is same


def test_a_month_is_no_name_and_a_sentence_ends_one():
    assert [f.kind for f in facts("It began on Sept. 11")] == ["number", "date"]
    assert [f.text for f in facts("They went to Paris. Repairs go on")] == ["Paris"]
    assert [f.text for f in facts("It was St. Louis that won")] == ["St. Louis"]


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


@pytest.mark.parametrize(
    "sentence",
    [
        "He said no.", "“They left.", "The move is final.", "But he said no.", "However, they left.",
        "The 25-year-old was shot.", "It ended there.", "Both were hurt.", "The two were hurt.",
    ],
)  # fmt: skip
def test_dangling(sentence):
    assert starts_with_anaphor(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is not clear who won.", "This week Roe left.", "Both sides agree.", "The man accused of theft is free.",
        "The suspect, John Doe, is free.", "The decision by the court is final.", "Those killed include a child.",
        "It took 12 years.", "It's the first time.", "The two countries signed.",
    ],
)  # fmt: skip
def test_not_dangling(sentence):
    assert not starts_with_anaphor(sentence)


@given(st.text(max_size=300))
def test_any_text_supports_itself_and_offsets_hold(text):
    known = FactIndex(text)
    for fact in facts(text):
        assert fact.kind in FACT_KINDS and text[fact.start : fact.end] == fact.text
        assert known.supports(fact), fact


@given(
    st.lists(st.sampled_from('two 3.5 million $4bn % May 11 Monday Ann Roe\'s U.N. the said "no" , . half of'.split()))
)
def test_any_news_like_text_supports_itself(tokens):
    text = " ".join(tokens)
    known = FactIndex(text)
    assert all(known.supports(fact) for fact in facts(text))
