import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.reading.boilerplate import content_sentences, is_boilerplate, title_of
from summarizer.reading.sentences import MAX_CHARACTERS, MAX_WORDS, paragraphs, split, words


def texts(text, language="en"):
    return [s.text for s in content_sentences(text, language)]


def test_abbreviations_decimals_and_clock_times_do_not_end_a_sentence():
    text = (
        "Dr. Smith paid $1.5m to the U.S. on Jan. 3. The talks ended at 5 p.m. Tuesday. Mr. Lee left. Coun. Roe stayed."
    )
    assert texts(text) == [
        "Dr. Smith paid $1.5m to the U.S. on Jan. 3.",
        "The talks ended at 5 p.m. Tuesday.",
        "Mr. Lee left.",
        "Coun. Roe stayed.",
    ]


def test_saints_and_two_agencies_do_not_end_a_sentence():
    text = "(CNN) -- (The Wire)The bridge in St. Joseph closed. Roe drove to Ft. Wayne, near the St. Lawrence river."
    assert [s.text for s in content_sentences(text)] == [
        "The bridge in St. Joseph closed.",
        "Roe drove to Ft. Wayne, near the St. Lawrence river.",
    ]


def test_the_month_of_may_ends_a_sentence():
    assert texts("It opens in May. Critics object. On 3 May it rained.") == [
        "It opens in May.",
        "Critics object.",
        "On 3 May it rained.",
    ]


def test_a_name_that_ends_with_a_mark_keeps_its_possessive():
    assert texts("Which?'s survey is out. Yahoo!’s shares fell.") == [
        "Which?'s survey is out.",
        "Yahoo!’s shares fell.",
    ]


def test_a_quote_of_two_sentences_stays_whole():
    assert texts('"We go. We win," she said. He left.') == ['"We go. We win," she said.', "He left."]


def test_a_quote_without_a_partner_does_not_swallow_the_rest():
    rest = "The police came at noon. The crowd grew by the hour. Nobody knew why it had started. " * 5
    found = texts(f'He said "we go there. {rest}\nThe mayor spoke.')
    assert len(found) >= 10
    assert found[-1] == "The mayor spoke."
    assert max(len(words(s)) for s in found) < 30


def test_a_list_in_a_line_does_not_swallow_the_rest():
    text = (
        "The jet had two ways to talk: • One radio. • One satellite transceiver that could send text messages. Despite "
        "this, the world lost track of the flight over the southern ocean on Saturday morning. Radar is reliable, but "
        "it is limited. It comes with large gaps in coverage areas, experts said."
    )
    found = [sentence.text for sentence in content_sentences(text)]
    assert found[-2:] == [
        "Radar is reliable, but it is limited.",
        "It comes with large gaps in coverage areas, experts said.",
    ]
    assert found[0] == "The jet had two ways to talk:" and all(len(one) < 100 for one in found)


def test_text_without_full_stops_is_cut_at_clauses():
    found = texts(", ".join(f"word{i} and then some" for i in range(400)))
    assert len(found) > 10
    assert all(len(words(s)) <= MAX_WORDS for s in found)


@given(text=st.text('1,A.“" \n', max_size=50), times=st.integers(1, 400))
def test_no_sentence_is_longer_than_the_limit(text, times):
    whole = text * times
    spans = [span for paragraph in paragraphs(whole) for span in split(whole, *paragraph)]
    assert all(0 < end - start <= MAX_CHARACTERS for start, end in spans)
    said = "".join(whole[start:end] for start, end in spans)
    assert "".join(said.split()) == "".join(whole.split())


def test_hard_wrapped_lines_are_one_paragraph_and_long_lines_are_one_each():
    wrapped = (
        "The council voted on Monday to keep the baths on Marl Lane\nopen after all, and set aside 2.9 million pounds"
        " for the\nrepairs that surveyors had asked for in the spring of last\nyear, when the roof let in water."
    )
    assert len(paragraphs(wrapped)) == 1
    assert len(paragraphs("A long line of news ends here, as news does, on a full stop.\n" * 4)) == 4


def test_chinese_and_arabic():
    assert len(texts("今天天气很好。我们去公园！你呢？", "zh")) == 3
    assert len(texts("ذهب الولد إلى المدرسة. ثم عاد إلى البيت؟ نعم.", "ar")) == 3


def test_datelines_are_left_out_and_the_story_stays():
    for dateline in (
        "(CNN) -- ", "(CNN)", "LONDON (Reuters) - ", "London, England (CNN) -- ", "BRUSSELS, March 3 (Reuters) – ",
        "PORT ALDER, Scotland -- ", "WASHINGTON — ", "BRUSSELS (Northern Wire) - ", "(Northern Wire) --",
        "LONDON (Reuters) ", "LONDON – ", "Port Alder, Scotland (CNN)", "(The Northern Reporter) ",
    ):  # fmt: skip
        assert texts(f"{dateline}The council voted on Monday.") == ["The council voted on Monday."], dateline
    for kept in (
        "NASA (the space agency) said it would launch a probe on Monday.",
        "The Palestinian Authority (PA) said on Monday that it would vote.",
        "Associated Press (AP) reporters counted 40 boats.",
        "U.S.–China trade talks collapsed on Monday.",
        "NATO–Russia talks began on Monday.",
    ):
        assert texts(kept) == [kept]


