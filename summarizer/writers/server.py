"""A language model on a server with the OpenAI chat API: Ollama, vLLM, llama.cpp, `transformers serve`, a provider."""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, Any

from ..deadline import Deadline
from ..errors import MissingExtraError, WriterError
from .language_model import AnswerError, UnreachableError

if TYPE_CHECKING:
    import httpx

KEY = "SUMMARIZE_WRITER_KEY"
"""Environment variable with the server's key."""
PARALLEL = 8
"""Maximum number of requests at the same time."""
TRIES = 5
"""Number of times that a request is sent, if the server cannot be reached or is too busy."""
PAUSE = 1.0
"""Seconds before the second try; each further pause is twice as long."""
LONGEST_PAUSE = 60.0
"""Maximum seconds between two tries, whatever the server says in `Retry-After`."""
ANSWER_SECONDS = 300.0
"""Maximum seconds of an answer. A server may first have to load the model."""
_BUSY = (408, 409, 425, 429)
"""Statuses below 500 after which the request is sent again."""
MAX_TOKENS = 1024
"""Maximum number of tokens of an answer, with what a model thinks before it."""


class CutOffError(AnswerError):
    """An answer is longer than MAX_TOKENS."""


class Server:
    """Sends messages to a server.

    Args:
        address: Address of the API, such as "http://localhost:11434/v1".
        model: Name of the model.

    Raises:
        MissingExtraError: httpx is not installed.
        WriterError: The name of the model is missing, or the key cannot be sent.
    """

    parallel = PARALLEL

    def __init__(self, address: str, model: str) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("a language model on a server", "httpx", "server") from error
        if not model:
            raise WriterError(f"the name of the model on {address} is missing; name it with --writer-model")
        key = os.environ.get(KEY, "").strip()
        if not key.isascii() or not key.isprintable():
            raise WriterError(f"the key in {KEY} has characters that a header cannot have")
        self._address, self._model, self._began = address.rstrip("/"), model, False
        self._shown = re.sub(r"//[^/@]*@", "//", self._address)  # without a password
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            limits=httpx.Limits(max_connections=PARALLEL),
        )

    def check(self) -> None:
        """Asks for a first answer.

        Raises:
            WriterError: There is no such server or model, or the key is wrong.
        """
        try:
            self([{"role": "user", "content": "Say OK."}], Deadline())
        except CutOffError:
            pass  # it answers, at length
        except AnswerError as error:
            raise WriterError(f"{self._shown}: {error}") from error
        self._began = True

    def __call__(self, messages: list[dict[str, str]], deadline: Deadline) -> str:
        """Returns the answer. If the server is busy or cannot be reached, the request is sent again, TRIES times in
        all, after growing pauses, as long as the article's time lasts.

        Raises:
            AnswerError: The server refuses these messages, or its answer has no text.
            UnreachableError: The server still cannot be reached or is busy.
            WriterError: It refuses the key or the model.
            TimeLimitError: The article's time is up before the server has answered.
        """
        import httpx

        body = {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS}
        fault, pause = "", PAUSE
        for left in range(TRIES - 1, -1, -1):
            deadline.check()
            seconds = min(ANSWER_SECONDS, deadline.left if deadline.left is not None else ANSWER_SECONDS)
            try:
                answer = self._client.post(f"{self._address}/chat/completions", json=body, timeout=max(seconds, 0.01))
            except httpx.TimeoutException:
                deadline.check()
                fault = f"no answer within {seconds:.0f} seconds"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                fault = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code == 200:
                    return _text(answer)
                fault = f"status {answer.status_code}: {_detail(answer)}"
                self._refuse(answer.status_code, fault)
                pause = max(pause, _retry_after(answer))
            pause = min(pause, LONGEST_PAUSE)
            if not left or (deadline.left is not None and deadline.left <= pause):
                break
            time.sleep(pause)
            pause *= 2
        raise UnreachableError(f"the writer {self._shown} cannot be reached: {fault}")

    def _refuse(self, status: int, fault: str) -> None:
        """Raises an error for an answer that would be the same if the request were sent again. After the first answer,
        403 is about the messages: some providers refuse a text with it."""
        if status in (401, 402) or (status == 403 and not self._began):
            raise WriterError(f"{self._shown} refuses the key in {KEY} ({fault})")
        if status == 404:
            raise WriterError(f"{self._shown} has no chat API or no model {self._model!r} ({fault})")
        if status < 500 and status not in _BUSY:
            raise AnswerError(fault)

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _text(answer: httpx.Response) -> str:
    try:
        choice = answer.json()["choices"][0]
        text = choice["message"]["content"]
        if choice.get("finish_reason") == "length":
            raise CutOffError(f"the answer was cut off at {MAX_TOKENS} tokens")
    except (ValueError, LookupError, TypeError, AttributeError):
        text = None
    if not isinstance(text, str):
        raise AnswerError("the answer of the server has no text; is this the address of a chat API, with its /v1?")
    return text


def _detail(answer: httpx.Response) -> str:
    """The message of an error: at most 200 characters of one line."""
    try:
        told: Any = answer.json()
        error = told.get("error", told.get("detail", told))
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError):
        text = answer.text
    return " ".join(text.split())[:200]


def _retry_after(answer: httpx.Response) -> float:
    seconds = answer.headers.get("retry-after", "")
    return float(seconds) if seconds.isdigit() else 0.0
