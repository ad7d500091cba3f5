"""What all language models have in common as writers: the editor's guide, the messages, and how an answer is read."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..deadline import Deadline
from ..errors import WriterError
from ..points import Candidate, Task, Writer, Written, finished
from ..summary import Length

if TYPE_CHECKING:
    from .chat_model import ChatModel
    from .server import Server

WORDS: dict[Length, str] = {"standard": "14 to 34", "brief": "8 to 16", "highlights": "7 to 14"}
"""Number of words of a point, as the guide says it."""
MAX_STORY = 12_000
"""Maximum number of characters of the story that are sent from its start: some 2,000 words."""
_NEAR = 2_000
"""If the sentences of a point end after MAX_STORY, this number of characters up to their end are sent too."""
_THOUGHT = re.compile(r"\A.*</think>|<think>.*\Z", re.DOTALL)
_MARKER = re.compile(r"^(?:[-*•·]\s+|\d{1,2}[.)]\s+|(?:key )?(?:point|sentence)(?: \d)?:\s*)", re.IGNORECASE)
_QUOTED = re.compile(r'^(["“])([^"“”]*)["”]$')


class UnreachableError(WriterError):
    """A server does not answer, or is too busy. Later it may answer."""


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
        """Name of the model, for records and readers: that on the server or the Hub, or the end of a folder's path."""
        if self.on_server or not Path(self.writer).is_dir():
            return self.model if self.on_server else self.writer
        return "/".join(Path(self.writer).resolve().parts[-2:])


class LanguageModel:
    """Writes points with a language model; implements `Writer`.

    Args:
        name: Name of the model.
        answers: The model.
        guide: The editor's guide.
        fallback: Writes while the model cannot be reached. Default: an error is raised.
    """

    def __init__(self, name: str, answers: Server | ChatModel, guide: str, fallback: Writer | None = None) -> None:
        self.name = name
        self._answers, self._guide, self._fallback = answers, guide, fallback
        self._pool = ThreadPoolExecutor(answers.parallel, "writer")

    def start(self, task: Task, deadline: Deadline) -> Callable[[], Written]:
        """Starts to write one point."""
        future = self._pool.submit(self._write, task, deadline)

        def wait() -> Written:
            try:
                return future.result(deadline.left)
            except TimeoutError:
                future.cancel()
                deadline.check()
                raise

        return wait

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
            return Written((), "others", "generated", f"{self.name}: {error}")
        except UnreachableError as error:
            if not self._fallback:
                raise
            written = self._fallback.start(task, deadline)()
            return replace(written, fault=str(error))
        if not found:
            return Written((), "others", "generated", f"{self.name} answered without a text")
        return Written(tuple(Candidate(text, 0.0) for text in found), "others", "generated")


def messages(guide: str, task: Task) -> list[dict[str, str]]:
    """Returns the chat messages that ask for one point: one message with the guide, the article and the sentences,
    since not all models know the role "system". What the points of an article share comes first, so that servers read
    it only once."""
    told = guide.replace("{words}", WORDS[task.length])
    if task.versions > 1:
        told += f"\nGive {task.versions} different versions, each on its own line."
    title = f"Headline: {task.title}\n\n" if task.title else ""
    material = f"{title}Article:\n{_story(task)}\n\nSentences:\n{task.sources}"
    return [{"role": "user", "content": f"{told}\n\n{material}"}]


def _story(task: Task) -> str:
    story = task.story[:MAX_STORY]
    near = task.story[max(MAX_STORY, task.end - _NEAR) : task.end]
    return f"{story}\n…\n{near}" if near else story


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

        server = Server(options.writer, options.model)
        try:
            server.check()
        except UnreachableError:
            if not options.fallback:
                raise
        answers: Server | ChatModel = server
    else:
        from .chat_model import ChatModel

        answers = ChatModel(options.writer, options.device, threads)
    return LanguageModel(options.name, answers, guide, fallback if options.fallback else None)
