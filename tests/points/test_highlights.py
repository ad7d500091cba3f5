"""Lists in the style of a newsroom's own highlights."""

import json
import shutil

import pytest

from summarizer import Article, Summarizer
from summarizer.checks import Checker
from summarizer.points.content_selection import SETTINGS
from summarizer.points.rewriter import Candidate, Written
from summarizer.points.text_choice import STYLES, TextChooser
from summarizer.reading import words

from ..articles import STORY
from .test_text_choice import ARTICLE, COST, SENTENCES, VOTE, point

HIGHLIGHTS = STYLES["highlights"]


def chosen(*texts, method="rewritten"):
    """The texts of a point that may be shown."""
    chooser = TextChooser(ARTICLE, SENTENCES, "highlights")
    candidates = tuple(Candidate(text, -0.1) for text in texts)
    return chooser.rewrites(point(VOTE), Written(candidates, "others", method))


def test_a_list_is_short_and_its_facts_are_in_the_article(lists, examples):
    for summary, example in zip(lists("highlights"), examples, strict=True):
        assert SETTINGS["highlights"].min_points <= len(summary) <= SETTINGS["highlights"].max_points
        checker = Checker(example["text"])
        for bullet in summary:
            assert bullet.sources and not checker.missing(bullet.text) and not bullet.failed
            assert bullet.method in ("extracted", "rewritten")
            assert bullet.method == "extracted" or len(words(bullet.text)) <= 2 * HIGHLIGHTS.aim


def test_highlights_are_shorter_than_brief_lists(lists):
    def size(length):
        return sum(len(words(bullet.text)) for summary in lists(length) for bullet in summary)

    assert size("highlights") < size("brief")


def test_the_words_may_be_the_writers_own_but_not_the_facts():
    (kept,) = chosen("Marl baths stay open", "Marl baths stay open in Paris", "Marl baths stay open after 5,000 sign")
    assert kept.text == "Marl baths stay open" and kept.method == "rewritten"


def test_where_the_words_of_a_text_are_from_is_a_source():
    (kept,) = chosen("Marl baths stay open as repairs cost 2.9 million pounds a year") or [None]
    assert [span.text for span in kept.spans] == [SENTENCES[VOTE].text, SENTENCES[COST].text]


def test_extract_shows_sentences(base):
    found = base(STORY, length="highlights", policy="extract")
    assert 2 <= len(found) <= 4 and {bullet.method for bullet in found} == {"extracted"}


def test_a_model_without_the_part_says_so(base, tmp_path):
    shutil.copytree(base.folder, tmp_path / "older", ignore=shutil.ignore_patterns("highlights", "checksums.json"))
    config = json.loads((tmp_path / "older" / "config.json").read_text())
    del config["highlights"]
    (tmp_path / "older" / "config.json").write_text(json.dumps(config))
    (tmp_path / "older" / "checksums.json").write_text("{}")
    older = Summarizer.from_pretrained(tmp_path / "older")
    found = older(STORY, length="highlights")
    assert found.bullets and any("no part for highlights" in warning for warning in found.warnings)
    assert not older(STORY, length="brief").warnings
    assert older(STORY).bullets == base(STORY).bullets


def test_the_desk_has_wordings_of_this_length(base):
    article = Article(STORY)
    found = base.wordings(article, base(article, bullets=1).bullets[0].sources, "highlights")
    assert found and all(len(words(bullet.text)) <= 2 * HIGHLIGHTS.aim for bullet in found if bullet.checks)


def test_another_length_is_refused(base):
    with pytest.raises(ValueError, match='"standard", "brief" or "highlights"'):
        base(STORY, length="short")
