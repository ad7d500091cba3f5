"""Who sends a request: a user whom the proxy has signed in, or another system with a key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from hashlib import sha256

import sqlalchemy as sa

from .database import Database, keys, now

SCOPES = ("draft", "read", "decide")
"""The rights of keys and users. draft: send articles and check points; read: read and export lists; decide: revise,
approve, reject and withdraw lists, and get other wordings."""


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


def user(name: str) -> Person:
    """Returns the user with a name.

    Raises:
        ValueError: The name is invalid.
    """
    if not name or name != name.strip() or len(name) > 100 or not name.isprintable() or name.startswith("key "):
        raise ValueError(
            "a user's name must have 1 to 100 characters, no line breaks, no space at its ends, and must not begin "
            f"with 'key ', unlike {name[:100]!r}"
        )
    return Person(name, frozenset(SCOPES))


class Keys:
    """Keys of other systems. Only hashes of their secrets are stored.

    Args:
        database: Where they are stored.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def new(self, name: str, scopes: str) -> str:
        """Creates a key and returns its secret. Only a hash of the secret is stored.

        Raises:
            ValueError: The name or a scope is invalid, or a key with this name exists.
        """
        wanted = scopes.replace(",", " ").split()
        if not name or not name.isprintable() or len(name) > 90:
            raise ValueError("a key's name must have 1 to 90 characters and no line breaks")
        if not wanted or not set(wanted) <= set(SCOPES):
            raise ValueError(f"the scopes must be one or more of {', '.join(SCOPES)}, not {scopes!r}")
        secret = "desk_" + secrets.token_urlsafe(32)
        values = {"secret": _hash(secret), "scopes": " ".join(sorted(set(wanted))), "created": now()}
        with self._db.write() as db:
            if db.execute(sa.select(keys.c.name).where(keys.c.name == name)).first():
                raise ValueError(f"there is a key {name} already; remove it first (systems that use it lose access)")
            db.execute(keys.insert().values(name=name, **values))
        return secret

    def of(self, secret: str) -> Person | None:
        """Returns the key with this secret, or None."""
        with self._db.read() as db:
            found = db.execute(keys.select().where(keys.c.secret == _hash(secret))).mappings().first()
        return Person(f"key {found['name']}", frozenset(found["scopes"].split()), key=True) if found else None

    def drop(self, name: str) -> bool:
        """Removes a key. Returns False if there is no such key."""
        with self._db.write() as db:
            return bool(db.execute(keys.delete().where(keys.c.name == name)).rowcount)

    def scopes(self) -> dict[str, str]:
        """Returns the scopes of each key."""
        with self._db.read() as db:
            return {row["name"]: row["scopes"] for row in db.execute(keys.select()).mappings()}


def _hash(secret: str) -> str:
    """Returns the hash of a secret. A fast hash is enough, because the secret is long and random."""
    return sha256(secret.encode()).hexdigest()
