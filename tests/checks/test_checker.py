"""What a rewrite states is looked up in its sentences: what is there passes; one planted error is found, and named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.checks import Checker
from summarizer.summary import Check

ARTICLE = """A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated
for 35 hours. Her brother, Jon Roe, was not charged. Judge Mats Lie freed Roe on bail of 2 million kroner, and she
surrendered her passport. "I have done nothing wrong," said Roe. Prosecutor Eva Dahl alleged that the company hid 12
accidents from the inspectors between January and May, and said 3,600 passengers were in danger. Police did not find the
log books. The line will appeal, its lawyer Tor Moe said. Inspectors found no faults in Stavanger."""
CONVICTED, BAIL, QUOTE, ALLEGED, POLICE = (
    "A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated for "
    "35 hours.",
    "Judge Mats Lie freed Roe on bail of 2 million kroner, and she surrendered her passport.",
    '"I have done nothing wrong," said Roe.',
    "Prosecutor Eva Dahl alleged that the company hid 12 accidents from the inspectors between January and May, and "
    "said 3,600 passengers were in danger.",
    "Police did not find the log books.",
)


@pytest.fixture(scope="module")
def checker():
    return Checker(ARTICLE)


def failed(checker, bullet, sources, context=""):
    return {check.kind for check in checker(bullet, sources, context) if not check.passed}


@pytest.mark.parametrize(
    ("bullet", "sources"),
    [
        ("A court in Bergen convicts Ana Roe of fraud", CONVICTED),
        ("Jury deliberated for 35 hours", CONVICTED),
        ("Judge frees Roe on bail of 2 million kroner", BAIL),
        ("Prosecutor alleges that the company hid 12 accidents from the inspectors between January and May", ALLEGED),
        ("Eva Dahl: 3.6 thousand passengers were in danger", ALLEGED),
        ("The prosecutor said 3,600 passengers were in danger", ALLEGED),  # a role without its name
        ("Police didn't find the log books", POLICE),
        ('Roe: "I have done nothing wrong"', QUOTE),
        ("Repairs cost nearly 26 euros", "Repairs cost about 26 euros, she said."),
    ],
)
def test_what_its_sentences_state_passes(checker, bullet, sources):
    assert not failed(checker, bullet, sources)


@pytest.mark.parametrize(
    ("kind", "bullet", "sources"),
    [
        ("number", "Jury deliberated for 25 hours", CONVICTED),
        ("number", "Jury deliberated for 12 hours", CONVICTED),  # stands in the article, of another thing
        ("number", "Repairs cost 26 euros", "Repairs cost about 26 euros."),
        ("number", "The quota is 3.2 million tyres", "The quota is 3.2 million tyres a year."),
        ("number", "More than 40 people live there", "Some 40 people live there."),
        ("number", "The finds are 3 million years old", "The finds are 3 million years or more old."),
        ("date", "A court in Bergen on Monday convicted Ana Roe", CONVICTED),
        ("name", "A court in Oslo Central convicted Ana Roe", CONVICTED),
        ("name", "Judge Mats Moe freed Roe on bail", BAIL),  # two people in one
        ("name", "Dahl did not find the log books", POLICE),  # somebody else of the article
        ("quote", 'Roe: "I have done nothing bad"', QUOTE),
        ("words", "A court freed roe on bail of 2 million kroner", BAIL),
        ("words", "The line left the U.s. in May", "The line left the U.S. in May."),
        ("alone", "She surrendered her passport", BAIL),
        ("alone", "One is in Bergen", "One is in Bergen."),
        ("alone", "Two were in Bergen", "The two were in Bergen."),
    ],
)
def test_an_error_is_found_and_named(checker, kind, bullet, sources):
    assert kind in failed(checker, bullet, sources)


def test_a_name_may_come_from_what_explains_the_sentences(checker):
    sentence = "He will appeal in the spring."
    assert not failed(checker, "Tor Moe will appeal in the spring", sentence, "The lawyer is Tor Moe.")
    assert "name" in failed(checker, "Jon Roe will appeal in the spring", sentence, "The lawyer is Tor Moe.")


def test_every_fact_is_accounted_for(checker):
    checks = checker("Eva Dahl: 3,600 passengers were in danger", ALLEGED)
    evidence = {check.kind: check.evidence for check in checks}
    assert evidence["number"] == "'3,600' is in the sources" and evidence["name"] == "'Eva Dahl' is in the sources"
    assert set(evidence) == {"number", "name", "words", "alone"}


_PIECES = st.sampled_from(
    "said who that which , . ; : - -- ( ) \" ' ’ The the a in of on to than and or but not only first more 12 1910 "
    "Roe Bergen court was has is led ran U.S. $3m about police say according best if Monday May".split()
)


@given(st.lists(_PIECES, max_size=14), st.lists(_PIECES, max_size=25), st.text(max_size=20))
def test_any_texts_are_checked(bullet, sources, odd):
    for text in (" ".join(bullet), " ".join(bullet) + odd, odd):
        checks = Checker(" ".join(sources))(text, " ".join(sources) + odd, odd)
        assert all(isinstance(check, Check) and check.evidence for check in checks)
