"""Opt-outs: who wants nothing more from an account; ``side`` is whose sends it binds (None: all of them)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask

from ..accounts.sides import CHANGEABLE, SEEN, Side, changing
from ..core import clock
from ..core.channels import EMAIL as EMAIL
from ..core.channels import SMS as SMS
from ..core.chunks import chunks
from ..core.current_app import this_app
from ..core.erased import token_of
from ..database import Tx, cached, marks, query, reading

RECORDED, REMOVED = "wesend.opt_outs_recorded", "wesend.opt_outs_removed"

Recorded = Callable[[Tx, int, str, str, Side | None], None]
"""Told in the transaction that records an opt-out: account, channel, address, side."""


def when_recorded(app: Flask, call: Recorded) -> None:
    """What is sent lies in a domain below this one: it asks to be told, so that what waits is taken back."""
    app.extensions.setdefault(RECORDED, []).append(call)


def when_removed(app: Flask, call: Recorded) -> None:
    """The same when one is taken back."""
    app.extensions.setdefault(REMOVED, []).append(call)


OPT_OUT = """
    INSERT INTO opt_outs (account_id, channel, address, source, side, created_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO NOTHING
"""


def add_opt_out(tx: Tx, *, account_id: int, channel: str, address: str, source: str, side: Side | None = None) -> bool:
    """True when the address was not opted out of these sends before. What of them waits for it is taken back in ``tx``."""
    added = tx.changed(OPT_OUT, (account_id, channel, address.lower(), source, side, clock.now_ms())) > 0
    if added and len(tx.all(UP_TO_TWO, (account_id, channel))) == 1:
        tx.execute(CHANGED)  # the first: `has_opt_outs` is another everywhere
    for call in this_app().extensions.get(RECORDED, ()):
        call(tx, account_id, channel, address.lower(), side)
    return added


def remove_opt_out(tx: Tx, *, account_id: int, channel: str, address: str, side: Side | None = None) -> bool:
    """Whether there was one that ``side`` may take back: people every one, the sandbox its own alone."""
    removed = tx.changed(
        f"DELETE FROM opt_outs WHERE account_id = ? AND channel = ? AND address IN (?, ?) AND {CHANGEABLE}",
        (account_id, channel, address.lower(), token_of(address), *changing(side)),
    )
    for call in this_app().extensions.get(REMOVED, ()) if removed else ():
        call(tx, account_id, channel, address.lower(), side)
    return removed > 0


CHANGED = "UPDATE config_state SET version = version + 1"
ANY = "SELECT 1 FROM opt_outs WHERE account_id = ? AND channel = ? LIMIT 1"
UP_TO_TWO = "SELECT 1 FROM opt_outs WHERE account_id = ? AND channel = ? LIMIT 2"


def has_opt_outs(account_id: int, channel: str, tx: Tx | None = None) -> bool:
    """Whether there are any, on either side: most accounts have none, and need not look for each recipient.

    It is kept in memory, as configuration is, which an account's first opt-out therefore changes.
    """
    return cached(("opt-outs", account_id, channel), lambda reader: reader.one(ANY, (account_id, channel)) is not None, tx)


def has_erased(account_id: int, tx: Tx | None = None) -> bool:
    """Whether some who opted out were erased since: they are known by a hash alone."""
    return account_id in cached(
        "accounts of erased opt-outs", lambda reader: frozenset(row[0] for row in reader.all(OF_ERASED)), tx
    )


OF_ERASED = "SELECT DISTINCT account_id FROM opt_outs WHERE is_erased = 1"


def opted_out(account_id: int, channel: str, addresses: list[str], side: Side, tx: Tx | None = None) -> set[str]:
    """Those of ``addresses`` (lower case) that want no sends of this side."""
    forms = {address: address for address in addresses}
    if has_erased(account_id, tx):
        forms |= {token_of(address): address for address in addresses}
    found: set[str] = set()
    for chunk in chunks(forms):
        found.update(
            forms[row[0]]
            for row in reading(tx).all(
                f"SELECT address FROM opt_outs WHERE account_id = ? AND channel = ? AND address IN ({marks(chunk)}) AND {SEEN}",
                (account_id, channel, *chunk, side),
            )
        )
    return found


def erased_among(account_id: int, phones: Iterable[str]) -> set[str]:
    """Those of some phones whose owners opted out and were erased: nothing of them is to be kept again."""
    if not has_erased(account_id):
        return set()
    tokens = {token_of(phone): phone for phone in phones}
    sql = "SELECT address FROM opt_outs WHERE account_id = ? AND channel = 'sms' AND is_erased = 1 AND address IN ({})"
    return {tokens[row["address"]] for chunk in chunks(tokens) for row in query(sql.format(marks(chunk)), (account_id, *chunk))}
