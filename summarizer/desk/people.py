"""Who may do what: named users with passwords and roles, their sessions, and keys for other systems."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .store import Store, stamp

ROLES = ("editor", "admin")
SCOPES = ("draft", "read", "decide")
"""What a key may be for: to hand in articles and have points checked; to read lists and export them; to revise,
approve, reject and withdraw."""
SESSION = timedelta(hours=12)
SHORTEST = 12
"""Characters of a password, at least (OWASP and NIST SP 800-63B ask for length, and for nothing else)."""

_hasher = PasswordHasher()
_hashing = BoundedSemaphore(2)
"""Argon2 takes 64 MB each time: so many passwords are looked at side by side, and others wait."""
_NOBODY = _hasher.hash(secrets.token_hex())


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks.

    Attributes:
        name: A user's name, or "key NAME".
        scopes: Of `SCOPES`, and "admin" for one who manages users and keys.
        csrf: The token that his pages carry; empty for a key.
        guest: Whether nobody signs in on this desk.
    """

    name: str
    scopes: frozenset[str]
    csrf: str = ""
    guest: bool = False


class People:
    """Users, sessions and keys.

    Args:
        store: Where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, name: str, role: str, password: str) -> None:
        """A user, or a new role and password of one.

        Raises:
            ValueError: The name, the role or the password will not do.
        """
        if not name or name != name.strip() or len(name) > 100 or not name.isprintable() or name.startswith("key "):
            raise ValueError(
                "a user's name has 1 to 100 characters, no line breaks, no space at its ends, and does not begin with "
                "'key '"
            )
        if role not in ROLES:
            raise ValueError(f"the role is one of {', '.join(ROLES)}, not {role!r}")
        if len(password) < SHORTEST:
            raise ValueError(f"a password has at least {SHORTEST} characters")
        if len(password) > 1000:
            raise ValueError("a password has at most 1,000 characters")
        self._store.put_user(name, role, _hasher.hash(password))

    def sign_in(self, name: str, password: str) -> str | None:
        """The token of a new session, or None: no such user, or another password. Both take the same time."""
        _, kept = self._store.users().get(name, ("", _NOBODY))
        with _hashing:
            try:
                _hasher.verify(kept, password[:1000])
            except (VerificationError, InvalidHashError):
                return None
        token = secrets.token_urlsafe(32)
        self._store.start_session(token, name, secrets.token_urlsafe(32), stamp(datetime.now(UTC) + SESSION))
        return token

    def of_session(self, token: str) -> Person | None:
        """Who signed in."""
        found = self._store.session(token)
        if not found:
            return None
        name, role, csrf = found
        return Person(name, frozenset([*SCOPES, *(["admin"] if role == "admin" else [])]), csrf)

    def sign_out(self, token: str) -> None:
        """Ends a session."""
        self._store.end_session(token)

    def new_key(self, name: str, scopes: str) -> str:
        """The secret of a new key, which is shown once.

        Raises:
            ValueError: The name or a scope will not do.
        """
        asked = scopes.replace(",", " ").split()
        if not name or not name.isprintable() or len(name) > 90:
            raise ValueError("a key's name has 1 to 90 characters, and no line breaks")
        if not asked or not set(asked) <= set(SCOPES):
            raise ValueError(f"the scopes are of {', '.join(SCOPES)}, not {scopes!r}")
        secret = "desk_" + secrets.token_urlsafe(32)
        self._store.put_key(name, secret, " ".join(sorted(set(asked))))
        return secret

    def of_key(self, secret: str) -> Person | None:
        """The key with this secret."""
        found = self._store.key(secret)
        return Person(f"key {found[0]}", found[1]) if found else None
