"""A sentence by itself: only deletion, never inside a quote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from summarizer.points.tidy import bullet_of, quoted, tidied
from summarizer.reading.sentences import words


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("But the council refused.", "The council refused."),
        ("Meanwhile, 3,600 homes were without power.", "3,600 homes were without power."),
        ("And, unions say, the offer is too low.", "Unions say, the offer is too low."),
        ("Still, the ferry sailed.", "The ferry sailed."),
        ("Mara Quill (pictured), 31, won.", "Mara Quill, 31, won."),
        ("The sum (2.9 million pounds) is high.", "The sum is high."),
        # left alone
        ("Still waters run deep.", "Still waters run deep."),
        ("But for the fog, the ferry would have sailed.", "But for the fog, the ferry would have sailed."),
        ("Andrew Roe said no.", "Andrew Roe said no."),
        ("Butter costs more.", "Butter costs more."),
        ('"But we won (again)," said Quill.', '"But we won (again)," said Quill.'),
        ("‘But we won (again),’ said Quill.", "‘But we won (again),’ said Quill."),
        ("“But we won (again).", "“But we won (again)."),
        ("The European Central Bank (ECB) agreed.", "The European Central Bank (ECB) agreed."),
    ],
)
def test_only_what_ties_it_to_its_neighbours_goes(sentence, expected):
    assert tidied(sentence) == expected


@given(st.text(alphabet="aB (),.\"“”'\nutBdMew", max_size=60))
def test_nothing_is_put_in(sentence):
    rest = iter(w.lower() for w in words(sentence))
    assert all(word.lower() in rest for word in words(tidied(sentence)))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ('He is expected to recover fully."', '"He is expected to recover fully."'),
        ('"He had no choice but to land.', '"He had no choice but to land."'),
        ('He wrote on Monday, "Listen.', 'He wrote on Monday, "Listen."'),
        ('He is fine," Roe said.', '"He is fine," Roe said.'),
        ("“We left.", "“We left.”"),
        ("We left.”", "“We left.”"),
        # nothing is lacking
        ('She said "yes" and "no, 3-2".', 'She said "yes" and "no, 3-2".'),
        ('A plank of 6" was found.', 'A plank of 6" was found.'),
        ("A plank of 6” was found.", "A plank of 6” was found."),
        ("The miners’ union said so.", "The miners’ union said so."),
        ("„Wir bleiben“, sagte Anna Roth.", "„Wir bleiben“, sagte Anna Roth."),
        ("”Vi går”, sa han.", "”Vi går”, sa han."),
        ("«Nous restons», a dit Roth.", "«Nous restons», a dit Roth."),
        ('She said "the ruling on "marriage" stands."', 'She said "the ruling on "marriage" stands."'),
        # a mark at the start of each paragraph of a long quotation
        ('"We are sad. "They are our home," Ann Roe said.', '"We are sad. "They are our home," Ann Roe said.'),
    ],
)
def test_a_quotation_gets_its_other_mark(text, whole):
    assert quoted(text) == whole == bullet_of([text])


@given(st.text(alphabet="aB (),.\"“”'\nu3", max_size=40))
def test_marks_are_put_at_the_two_ends_alone(text):
    whole = quoted(text)
    assert text in whole and set(whole.replace(text, "", 1)) <= set('"“”') and len(whole) <= len(text) + 2
