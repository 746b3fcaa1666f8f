"""Accounts: created, suspended, resumed."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers

from ..core import clock
from ..core import countries as countries_of
from ..core.errors import AccountNotFound, Conflict, InvalidInput
from ..core.languages import sentence
from ..database import Row, Tx, atomic, cached, query, query_one, reading
from ..database.rows import AccountRow
from . import allowed_countries, audit_log, daily_use, roles, sending_limits
from .allowed_countries import Allowed
from .roles import OPERATE, SEE, Actor
from .sending_limits import SendingLimits


class AccountInfo(NamedTuple):
    """What a request needs to know of its account."""

    id: int
    name: str
    country: str
    time_zone: str
    is_active: bool
    is_sandbox: bool = False
    countries: Allowed = None
    """To which it may send; of a request's account, what its key narrows them to."""
    limits: SendingLimits = SendingLimits()
    log_bodies_until: int | None = None
    """Until when the log of its API calls keeps bodies."""
    price_list_id: int | None = None
    """Of the prices it pays in place of its routes'."""
    closed_at: int | None = None
    """Since when it is closed, for good; it is no active one either."""

    @classmethod
    def of(cls, row: Row) -> AccountInfo:
        return cls(
            row["id"],
            row["name"],
            row["country"],
            row["time_zone"],
            row["status"] == "active",
            bool(row["is_sandbox"]),
            allowed_countries.read(row["countries"]),
            sending_limits.read(row),
            row["log_bodies_until"],
            row["price_list_id"],
            row["closed_at"],
        )


LONGEST_NAME = 100


def read_name(name: str) -> str:
    """On one line, as lists show it: of an account, or of a key. InvalidInput."""
    name = " ".join(name.split())
    if len(name) > LONGEST_NAME or any(char < " " or char == "\x7f" for char in name):
        told = sentence("A name has at most %(most)s characters that can be seen", most=LONGEST_NAME)
        raise InvalidInput(told, {"name": [told]})
    return name


def create_account(
    name: str,
    country: str = "UG",
    time_zone: str | None = None,
    *,
    countries: str | None = None,
    actor: Actor,
    is_sandbox: bool = False,
) -> AccountInfo:
    """Make an account; an unknown country or zone raises InvalidInput.

    ``countries``: to which it may send, ``UG,KE`` or ``all``; by itself its own and the East African Community's, the
    sandbox's everywhere.
    """
    roles.require(actor, OPERATE)
    name, country = read_name(name), country.strip().upper()
    if not name:
        raise InvalidInput("An account needs a name", {"name": ["Missing"]})
    if country not in phonenumbers.SUPPORTED_REGIONS:
        raise InvalidInput(
            sentence("%(country)s is not an ISO 3166 country code", country=country), {"country": ["Unknown country"]}
        )
    time_zone = time_zone or countries_of.main_zone(country) or "UTC"
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            sentence("%(time_zone)s is not a time zone", time_zone=time_zone), {"time_zone": ["Unknown zone"]}
        ) from error
    if countries is not None:
        allowed = allowed_countries.parse(countries)
    else:
        allowed = None if is_sandbox else allowed_countries.of_a_new_account(country)
    with atomic() as tx:
        account_id = tx.insert(
            "accounts",
            name=name,
            country=country,
            time_zone=time_zone,
            status="active",
            is_sandbox=int(is_sandbox),
            countries=allowed_countries.stored(allowed),
            created_at=clock.now_ms(),
        )
        detail = f"country {country}, {time_zone}, to {_words(allowed)}"
        audit_log.record(tx, actor=actor, action="account.create", subject=name, account_id=account_id, detail=detail)
    return AccountInfo(account_id, name, country, time_zone, True, is_sandbox, allowed)


def set_countries(account_id: int, allowed: Allowed, *, actor: Actor) -> None:
    """To which countries the account may send from now on."""
    roles.require(actor, OPERATE)
    before = get_account(account_id)
    with atomic() as tx:
        tx.execute("UPDATE accounts SET countries = ? WHERE id = ?", (allowed_countries.stored(allowed), account_id))
        audit_log.record(
            tx,
            actor=actor,
            action="account.countries",
            subject=before.name,
            account_id=account_id,
            detail=f"{_words(before.countries)} → {_words(allowed)}",
        )


