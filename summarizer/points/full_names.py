"""Names are given in full the first time that a list says them, as an editor would.

"Boonsuwan said" becomes "Anan Boonsuwan said" where the article calls one person by that name and no other. Nothing
inside quotation marks is changed.
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
"""What only persons do in the news."""
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
"""Words that end a name of something else than a person."""


class FullNames:
    """The persons that an article names in full, by the last part of their names: those whose first mention is the full
    name, and who speak, have an age or a title, or are "who".

    Args:
        article: Its text.
        stated: The facts of its text.
    """

    def __init__(self, article: str, stated: Iterable[Fact]) -> None:
        full: dict[str, set[str]] = {}
        for fact in stated:
            if isinstance(fact, Name):
                words = _person(fact.text)
                if words:
                    full.setdefault(words[-1], set()).add(" ".join(words))
        # Two persons of one name, or one person with and without a middle name: which is meant cannot be told.
        self._full = {last: names.pop() for last, names in full.items() if len(names) == 1}
        self._article = article
        self._introduced: dict[str, bool] = {}

    def __call__(self, bullet: str, said: Iterable[str] = ()) -> str:
        """The bullet with each bare last name that no bullet before it (`said`) has, in full at its first place."""
        parts, at = [], 0
        for start, end, name in self._bare(bullet, " ".join(said)):
            parts += [bullet[at:start], name]
            at = end
        return "".join([*parts, bullet[at:]])

    def shortened(self, bullet: str, said: Iterable[str]) -> str:
        """The bullet with the last name alone of each person whom a bullet before it (`said`) has named in full. A name
        behind a title or another name stays, and that of one who shares the last name with another in the bullet."""
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
        """Where a text names a person in full, outside quotations, and as no part of a longer name."""
        quoted = [match.span() for match in QUOTED.finditer(text)]
        for match in re.finditer(rf"(?<![\w.'’-]){re.escape(name)}\b", text):
            inside = any(start < match.start() < end for start, end in quoted)
            if not inside and not _goes_on(text, match.end()) and not _TITLED.search(text[: match.start()]):
                yield match.start()

    def missing(self, text: str) -> list[str]:
        """The full names of the persons of whom a text gives the last name alone, in its order."""
        return [name for _, _, name in self._bare(text, "")]

    def speaks_of(self, text: str) -> bool:
        """Whether a text names a person whom the article names in full."""
        return any(_owner(match["word"]) in self._full for match in _BARE.finditer(text))

    def _bare(self, text: str, before: str) -> Iterator[tuple[int, int, str]]:
        """The first place of each last name that stands alone, with the full name; none that stand in `before`."""
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
            opens = first is not None and self._article[: first.end()].endswith(name)
            self._introduced[last] = opens and re.search(acts, self._article) is not None
        return self._introduced[last]


def _owner(name: str) -> str:
    """A name without a possessive."""
    return re.sub(r"['’]s?$", "", name)


def _person(text: str) -> list[str]:
    """First and last name, or nothing where a name does not look like a person's."""
    words = _owner(text).split()
    while words and words[0].lower().rstrip(".") in TITLES | HONORIFICS:
        words = words[1:]
    looks = 2 <= len(words) <= 3 and all(re.fullmatch(r"[A-Z]\.|[^\W\d_][\w’'-]*[a-z]\w*", w) for w in words)
    return words if looks and not numbers(text) and not any(w.lower() in _NOT_PERSONS | OPENERS for w in words) else []


def _goes_on(bullet: str, end: int) -> bool:
    """Whether the name goes on: "Obama Foundation", "Roe-Malloy"."""
    return re.match(r"\s[A-Z]|-\w", bullet[end : end + 2]) is not None
