"""Users with passwords, their sessions, and keys for other systems."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Lock
from time import monotonic

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from .database import Database, keys, now, sessions, stamp, users

SCOPES = ("draft", "read", "decide")
"""The rights of keys and users. draft: send articles and check points; read: read and export lists; decide: revise,
approve, reject and withdraw lists, and get other wordings."""
SESSION = timedelta(hours=12)
SHORTEST = 12
"""Minimum number of characters in a password (OWASP and NIST SP 800-63B require length and no other rule)."""

FREE_ATTEMPTS = 5
"""Number of wrong passwords in a row, by name or by address, after which each further one makes the pause longer."""
LONGEST_PAUSE = 900.0
"""The longest pause, in seconds. After as long without an attempt, all is forgotten."""

_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex())


@dataclass(frozen=True, slots=True)
class Person:
    """The user or system that sent a request.

    Attributes:
        name: A user's name, or "key NAME".
        scopes: Rights from `SCOPES`; a user has all of them.
        key: True for a key.
    """

    name: str
    scopes: frozenset[str]
    key: bool = False


class Attempts:
    """Counts wrong passwords by name and by address. After `FREE_ATTEMPTS` of them in a row there is a pause before the
    next attempt: a second, then two, four and so on, up to `LONGEST_PAUSE`. Kept in memory; thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._failed: dict[str, tuple[int, float]] = {}

    def pause(self, *keys: str) -> float:
        """Returns the seconds until the next attempt; 0 if there may be one now."""
        at = monotonic()
        with self._lock:
            self._failed = {key: one for key, one in self._failed.items() if at - one[1] < LONGEST_PAUSE}
            return max(0.0, *(_pause(count) - (at - last) for count, last in map(self._of, keys)))

    def failed(self, *keys: str) -> None:
        """Counts a wrong password."""
        with self._lock:
            for key in keys:
                self._failed[key] = (self._of(key)[0] + 1, monotonic())

    def succeeded(self, *keys: str) -> None:
        """Forgets the wrong passwords."""
        with self._lock:
            for key in keys:
                self._failed.pop(key, None)

    def _of(self, key: str) -> tuple[int, float]:
        return self._failed.get(key, (0, 0.0))


def _pause(count: int) -> float:
    return min(2.0 ** min(count - FREE_ATTEMPTS, 60), LONGEST_PAUSE) if count >= FREE_ATTEMPTS else 0.0


class People:
    """Users, sessions and keys. Passwords, session tokens and keys are stored only as hashes.

    Args:
        database: Where they are stored.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, name: str, password: str) -> None:
        """Adds a user, or changes the password of an existing user and ends their sessions.

        Raises:
            ValueError: The name or the password is invalid.
        """
        if not name or name != name.strip() or len(name) > 100 or not name.isprintable() or name.startswith("key "):
            raise ValueError(
                "a user's name must have 1 to 100 characters, no line breaks, no space at its ends, and must not begin "
                "with 'key '"
            )
        if len(password) < SHORTEST:
            raise ValueError(f"a password must have at least {SHORTEST} characters")
        if len(password) > 1000:
            raise ValueError("a password must have at most 1,000 characters")
        values = {"password": _hasher.hash(password)}
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.user == name))
            if not db.execute(users.update().where(users.c.name == name).values(values)).rowcount:
                db.execute(users.insert().values(name=name, created=now(), **values))

    def drop_user(self, name: str) -> bool:
        """Removes a user and their sessions. Versions and decisions keep the user's name.

        Returns:
            False if there is no such user.
        """
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.user == name))
            return bool(db.execute(users.delete().where(users.c.name == name)).rowcount)

    def users(self) -> list[str]:
        """Returns the names of the users."""
        with self._db.read() as db:
            return list(db.execute(sa.select(users.c.name).order_by(users.c.name)).scalars())

    def sign_in(self, name: str, password: str) -> str | None:
        """Returns the token of a new session, or None if the user or the password is wrong. Both take the same time."""
        with self._db.read() as db:
            kept = db.execute(sa.select(users.c.password).where(users.c.name == name)).scalar() or _NOBODY
        try:
            _hasher.verify(kept, password[:1000])
        except (VerificationError, InvalidHashError):
            return None
        token = secrets.token_urlsafe(32)
        values = {"token": _hash(token), "user": name}
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.ends < now()))
            db.execute(sessions.insert().values(values | {"ends": stamp(datetime.now(UTC) + SESSION)}))
        return token

    def of_session(self, token: str) -> Person | None:
        """Returns the user of a session, or None if there is no such session or it has ended."""
        query = sa.select(sessions.c.user).where(sessions.c.token == _hash(token), sessions.c.ends > now())
        with self._db.read() as db:
            name = db.execute(query).scalar()
        return Person(name, frozenset(SCOPES)) if name else None

    def sign_out(self, token: str) -> None:
        """Ends a session."""
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.token == _hash(token)))

    def new_key(self, name: str, scopes: str) -> str:
        """Creates a key and returns its secret. Only a hash of the secret is stored.

        Raises:
            ValueError: The name or a scope is invalid, or a key with this name exists.
        """
        asked = scopes.replace(",", " ").split()
        if not name or not name.isprintable() or len(name) > 90:
            raise ValueError("a key's name must have 1 to 90 characters and no line breaks")
        if not asked or not set(asked) <= set(SCOPES):
            raise ValueError(f"the scopes must be one or more of {', '.join(SCOPES)}, not {scopes!r}")
        secret = "desk_" + secrets.token_urlsafe(32)
        values = {"secret": _hash(secret), "scopes": " ".join(sorted(set(asked))), "created": now()}
        with self._db.write() as db:
            if db.execute(sa.select(keys.c.name).where(keys.c.name == name)).first():
                raise ValueError(f"there is a key {name} already; remove it first (systems that use it lose access)")
            db.execute(keys.insert().values(name=name, **values))
        return secret

    def of_key(self, secret: str) -> Person | None:
        """Returns the key with this secret, or None."""
        with self._db.read() as db:
            found = db.execute(keys.select().where(keys.c.secret == _hash(secret))).mappings().first()
        return Person(f"key {found['name']}", frozenset(found["scopes"].split()), key=True) if found else None

    def drop_key(self, name: str) -> bool:
        """Removes a key. Returns False if there is no such key."""
        with self._db.write() as db:
            return bool(db.execute(keys.delete().where(keys.c.name == name)).rowcount)

    def keys(self) -> dict[str, str]:
        """Returns the scopes of each key."""
        with self._db.read() as db:
            return {row["name"]: row["scopes"] for row in db.execute(keys.select()).mappings()}


def _hash(secret: str) -> str:
    """Returns the hash of a secret. A fast hash is enough, because the secret is long and random."""
    return sha256(secret.encode()).hexdigest()
