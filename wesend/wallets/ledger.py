"""The ledger: the only code that moves a balance.

A debit is a guarded UPDATE whose row count is looked at; the balance and its immutable entry are written in the
caller's one transaction. Always: the sum of a wallet's entries is its balance.
"""

from __future__ import annotations

from typing import NoReturn

from ..core import clock
from ..core.errors import InsufficientBalance, WalletNotFound
from ..database import Later, RowKey, Tx

TAKE = """
    UPDATE wallets SET balance_micros = balance_micros - ?
    WHERE id = ? AND balance_micros + credit_limit_micros >= ? RETURNING balance_micros
"""


def debit(
    tx: Tx,
    wallet_id: int,
    amount_micros: int,
    *,
    kind: str,
    description: str,
    batch_id: int | None = None,
    message_id: int | None = None,
    inbound_id: int | None = None,
    service_id: int | None = None,
    charge_no: int | None = None,
) -> int:
    """Take ``amount_micros``; the balance after, which may fall as far below zero as the wallet's credit limit.

    InsufficientBalance when there is less, and nothing is written.
    """
    if amount_micros < 0:
        raise ValueError("a debit is not negative")
    row = tx.one(TAKE, (amount_micros, wallet_id, amount_micros))
    if row is None:
        raise_insufficient(tx, wallet_id, amount_micros)
    balance = row[0]
    if amount_micros:
        subjects = (batch_id, message_id, None, inbound_id, service_id, charge_no)
        _enter(tx, wallet_id, kind, -amount_micros, balance, description, subjects)
    return balance


def debit_with_batch(tx: Tx, wallet_id: int, amount_micros: int, *, kind: str, description: str, batch_id: int | RowKey) -> Later:
    """The same for a batch that is written in the same unit, without waiting: the row that is there after the commit holds the
    balance after.
    """

    def refuse(tx: Tx) -> NoReturn:
        raise_insufficient(tx, wallet_id, amount_micros)

    if amount_micros < 0:
        raise ValueError("a debit is not negative")
    taken = tx.require(TAKE, (amount_micros, wallet_id, amount_micros), refuse)
    if amount_micros:
        tx.run(ENTER_BATCH, (wallet_id, kind, -amount_micros, wallet_id, description, batch_id, clock.now_ms()))
    return taken


def credit(
    tx: Tx,
    wallet_id: int,
    amount_micros: int,
    *,
    kind: str,
    description: str,
    batch_id: int | None = None,
    message_id: int | None = None,
    deposit_id: int | None = None,
    charge_no: int | None = None,
) -> int:
    """Give ``amount_micros``; the balance after."""
    if amount_micros < 0:
        raise ValueError("a credit is not negative")
    row = tx.one(
        "UPDATE wallets SET balance_micros = balance_micros + ? WHERE id = ? RETURNING balance_micros", (amount_micros, wallet_id)
    )
    if row is None:
        raise WalletNotFound
    balance = row[0]
    if amount_micros:
        subjects = (batch_id, message_id, deposit_id, None, None, charge_no)
        _enter(tx, wallet_id, kind, amount_micros, balance, description, subjects)
    return balance


BALANCE = "SELECT balance_micros FROM wallets WHERE id = ?"
SET = "UPDATE wallets SET balance_micros = ? WHERE id = ?"


def restore(tx: Tx, wallet_id: int, balance_micros: int, *, kind: str, description: str) -> int:
    """Bring a balance back to what it was, by one entry for the difference, which comes back; of sandbox wallets alone."""
    row = tx.one(f"{BALANCE} AND is_sandbox = 1", (wallet_id,))
    if row is None:
        raise WalletNotFound
    difference = balance_micros - row[0]
    if difference:
        tx.execute(SET, (balance_micros, wallet_id))
        _enter(tx, wallet_id, kind, difference, balance_micros, description, (None, None, None, None, None, None))
    return difference


def raise_insufficient(tx: Tx, wallet_id: int, required_micros: int) -> NoReturn:
    wallet = tx.one("SELECT uid, balance_micros, currency FROM wallets WHERE id = ?", (wallet_id,))
    if wallet is None:
        raise WalletNotFound
    raise InsufficientBalance(
        wallet_id=wallet["uid"],
        balance_micros=wallet["balance_micros"],
        required_micros=required_micros,
        currency=wallet["currency"],
    )


ENTER = """
    INSERT INTO ledger_entries (wallet_id, kind, amount_micros, balance_after_micros, description,
        batch_id, message_id, deposit_id, inbound_id, service_id, charge_no, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
ENTER_BATCH = """
    INSERT INTO ledger_entries (wallet_id, kind, amount_micros, balance_after_micros, description, batch_id, created_at)
    VALUES (?, ?, ?, (SELECT balance_micros FROM wallets WHERE id = ?), ?, ?, ?)
"""
Subjects = tuple[int | None, int | None, int | None, int | None, int | None, int | None]
"""What an entry was for: batch, message, deposit, incoming message, service, and which charge of it."""


def _enter(tx: Tx, wallet_id: int, kind: str, amount: int, balance: int, description: str, subjects: Subjects) -> None:
    tx.execute(ENTER, (wallet_id, kind, amount, balance, description, *subjects, clock.now_ms()))