def test_furniture_is_no_part_of_the_story():
    text = """Council votes to keep the baths

By Jane Doe

The council voted on Monday to keep the baths open.

The baths on Marl Lane, pictured in 1934

What happens next

Work starts in May, the council said.
Read more: Why the roof leaked
Watch the video below.
Sign up for our morning newsletter here.
Sources include: the council, the trust.
Ann Lee contributed to this report.
Copyright 2026 The Herald. All rights reserved."""
    found = content_sentences(text)
    assert [s.text for s in found] == [
        "The council voted on Monday to keep the baths open.",
        "Work starts in May, the council said.",
    ]
    assert [s.section for s in found] == [0, 1]
    assert title_of(text) == "Council votes to keep the baths"


def test_sentences_that_only_look_like_furniture_stay():
    for sentence in (
        "Watching the tide, Roe said the harbour would hold.",
        "Human Rights Watch said many of the victims were civilians.",
        "More than 40 people were hurt.",
        "By Monday the water had gone.",
        "Video shows the bridge falling.",
        "Readers more often choose print.",
        "Il a dit « oui ».",
        "Copyright law protects such work.",
        "Like Facebook, the company sells advertisements.",
        "Reporting by the paper showed that the roof leaked.",
    ):
        assert not is_boilerplate(sentence), sentence


def test_captions_are_left_out_and_news_about_the_pictured_stays():
    news = ["David Cameron (pictured) resigned on Monday.", "Roe, pictured, won the vote.", "Ann Roe (left) beat Moe."]
    captions = [
        "Pictured: the baths in 1934.",
        "The couple are pictured on holiday.",
        "Roe (left) and Moe (right) win.",
    ]
    rest = ["The council voted.", "It was late.", "Rain fell.", "Work starts in June.", "A trust takes over."]
    assert texts(" ".join([*news, *captions, *rest])) == [*news, *rest]


def test_a_text_that_is_all_furniture_is_not_lost():
    assert texts("Read more: Why the roof leaked") == ["Read more: Why the roof leaked"]


PIECES = [
    "(CNN) -- ",
    "LONDON (Reuters) - ",
    "»",
    "By ",
    "\n\n",
    "\r\n",
    ". ",
    "? ",
    "。",
    "؟",
    "5 p.m. ",
    "Dr. ",
    *"\"'“”",
]
HOSTILE = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=30).map("".join)


@given(HOSTILE)
def test_offsets_are_exact_and_sentences_in_order(text):
    text = text.encode("utf-8", "replace").decode()
    end = 0
    for sentence in content_sentences(text):
        assert text[sentence.start : sentence.end] == sentence.text
        assert sentence.text == sentence.text.strip() != ""
        assert sentence.start >= end
        end = sentence.end


@given(HOSTILE)
def test_splitting_loses_nothing_but_white_space(text):
    text = text.encode("utf-8", "replace").decode()
    for start, stop in paragraphs(text):
        joined = "".join(text[a:b] for a, b in split(text, start, stop))
        assert "".join(joined.split()) == "".join(text[start:stop].split())


def test_a_quotation_mark_stands_with_its_sentence():
    # The quotation is never closed, so that sentencex takes its mark for a closing one.
    text = 'The board pressed it to halt funding. "We respect that. We thank them. It was good.'
    assert texts(text) == [
        "The board pressed it to halt funding.",
        '"We respect that.',
        "We thank them.",
        "It was good.",
    ]
    torn = 'He will recover." His son was there. "Dad is ok. Battered, but ok!" he said.'
    assert texts(torn)[-1].endswith('Battered, but ok!" he said.')
    # left alone: a mark with spaces on both sides
    assert texts('Roe stayed home. " I was ill," she said.')[1] == '" I was ill," she said.'
    assert texts('She said: "We are here. We left. " He went home.')[1] == "He went home."


def test_who_asks_belongs_to_the_question():
    text = '"Why is it closed?" Ann Roe said of the baths. "Nobody knows!" Roe left.'
    assert [s.text for s in content_sentences(text)] == [
        '"Why is it closed?" Ann Roe said of the baths.',
        '"Nobody knows!"',
        "Roe left.",
    ]


@pytest.mark.parametrize(
    "found",
    [
        ['Two men were caught chanting: "It is ours and that\'s it."', "The police named five men on Friday."],
        ['She said: "We are sad and tired.', '"I would like to go home."', '"We all would."', "He left."],
        ['The club was called "a disgrace."', '"This is not on," he said.', "It paid."],
        ["A man opposed to joint South Korea-U.S. drills attacked the envoy.", "He was held."],
    ],
)
def test_marks_and_initials_do_not_break_a_sentence(found):
    assert texts(" ".join(found)) == found
