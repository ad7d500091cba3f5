"""Puts in a person's full name where a list first mentions the person, as an editor would.

"Boonsuwan said" becomes "Anan Boonsuwan said" if the article has exactly one person of that name. Nothing inside
quotation marks is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..checks import HONORIFICS, OPENERS, QUOTED, TITLES, Fact, Name, numbers

_BARE = re.compile(r"(?<![\w.'’-])(?P<word>[A-Z][\w’'-]*\w)")
_BEFORE = re.compile(
    r"(?:\b(?:[Tt]he|[Aa]n?|of|[Ii]n|[Aa]t|[Ff]rom|to|near|outside|inside|around|across|through|[A-Z][\w.'’-]*)|[-–&/])\s*$"
)
_TITLED = re.compile(r"\b[A-Z][\w.'’-]*\s(?:(?:and|or|&)\s)?$")
"""A title or another name before a name, as in "Bill and Hillary Clinton"."""
_TITLE_WORDS = "|".join(sorted(word.capitalize() for word in TITLES - {"new", "former", "national"}))
_ACTS = (
    r"\b{last}(?:,?\s(?:has\s|had\s|also\s|later\s)?(?:said|says|told|tells|added|adds|wrote|writes|tweeted|testified"
    r"|argued|insisted|explained|who)\b|,\s(?:aged\s)?\d\d,)|\b(?:said|says|told)\s(?:{last}|{name})\b|\b(?:{titles})\.?\s{name}\b"
)
"""Phrases that show that a name is a person's: somebody speaks, has an age or a title, or is followed by "who"."""
_NOT_PERSONS = frozenset(
    "street road avenue lane square park hill house palace castle bridge river lake island islands beach bay valley "
    "city town county state states kingdom republic nations union airport station university college school hospital "
    "court council committee commission department ministry agency bureau office bank group company corporation inc "
    "corp ltd party league club united association federation institute foundation museum church army navy force guard "
    "police senate congress house parliament assembly act bill law award prize cup games world times post news journal "
    "press radio network television show day week month year war north south east west york jersey mexico hampshire "
    "zealand korea africa america carolina dakota virginia angeles francisco diego vegas orleans center centre "
    "international national american british australia canada".split()
)
"""Words that show that a name is not a person's."""


class FullNames:
    """The full names of the persons of an article, by last name. A name is used if the article has it in full at its
    first mention, and if the person speaks, has an age or a title, or is followed by "who".

    Args:
        article: The text of the article.
        stated: The facts of the text.
    """

    def __init__(self, article: str, stated: Iterable[Fact]) -> None:
        full: dict[str, set[str]] = {}
        for fact in stated:
            if isinstance(fact, Name):
                words = _person(fact.text)
                if words:
                    full.setdefault(words[-1], set()).add(" ".join(words))
        # A last name with several full names is left out, since it is ambiguous: two persons, or one person with and
        # without a middle name.
        self._full = {last: names.pop() for last, names in full.items() if len(names) == 1}
        self._article = article
        self._introduced: dict[str, bool] = {}

    def __call__(self, bullet: str, said: Iterable[str] = ()) -> str:
        """Returns the bullet with full names: each bare last name that no earlier bullet (`said`) has is replaced at
        its first place."""
        parts, at = [], 0
        for start, end, name in self._bare(bullet, " ".join(said)):
            parts += [bullet[at:start], name]
            at = end
        return "".join([*parts, bullet[at:]])

    def shortened(self, bullet: str, said: Iterable[str]) -> str:
        """Returns the bullet with only the last name of each person whom an earlier bullet (`said`) names in full. A
        name stays if the bullet also has the last name in another form: after a title or another name, in a quotation,
        alone, or of another person."""
        before = " ".join(said)
        for last, name in self._full.items():
            if not list(self._named(before, name)) or not self._is_introduced(last, name):
                continue
            places = list(self._named(bullet, name))
            if len(places) != len(re.findall(rf"\b{re.escape(last)}\b", bullet)):
                continue
            for at in reversed(places):
                bullet = bullet[:at] + last + bullet[at + len(name) :]
        return bullet

    @staticmethod
    def _named(text: str, name: str) -> Iterator[int]:
        """Yields the offsets of a person's full name in a text, if it is outside quotations, not part of a longer name,
        and not after a title or another name."""
        quoted = [match.span() for match in QUOTED.finditer(text)]
        for match in re.finditer(rf"(?<![\w.'’-]){re.escape(name)}\b", text):
            inside = any(start < match.start() < end for start, end in quoted)
            if not inside and not _goes_on(text, match.end()) and not _TITLED.search(text[: match.start()]):
                yield match.start()

    def missing(self, text: str) -> list[str]:
        """Returns the full names of the persons whom a text mentions by last name only, in text order."""
        return [name for _, _, name in self._bare(text, "")]

    def speaks_of(self, text: str) -> bool:
        """True if a text has the last name of a person whom the article names in full."""
        return any(_owner(match["word"]) in self._full for match in _BARE.finditer(text))

    def _bare(self, text: str, before: str) -> Iterator[tuple[int, int, str]]:
        """Yields the start, the end and the full name of each bare last name at its first place in a text. Names that
        are in `before` are skipped."""
        quoted = [match.span() for match in QUOTED.finditer(text)]
        for match in _BARE.finditer(text):
            word = _owner(match["word"])
            name = self._full.get(word)
            if not name or re.search(rf"\b{re.escape(word)}\b", before):
                continue
            before = f"{before} {word}"
            inside = any(start < match.start() < end for start, end in quoted)
            alone = not inside and not _BEFORE.search(text[: match.start()]) and not _goes_on(text, match.end())
            if alone and self._is_introduced(word, name):
                yield match.start(), match.start() + len(word), name

    def _is_introduced(self, last: str, name: str) -> bool:
        if last not in self._introduced:
            first = re.search(rf"\b{re.escape(last)}\b", self._article)
            acts = _ACTS.format(last=re.escape(last), name=re.escape(name), titles=_TITLE_WORDS)
            opens = first is not None and self._article.endswith(name, 0, first.end())
            self._introduced[last] = opens and re.search(acts, self._article) is not None
        return self._introduced[last]


def _owner(name: str) -> str:
    """Returns a name without its possessive."""
    return re.sub(r"['’]s?$", "", name)


def _person(text: str) -> list[str]:
    """Returns the words of a person's name, without titles; [] if the name does not have the form of a person's."""
    words = _owner(text).split()
    while words and words[0].lower().rstrip(".") in TITLES | HONORIFICS:
        words = words[1:]
    looks = 2 <= len(words) <= 3 and all(re.fullmatch(r"[A-Z]\.|[^\W\d_][\w’'-]*[a-z]\w*", w) for w in words)
    return words if looks and not numbers(text) and not any(w.lower() in _NOT_PERSONS | OPENERS for w in words) else []


def _goes_on(bullet: str, end: int) -> bool:
    """True if the name continues: "Obama Foundation", "Roe-Malloy"."""
    return re.match(r"\s[A-Z]|-\w", bullet[end : end + 2]) is not None
