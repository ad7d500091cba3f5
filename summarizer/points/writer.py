"""Makes the points of a story stand alone, and judges texts of points.

The language model reads the story once. Its texts are then written side by side. Most of a text is copied, so at each
step the next tokens of the sentence that it follows are guessed and checked together with those of all other texts;
what comes out is what one token at a time would give (Saxena 2023, "Prompt Lookup Decoding"; Leviathan et al. 2023,
"Fast Inference from Transformers via Speculative Decoding"). A verdict is the token that follows a question
(`story.request`), so it costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..checks import VERDICTS, Calibration, Verdict
from ..deadline import Deadline
from .language_model import Floats, LanguageModel, Part, ReadStory, Sheet, log_softmax, read_story
from .story import JUDGE, KIND, KINDS, SENTENCE_CHARACTERS, WRITE, request

MAX_STORY_TOKENS = 1024
"""Maximum number of tokens of a story; the rest is cut."""
MAX_SENTENCE_TOKENS = 200
"""Maximum number of tokens of a sentence that is read again; the rest is cut."""
MAX_TEXT_TOKENS = 90
"""Maximum number of tokens of a text. What is longer was cut, and is dropped."""
MAX_JUDGED_CHARACTERS = 2000
"""Maximum number of characters of a text that is judged; a longer one is not good."""
GUESSES = 4
"""Number of tokens that are guessed at a time."""
TOGETHER = 8
"""Maximum number of points that are written side by side: memory and time of a step grow with them."""
_MATCH = 3
"""Maximum number of tokens that must agree before what follows them is guessed."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """A text that the writer wrote.

    Attributes:
        text: The text, on one line.
        score: The mean log-probability of its tokens.
        verdict: What the writer itself says of it.
    """

    text: str
    score: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class WrittenPoint:
    """What the writer says of a point and makes of it.

    Attributes:
        sentence: The verdict on its sentence as it stands.
        key: The probability that it is a key point of the story.
        texts: The standard text, and the brief one if it was asked for; texts that were cut are left out.
    """

    sentence: Verdict
    key: float
    texts: tuple[WrittenText, ...]


@dataclass(slots=True)
class _Row:
    """A point that is being written.

    Attributes:
        number: Its number among the points, from 1.
        sentence: The tokens of its sentence.
        pending: Tokens that are read in the next step.
        questions: Number of questions among these, except WRITE; they stand before it, or last.
        writes: Whether a text is written after them.
        place: Number of tokens that have been read.
        ids: The tokens of the text that is being written.
        scores: Their log-probabilities.
        texts: The finished texts, each with its mean log-probability.
        answers: The logits of the questions.
    """

    number: int
    sentence: list[int]
    pending: list[int]
    questions: int = 2
    writes: bool = True
    place: int = 0
    ids: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    texts: list[tuple[list[int], float]] = field(default_factory=list)
    answers: list[Floats] = field(default_factory=list)


class Writer:
    """Runs an exported writer. Thread-safe; one step is computed at a time.

    Args:
        folder: Contains `model.onnx` with its weights, `tokenizer.json` and `config.json`.
        threads: Number of cores to use.

    Raises:
        Exception: A file is missing, or is not what it should be. ONNX Runtime and tokenizers have errors of their own.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        self._model = LanguageModel(folder, threads)
        self._calibration = Calibration(**self._model.settings.get("calibration", {}))
        self.least = float(self._model.settings.get("least", 0.5))
        self._verdicts = [self._model.ids(f" {word}")[0] for word in VERDICTS]
        self._kinds = [self._model.ids(f" {word}")[0] for word in KINDS]
        self._judge, self._kind, self._write = (self._model.ids(one)[0] for one in (JUDGE, KIND, WRITE))
        self._questions = [self._judge, self._kind, self._write]

    def read(self, story: str, deadline: Deadline) -> ReadStory:
        """Reads a story (`story.story`)."""
        deadline.check()
        return read_story(self._model, self._model.ids(story)[:MAX_STORY_TOKENS])

    def write(
        self,
        story: ReadStory,
        points: Sequence[int],
        sentences: Sequence[str],
        deadline: Deadline,
        *,
        brief: bool = True,
    ) -> list[WrittenPoint]:
        """Judges the sentence of each point and writes its texts; each token is the most probable one.

        Args:
            story: The story, read.
            points: The numbers of the points in the story, from 1.
            sentences: The sentence that each point stands on.
            deadline: The time limit.
            brief: Write the brief texts too.

        Raises:
            TimeLimitError: The time was up before the texts were written.
        """
        found: list[WrittenPoint] = []
        for first in range(0, len(points), TOGETHER):
            asked = zip(points[first : first + TOGETHER], sentences[first : first + TOGETHER], strict=True)
            rows = [_Row(n, self._sentence(text), [*self._asked(n, text), *self._questions]) for n, text in asked]
            self._write_rows(story, rows, deadline, brief)
            found += map(self._point, rows)
        return found

    def _write_rows(self, story: ReadStory, rows: Sequence[_Row], deadline: Deadline, brief: bool) -> None:
        sheet = Sheet(self._model, story)
        while going := [row for row in rows if row.pending]:
            deadline.check()
            guesses = [_guessed(row, story.ids) if row.writes else [] for row in going]
            parts = [
                Part(row.number, [*row.pending, *guess], row.place, row.questions + (len(guess) + 1) * row.writes)
                for row, guess in zip(going, guesses, strict=True)
            ]
            for row, guess, logits in zip(going, guesses, sheet.read(parts), strict=True):
                row.answers += list(logits[: row.questions])
                text = log_softmax(logits[row.questions :])
                row.place += len(row.pending)
                row.questions, row.pending = 0, []
                if row.writes:
                    row.place += self._accept(row, guess, text, brief)
                    sheet.forget(row.number, row.place)

    def judge(
        self,
        story: ReadStory,
        points: Sequence[int],
        sentences: Sequence[str],
        texts: Sequence[str],
        deadline: Deadline,
    ) -> list[Verdict]:
        """Returns verdicts on texts of points, whoever wrote them.

        Args:
            story: The story, read.
            points: For each text the number of its point in the story.
            sentences: For each text the sentence of its point.
            texts: The texts.
            deadline: The time limit.

        Raises:
            TimeLimitError: The time was up before the texts were read.
        """
        found: list[Verdict] = []
        for n, sentence, text in zip(points, sentences, texts, strict=True):
            deadline.check()
            written = self._model.ids(f" {text[:MAX_JUDGED_CHARACTERS]}\n")
            if len(text) > MAX_JUDGED_CHARACTERS:
                found.append(Verdict(0.0, broken=1.0))  # nobody prints a point of this length
                continue
            part = Part(1, [*self._asked(n, sentence), *self._questions, *written, self._judge], 0)
            found.append(self._verdict(Sheet(self._model, story).read([part])[0][-1]))
        return found

    def _accept(self, row: _Row, guess: Sequence[int], scores: Floats, brief: bool) -> int:
        """Adds the tokens that are known now to a row, and sets what it reads next. Returns how many of the guesses
        were right."""
        best = scores.argmax(-1)
        for at, token in enumerate(map(int, best)):
            row.ids.append(token)
            row.scores.append(float(scores[at, token]))
            if token == self._model.end if row.texts else token in self._model.breaks:
                row.writes = brief and not row.texts
                row.pending = [token, self._judge, *[self._write] * row.writes]
                row.questions = 1
                row.texts.append((row.ids, float(np.mean(row.scores))))
                row.ids, row.scores = [], []
                return at
            if token == self._model.end or len(row.ids) == MAX_TEXT_TOKENS:  # it was cut
                row.writes = False
                return at
            if at == len(guess) or guess[at] != token:
                row.pending = [token]
                return at
        raise AssertionError("a row has a score for one token more than was guessed")

    def _point(self, row: _Row) -> WrittenPoint:
        sentence, kind, *verdicts = row.answers
        kinds = kind[self._kinds]
        shares = np.exp(kinds - kinds.max())
        return WrittenPoint(
            self._verdict(sentence),
            float(shares[0] / shares.sum()),
            tuple(
                WrittenText(self._model.text([i for i in ids if i != self._model.end]), score, self._verdict(answer))
                for (ids, score), answer in zip(row.texts, verdicts, strict=True)
            ),
        )

    def _sentence(self, sentence: str) -> list[int]:
        return self._model.ids(f" {' '.join(sentence[:SENTENCE_CHARACTERS].split())}")

    def _asked(self, point: int, sentence: str) -> list[int]:
        *ids, last = self._model.ids(request(point, sentence))
        return [*ids[: MAX_SENTENCE_TOKENS - 1], last]

    def _verdict(self, logits: Floats) -> Verdict:
        return Verdict(*map(float, self._calibration(logits[self._verdicts])))


def _guessed(row: _Row, story: Sequence[int]) -> list[int]:
    """Returns the tokens that follow the last ones of a row in the text that it wrote before, in its sentence, or in
    the story."""
    if not row.ids:
        return row.sentence[:GUESSES] if not row.texts else []
    before = row.texts[0][0] if row.texts else ()
    for size in range(min(_MATCH, len(row.ids)), 0, -1):
        last = row.ids[-size:]
        for text in (before, row.sentence, story if size > 1 else ()):
            for at in range(len(text) - size):
                if list(text[at : at + size]) == last:
                    return list(text[at + size : at + size + GUESSES])
    return []
