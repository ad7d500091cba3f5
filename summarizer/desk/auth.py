"""Who may do what: named users with passwords and roles, their sessions, and keys for other systems."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy.engine import Connection

from .database import Database, keys, now, sessions, stamp, users

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
    """Users, sessions and keys: what proves that somebody is who he says is kept as a hash alone.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, name: str, role: str, password: str) -> None:
        """A user, or a new role and password of one.

        Raises:
            ValueError: The name, the role or the password will not do, or no admin would be left.
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
        values = {"role": role, "password": _hasher.hash(password)}
        with self._db.write() as db:
            if role != "admin":
                _another_admin(db, name)
            db.execute(sessions.delete().where(sessions.c.user == name))
            if not db.execute(users.update().where(users.c.name == name).values(values)).rowcount:
                db.execute(users.insert().values(name=name, created=now(), **values))

    def drop_user(self, name: str) -> bool:
        """Without a user, and his sessions; whether there was one. What he did stays under his name.

        Raises:
            ValueError: Users without an admin would be left.
        """
        with self._db.write() as db:
            if db.execute(sa.select(sa.func.count()).select_from(users)).scalar_one() > 1:
                _another_admin(db, name)
            db.execute(sessions.delete().where(sessions.c.user == name))
            return bool(db.execute(users.delete().where(users.c.name == name)).rowcount)

    def users(self) -> dict[str, str]:
        """The role of each user."""
        with self._db.read() as db:
            return {row["name"]: row["role"] for row in db.execute(users.select()).mappings()}

    def sign_in(self, name: str, password: str) -> str | None:
        """The token of a new session, or None: no such user, or another password. Both take the same time."""
        with self._db.read() as db:
            kept = db.execute(sa.select(users.c.password).where(users.c.name == name)).scalar() or _NOBODY
        with _hashing:
            try:
                _hasher.verify(kept, password[:1000])
            except (VerificationError, InvalidHashError):
                return None
        token = secrets.token_urlsafe(32)
        values = {"token": _hash(token), "user": name, "csrf": secrets.token_urlsafe(32)}
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.ends < now()))
            db.execute(sessions.insert().values(values | {"ends": stamp(datetime.now(UTC) + SESSION)}))
        return token

    def of_session(self, token: str) -> Person | None:
        """Who signed in."""
        query = (
            sa.select(sessions.c.user, users.c.role, sessions.c.csrf)
            .join(users, users.c.name == sessions.c.user)
            .where(sessions.c.token == _hash(token), sessions.c.ends > now())
        )
        with self._db.read() as db:
            found = db.execute(query).mappings().first()
        if not found:
            return None
        admin = ["admin"] if found["role"] == "admin" else []
        return Person(found["user"], frozenset([*SCOPES, *admin]), found["csrf"])

    def sign_out(self, token: str) -> None:
        """Ends a session."""
        with self._db.write() as db:
            db.execute(sessions.delete().where(sessions.c.token == _hash(token)))

    def new_key(self, name: str, scopes: str) -> str:
        """The secret of a new key, which is shown once.

        Raises:
            ValueError: The name or a scope will not do, or there is a key of this name.
        """
        asked = scopes.replace(",", " ").split()
        if not name or not name.isprintable() or len(name) > 90:
            raise ValueError("a key's name has 1 to 90 characters, and no line breaks")
        if not asked or not set(asked) <= set(SCOPES):
            raise ValueError(f"the scopes are of {', '.join(SCOPES)}, not {scopes!r}")
        secret = "desk_" + secrets.token_urlsafe(32)
        values = {"secret": _hash(secret), "scopes": " ".join(sorted(set(asked))), "created": now()}
        with self._db.write() as db:
            if db.execute(sa.select(keys.c.name).where(keys.c.name == name)).first():
                raise ValueError(f"there is a key {name}; remove it first, which shuts out who uses it")
            db.execute(keys.insert().values(name=name, **values))
        return secret

    def of_key(self, secret: str) -> Person | None:
        """The key with this secret."""
        with self._db.read() as db:
            found = db.execute(keys.select().where(keys.c.secret == _hash(secret))).mappings().first()
        return Person(f"key {found['name']}", frozenset(found["scopes"].split())) if found else None

    def drop_key(self, name: str) -> bool:
        """Without a key; whether there was one."""
        with self._db.write() as db:
            return bool(db.execute(keys.delete().where(keys.c.name == name)).rowcount)

    def keys(self) -> dict[str, str]:
        """The scopes of each key."""
        with self._db.read() as db:
            return {row["name"]: row["scopes"] for row in db.execute(keys.select()).mappings()}


def _another_admin(db: Connection, name: str) -> None:
    """Refuses to take the last admin from his users.

    Raises:
        ValueError: This is the only one.
    """
    admins = set(db.execute(sa.select(users.c.name).where(users.c.role == "admin").with_for_update()).scalars())
    if admins == {name}:
        raise ValueError(f"{name} is the only admin; make another user an admin first")


def _hash(secret: str) -> str:
    """Of a long random secret, for which a fast hash is enough."""
    return sha256(secret.encode()).hexdigest()
