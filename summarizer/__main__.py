"""`python -m summarizer` is the command `summarize`."""

from .cli import main

main()
