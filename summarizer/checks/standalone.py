"""English rules that decide from the form of a sentence whether it can be understood alone.

Questions cannot, and neither can sentences that start with "He" or "The move".
"""

from __future__ import annotations

import re

from .facts import QUOTED

_DANGLES = re.compile(
    r"""^["'“‘(]*(?:(?:but|and|so|or|yet|then|however|meanwhile|still|also|instead),?\s)?(?:
      (?:he|she|they|him|his|hers?|their|theirs|its|these|such|others|neither|either)\b
    | both\b(?!\ \w+s\b)
    | those\b(?!\ (?:who|with|in|on|\w+ed|killed|hurt)\b)
    | (?:this|that)\b(?!\ (?:week|month|year|season|summer|spring|autumn|winter|morning|evening|afternoon|decade)\b)
    | it\b(?!\ (?:is|was|will\ be|has\ been|remains|remained|appears|became)
      \ (?:the|a|un|not|still|now|expected|likely)|['’]s\ (?:the|a|not)\b|\ (?:took|takes|emerged)\b)
    | the\ (?:move|decision|ruling|announcement|statement|incident|latter|former|pair|duo|trio|couple|changes?
      |measures?|man|woman|boy|girl|teenager|suspect)\b
      (?!,|\ (?:of|by|who|whose|that|in|to|accused|from|for|named|on)\b)
    | (?:the\ )?(?:two|three)\ (?:were|are|was|had|have|will|said|say|also|met)\b
    | one\ (?:is|was|has|had|said|says|will)\b | another(?:,|\ (?:is|was|has|had|said|says|will)\b)
    | the\ \d+-year-old\ (?:was|is|had|has|said|says|told|died|will|also)\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LATER_PRONOUN = re.compile(
    r"^[\"'“‘]?(?:according to|in|on|at|during|by|since|until)\s[^,]{2,60},\s(?:he|she|they)\b", re.IGNORECASE
)
"""A phrase at the start of a sentence, followed by a pronoun: "On Friday, he"."""
_CONNECTS = re.compile(
    r"^[\"'“‘(]*(?:and|but|so|or|yet|nor|then|thus|however|meanwhile|also|still|instead|moreover|furthermore|besides"
    r"|therefore|nevertheless|nonetheless|otherwise|in addition|as a result|for example|for instance|by contrast"
    r"|in each case|as such|with (?:this|that) in mind|that said|on the other hand|at the same time"
    r"|since then|even so|in response|in turn|on top of (?:this|that|it)"
    r"|(?:first|second|third|secondly|thirdly|finally|lastly)(?=,))\b",
    re.IGNORECASE,
)
_SPOKEN = re.compile(r"[\"”]\s*,?\s*(?:he|she|they|it)\s+\w+|[\"”]\s*\w+\s+(?:he|she|they)\b", re.IGNORECASE)
_REPORTED = re.compile(
    r"(?P<before>.*?),\s(?:(?P<they>they)|he|she)\s(?:said|says|added|told|wrote|warned|explained|argued)\b", re.DOTALL
)
_OPEN_QUOTE = re.compile(r"^[\"“]")
_FIRST_PERSON = re.compile(r"\b(?:I|I['’]\w+|[Mm]y|me|[Ww]e|[Ww]e['’]\w+|[Oo]ur)\b")
_NAME_WITHIN = re.compile(r"\w\W+[A-Z]")
_NAMED_SPEAKER = re.compile(
    r"(?<=[\w.,!?…])[\"”]\s*,?\s*(?:(?:the|a|an)\s|[A-Z]|according\b|(?:said|says|wrote|added|told|asked|tweeted|posted)\s+(?:[A-Z]|the\b|a\b))"
)


def starts_with_anaphor(sentence: str) -> bool:
    """True if a sentence starts with a pronoun, or a phrase such as "The move", that refers to an earlier sentence."""
    return _DANGLES.match(sentence) is not None


def is_question(sentence: str) -> bool:
    """True if a sentence is a question."""
    return sentence.rstrip("\"'”’").endswith("?")


def needs_context(sentence: str) -> bool:
    """True if a sentence needs its neighbours: it starts with a pronoun, "The move" or "But", is a question, has "I" or
    "we" outside quotation marks, is part of a quotation, or quotes or reports a speaker who is only a pronoun or is not
    named."""
    if _FIRST_PERSON.search(QUOTED.sub("", sentence)):
        return True
    if (
        starts_with_anaphor(sentence)
        or _LATER_PRONOUN.match(sentence)
        or _CONNECTS.match(sentence)
        or _SPOKEN.search(sentence)
        or is_question(sentence)
    ):
        return True
    if (
        '""' in sentence
        or sentence.endswith(("...", "…", ": ."))
        or sentence.count('"') % 2
        or sentence.count("“") != sentence.count("”")
        or sentence.endswith(":")
    ):
        return True  # part of a longer quotation, or its introduction
    reported = _REPORTED.match(sentence)
    if reported and (reported["they"] or not _NAME_WITHIN.search(reported["before"])):
        return True
    return bool(_OPEN_QUOTE.match(sentence) and not _NAMED_SPEAKER.search(sentence))
