"""What the desk is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How the desk runs.

    Attributes:
        database: SQLAlchemy URL.
        disclosure: The line for readers of an approved list; "{name}" in it is who approved.
        webhook: Address that is called when a list is approved or withdrawn; default: none.
        secret: What the calls are signed with.
        max_request: Bytes of a request, at most.
        seconds: Seconds that one article may take.
        max_queue: Articles that may wait for their turn; and editors' checks likewise.
        secure: Whether cookies are for HTTPS alone.
        guests: Whether everybody who reaches the address is an editor, without signing in.
        hosts: Names under which it may be reached; none: any.
    """

    database: str = "sqlite:///desk.sqlite"
    disclosure: str = "Key points made with the help of software, checked and approved by an editor."
    webhook: str | None = None
    secret: str = ""
    max_request: int = 2_000_000
    seconds: float = 60.0
    max_queue: int = 32
    secure: bool = False
    guests: bool = False
    hosts: tuple[str, ...] = ()
