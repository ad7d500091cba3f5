"""A language model on a server with the OpenAI chat API: Ollama, vLLM, llama.cpp, `transformers serve`, a provider."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ..deadline import Deadline
from ..errors import MissingExtraError, WriterError
from .language_model import AnswerError

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
MAX_TOKENS = 1024
"""Maximum number of tokens of an answer, with what a model thinks before it."""


class Server:
    """Sends messages to a server; implements `Answers`.

    Args:
        address: Address of the API, such as "http://localhost:11434/v1".
        model: Name of the model.

    Raises:
        MissingExtraError: httpx is not installed.
        WriterError: There is no such server or model, or the key is wrong.
    """

    parallel = PARALLEL

    def __init__(self, address: str, model: str) -> None:
        try:
            import httpx
        except ImportError as error:
            raise MissingExtraError("a language model on a server", "httpx", "server") from error
        if not model:
            raise WriterError(f"the name of the model on {address} is missing; name it with --writer-model")
        self._address, self._model = address.rstrip("/"), model
        key = os.environ.get(KEY, "")
        self._client = httpx.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=ANSWER_SECONDS,
            limits=httpx.Limits(max_connections=PARALLEL),
        )
        try:
            self([{"role": "user", "content": "Say OK."}], Deadline(), tries=1)
        except AnswerError as error:
            raise WriterError(f"{self._address}: {error}") from error

    def __call__(self, messages: list[dict[str, str]], deadline: Deadline, tries: int = TRIES) -> str:
        """Returns the answer. If the server is busy or cannot be reached, the request is sent again, `tries` times in
        all, after growing pauses.

        Raises:
            AnswerError: The server refuses these messages, or its answer has no text.
            WriterError: The server still cannot be reached or is busy, or refuses the key or the model.
            TimeLimitError: The article's time is up.
        """
        import httpx

        body = {"model": self._model, "messages": messages, "temperature": 0, "max_tokens": MAX_TOKENS}
        fault, pause = "", PAUSE
        for left in range(tries - 1, -1, -1):
            deadline.check()
            wait = min(ANSWER_SECONDS, ANSWER_SECONDS if deadline.left is None else max(deadline.left, 0.01))
            try:
                answer = self._client.post(f"{self._address}/chat/completions", json=body, timeout=wait)
            except httpx.TimeoutException:
                deadline.check()
                fault = f"no answer within {wait:.0f} seconds"
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                fault = f"{type(error).__name__}: {error}"
            else:
                if answer.status_code == 200:
                    return _text(answer)
                fault = f"status {answer.status_code}: {_detail(answer)}"
                if answer.status_code in (401, 403):
                    raise WriterError(f"{self._address} refuses the key in {KEY} ({fault})")
                if answer.status_code == 404:
                    raise WriterError(f"{self._address} has no chat API or no model {self._model!r} ({fault})")
                if answer.status_code != 429 and answer.status_code < 500:
                    raise AnswerError(fault)
                pause = max(pause, _retry_after(answer))
            if left:
                time.sleep(min(pause, LONGEST_PAUSE, LONGEST_PAUSE if deadline.left is None else deadline.left))
                pause *= 2
        raise WriterError(f"the writer {self._address} cannot be reached: {fault}")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()


def _text(answer: httpx.Response) -> str:
    try:
        text = answer.json()["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError):
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
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdigit() else 0.0
