"""The settings of a desk."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """The settings of a desk.

    Attributes:
        database: SQLAlchemy URL.
        disclosure: The line for readers of an approved list; "{name}" is replaced by the person who approved it.
        webhook: URL that is called when a list is approved or withdrawn. None: no calls.
        secret: The secret that signs the calls.
        max_request: Maximum size of a request in bytes.
        seconds: Maximum seconds for one article, check or request for wordings.
        max_queue: Maximum number of waiting articles. The queue of editors' checks has the same limit.
        user_header: The header in which a proxy names the user whom it has signed in. None: everybody who can reach
            the desk is `editor`.
        editor: Name of the user of a desk without a proxy.
        hosts: Host names under which the desk may be reached. Empty: any.
    """

    database: str = "sqlite:///desk.sqlite"
    disclosure: str = "Key points made with the help of software, checked and approved by an editor."
    webhook: str | None = None
    secret: str = ""
    max_request: int = 2_000_000
    seconds: float = 60.0
    max_queue: int = 32
    user_header: str | None = None
    editor: str = "editor"
    hosts: tuple[str, ...] = ()
