"""API keys: made, found again by what a request shows, revoked, marked as used.

Secrets are random, so their SHA-256 is stored and compared in constant time.
"""

from __future__ import annotations

import hmac
import os
import threading
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from flask import Flask

from ..core import clock
from ..core.current_app import this_app
from ..core.errors import InvalidCredentials, InvalidInput, KeyNotFound, StorageFull
from ..database import Reader, atomic, cached, query, query_one, write
from ..database.rows import ApiKeyRow
from . import audit_log, roles
from .credentials import Credentials
from .roles import MANAGE, SEE, Actor
from .service import AccountInfo
from .sides import Side, side_of

SCOPES = ("send", "query", "webhooks", "two_way")
DEFAULT_SCOPES = SCOPES[:3]
"""Of a key that is made without naming any; two-way SMS has a price of its own, and is for who asks for it."""


class Key(NamedTuple):
    """An API key as a request needs it. ``side`` is its wallet's; ``is_sandbox``: it is published."""

    id: int
    api: str
    account: AccountInfo
    wallet_id: int
    scopes: frozenset[str]
    secret_sha256: str
    is_sandbox: bool
    """Whether it is one of the published ones; whether it may be used now, the edges decide."""
    side: Side
    prefix: str


def digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse_scopes(text: str | None) -> list[str]:
    """A comma list → scopes in their canonical order; None means the usual ones."""
    if text is None:
        return list(DEFAULT_SCOPES)
    asked = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(asked - set(SCOPES))
    if unknown or not asked:
        raise InvalidInput(f"Scopes are {', '.join(SCOPES)}; not {', '.join(unknown) or 'none at all'}")
    return [scope for scope in SCOPES if scope in asked]


def create_key(
    *,
    account_id: int,
    wallet_id: int,
    api: str,
    name: str | None = None,
    scopes: list[str] | None = None,
    credentials: Credentials,
    is_sandbox: bool = False,
    actor: Actor,
) -> int:
    """Store a key for a wallet of the account; its id. The caller shows ``credentials`` once."""
    roles.require(actor, MANAGE, account_id)
    lookup = credentials.public or digest(credentials.secret)
    shown = credentials.public or credentials.secret
    prefix = shown[: shown.rindex("_", 0, 12) + 5] if "_" in shown[:12] else shown[:8]
    with atomic() as tx:
        key_id = tx.insert(
            "api_keys",
            account_id=account_id,
            wallet_id=wallet_id,
            api=api,
            name=name or api,
            lookup=lookup,
            secret_sha256=digest(credentials.secret),
            prefix=prefix,
            scopes=",".join(scopes or DEFAULT_SCOPES),
            is_sandbox=int(is_sandbox),
            created_at=clock.now_ms(),
        )
        audit_log.record(tx, actor=actor, action="key.create", subject=prefix, account_id=account_id)
    return key_id


def set_scopes(key_id: int, scopes: Sequence[str], *, actor: Actor) -> None:
    """What a key may do from now on."""
    with atomic() as tx:
        row = tx.one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
        if row is None:
            raise KeyNotFound(f"There is no API key {key_id}")
        roles.require(actor, MANAGE, row["account_id"])
        if tx.changed("UPDATE api_keys SET scopes = ? WHERE id = ? AND scopes <> ?", (",".join(scopes), key_id, ",".join(scopes))):
            audit_log.record(tx, actor=actor, action="key.scopes", subject=row["prefix"], account_id=row["account_id"])


def find_key(key_id: int, *, actor: Actor) -> ApiKeyRow:
    """A key of an account that the actor sees; KeyNotFound, NotFound."""
    row = query_one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
    if row is None:
        raise KeyNotFound(f"There is no API key {key_id}")
    roles.require(actor, SEE, row["account_id"])
    return row


