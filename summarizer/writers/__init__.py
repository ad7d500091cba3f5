"""Language models as writers of the points: on a server with the OpenAI API, or run here with transformers."""

from .language_model import AnswerError, LanguageModel, WriterOptions, guide_of, guide_version, messages, writer_of

__all__ = ["AnswerError", "LanguageModel", "WriterOptions", "guide_of", "guide_version", "messages", "writer_of"]
