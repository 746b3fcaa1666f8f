"""API keys: made, found again by what a request shows, bounded, rolled, revoked.

Secrets are random, so their SHA-256 is stored and compared in constant time (of short ones: `credentials.digest_of`).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from ..core import clock, money, namespaces
from ..core.errors import Conflict, InvalidCredentials, InvalidInput, KeyNotFound
from ..core.languages import sentence
from ..database import Reader, Tx, atomic, cached, query, query_one
from ..database.rows import ApiKeyRow
from . import allowed_countries, audit_log, daily_use, key_limits, roles
from .credentials import Credentials, digest_of
from .key_limits import KeyLimits
from .roles import MANAGE, SEE, Actor
from .service import AccountInfo, get_account, read_name, require_open
from .sides import Side, side_of

SCOPES = ("send", "query", "webhooks", "two_way")
DEFAULT_SCOPES = SCOPES[:3]
"""Of a key that is made without naming any; two-way SMS has a price of its own, and is for who asks for it."""


class Key(NamedTuple):
    """An API key as a request needs it: ``account`` with what the key narrows of it. ``side`` is its wallet's;
    ``is_sandbox``: it is published.
    """

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
    limits: KeyLimits
    namespace: str | None = None
    """Where in the sandbox's inbox what it sends is caught, unless a call says otherwise."""


def digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def parse_scopes(text: str | None) -> list[str]:
    """A comma list → scopes in their canonical order; None means the usual ones."""
    if text is None:
        return list(DEFAULT_SCOPES)
    asked = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(asked - set(SCOPES))
    if unknown or not asked:
        raise InvalidInput(
            sentence(
                "Scopes are %(scopes)s; not %(unknown)s", scopes=", ".join(SCOPES), unknown=", ".join(unknown) or "none at all"
            )
        )
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
    limits: KeyLimits = KeyLimits(),
    namespace: str | None = None,
    terms: str | None = None,
    actor: Actor,
) -> int:
    """Store a key for a wallet of the account; its id. The caller shows ``credentials`` once.

    ``terms``: what the audit log tells of it beside its limits.
    """
    roles.require(actor, MANAGE, account_id)
    if namespace is not None and not namespaces.is_namespace(namespace):
        raise InvalidInput(sentence("A namespace has %(problem)s", problem=namespaces.PROBLEM), {"namespace": [namespaces.PROBLEM]})
    lookup = credentials.public or digest(credentials.secret)
    shown = credentials.public or credentials.secret
    prefix = shown[: shown.rindex("_", 0, 12) + 5] if "_" in shown[:12] else shown[:8]
    with atomic() as tx:
        require_open(tx, account_id)
        key_id = tx.insert(
            "api_keys",
            account_id=account_id,
            wallet_id=wallet_id,
            api=api,
            name=read_name(name or "") or api,
            lookup=lookup,
            secret_sha256=digest_of(api, credentials.secret),
            prefix=prefix,
            scopes=",".join(scopes or DEFAULT_SCOPES),
            is_sandbox=int(is_sandbox),
            expires_at=limits.expires_at,
            allow_ip=limits.allow_ip,
            countries=allowed_countries.stored(limits.countries),
            daily_limit_micros=limits.daily_micros,
            valid_for=limits.valid_for,
            namespace=namespace,
            created_at=clock.now_ms(),
        )
        detail = ", ".join(filter(None, (",".join(scopes or DEFAULT_SCOPES), _words(limits), terms)))
        audit_log.record(tx, actor=actor, action="key.create", subject=prefix, account_id=account_id, detail=detail)
    return key_id


def set_scopes(key_id: int, scopes: Sequence[str], *, actor: Actor) -> None:
    """What a key may do from now on."""
    with atomic() as tx:
        row = _row(tx, key_id)
        roles.require(actor, MANAGE, row["account_id"])
        wanted = ",".join(scopes)
        if tx.changed("UPDATE api_keys SET scopes = ? WHERE id = ? AND scopes <> ?", (wanted, key_id, wanted)):
            detail = f"{row['scopes']} → {wanted}"
            audit_log.record(
                tx, actor=actor, action="key.scopes", subject=row["prefix"], account_id=row["account_id"], detail=detail
            )


UNUSED_MS = 90 * clock.DAY
"""Without a use for so long, a key is better revoked."""


def is_unused(row: ApiKeyRow) -> bool:
    """Whether nobody has used it for 90 days."""
    return clock.now_ms() - (row["last_used_at"] or row["created_at"]) >= UNUSED_MS


SET_LIMITS = """
    UPDATE api_keys SET expires_at = ?, allow_ip = ?, countries = ?, daily_limit_micros = ?, valid_for = ? WHERE id = ?
"""


