"""References put into sentences, in lists and in other wordings, by a model whose verifier is calibrated for it."""

import hashlib
import json
import shutil

import pytest

from summarizer import Article, Summarizer
from summarizer.deadline import Deadline
from summarizer.points.rewriter import AS_IT_IS, Rewriter, Task, asked

TEXT = (
    "Marl's council voted on Monday to keep the Marl Lane baths open, after a campaign that drew 4,000 signatures. "
    "Derek Malloy, the finance chief, said that the repairs would cost 2.9 million pounds. "
    "He voted against the plan with four other members of the council. "
    "A trust will run the building from April under a lease of 25 years, the council said."
)
ITSELF = "He voted against the plan with four other members of the council."
WRITTEN = "Derek Malloy voted against the plan with four other members of the council."


def calibrated(base, folder):
    shutil.copytree(base.folder, folder)
    path = folder / "verifier" / "config.json"
    config = json.loads(path.read_text("utf-8"))
    config["verifier"]["calibration"]["resolved"] = {"slope": 0.0, "shift": [9, 0, 0, 0, 0], "score": [0] * 5}
    path.write_text(json.dumps(config), "utf-8")
    sums = json.loads((folder / "checksums.json").read_text("utf-8"))
    sums["verifier/config.json"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "checksums.json").write_text(json.dumps(sums), "utf-8")
    return Summarizer.from_pretrained(folder)


@pytest.fixture
def requests(monkeypatch):
    """Makes the rewriter answer the request for references as one that learnt it would. Returns the requests."""
    seen, search = [], Rewriter._answers

    def answers(self, read, asks, rewritten):
        if rewritten:
            return search(self, read, asks, rewritten)
        assert asks == [self._tokens(asked(AS_IT_IS), alone=False)]
        sentence = self._text(read).split(" Context:")[0]
        seen.append(sentence)
        return lambda: iter([(self._tokens(sentence.replace(ITSELF, WRITTEN)), -0.05)])

    monkeypatch.setattr(Rewriter, "_answers", answers)
    return seen


def test_a_list_shows_who_is_meant(base, tmp_path, requests):
    with calibrated(base, tmp_path / "model") as model:
        summary = model(TEXT, bullets=4)
        (bullet,) = [one for one in summary if one.sources[-1].text == ITSELF]
        assert bullet.method == "resolved" and bullet.text in (WRITTEN, WRITTEN.removeprefix("Derek "))
        assert "verifier" in {check.kind for check in bullet.checks} and not bullet.failed
        assert [span.text for span in bullet.sources] == [ITSELF] and "written by software" in summary.disclosure
        assert not any(one.method == "resolved" for one in summary if one is not bullet)  # the others stay as they are
        wordings = model.wordings(Article(TEXT), bullet.sources)
        assert (wordings[0].text, wordings[0].method) == (WRITTEN, "resolved")
        assert not any(one.method == "resolved" for one in model(TEXT, bullets=4, policy="extract"))


def test_a_rewriter_that_did_not_learn_it_is_not_asked(base, requests):
    base.wordings(Article(TEXT), base(TEXT, bullets=4).bullets[0].sources)
    assert not requests


@pytest.mark.parametrize(("lengths", "ban"), [((AS_IT_IS,), 0), ((12, 18), 3)])
def test_only_a_sentence_that_stays_as_it_is_may_repeat_itself(base, lengths, ban):
    """A ban on repeated tokens breaks a copy of "29th of 179 countries, and then 30th of 179 countries"."""

    class Spy:
        def translate_batch(self, read, no_repeat_ngram_size, **_):
            seen.append(no_repeat_ngram_size)
            return []

    seen = []
    rewriter = Rewriter(base.folder / "rewriter", threads=1)
    rewriter._model = Spy()
    rewriter.start(Task(ITSELF, "", None, lengths), Deadline())
    assert seen == [ban]
