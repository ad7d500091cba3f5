"""The texts that a point can get, with a rewriter that says what it is told to."""

from concurrent.futures import Future
from dataclasses import replace

import pytest

from summarizer import Article
from summarizer.checks import COSTS, Verdict
from summarizer.deadline import Deadline
from summarizer.points import STYLES, Point, PointWriter, Rewrite, Story, best
from summarizer.points.candidates import FORM_COST, GOOD_ENOUGH, LONG_COST, VERIFIED, Candidate
from summarizer.reading import content_sentences

TEXT = (
    "Ann Roe, who leads the council of Marl, wants to keep the baths on Marl Lane open. About 4,000 people signed for "
    "it. On Monday she said repairs will cost 2.9 million pounds. It rained. The Royal Trust owns the land."
)
ARTICLE = Article(TEXT, "Roe fights for baths")
SENTENCES = content_sentences(TEXT)
COST = 2
LEANS, GOOD = Verdict(0.1, leaning=0.9), Verdict(0.9, untrue=0.1)
FULL = "On Monday Ann Roe, who leads the council of Marl, said repairs will cost 2.9 million pounds."


class Told:
    """A rewriter that writes what it is told to, and the verifier of its texts; both remember what they were asked."""

    least = 0.5

    def __init__(self, *texts, sentence=LEANS, verdict=GOOD):
        self._texts, self._sentence, self._verdict = texts, sentence, verdict
        self.asked = []

    def start(self, texts, *about, **rest):
        return self._rewrites(texts, *about) if isinstance(texts, str) else self._verdicts(texts, *about, **rest)

    def _rewrites(self, sources, context, title, lengths):
        self.asked.append((sources, context, title, tuple(lengths)))
        return lambda: [Rewrite(text, -0.1) for text in self._texts]

    def _verdicts(self, texts, kind, sources, context, title, scores=None):
        assert kind == ("sentences" if scores is None else "rewrites") and title == ARTICLE.title
        found = Future()
        found.set_result([self._sentence if scores is None else self._verdict for _ in texts])
        return found


def candidates(told, length="standard", sentences=SENTENCES, main=COST):
    write = PointWriter(Story(ARTICLE, sentences), length, told, told, Deadline(), GOOD_ENOUGH)
    return write([Point(main, 0.5, 0.5)])[0]


def test_a_written_text_stands_on_its_sentence_and_on_those_that_its_other_words_are_from():
    sentence, written = candidates(Told(FULL))
    assert (sentence.method, sentence.text) == ("extracted", SENTENCES[COST].text) and not sentence.checks
    assert written.method == "rewritten" and [span.text for span in written.sources] == [
        SENTENCES[COST].text,
        SENTENCES[0].text,
    ]
    assert {check.kind for check in written.checks} == {"name", "number", "date", "words", "alone"}
    assert all(check.passed for check in written.checks)
    assert sentence.cost == pytest.approx(0.9 * COSTS["leaning"])
    assert written.cost == pytest.approx(0.1 * COSTS["untrue"])


def test_the_rewriter_reads_the_sentence_with_its_context_and_is_asked_for_lengths():
    for length, style in STYLES.items():
        told = Told(FULL)
        candidates(told, length)
        ((sources, context, title, lengths),) = told.asked
        assert (sources, title) == (SENTENCES[COST].text, ARTICLE.title) and SENTENCES[0].text in context
        assert lengths and all(style.min_words <= words <= style.max_words for words in lengths)


def test_nothing_is_written_where_a_short_sentence_is_good_as_it_stands():
    told = Told(FULL, sentence=Verdict(GOOD_ENOUGH))
    assert len(candidates(told)) == 1 and not told.asked
    long = [replace(SENTENCES[0], text=" ".join(["The roof leaks."] * 7))]
    assert len(candidates(told, "brief", long, 0)) == 2 and told.asked


def test_a_fact_that_the_article_lacks_fails():
    for wrong in ("3.9 million", "2.9 million dollars and Bob Roe's 12"):
        _, written = candidates(Told(FULL.replace("2.9 million", wrong)))
        assert not written.passes(0.0)


