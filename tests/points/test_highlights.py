"""Lists in the style of a newsroom's own highlights."""

import json
import shutil

from summarizer import Summarizer
from summarizer.checks import Checker
from summarizer.points.content_selection import SETTINGS
from summarizer.reading import words

from ..articles import STORY


def test_a_list_is_short_and_its_facts_are_in_the_article(lists, examples):
    for summary, example in zip(lists("highlights"), examples, strict=True):
        assert SETTINGS["highlights"].min_points <= len(summary) <= SETTINGS["highlights"].max_points
        checker = Checker(example["text"])
        for bullet in summary:
            assert bullet.sources and not checker.missing(bullet.text) and not bullet.failed
            assert bullet.method in ("extracted", "rewritten")


def test_highlights_are_shorter_than_brief_lists(lists):
    def size(length):
        return sum(len(words(bullet.text)) for summary in lists(length) for bullet in summary)

    assert size("highlights") < size("brief")


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
