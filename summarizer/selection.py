"""From scores to the sentences of each bullet: relevance, no repetition, coverage, nothing dangling."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .points.extractor import Array, Scored, one_core
from .sentences import Sentence, words
from .summary import Length
from .tidy import QUOTED, tidied

Group = tuple[int, ...]
"""Indices of the sentences that one bullet is made of: one, or a sentence with the neighbour it leans on."""

_CANDIDATES = 48
"""Groups that are looked at for a usual list: the work stays linear in the article's length."""
_FEW_COST = 2.0
_SHARED_TRIGRAMS = 1
"""One in common is often a name ("the Marl Lane"); more is the same thing said twice."""
_CLEAR_LEAD = 0.7
"""Log-odds by which the best must be ahead to be put before what the article says earlier."""
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
"""Opens with a phrase, and then with a pronoun: "On Friday, he"."""
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
_STRAY = re.compile(r"^[\"”]\s|\s[\"“]$")
"""A quotation mark of the sentence before or after, which was left on the wrong side of the border."""
_NAME_WITHIN = re.compile(r"\w\W+[A-Z]")
_NAMED_SPEAKER = re.compile(
    r"(?<=[\w.,!?…])[\"”]\s*,?\s*(?:(?:the|a|an)\s|[A-Z]|according\b|(?:said|says|wrote|added|told|asked|tweeted|posted)\s+(?:[A-Z]|the\b|a\b))"
)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a list of a given length is chosen. The figures were chosen on validation articles (docs/quality.md).

    Attributes:
        few: Words below which a bullet says too little.
        words: Words of a bullet beyond which it costs something.
        cost: What ten more words cost, in log-odds.
        most: Words that a joined bullet may have.
        leaning: What a sentence that leans on its neighbour costs when it cannot be joined.
        coverage: Weight of covering the article, beside relevance.
        early: Share of the list that may come from the first third of the article.
        least: Bullets that a list has whatever they are worth, where their number is not fixed.
        floor: What a further one must be worth, in log-odds.
    """

    few: int
    words: int
    cost: float
    most: int
    leaning: float
    coverage: float
    early: float
    least: int
    floor: float


MANNERS: dict[Length, Manner] = {
    "brief": Manner(few=5, words=16, cost=0.15, most=30, leaning=0.7, coverage=0.0, early=1.0, least=2, floor=-2.5),
    "standard": Manner(few=9, words=36, cost=0.3, most=45, leaning=3.0, coverage=1.0, early=0.6, least=3, floor=-3.0),
}


def bullet_count(article_words: int, length: Length) -> int:
    """How many bullets "auto" is at most: 3 for a short item, 5 for a normal story, 7; `brief` lists have 3 or 4."""
    if length == "brief":
        return 3 if article_words < 2_000 else 4
    return 3 if article_words < 250 else 5 if article_words < 1_200 else 6 if article_words < 2_500 else 7


def dangles(sentence: str) -> bool:
    """Whether a sentence opens with a pronoun, or "The move", whose noun stands before it."""
    return _DANGLES.match(sentence) is not None


def asks(sentence: str) -> bool:
    """Whether a sentence is a question."""
    return sentence.rstrip("\"'”’").endswith("?")


def leans(sentence: str) -> bool:
    """Whether a sentence needs its neighbour: it opens with a pronoun or "The move", asks what another answers, speaks
    of "I" or "us" outside quotation marks, or is a quote or a report whose speaker is "he", or nobody."""
    if _FIRST_PERSON.search(QUOTED.sub("", sentence)):
        return True
    if (
        dangles(sentence)
        or _LATER_PRONOUN.match(sentence)
        or _CONNECTS.match(sentence)
        or _SPOKEN.search(sentence)
        or asks(sentence)
    ):
        return True
    if (
        '""' in sentence
        or sentence.endswith(("...", "…", ": ."))
        or sentence.count('"') % 2
        or sentence.count("“") != sentence.count("”")
        or sentence.endswith(":")
    ):
        return True  # a piece of a longer quote, or what leads to one
    reported = _REPORTED.match(sentence)
    if reported and (reported["they"] or not _NAME_WITHIN.search(reported["before"])):
        return True
    return bool(_OPEN_QUOTE.match(sentence) and not _NAMED_SPEAKER.search(sentence))


def within_quotes(sentences: Sequence[Sentence]) -> set[int]:
    """Indices of the sentences inside a quote that an earlier one opened: they have no quotation marks of their own,
    and would state as fact what somebody says."""
    found, inside = set(), False
    for i, sentence in enumerate(sentences):
        text = _STRAY.sub("", sentence.text)
        if _OPEN_QUOTE.match(text) or (i and sentences[i - 1].section != sentence.section):
            inside = False  # a quote that goes on in the next paragraph opens again
        if inside:
            found.add(i)
        inside ^= bool(text.count('"') % 2 or text.count("“") != text.count("”"))
    return found


def select(scored: Scored, count: int, length: Length, fixed: bool = True) -> tuple[Group, ...]:
    """Chooses at most `count` groups of sentences, and puts them in reading order: article order, which in news is the
    order of weight, but a sentence that is clearly the news comes first wherever it stands.

    Greedy: each time the group with the highest score, less its cost, plus what it adds to the coverage of the article
    (facility location on the sentence vectors, Lin and Bilmes 2011); a group that shares trigrams with the chosen
    says the same and is left out (trigram blocking, Paulus et al. 2018). Fewer groups come back only where the article
    has not enough sentences (one that was joined to its neighbour is no bullet of its own), or, where the number is not
    fixed, where the rest is not worth it.
    """
    manner = MANNERS[length]
    sentences = scored.sentences
    groups, values = _candidates(scored, manner, count)
    cover = _coverage(scored, groups) if manner.coverage and len(groups) > 1 else np.zeros((len(groups), 1), np.float32)
    trigrams = [_trigrams(sentences, group) for group in groups]
    early = len(sentences) // 3 if len(sentences) > 2 * count else -1
    least = count if fixed else manner.least
    most_early = max(1, round(manner.early * count))
    chosen: list[int] = []
    covered = np.zeros(cover.shape[1], np.float32)
    used: set[int] = set()
    said: set[tuple[str, ...]] = set()

    def allowed(i: int, strict: bool) -> bool:
        if used.intersection(groups[i]) or (len(chosen) >= least and values[i] < manner.floor):
            return False
        repeats = len(said & trigrams[i]) > _SHARED_TRIGRAMS
        crowds = groups[i][-1] < early and sum(groups[c][-1] < early for c in chosen) >= most_early
        return not strict or not (repeats or crowds)

    for strict in (True, False):  # a second pass fills the list where the rules left it short
        while len(chosen) < count:
            gains = values + manner.coverage * np.maximum(cover, covered).sum(1) * count
            best = next((i for i in map(int, np.argsort(-gains, kind="stable")) if allowed(i, strict)), None)
            if best is None:
                break
            chosen.append(best)
            covered = np.maximum(covered, cover[best])
            used.update(groups[best])
            said |= trigrams[best]
    chosen.sort(key=lambda i: groups[i])
    best_first = sorted(chosen, key=lambda i: -values[i])
    if len(chosen) > 1 and values[best_first[0]] - values[best_first[1]] > _CLEAR_LEAD:
        chosen.remove(best_first[0])
        chosen.insert(0, best_first[0])
    return tuple(groups[i] for i in chosen)


def _candidates(scored: Scored, manner: Manner, count: int) -> tuple[list[Group], Array]:
    """The groups worth looking at, with what each is worth before the list is known."""
    alone = [tidied(s.text) for s in scored.sentences]
    sizes = np.array([len(words(text)) for text in alone])
    most = max(_CANDIDATES, 2 * count)
    best = np.sort(np.argsort(-scored.scores, kind="stable")[:most])
    spoken = within_quotes(scored.sentences)
    groups: list[Group] = []
    values: list[float] = []
    for i in map(int, best):
        group: Group = (i,)
        value = float(scored.scores[i])
        if leans(alone[i]) or i in spoken:
            joinable = (
                i > 0
                and i not in spoken
                and not asks(alone[i])
                and sizes[i - 1] + sizes[i] <= manner.most
                and not leans(alone[i - 1])
                and i - 1 not in spoken
                and scored.sentences[i - 1].section == scored.sentences[i].section
            )
            if joinable:
                group = (i - 1, i)
                value = (value + max(value, float(scored.scores[i - 1]))) / 2
            else:
                value -= manner.leaning
        size = int(sizes[list(group)].sum())
        value -= manner.cost * max(0, size - manner.words) / 10 + _FEW_COST * (size < manner.few)
        groups.append(group)
        values.append(value)
    return groups, np.asarray(values, np.float32)


def _coverage(scored: Scored, groups: list[Group]) -> Array:
    """How far each group covers each sentence of the article, shape (groups, sentences), a whole row at most 1."""
    vectors = scored.vectors
    with one_core():
        likeness = np.stack([np.maximum(vectors[list(g)] @ vectors.T, 0).max(0) for g in groups])
    return np.asarray(likeness / likeness.shape[1], np.float32)


def _trigrams(sentences: tuple[Sentence, ...], group: Group) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for i in group:
        tokens = [w.lower() for w in words(sentences[i].text)]
        found.update(zip(tokens, tokens[1:], tokens[2:], strict=False))
    return found
