"""May a rewrite be shown? What is true of its source passes; one planted error is found, and named."""

import pytest

from summarizer.checks import Checker

ARTICLE = """A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated
for 35 hours. Her brother, Jon Roe, was not charged. Judge Mats Lie freed Roe on bail of 2 million kroner, and she
surrendered her passport. "I have done nothing wrong," said Roe. Prosecutor Eva Dahl alleged that the company hid 12
accidents from the inspectors between 2011 and 2014, and said 3,600 passengers were in danger. Police did not find the
log books. The line will appeal, its lawyer Tor Moe said. Inspectors found no faults in Stavanger."""
CONVICTED, BROTHER, BAIL, QUOTE, ALLEGED, POLICE, APPEAL, FAULTS = (
    "A court in Bergen on Friday convicted Ana Roe, who ran the ferry line, of fraud after the jury deliberated for "
    "35 hours.",
    "Her brother, Jon Roe, was not charged.",
    "Judge Mats Lie freed Roe on bail of 2 million kroner, and she surrendered her passport.",
    '"I have done nothing wrong," said Roe.',
    "Prosecutor Eva Dahl alleged that the company hid 12 accidents from the inspectors between 2011 and 2014, and said "
    "3,600 passengers were in danger.",
    "Police did not find the log books.",
    "The line will appeal, its lawyer Tor Moe said.",
    "Inspectors found no faults in Stavanger.",
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
        ("Prosecutor alleges that the company hid 12 accidents", ALLEGED),
        ("Eva Dahl: 3.6 thousand passengers were in danger", ALLEGED),
        ("Police have not found the log books", POLICE),
        ("Police didn't find the log books", POLICE),
        ("The line will appeal, its lawyer says", APPEAL),
        ('Roe: "I have done nothing wrong"', QUOTE),
        ("Inspectors found no faults", FAULTS),
        ("Ana Roe to appeal in Bergen", "Ana Roe plans to appeal in Bergen."),
        ("Jury deliberated for 35 hours", "The jury deliberated for not only 35 hours but a week."),
    ],
)
def test_a_true_rewrite_passes(checker, bullet, sources):
    assert not failed(checker, bullet, sources)


@pytest.mark.parametrize(
    ("kind", "bullet", "sources"),
    [
        ("number", "Jury deliberated for 25 hours", CONVICTED),
        ("number", "Jury deliberated for 12 hours", CONVICTED),  # stands in the article, of another thing
        ("date", "A court in Bergen on Monday convicted Ana Roe", CONVICTED),
        ("name", "A court in Oslo Central convicted Ana Roe", CONVICTED),
        ("name", "Judge Mats Moe freed Roe on bail", BAIL),  # two people in one
        ("name", "Dahl did not find the log books", POLICE),  # somebody else of the article
        ("quote", 'Roe: "I have done nothing bad"', QUOTE),
        ("words", "A court in Bergen convicts Ana Roe of embezzlement", CONVICTED),
        ("words", "A court in Bergen convicts Ana Roe of frauderation", CONVICTED),
        ("negation", "Police found the log books", POLICE),
        ("negation", "Jon Roe was charged", BROTHER),
        ("negation", "A court in Bergen did not convict Ana Roe", CONVICTED),
        ("negation", "Inspectors found faults in Stavanger", FAULTS),
        ("attribution", "The company hid 12 accidents", ALLEGED),
        ("negation", "Roe was charged and did not resign", "Roe was not charged and did not resign."),
        ("attribution", "Roe sent money to Bergen", "Roe may have sent money to Bergen."),
        ("order", "Ana Roe convicted a court in Bergen", CONVICTED),
        ("order", "Ana Roe deliberated for 35 hours", CONVICTED),
        ("order", "Roe freed Judge Mats Lie on bail", BAIL),
        ("alone", "She surrendered her passport", BAIL),
        ("finished", "Judge Mats Lie freed Roe on bail of", BAIL),
        ("finished", "Roe freed", BAIL),
        ("finished", "Judge Mats Lie Lie freed Roe on bail", BAIL),
        ("finished", 'Roe: "I have done nothing wrong', QUOTE),
    ],
)
def test_an_error_is_found_and_named(checker, kind, bullet, sources):
    assert kind in failed(checker, bullet, sources)


def test_a_pronoun_may_become_the_name_that_the_context_has(checker):
    assert not failed(checker, "Jon Roe was not charged", BROTHER, CONVICTED)
    assert "name" in failed(checker, "Tor Moe was not charged", BROTHER, CONVICTED)


def test_every_fact_is_accounted_for(checker):
    checks = checker("Eva Dahl: 3,600 passengers were in danger", ALLEGED)
    evidence = {check.kind: check.evidence for check in checks}
    assert evidence["number"] == "'3,600' is in the sources" and evidence["name"] == "'Eva Dahl' is in the sources"
    assert {"words", "negation", "attribution", "order", "alone", "finished"} <= set(evidence)
