"""Which text a bullet gets, with candidates written by hand."""

from dataclasses import replace

import pytest

from summarizer import Article
from summarizer.checks import Verdict
from summarizer.points.rewriter import Candidate
from summarizer.points.text_choice import COSTS, STYLES, BulletWriter, PointDraft, extracted, with_article, with_speaker
from summarizer.reading.boilerplate import content_sentences
from summarizer.summary import Span

TEXT = """The council of Marl voted on Monday to keep the Marl Lane baths open, after a campaign that drew about 4,000
signatures, from people of the town and from some who have never swum there. Ann Roe, who leads the council, said the
roof comes first. But Roe added that repairs will cost 2.9 million pounds a year. He swims there."""
TEXT = " ".join(TEXT.split())
ARTICLE = Article(TEXT)
SENTENCES = content_sentences(TEXT)
VOTE, ROOF, COST, SWIMS = range(4)


def draft(*chosen, main=None, before=None, candidates=()):
    spans = tuple(Span(s.start, s.end, s.text) for s in (SENTENCES[i] for i in chosen))
    found = tuple(Candidate(text, -0.1 * (i + 1)) for i, text in enumerate(candidates))
    return PointDraft(SENTENCES, chosen, chosen[0] if main is None else main, spans, 0.5, None, before, found)


SURE, DOUBTED = Verdict(0.9), Verdict(0.1, leaning=0.9)


def shown(writer, one, sentence=DOUBTED):
    """What is shown of a point whose rewrites the verifier trusts."""
    found = [(option, SURE) for option in writer.options(one, "rewritten", 4)] if one.candidates else []
    return writer.best(found, [sentence] * len(writer.source_sentences(one)), one, 0.5)[0]


def written(*candidates, flag=False, length="brief", chosen=(VOTE,)):
    return shown(BulletWriter(ARTICLE, length, flag), draft(*chosen, candidates=candidates))


def test_the_rewrite_that_keeps_most_is_shown_with_its_checks():
    bullet = written(
        "The council voted to keep the baths open.", "The council of Marl voted to keep the Marl Lane baths open."
    )
    assert bullet.text == "The council of Marl voted to keep the Marl Lane baths open."
    assert bullet.method == "rewritten"
    assert [check.kind for check in bullet.checks] == ["name", "name", "words", "alone", "verifier"]
    assert not bullet.failed


@pytest.mark.parametrize(
    ("kind", "false"),
    [
        ("number", "The council of Marl voted after a campaign that drew 400 signatures."),
        ("number", "The council of Marl voted after a campaign that drew 4,000 signatures."),  # about
        ("name", "The council of Derby voted to keep the Marl Lane baths open."),
        ("alone", "It voted on Monday to keep the Marl Lane baths open."),
    ],
)
def test_what_fails_a_look_up_is_shown_only_where_it_is_asked_for(kind, false):
    bullet = written(false)
    assert bullet.method == "extracted" and bullet.text == " ".join(bullet.sources[0].text.split())
    flagged = written(false, flag=True)
    assert flagged.text == false and kind in {check.kind for check in flagged.failed}
    true = "The council of Marl voted to keep the Marl Lane baths open."
    assert written(false, true).text == true


def test_too_short_and_too_long_rewrites_are_left_out():
    assert written("The council voted.").method == "extracted"
    long = " ".join(TEXT.split())[: TEXT.index("some who") + 3] + "."
    assert len(long.split()) > 22 and written(long).method == "extracted"


def test_what_is_shown_instead_of_a_rewrite_stands_alone():
    assert extracted(draft(ROOF, SWIMS, main=SWIMS)).text.startswith("Ann Roe")
    alone = extracted(draft(SWIMS, before=COST))
    assert alone.text.endswith("He swims there.") and [span.text for span in alone.sources] == [
        SENTENCES[COST].text,
        SENTENCES[SWIMS].text,
    ]
    assert extracted(draft(SWIMS)).text == "He swims there."


def test_a_point_is_narrowed_to_its_main_sentence():
    one = replace(draft(VOTE, COST, main=COST), candidates=(Candidate("x", 0.0),)).narrowed()
    assert one.chosen == (COST,) and one.spans[0].text == SENTENCES[COST].text and not one.candidates


def test_extract_never_rewrites():
    bullet = extracted(draft(VOTE, candidates=["The council of Marl voted to keep the Marl Lane baths open."]))
    assert bullet.method == "extracted" and bullet.checks == ()


def test_a_bare_name_is_given_in_full_once():
    writer = BulletWriter(ARTICLE, "brief")
    first = shown(writer, draft(COST))
    assert first.text == "Ann Roe added that repairs will cost 2.9 million pounds a year."
    assert first.method == "named" and [check.kind for check in first.checks] == ["name"] and not first.failed
    assert shown(writer, draft(COST)).text == "Roe added that repairs will cost 2.9 million pounds a year."
    as_it_stands = extracted(draft(COST))
    assert as_it_stands.text.startswith("Roe added") and as_it_stands.method == "extracted"


def test_what_an_earlier_bullet_has_said_counts_for_nothing():
    writer = BulletWriter(ARTICLE, "brief")
    shown(writer, draft(VOTE, candidates=["The council of Marl voted to keep the Marl Lane baths open."]))
    candidates = (
        "The council of Marl voted to keep the Marl Lane baths open.",
        "The council of Marl voted after a campaign that drew about 4,000 signatures.",
    )
    equal = tuple(Candidate(text, -0.1) for text in candidates)
    assert shown(writer, replace(draft(VOTE), candidates=equal)).text == candidates[1]