def test_a_text_of_another_size_or_of_the_sentence_itself_is_left_out():
    assert len(candidates(Told("Roe spoke.", SENTENCES[COST].text, FULL + FULL + FULL))) == 1


def test_a_long_text_costs_more_in_a_brief_list():
    _, standard = candidates(Told(FULL))
    _, brief = candidates(Told(FULL.replace("On Monday", "On Monday in a hall that was full")), "brief")
    over = len("On Monday in a hall that was full ".split()) + len(FULL.split()) - 2 - STYLES["brief"].aim
    assert brief.cost == pytest.approx(standard.cost + over * LONG_COST)


def test_without_a_verifier_the_form_of_a_sentence_decides():
    points = [Point(i, 0.5, 0.5) for i in range(5)]
    found = PointWriter(Story(ARTICLE, SENTENCES), "standard", None, None, Deadline())(points)
    assert [one.cost for (one,) in found] == [0.0, 0.0, 0.0, FORM_COST, 0.0]  # "It rained."
    assert found[3][0].bullet(0.5, 0.0).checks == ()


def test_the_best_text_is_the_one_that_costs_least_among_those_that_may_be_shown():
    sentence, written = candidates(Told(FULL))
    assert best([sentence, written], 0.5) is written and best([sentence, written], 0.95) is sentence
    doubted = replace(written, verdict=Verdict(0.6, untrue=0.4), cost=1.2)
    assert best([sentence, doubted], 0.5) is sentence and best([sentence, doubted], 0.5, flag=True) is doubted
    assert best([sentence, doubted, written], 0.5, flag=True) is written
    assert best([sentence], 0.5, flag=True) is sentence


def test_a_bullet_has_the_verdict_as_its_last_check():
    _, written = candidates(Told(FULL))
    bullet = written.bullet(0.25, 0.5)
    assert (bullet.text, bullet.score, bullet.method) == (FULL, 0.25, "rewritten")
    assert (bullet.checks[-1].kind, bullet.checks[-1].evidence) == ("verifier", "an editor would print it: 90%")
    doubted = Candidate("x", "rewritten", (), (), Verdict(0.2, broken=0.8), 1.6, 1.6).bullet(0.0, 0.5)
    assert [check.evidence for check in doubted.failed] == [
        "an editor would print it: 20%; most probably not a whole sentence"
    ]


def test_sources_are_few_and_of_what_the_rewriter_read():
    story = Story(ARTICLE, SENTENCES)
    assert [span.text for span in story.sources("It rained.", 3)] == ["It rained."]
    everything = story.sources("Leads of the Royal Trust signed repairs, and rained.", 3)
    assert len(everything) == 3 and everything[0].text == "It rained."
    filler = " ".join(f"The {what}{' by the lake' * 12} was shut." for what in ("road", "mill", "school", "port"))
    far = content_sentences(
        f"It rained. Ice came. Snow fell. Storms raged. {filler} It cost 3 million. {filler} It is May."
    )
    (own,) = Story(Article(TEXT), far).sources("It cost 3 million.", len(far) - 1)
    assert own.text == "It is May."


def test_a_fact_of_a_sentence_that_was_not_read_fails():
    roads = " ".join(f"The {what}{' by the lake' * 12} was shut." for what in ("road", "mill", "school", "port"))
    text = f"It rained. {roads} The school cost 3 million pounds. {roads.replace('shut', 'open')} It will open in May."
    article, sentences = Article(text), content_sentences(text)
    story, wrong = Story(article, sentences), "The school will open in May for 3 million pounds."
    checks = story.checks(wrong, story.sources(wrong, len(sentences) - 1))
    assert [check.kind for check in checks if not check.passed] == ["number"]


def test_what_passes_the_look_ups_is_verified_first():
    wrong = [FULL.replace("2.9", f"{i}.7") for i in range(3, 3 + VERIFIED)]
    _, first, *rest = candidates(Told(*wrong, FULL))
    assert first.text == FULL and len(rest) == VERIFIED - 1
