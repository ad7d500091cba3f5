"""A chat model that transformers runs here. The only module of the library that uses torch."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any

from safetensors import SafetensorError

from ..deadline import Deadline
from ..errors import MissingExtraError, ModelError
from .language_model import AnswerError

MAX_NEW_TOKENS = 256
"""Maximum number of tokens of an answer."""


class ChatModel:
    """Runs a chat model. Nothing is sampled.

    Args:
        checkpoint: A folder, or a name on the Hub, which is downloaded if it is not cached. An adapter of peft is
            merged into its base.
        device: "cpu", "cuda" or another torch device. Default: a GPU if there is one.
        threads: Number of cores that torch uses in this process. Default: unchanged.

    Raises:
        MissingExtraError: torch or transformers is not installed.
        ModelError: The model cannot be read, or has no chat template.
    """

    parallel = 1

    def __init__(self, checkpoint: str, device: str | None = None, threads: int | None = None) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise MissingExtraError(f"the language model {checkpoint!r}", "torch and transformers", "torch") from error
        if threads:
            torch.set_num_threads(threads)
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        # On a CPU, half precision is many times slower than single precision.
        dtype = torch.float32 if place == "cpu" else "auto"
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(checkpoint)
            if (Path(checkpoint) / "adapter_config.json").is_file():
                model = _with_adapter(checkpoint, dtype)
            else:
                model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=dtype)
            self._model: Any = model.to(place).eval()
        except MissingExtraError:
            raise
        except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"the language model {checkpoint}: {error}") from error
        if not getattr(self._tokenizer, "chat_template", None):
            raise ModelError(f"{checkpoint} has no chat template; use a chat model, such as an -Instruct one")
        self._lock = Lock()

    def __call__(self, messages: list[dict[str, str]], deadline: Deadline) -> str:
        """Returns the answer.

        Raises:
            AnswerError: The messages are longer than the model can read.
            TimeLimitError: The article's time was up before the model began.
        """
        import torch

        with self._lock:
            deadline.check()
            read = self._tokenizer.apply_chat_template(
                messages, add_generation_prompt=True, return_tensors="pt", return_dict=True
            ).to(self._model.device)
            size = read["input_ids"].shape[1]
            room = getattr(self._model.config, "max_position_embeddings", None)
            if room and size + MAX_NEW_TOKENS > room:
                raise AnswerError(f"the article has {size} tokens, but the model reads {room - MAX_NEW_TOKENS}")
            with torch.inference_mode():
                out = self._model.generate(
                    **read, max_new_tokens=MAX_NEW_TOKENS, do_sample=False, temperature=None, top_p=None, top_k=None
                )
            if out.shape[1] - size == MAX_NEW_TOKENS:
                raise AnswerError(f"the answer was cut off at {MAX_NEW_TOKENS} tokens")
            return str(self._tokenizer.decode(out[0, size:], skip_special_tokens=True))

    def close(self) -> None:
        """Waits for the running answer."""
        with self._lock:
            pass


def _with_adapter(folder: str, dtype: Any) -> Any:
    """Loads an adapter, merged into its base model."""
    try:
        from peft import AutoPeftModelForCausalLM
    except ImportError as error:
        raise MissingExtraError(f"the adapter {folder!r}", "peft", "train") from error
    return AutoPeftModelForCausalLM.from_pretrained(folder, dtype=dtype).merge_and_unload()
