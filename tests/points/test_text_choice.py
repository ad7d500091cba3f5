"""Which text a bullet gets, with candidates written by hand."""

from dataclasses import replace

import pytest

from summarizer import Article
from summarizer.checks import Verdict
from summarizer.points.point import Point
from summarizer.points.rewriter import Candidate, Written
from summarizer.points.text_choice import COSTS, STYLES, TextChooser, extracted, source_sentences
from summarizer.reading.boilerplate import content_sentences

TEXT = """The council of Marl voted on Monday to keep the Marl Lane baths open, after a campaign that drew about 4,000
signatures, from people of the town and from some who have never swum there. Ann Roe, who leads the council, said the
roof comes first. But Roe added that repairs will cost 2.9 million pounds a year. He swims there."""
TEXT = " ".join(TEXT.split())
ARTICLE = Article(TEXT)
SENTENCES = content_sentences(TEXT)
VOTE, ROOF, COST, SWIMS = range(4)


def point(*chosen, main=None, before=None):
    return Point(SENTENCES, chosen, chosen[0] if main is None else main, 0.5, before)


SURE, DOUBTED = Verdict(0.9), Verdict(0.1, leaning=0.9)


def shown(chooser, one, candidates=(), earlier=()):
    """What is shown of a point whose rewrites the verifier trusts."""
    written = [one if isinstance(one, Candidate) else Candidate(one, -0.1 * i) for i, one in enumerate(candidates, 1)]
    rewrites = [replace(one, verdict=SURE) for one in chooser.rewrites(one, Written(tuple(written), "rewrites"))]
    verdicts = (DOUBTED,) * len(source_sentences(one))
    return chooser.chosen(replace(one, rewrites=tuple(rewrites), verdicts=verdicts), earlier, 0.5).bullet


def written(*candidates, flag=False, length="brief", chosen=(VOTE,)):
    return shown(TextChooser(ARTICLE, SENTENCES, length, flag), point(*chosen), candidates)


def test_the_rewrite_that_keeps_most_is_shown_with_its_checks():
    bullet = written(
        "The council voted to keep the baths open.", "The council of Marl voted to keep the Marl Lane baths open."
    )
    assert bullet.text == "The council of Marl voted to keep the Marl Lane baths open."
    assert bullet.method == "rewritten"
    assert [check.kind for check in bullet.checks] == ["name", "name", "words", "alone", "verifier"]
    assert not bullet.failed


@pytest.mark.parametrize(
    ("kind", "false", "of"),
    [
        ("number", "The council of Marl voted, after a campaign that drew 4,000 signatures.", VOTE),  # about
        ("number", "Roe added that repairs will cost 2.9 million.", COST),  # a year
        ("alone", "He swims.", SWIMS),
    ],
)
def test_what_fails_a_look_up_is_shown_only_where_it_is_asked_for(kind, false, of):
    assert written(false, chosen=(of,)).method == "extracted"
    flagged = written(false, flag=True, chosen=(of,))
    assert flagged.text == false and kind in {check.kind for check in flagged.failed}


def test_what_is_shown_instead_of_a_rewrite_stands_alone():
    assert extracted(point(ROOF, SWIMS, main=SWIMS)).text.startswith("Ann Roe")
    alone = extracted(point(SWIMS, before=COST))
    assert alone.text.endswith("He swims there.") and [span.text for span in alone.sources] == [
        SENTENCES[COST].text,
        SENTENCES[SWIMS].text,
    ]
    assert extracted(point(SWIMS)).text == "He swims there."


def test_a_point_is_narrowed_to_its_main_sentence():
    one = point(VOTE, COST, main=COST).narrowed()
    assert one.chosen == (COST,) and one.spans[0].text == SENTENCES[COST].text and not one.rewrites


def test_what_an_earlier_bullet_has_said_counts_for_nothing():
    chooser = TextChooser(ARTICLE, SENTENCES, "brief")
    first = "The council of Marl voted to keep the Marl Lane baths open."
    second = "The council of Marl voted after a campaign that drew about 4,000 signatures."
    equal = [Candidate(text, -0.1) for text in (first, second)]
    assert shown(chooser, point(VOTE), equal, earlier=[first]).text == second


JOINED = "The council voted to keep the Marl Lane baths open. Roe added repairs will cost 2.9 million pounds a year."
SHORT = "The council of Marl voted on Monday to keep the Marl Lane baths open."


POINT = point(VOTE, COST)
LEANS, STANDS = Verdict(0.1, leaning=0.9), Verdict(0.9, leaning=0.1)


def judged(chooser, good):
    """The rewrites with these texts and probabilities."""
    candidates = [Candidate(text, -0.1 * i) for i, text in enumerate(good, 1)]
    rewrites = chooser.rewrites(POINT, Written(tuple(candidates), "rewrites"))
    return tuple(replace(one, verdict=Verdict(good[one.text], leaning=1 - good[one.text])) for one in rewrites)


def best(chooser, rewrites, threshold, sentences=(LEANS, LEANS)):
    return chooser.chosen(replace(POINT, rewrites=rewrites, verdicts=sentences), (), threshold)


def test_a_joined_point_is_shown_where_an_editor_would_print_it():
    chooser = TextChooser(ARTICLE, SENTENCES, "standard")
    bullet = best(chooser, judged(chooser, {JOINED: 0.9, SHORT: 0.5}), 0.6).bullet
    assert bullet.text == JOINED and bullet.method == "rewritten" and len(bullet.sources) == 2
    assert bullet.checks[-1].kind == "verifier" and bullet.checks[-1].evidence.endswith("90%") and not bullet.failed