def set_limits(key_id: int, limits: KeyLimits, *, actor: Actor) -> ApiKeyRow:
    """What a key may be used for from now on; a daily limit counts what was accepted today already. KeyNotFound, Conflict.

    One that has expired may be given a later end; one that was revoked never comes back.
    """
    with atomic() as tx:
        row = _row(tx, key_id)
        roles.require(actor, MANAGE, row["account_id"])
        if row["revoked_at"] is not None:
            raise Conflict("This key is over: make a new one")
        countries = allowed_countries.stored(limits.countries)
        tx.execute(SET_LIMITS, (limits.expires_at, limits.allow_ip, countries, limits.daily_micros, limits.valid_for, key_id))
        if limits.daily_micros != row["daily_limit_micros"]:
            daily_use.count_anew(tx, row["account_id"], get_account(row["account_id"], tx).time_zone, key_id)
        audit_log.record(
            tx,
            actor=actor,
            action="key.limits",
            subject=row["prefix"],
            account_id=row["account_id"],
            detail=f"{_words(key_limits.read(row))} → {_words(limits)}",
        )
    return find_key(key_id, actor=actor)


def _words(limits: KeyLimits) -> str:
    where = "" if limits.countries is None else f", to {allowed_countries.stored(limits.countries)}"
    daily = "" if limits.daily_micros is None else f", {money.text(limits.daily_micros)} a day"
    valid = "" if limits.valid_for is None else f", valid for {limits.valid_for} s"
    return f"until {clock.iso(limits.expires_at) or 'revoked'}, from {limits.allow_ip or 'anywhere'}{where}{daily}{valid}"


def roll(key_id: int, credentials: Credentials, *, overlap_ms: int, actor: Actor) -> int:
    """A new key with the rights of one that goes on for ``overlap_ms``; the new one's id. KeyNotFound, Conflict.

    The new one has no end: that the old one nears its own is why keys are rolled.
    """
    with atomic() as tx:
        row = _row(tx, key_id)
        roles.require(actor, MANAGE, row["account_id"])
        now = clock.now_ms()
        if row["revoked_at"] is not None or (row["expires_at"] is not None and row["expires_at"] <= now):
            raise Conflict("This key is over: make a new one")
        if row["is_sandbox"]:
            raise Conflict("The published keys stay as they are")
        made = create_key(
            account_id=row["account_id"],
            wallet_id=row["wallet_id"],
            api=row["api"],
            name=row["name"],
            scopes=row["scopes"].split(","),
            credentials=credentials,
            limits=key_limits.read(row)._replace(expires_at=None),
            namespace=row["namespace"],
            actor=actor,
        )
        ends_at = min(now + overlap_ms, row["expires_at"] or clock.LATEST)
        tx.execute("UPDATE api_keys SET expires_at = ? WHERE id = ?", (ends_at, key_id))
        audit_log.record(
            tx,
            actor=actor,
            action="key.roll",
            subject=row["prefix"],
            account_id=row["account_id"],
            detail=f"until {clock.iso(row['expires_at']) or 'revoked'} → until {clock.iso(ends_at)}",
        )
    return made


def _row(tx: Tx, key_id: int) -> ApiKeyRow:
    row = tx.one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
    if row is None:
        raise KeyNotFound(sentence("There is no API key %(key_id)s", key_id=key_id))
    return row


def find_key(key_id: int, *, actor: Actor) -> ApiKeyRow:
    """A key of an account that the actor sees; KeyNotFound, NotFound."""
    row = query_one("SELECT * FROM api_keys WHERE id = ?", (key_id,))
    if row is None:
        raise KeyNotFound(sentence("There is no API key %(key_id)s", key_id=key_id))
    roles.require(actor, SEE, row["account_id"])
    return row


def revoke_key(key_id: int, *, actor: Actor) -> ApiKeyRow:
    """The key is refused from now on; revoking twice keeps the first moment."""
    with atomic() as tx:
        row = _row(tx, key_id)
        roles.require(actor, MANAGE, row["account_id"], even_suspended=True)
        if tx.changed("UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", (clock.now_ms(), key_id)):
            audit_log.record(tx, actor=actor, action="key.revoke", subject=row["prefix"], account_id=row["account_id"])
        return _row(tx, key_id)


class KeyOfWallet(ApiKeyRow):
    wallet_uid: str
    wallet_name: str | None
    wallet_currency: str


KEYS_OF_ACCOUNT = """
    SELECT k.*, w.uid AS wallet_uid, w.name AS wallet_name, w.currency AS wallet_currency
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
    if not hmac.compare_digest(expected.encode(), digest_of(api, secret).encode()) or key is None:
        raise InvalidCredentials
    return key


def find_live(api: str, public: str) -> Key | None:
    """A key by its public half, for whoever has shown its secret before; None once it is revoked."""
    return cached(("key", api, public), lambda reader: _load(reader, api, public))


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
    limits, whose = key_limits.read(row), AccountInfo.of(account)
    return Key(
        row["id"],
        api,
        whose._replace(countries=allowed_countries.both(whose.countries, limits.countries)),
        row["wallet_id"],
        frozenset(row["scopes"].split(",")),
        row["secret_sha256"],
        bool(row["is_sandbox"]),
        side_of(is_sandbox=bool(row["of_sandbox"])),
        row["prefix"],
        limits,
        row["namespace"],
    )
