"""What all language models have in common as writers: the editor's guide, the messages, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from ..deadline import Deadline
from ..errors import WriterError
from ..points import Candidate, Task, Writer, Written, finished
from ..summary import Length

WORDS: dict[Length, str] = {"standard": "14 to 34", "brief": "8 to 16"}
"""Number of words of a point, as the guide says it."""
MAX_STORY = 12_000
"""Maximum number of characters of the story that are sent: some 2,000 words. The rest is left out, unless the sentences
of the point are there: then the sentences before them are sent too."""
_NEAR = 1_000
"""Number of characters before the sentences of a point that are sent if the story is longer than MAX_STORY."""
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_MARKER = re.compile(r"^(?:[-*•·]\s+|\d{1,2}[.)]\s+|(?:key )?(?:point|sentence)(?: \d)?:\s*)", re.IGNORECASE)
_QUOTED = re.compile(r'^(["“])([^"“”]*)["”]$')


class AnswerError(Exception):
    """A model's answer cannot be used for one point. The message says why."""


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """Which language model writes the points, in place of the shipped rewriter.

    Attributes:
        writer: The address of a server with the OpenAI chat API, such as "http://localhost:11434/v1"; its key, if it
            needs one, is read from the environment variable SUMMARIZE_WRITER_KEY. Or a chat model that transformers
            runs here: a folder, or a name on the Hub.
        model: Name of the model on the server.
        guide: File with another editor's guide. "{words}" in it is replaced by the wanted number of words. Default:
            `guide.md` of this package.
        fallback: If True, the shipped rewriter writes while a server does not answer, and the record says so. If
            False, an error is raised.
        device: Device of a model that runs here, such as "cuda". Default: a GPU if there is one.
    """

    writer: str
    model: str = ""
    guide: str | None = None
    fallback: bool = False
    device: str | None = None

    @property
    def on_server(self) -> bool:
        """True for the address of a server."""
        return self.writer.startswith(("http://", "https://"))

    @property
    def name(self) -> str:
        """Name of the model, for records and readers: without the address of the server or the path of a folder."""
        return self.model if self.on_server else Path(self.writer).name


class Answers(Protocol):
    """A language model that answers messages, each with `role` and `content`."""

    parallel: int

    def __call__(self, messages: list[dict[str, str]], deadline: Deadline) -> str:
        """Returns the answer.

        Raises:
            AnswerError: The model cannot answer these messages.
            WriterError: The model cannot be reached.
        """

    def close(self) -> None:
        """Frees the connection or the model."""


class LanguageModel:
    """Writes points with a language model; implements `Writer`.

    Args:
        name: Name of the model.
        answers: The model.
        guide: The editor's guide.
        fallback: Writes while the model cannot be reached. Default: an error is raised.
    """

    def __init__(self, name: str, answers: Answers, guide: str, fallback: Writer | None = None) -> None:
        self.name = name
        self._answers, self._guide, self._fallback = answers, guide, fallback
        self._pool = ThreadPoolExecutor(answers.parallel, "writer")

    def start(self, task: Task, deadline: Deadline) -> Callable[[], Written]:
        """Starts to write one point."""
        return self._pool.submit(self._write, task, deadline).result

    def close(self) -> None:
        """Cancels what has not begun, waits for the rest, and frees the model."""
        self._pool.shutdown(cancel_futures=True)
        self._answers.close()
        if self._fallback:
            self._fallback.close()

    def _write(self, task: Task, deadline: Deadline) -> Written:
        try:
            found = texts(self._answers(messages(self._guide, task), deadline))
        except AnswerError as error:
            return Written((), "others", f"{self.name}: {error}")
        except WriterError:
            if not self._fallback:
                raise
            written = self._fallback.start(task, deadline)()
            return Written(written.candidates, written.kind, f"{self.name} could not be reached")
        if not found:
            return Written((), "others", f"{self.name} answered without a text")
        return Written(tuple(Candidate(text, 0.0) for text in found), "others")


def messages(guide: str, task: Task) -> list[dict[str, str]]:
    """Returns the chat messages that ask for one point: the guide, then the article and the sentences."""
    told = guide.replace("{words}", WORDS[task.length])
    if task.versions > 1:
        told += f"\nGive {task.versions} different versions, each on its own line."
    title = f"Headline: {task.title}\n\n" if task.title else ""
    asked = f"{title}Article:\n{_story(task)}\n\nSentences:\n{task.sources}"
    return [{"role": "system", "content": told}, {"role": "user", "content": asked}]


def _story(task: Task) -> str:
    story = task.story[:MAX_STORY]
    if task.start + len(task.sources) <= MAX_STORY:
        return story
    return f"{story}\n…\n{task.story[max(MAX_STORY, task.start - _NEAR) : task.start]}{task.sources}"


def texts(answer: str) -> list[str]:
    """Returns the texts of an answer, one a line, without thoughts, list markers and quotation marks around a line."""
    found: dict[str, None] = {}
    for line in _THOUGHT.sub("", answer).splitlines():
        text = _MARKER.sub("", " ".join(line.replace("**", "").split()))
        quoted = _QUOTED.match(text)
        text = finished(quoted[2] if quoted else text)
        if any(c.isalnum() for c in text) and not text.endswith(":."):
            found.setdefault(text)
    return list(found)


def guide_of(options: WriterOptions) -> str:
    """Returns the editor's guide.

    Raises:
        WriterError: The file cannot be read.
    """
    path = Path(options.guide) if options.guide else Path(__file__).with_name("guide.md")
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise WriterError(f"the guide {path} cannot be read: {error}") from error


def guide_version(options: WriterOptions) -> str:
    """Returns the first 12 hex digits of a sha256 of the editor's guide."""
    return sha256(guide_of(options).encode()).hexdigest()[:12]


def writer_of(options: WriterOptions, fallback: Writer | None, threads: int | None = None) -> LanguageModel:
    """Connects to a server, or loads a model.

    Args:
        options: The language model.
        fallback: The shipped rewriter, used if the options say so.
        threads: Number of cores for a model that runs here. Default: torch's own.

    Raises:
        WriterError: The server, the key or the name of the model is wrong, or the guide cannot be read.
        ModelError: The model that should run here cannot be loaded, or is no chat model.
        MissingExtraError: The packages for it are not installed.
    """
    guide = guide_of(options)
    if options.on_server:
        from .server import Server

        answers: Answers = Server(options.writer, options.model)
    else:
        from .chat_model import ChatModel

        answers = ChatModel(options.writer, options.device, threads)
    return LanguageModel(options.name, answers, guide, fallback if options.fallback else None)
