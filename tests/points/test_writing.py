"""What the rewriter is asked for, and the way of its texts through a list and through other wordings."""

import pytest

from summarizer import Article
from summarizer.deadline import Deadline
from summarizer.points.rewriter import AS_IT_IS, Candidate, Rewriter, Task, Written

TEXT = (
    "Marl's council voted on Monday to keep the Marl Lane baths open, after a campaign that drew 4,000 signatures. "
    "Derek Malloy, the finance chief, said that the repairs would cost 2.9 million pounds. "
    "He voted against the plan with four other members of the council. "
    "A trust will run the building from April under a lease of 25 years, the council said."
)
ITSELF = "He voted against the plan with four other members of the council."
WHOLE = "Derek Malloy voted against the plan with four other members of the council."


@pytest.fixture
def tasks(monkeypatch):
    """Makes the rewriter put in who "he" is, and write nothing else. Returns its tasks."""
    seen = []

    def start(self, task, deadline):
        seen.append(task)
        found = (Candidate(WHOLE, -0.05, as_it_is=True),) if task.sources == ITSELF else ()
        return lambda: Written(found, "rewrites")

    monkeypatch.setattr(Rewriter, "start", start)
    return seen


def test_a_list_shows_who_is_meant(base, tasks):
    summary = base(TEXT, bullets=4, policy="flag", min_confidence=0.0)
    (bullet,) = [one for one in summary if one.sources[-1].text == ITSELF]
    assert (bullet.text, bullet.method) == (WHOLE, "rewritten")
    assert "verifier" in {check.kind for check in bullet.checks} and not bullet.failed
    assert [span.text for span in bullet.sources] == [ITSELF] and "written by software" in summary.disclosure
    assert not any(one.method == "rewritten" for one in summary if one is not bullet)  # the others stay as they are
    assert all((AS_IT_IS in task.lengths) == (task.sources.count(". ") == 0) for task in tasks)
    assert not any(one.method == "rewritten" for one in base(TEXT, bullets=4, policy="extract"))


def test_other_wordings_are_of_all_the_sentences_and_of_each(base, tasks):
    found = base.wordings(Article(TEXT), [span for one in base(TEXT, bullets=4) for span in one.sources][1:3], "brief")
    assert (found[0].text, found[0].method) == (WHOLE, "rewritten") and found[-1].method == "extracted"
    asked = [task.sources for task in tasks[-3:]]
    assert asked[0] == " ".join(asked[1:]) and ITSELF in asked


def test_a_copy_may_repeat_itself(base):
    """A ban on repeated tokens breaks a copy of "29th of 179 countries, and then 30th of 179 countries"."""

    class Spy:
        def translate_batch(self, read, **options):
            seen.append(options.get("no_repeat_ngram_size", 0))
            return []

    seen = []
    rewriter = Rewriter(base.folder / "rewriter", threads=1)
    rewriter._model = Spy()
    rewriter.start(Task(ITSELF, "", None, (AS_IT_IS, 12)), Deadline())
    assert seen == [0]