def revoke_key(key_id: int, *, actor: Actor) -> ApiKeyRow:
    """The key is refused from now on; revoking twice keeps the first moment."""
    with atomic() as tx:
        row = tx.one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
        if row is None:
            raise KeyNotFound(f"There is no API key {key_id}")
        roles.require(actor, MANAGE, row["account_id"], even_suspended=True)
        if tx.changed("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (clock.now_ms(), key_id)):
            audit_log.record(tx, actor=actor, action="key.revoke", subject=row["prefix"], account_id=row["account_id"])
    row = query_one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
    assert row is not None
    return row


class KeyOfWallet(ApiKeyRow):
    wallet_uid: str
    wallet_currency: str


KEYS_OF_ACCOUNT = """
    SELECT k.*, w.uid AS wallet_uid, w.currency AS wallet_currency
    FROM api_keys k JOIN wallets w ON w.id = k.wallet_id
    WHERE k.account_id = ? ORDER BY k.id
"""


def list_keys(account_id: int, *, actor: Actor) -> list[KeyOfWallet]:
    """The account's keys with their wallets, revoked ones too."""
    roles.require(actor, SEE, account_id)
    return query(KEYS_OF_ACCOUNT, (account_id,))


def authenticate(api: str, secret: str, public: str | None = None) -> Key:
    """The key, not revoked, that these credentials name; InvalidCredentials for everything else, without a reason."""
    lookup = digest(secret) if public is None else public
    key = cached(("key", api, lookup), lambda reader: _load(reader, api, lookup))
    # Compare even when there is no such key, so that both answers take the same time.
    expected = key.secret_sha256 if key else "0" * 64
    if not hmac.compare_digest(expected.encode(), digest(secret).encode()) or key is None:
        raise InvalidCredentials
    return key


def note_use(key: Key) -> None:
    """The key was used now; written a moment later."""
    this_app().extensions["wesend.last_used"].touch(key.id)


LIVE_KEY = """
    SELECT k.*, w.is_sandbox AS of_sandbox FROM api_keys k JOIN wallets w ON w.id = k.wallet_id
    WHERE k.api = ? AND k.lookup = ? AND k.revoked_at IS NULL
"""


def _load(reader: Reader, api: str, lookup: str) -> Key | None:
    row = reader.one(LIVE_KEY, (api, lookup))
    if row is None:
        return None
    account = reader.one("SELECT * FROM accounts WHERE id = ?", (row["account_id"],))
    assert account is not None
    return Key(
        row["id"],
        api,
        AccountInfo.of(account),
        row["wallet_id"],
        frozenset(row["scopes"].split(",")),
        row["secret_sha256"],
        bool(row["is_sandbox"]),
        side_of(is_sandbox=bool(row["of_sandbox"])),
        row["prefix"],
    )


class LastUsed:
    """Collects when keys were used and writes it a moment later, many keys in one transaction.

    A write of its own for each request would double what a request costs.
    """

    PAUSE = 1.0

    def __init__(self, app: Flask):
        self.app = app
        self.used: dict[int, int] = {}
        self.lock = threading.Lock()
        self.wake = threading.Event()
        self.stopping = threading.Event()
        self.pid = 0

    def touch(self, key_id: int) -> None:
        with self.lock:
            known = key_id in self.used
            self.used[key_id] = clock.now_ms()
            if self.pid != os.getpid():
                # The first use after a fork: threads do not survive one.
                self.pid = os.getpid()
                self.wake = threading.Event()
                threading.Thread(target=self._run, name="last-used", daemon=True).start()
            elif known:
                return  # whoever came first has woken it
        self.wake.set()

    def stop(self) -> None:
        """End the thread and its connection, in a moment and after a last flush."""
        self.stopping.set()
        self.wake.set()

    def _run(self) -> None:
        with self.app.app_context():
            while not self.stopping.is_set():
                self.wake.wait()
                self.wake.clear()
                try:
                    self.flush()
                except Exception:
                    self.app.logger.exception("could not note when keys were used")
                self.stopping.wait(self.PAUSE)
            self.app.extensions["wesend.database"].close_thread()

    def flush(self) -> None:
        """Write what was collected; call inside an app context."""
        with self.lock:
            used, self.used = self.used, {}
        try:
            self._write(used)
        except StorageFull:
            with self.lock:
                self.used = {**used, **self.used}
            raise

    @staticmethod
    def _write(used: dict[int, int]) -> None:
        if used:
            write(
                lambda tx: tx.executemany(
                    "UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)",
                    [(at, key_id) for key_id, at in used.items()],
                )
            )


def init_app(app: Flask) -> None:
    app.extensions["wesend.last_used"] = LastUsed(app)