SET_LIMITS = "UPDATE accounts SET daily_limit_micros = ?, recipient_limit = ?, burst_limit = ?, quiet_hours = ? WHERE id = ?"


def set_limits(account_id: int, limits: SendingLimits, *, actor: Actor) -> None:
    """What bounds the account's sending from now on; a daily limit counts what was accepted today already."""
    roles.require(actor, OPERATE)
    with atomic() as tx:
        before = get_account(account_id, tx)
        was, shown = before.limits.shown(), limits.shown()
        stored = (limits.daily_micros, shown["recipient_limit"], shown["burst_limit"], shown["quiet_hours"])
        tx.execute(SET_LIMITS, (*stored, account_id))
        if limits.daily_micros != before.limits.daily_micros:
            daily_use.count_anew(tx, account_id, before.time_zone)
        for name in shown:
            if was[name] != shown[name]:
                detail = f"{was[name] or 'none'} → {shown[name] or 'none'}"
                audit_log.record(
                    tx, actor=actor, action=f"account.{name}", subject=before.name, account_id=account_id, detail=detail
                )


def _words(allowed: Allowed) -> str:
    return allowed_countries.stored(allowed) or allowed_countries.ALL


def get_account(account_id: int, tx: Tx | None = None) -> AccountInfo:
    row = reading(tx).one("SELECT * FROM accounts WHERE id = ?", (account_id,))
    if row is None:
        raise AccountNotFound(sentence("There is no account %(account_id)s", account_id=account_id))
    return AccountInfo.of(row)


def account_row(account_id: int, *, actor: Actor) -> AccountRow:
    """All that is stored of an account that the actor sees."""
    roles.require(actor, SEE, account_id)
    row = query_one("SELECT * FROM accounts WHERE id = ?", (account_id,))
    if row is None:
        raise AccountNotFound(sentence("There is no account %(account_id)s", account_id=account_id))
    return row


def find_account(account_id: int, *, actor: Actor) -> AccountInfo:
    """Any account, for an operator."""
    roles.require(actor, OPERATE)
    return get_account(account_id)


def first_account() -> AccountInfo | None:
    """The one to begin with: the oldest live account, else the sandbox's."""
    row = query_one("SELECT * FROM accounts ORDER BY is_sandbox, id LIMIT 1")
    return AccountInfo.of(row) if row else None


class AccountWithStorage(AccountRow):
    stored_bytes: int


ACCOUNTS_WITH_STORAGE = """
    SELECT a.*, s.texts + s.contacts AS stored_bytes FROM accounts a JOIN account_storage s ON s.account_id = a.id
    ORDER BY a.is_sandbox, lower(a.name), a.id
"""


def list_accounts(*, actor: Actor) -> list[AccountWithStorage]:
    """Every account by name, the sandbox's last, with the bytes that it stores."""
    roles.require(actor, OPERATE)
    return query(ACCOUNTS_WITH_STORAGE)


def set_account_status(account_id: int, status: str, *, actor: Actor) -> AccountInfo:
    """``suspended``: every API call of its keys is refused, and nothing of it leaves; ``active``: answered again."""
    roles.require(actor, OPERATE)
    account = get_account(account_id)
    with atomic() as tx:
        require_open(tx, account_id)
        tx.execute("UPDATE accounts SET status = ? WHERE id = ?", (status, account_id))
        audit_log.record(tx, actor=actor, action=f"account.{status}", subject=account.name, account_id=account_id)
    return get_account(account_id)


def require_open(tx: Tx, account_id: int) -> None:
    """Conflict for an account that was closed."""
    row = tx.one("SELECT name, closed_at FROM accounts WHERE id = ?", (account_id,))
    if row is not None and row["closed_at"] is not None:
        raise Conflict(sentence("%(name)s was closed on %(iso)s, for good", name=row["name"], iso=clock.iso(row["closed_at"])))


def state_of(row: Row) -> str:
    """``active``, ``suspended`` or ``closed``."""
    return "closed" if row["closed_at"] is not None else row["status"]


def suspended_accounts(tx: Tx | None = None) -> frozenset[int]:
    """Those of whom nothing may leave; usually none."""
    return cached(
        "suspended-accounts",
        lambda reader: frozenset(row[0] for row in reader.all("SELECT id FROM accounts WHERE status = 'suspended'")),
        tx,
    )