@pytest.mark.parametrize(
    ("rewrite", "source", "whole"),
    [
        ("The roof is safe.", "The roof is safe, the council said.", "The roof is safe, the council said."),
        ("The roof is safe.", "The roof, built in 1911, is safe, said Ann Roe.", "The roof is safe, said Ann Roe."),
        ("40 roofs leak.", "Some 40 roofs leak, according to the trust.", "40 roofs leak, according to the trust."),
        ("Council says the roof is safe.", "The roof is safe, the council said.", None),
        ("The roof is safe.", "The roof is safe.", None),
        ("Roe spoke.", 'Roe spoke, and "it is safe, they said."', None),
    ],
)
def test_a_claim_gets_its_speaker_back(rewrite, source, whole):
    assert with_speaker(rewrite, source) == whole


@pytest.mark.parametrize(
    ("text", "source", "wanted"),
    [
        ("Council votes to close", "On Monday the council votes to close.", "The council votes to close"),
        ("Court of Appeal says no", "Later, the Court of Appeal said no.", "The Court of Appeal says no"),
        ("Roe leaves", "The mayor said Roe leaves.", "Roe leaves"),
        ("Old ferry sank", "An old ferry sank, and the old ferry's crew left.", "An old ferry sank"),
        ("The council votes", "The council votes.", "The council votes"),
        ("Gone", "The gone.", "Gone"),
        ("", "The council votes.", ""),
    ],
)
def test_an_article_that_a_headline_dropped_comes_back(text, source, wanted):
    assert with_article(text, source) == wanted


def test_a_rewrite_gets_its_article_back():
    assert written("Council of Marl voted to keep the Marl Lane baths open.").text.startswith(
        "The council of Marl voted"
    )


JOINED = "The council of Marl voted to keep the Marl Lane baths open, and repairs will cost 2.9 million pounds a year."
SHORT = "The council of Marl voted on Monday to keep the Marl Lane baths open."


POINT = draft(VOTE, COST)
LEANS, STANDS = Verdict(0.1, leaning=0.9), Verdict(0.9, leaning=0.1)


def judged(writer, good, *candidates):
    options = writer.options(replace(POINT, candidates=draft(VOTE, candidates=candidates).candidates), "rewritten", 4)
    return [(option, Verdict(good[option.text], leaning=1 - good[option.text])) for option in options]


def best(writer, found, least, sentences=(LEANS, LEANS)):
    return writer.best(found, sentences, POINT, least)[0]


def test_a_joined_point_is_shown_where_an_editor_would_print_it():
    writer = BulletWriter(ARTICLE, "standard")
    found = judged(writer, {JOINED: 0.9, SHORT: 0.5}, JOINED, SHORT)
    bullet = best(writer, found, 0.6)
    assert bullet.text == JOINED and bullet.method == "rewritten" and len(bullet.sources) == 2
    assert bullet.checks[-1].kind == "verifier" and bullet.checks[-1].evidence.endswith("90%") and not bullet.failed


def test_what_nobody_would_print_is_not_shown():
    writer = BulletWriter(ARTICLE, "standard")
    found = judged(writer, {JOINED: 0.4, SHORT: 0.5}, JOINED, SHORT)
    main = writer.source_sentences(POINT)[0].text
    for options in (found, []):
        writer.forget()
        assert best(writer, options, 0.6).text == main
    assert best(writer, found, 0.45).text == SHORT


def test_a_doubtful_rewrite_gives_way_to_a_sentence_that_stands_alone():
    writer = BulletWriter(ARTICLE, "standard")
    found = judged(writer, {SHORT: 0.5}, SHORT)
    assert best(writer, found, 0.45).text == SHORT
    writer.forget()
    assert best(writer, found, 0.45, (STANDS, LEANS)).method == "extracted"


def test_a_broken_sentence_gives_way_to_another_of_the_point():
    writer = BulletWriter(ARTICLE, "standard")
    broken = Verdict(0.1, broken=0.9)
    main, other = (bullet.text for bullet in writer.source_sentences(POINT))
    assert best(writer, [], 0.6, (STANDS, STANDS)).text == main
    assert best(writer, [], 0.6, (broken, STANDS)).text == other
    bullet, expected = writer.best([], (broken, broken), POINT, 0.6)
    assert bullet.text == main and expected == pytest.approx(0.9 * COSTS["broken"])


def test_a_fact_that_its_sentences_lack_is_no_option():
    wrong = JOINED.replace("2.9", "3.9")
    assert not BulletWriter(ARTICLE, "standard").options(draft(VOTE, COST, candidates=(wrong,)), "rewritten", 4)
    flagged = BulletWriter(ARTICLE, "standard", flag=True)
    bullet = best(flagged, judged(flagged, {wrong: 0.9}, wrong), 0.6)
    assert bullet.text == wrong and {check.kind for check in bullet.failed} == {"number"}


def test_flag_shows_the_best_with_the_verdict_it_fails():
    writer = BulletWriter(ARTICLE, "standard", flag=True)
    bullet = best(writer, judged(writer, {JOINED: 0.2, SHORT: 0.3}, JOINED, SHORT), 0.6)
    (failed,) = bullet.failed
    assert (
        bullet.text == SHORT and failed.kind == "verifier" and failed.evidence.endswith("most probably not clear alone")
    )


def test_no_more_words_are_asked_for_than_the_sentences_can_fill():
    style = STYLES["standard"]
    assert style.lengths(100) == style.asked
    assert max(style.lengths(20)) == 18 and style.lengths(5) == (style.min_words,)