def test_what_nobody_would_print_is_not_shown():
    chooser = TextChooser(ARTICLE, SENTENCES, "standard")
    found = judged(chooser, {JOINED: 0.4, SHORT: 0.5})
    main = source_sentences(POINT)[0].text
    for rewrites in (found, ()):
        assert best(chooser, rewrites, 0.6).bullet.text == main
    assert best(chooser, found, 0.45).bullet.text == SHORT


def test_a_doubtful_rewrite_gives_way_to_a_sentence_that_stands_alone():
    chooser = TextChooser(ARTICLE, SENTENCES, "standard")
    found = judged(chooser, {SHORT: 0.5})
    assert best(chooser, found, 0.45).bullet.text == SHORT
    assert best(chooser, found, 0.45, (STANDS, LEANS)).bullet.method == "extracted"


def test_a_broken_sentence_gives_way_to_another_of_the_point():
    chooser = TextChooser(ARTICLE, SENTENCES, "standard")
    broken = Verdict(0.1, broken=0.9)
    main, other = (bullet.text for bullet in source_sentences(POINT))
    assert best(chooser, (), 0.6, (STANDS, STANDS)).bullet.text == main
    assert best(chooser, (), 0.6, (broken, STANDS)).bullet.text == other
    found = best(chooser, (), 0.6, (broken, broken))
    assert found.bullet.text == main and found.faults == pytest.approx(0.9 * COSTS["broken"])


def test_flag_shows_the_best_with_the_verdict_it_fails():
    chooser = TextChooser(ARTICLE, SENTENCES, "standard", flag=True)
    bullet = best(chooser, judged(chooser, {JOINED: 0.2, SHORT: 0.3}), 0.6).bullet
    (failed,) = bullet.failed
    assert (
        bullet.text == SHORT and failed.kind == "verifier" and failed.evidence.endswith("most probably not clear alone")
    )


@pytest.mark.parametrize(
    "other",
    [
        "The council of Derby voted to keep the Marl Lane baths open.",
        "The council of Marl voted to close the Marl Lane baths.",
        "The Marl Lane baths open on Monday.",  # moved
        "The council of Marl voted on Monday to keep the Marl Lane baths open, said Roe.",
    ],
)
def test_a_shorter_text_only_leaves_words_out(other):
    assert written(other).method == written(other, flag=True).method == "extracted"
    assert written(other, SHORT).text == SHORT


def test_what_was_put_in_may_stand_in_a_shorter_text():
    short = Candidate("Ann Roe added repairs will cost 2.9 million pounds a year.", -0.1)
    whole = Candidate("Ann Roe added that repairs will cost 2.9 million pounds a year.", -0.3, as_it_is=True)
    chooser = TextChooser(ARTICLE, SENTENCES, "brief")
    texts = [one.text for one in chooser.rewrites(point(COST), Written((whole, short), "rewrites"))]
    assert texts == [whole.text, short.text] and not chooser.rewrites(point(COST), Written((short,), "rewrites"))


def test_only_clearly_shorter_texts_are_asked_for():
    style = STYLES["brief"]
    assert style.lengths(100) == style.requested and style.lengths(20) == (16,) and style.lengths(15) == ()


def as_it_is(*candidates):
    chooser = TextChooser(ARTICLE, SENTENCES, "standard")
    texts = tuple(Candidate(text, -0.1 * i, as_it_is=True) for i, text in enumerate(candidates, 1))
    return [one.text for one in chooser.rewrites(point(COST), Written(texts, "rewrites"))]


def test_references_are_put_in_unless_the_sentence_is_likelier_as_it_is():
    itself = "Roe added that repairs will cost 2.9 million pounds a year."
    said = itself.replace("Roe", "Council leader Ann Roe")
    stranger = itself.replace("Roe", "Derek Malloy")  # whom the article does not name
    assert as_it_is(said, itself) == [said]
    assert as_it_is(itself, said) == as_it_is(stranger) == as_it_is() == []
    assert as_it_is("Council leader Ann Roe left.", said) == [said]  # too little of the sentence is left


def test_what_was_not_put_in_stands_in_no_shorter_text():
    itself = "Roe added that repairs will cost 2.9 million pounds a year."
    short = Candidate("Ann Roe added repairs will cost 2.9 million pounds a year.", -0.1)
    likely = [Candidate(itself, -0.1, as_it_is=True), Candidate(f"Ann {itself}", -0.2, as_it_is=True)]
    chooser = TextChooser(ARTICLE, SENTENCES, "brief")
    assert not chooser.rewrites(point(COST), Written((*likely, short), "rewrites"))


def test_a_long_answer_of_a_language_model_is_no_point():
    chooser = TextChooser(ARTICLE, SENTENCES, "brief")
    texts = tuple(Candidate(" ".join(["The council of Marl voted."] * n), 0.0) for n in (20, 1))
    assert [one.text for one in chooser.rewrites(POINT, Written(texts, "others"))] == [texts[1].text]


def free(*texts):
    """The texts of a language model that may be shown."""
    candidates = tuple(Candidate(text, -0.1) for text in texts)
    return TextChooser(ARTICLE, SENTENCES, "brief").rewrites(point(VOTE), Written(candidates, "others", "generated"))


def test_the_words_may_be_the_writers_own_but_not_the_facts():
    (kept,) = free("Marl baths stay open", "Marl baths stay open in Paris", "Marl baths stay open after 5,000 sign")
    assert kept.text == "Marl baths stay open" and kept.method == "generated"


def test_where_the_words_of_a_text_are_from_is_a_source():
    (kept,) = free("Marl baths stay open as repairs cost 2.9 million pounds a year") or [None]
    assert [span.text for span in kept.spans] == [SENTENCES[VOTE].text, SENTENCES[COST].text]
