"""Wallets: created, found, credited and debited by hand."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import MANAGE, OPERATE, SEE, Actor
from ..accounts.service import get_account, require_open
from ..accounts.sides import Side, side_of
from ..core import clock, email_address, money
from ..core.errors import Conflict, InvalidInput, WalletForbidden, WalletNotFound
from ..core.languages import sentence
from ..database import Reader, Row, Tx, atomic, cached, query, query_one
from ..database.rows import WalletRow
from . import ledger

ALPHABET = string.ascii_lowercase + string.digits
DEFAULT_SMS_RATE = 1_800_000  # KES a credit, the World Ledgers reference's figure


def called(uid: str, name: str | None, currency: str) -> str:
    """What people call a wallet; one without a name goes by its currency and the end of its id (a `Sentence`)."""
    end = uid.rpartition("_")[2]
    return name or sentence("%(currency)s wallet %(end)s", currency=currency, end=end if len(end) <= 12 else f"…{end[-4:]}")


class WalletInfo(NamedTuple):
    """What is fixed of a wallet; ``uid`` is its public id. Balances are read live (`balance_of`)."""

    id: int
    uid: str
    account_id: int
    currency: str
    is_sandbox: bool
    sms_rate_micros: int | None
    purchase_currency: str
    name: str | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return called(self.uid, self.name, self.currency)

    @property
    def holds_credits(self) -> bool:
        return self.currency == money.CREDITS

    @property
    def side(self) -> Side:
        """The side of everything that is paid from it."""
        return side_of(is_sandbox=self.is_sandbox)

    @classmethod
    def of(cls, row: Row) -> WalletInfo:
        return cls(
            row["id"],
            row["uid"],
            row["account_id"],
            row["currency"],
            bool(row["is_sandbox"]),
            row["sms_rate_micros"],
            row["purchase_currency"],
            row["name"],
        )


def create_wallet(
    *,
    account_id: int,
    currency: str,
    is_sandbox: bool = False,
    sms_rate_micros: int | None = None,
    uid: str | None = None,
    name: str | None = None,
    actor: Actor,
) -> WalletInfo:
    """An empty wallet. Credits (``SMS``) are bought in KES; any other currency is bought as itself."""
    _require_over(is_sandbox, account_id, actor)
    get_account(account_id)
    currency = currency.strip().upper()
    credits = currency == money.CREDITS
    if not credits and not money.is_currency(currency):
        raise InvalidInput(
            sentence("%(currency)s is not an ISO 4217 currency or SMS", currency=currency), {"currency": ["Unknown currency"]}
        )
    if sms_rate_micros is not None and (not credits or sms_rate_micros <= 0):
        raise InvalidInput("An SMS rate is above zero and belongs to a wallet of currency SMS")
    uid = uid or "wal_" + "".join(secrets.choice(ALPHABET) for _ in range(20))
    with atomic() as tx:
        require_open(tx, account_id)
        tx.insert(
            "wallets",
            uid=uid,
            account_id=account_id,
            currency=currency,
            balance_micros=0,
            is_sandbox=int(is_sandbox),
            purchase_currency="KES" if credits else currency,
            sms_rate_micros=(sms_rate_micros or DEFAULT_SMS_RATE) if credits else None,
            name=clean_name(name),
            created_at=clock.now_ms(),
        )
        audit_log.record(tx, actor=actor, action="wallet.create", subject=uid, account_id=account_id, detail=currency)
    return find_wallet(uid, actor=actor)


LONGEST_NAME = 60


def clean_name(name: str | None) -> str | None:
    """A wallet's name as it is kept; None for none. InvalidInput."""
    name = " ".join((name or "").split())
    if len(name) > LONGEST_NAME or not name.isprintable():
        told = f"A wallet's name has at most {LONGEST_NAME} characters that can be seen"
        raise InvalidInput(told, {"name": [told]})
    return name or None


def set_name(wallet: WalletInfo, name: str | None, *, actor: Actor) -> None:
    """What people call it from now on; None or nothing: see `called`."""
    roles.require(actor, MANAGE, wallet.account_id)
    name = clean_name(name)
    with atomic() as tx:
        if tx.changed("UPDATE wallets SET name = ? WHERE id = ? AND coalesce(name, '') <> ?", (name, wallet.id, name or "")):
            audit_log.record(
                tx,
                actor=actor,
                action="wallet.name",
                subject=wallet.uid,
                account_id=wallet.account_id,
                detail=f"{wallet.name or 'none'} → {name or 'none'}",
            )


def find_wallet(uid: str, *, actor: Actor) -> WalletInfo:
    """The wallet of a public id, of any account that the actor sees; WalletNotFound, NotFound."""
    wallet = _by_uid(uid)
    roles.require(actor, SEE, wallet.account_id)
    return wallet


def _by_uid(uid: str) -> WalletInfo:
    wallet = cached(("wallet", uid), lambda reader: _load(reader, "uid", uid))
    if wallet is None:
        raise WalletNotFound
    return wallet


def wallet_by_id(wallet_id: int, tx: Tx | None = None) -> WalletInfo:
    wallet = cached(("wallet-id", wallet_id), lambda reader: _load(reader, "id", wallet_id), tx)
    if wallet is None:
        raise WalletNotFound
    return wallet


def only_live_wallet(*, actor: Actor) -> WalletInfo | None:
    """The instance's live wallet; None while there is none, or several."""
    found = query("SELECT uid FROM wallets WHERE is_sandbox = 0 LIMIT 2")
    return find_wallet(found[0]["uid"], actor=actor) if len(found) == 1 else None


def wallet_of_account(uid: str, account_id: int, *, side: Side | None = None, actor: Actor) -> WalletInfo:
    """WalletForbidden for another account's wallet, WalletNotFound for none and for one that ``side`` does not see."""
    roles.require(actor, SEE, account_id)
    wallet = _by_uid(uid)
    if wallet.account_id != account_id:
        raise WalletForbidden
    if not reaches(side, wallet.id):
        raise WalletNotFound
    return wallet


def reaches(side: Side | None, wallet_id: int) -> bool:
    """Whether a side sees a wallet of its account, and so what was paid from it."""
    return side is None or wallet_by_id(wallet_id).side == side


def wallets_of_side(account_id: int, side: Side) -> tuple[int, ...] | None:
    """The wallets that a side sees; None: all that the account has."""
    return cached(("wallets of", account_id, side), lambda reader: _load_side(reader, account_id, side))


def _load_side(reader: Reader, account_id: int, side: Side) -> tuple[int, ...] | None:
    rows = reader.all("SELECT id, is_sandbox FROM wallets WHERE account_id = ? ORDER BY is_sandbox, id", (account_id,))
    sides = {row["id"]: side_of(is_sandbox=bool(row["is_sandbox"])) for row in rows}
    mine = tuple(wallet_id for wallet_id, found in sides.items() if found == side)
    return None if len(mine) == len(sides) else mine


def _load(reader: Reader, column: str, value: int | str) -> WalletInfo | None:
    row = reader.one(f"SELECT * FROM wallets WHERE {column} = ?", (value,))
    return WalletInfo.of(row) if row else None


def list_wallets(account_id: int, *, actor: Actor) -> list[WalletRow]:
    """The account's wallets with their balances, live ones first."""
    roles.require(actor, SEE, account_id)
    return query("SELECT * FROM wallets WHERE account_id = ? ORDER BY is_sandbox, id", (account_id,))


def _require_over(is_sandbox: bool, account_id: int, actor: Actor) -> None:
    """Money is an operator's to give; the sandbox's is worth nothing."""
    roles.require(actor, MANAGE if is_sandbox else OPERATE, account_id)


def balance_of(wallet: WalletInfo) -> int:
    """Micro-units now in the wallet."""
    row = query_one("SELECT balance_micros FROM wallets WHERE id = ?", (wallet.id,))
    assert row is not None
    return row[0]


def spendable_of(wallet: WalletInfo) -> int:
    """Micro-units that may be spent now: the balance, and what the credit limit adds to it."""
    row = query_one("SELECT balance_micros + credit_limit_micros FROM wallets WHERE id = ?", (wallet.id,))
    assert row is not None
    return row[0]


SET_CREDIT_LIMIT = "UPDATE wallets SET credit_limit_micros = ? WHERE id = ? AND balance_micros + ? >= 0"


def set_credit_limit(wallet: WalletInfo, limit_micros: int, *, actor: Actor) -> None:
    """How far below zero the balance may fall: the customer pays afterwards. Conflict when more than that is owed."""
    roles.require(actor, OPERATE)
    if limit_micros < 0:
        raise InvalidInput("A credit limit is zero or more", {"credit_limit": ["Zero or more"]})
    with atomic() as tx:
        row = tx.one("SELECT credit_limit_micros, balance_micros FROM wallets WHERE id = ?", (wallet.id,))
        assert row is not None
        if not tx.changed(SET_CREDIT_LIMIT, (limit_micros, wallet.id, limit_micros)):
            raise Conflict(
                sentence(
                    "More than that is owed: the balance is %(amount)s %(currency)s",
                    amount=money.text(row["balance_micros"]),
                    currency=wallet.currency,
                )
            )
        audit_log.record(
            tx,
            actor=actor,
            action="wallet.credit_limit",
            subject=wallet.uid,
            account_id=wallet.account_id,
            detail=f"{money.text(row['credit_limit_micros'])} → {money.text(limit_micros)} {wallet.currency}",
        )


OWED = """
    SELECT w.*, a.name AS account_name FROM wallets w JOIN accounts a ON a.id = w.account_id
    WHERE w.balance_micros < 0 AND w.is_sandbox = 0 ORDER BY w.currency, w.balance_micros
"""


class OwingWallet(WalletRow):
    account_name: str


def owed(*, actor: Actor) -> list[OwingWallet]:
    """Live wallets below zero: what customers who pay afterwards owe."""
    roles.require(actor, OPERATE)
    return query(OWED)


def credit_limit_of(wallet: WalletInfo, *, actor: Actor) -> int:
    """Micro-units; 0: paid in advance."""
    roles.require(actor, SEE, wallet.account_id)
    row = query_one("SELECT credit_limit_micros FROM wallets WHERE id = ?", (wallet.id,))
    assert row is not None
    return row[0]


def read_balance(wallet: WalletInfo, *, actor: Actor) -> int:
    """The same for somebody who may see it."""
    roles.require(actor, SEE, wallet.account_id)
    return balance_of(wallet)


def low_balance_of(wallet: WalletInfo, *, actor: Actor) -> tuple[int | None, str | None]:
    """The threshold in micro-units below which somebody is told (None: nobody is), and the address to tell."""
    roles.require(actor, SEE, wallet.account_id)
    row = query_one("SELECT low_balance_micros, low_balance_mail FROM wallets WHERE id = ?", (wallet.id,))
    assert row is not None
    return row[0], row[1]


def change(wallet: WalletInfo, name: str | None, credit_limit_micros: int | None, *, actor: Actor) -> None:
    """Set a wallet's name and its credit limit, all of it or nothing; None: it stays."""
    with atomic():
        if name is not None:
            set_name(wallet, name, actor=actor)
        if credit_limit_micros is not None:
            set_credit_limit(wallet, credit_limit_micros, actor=actor)


SET_LOW_BALANCE = """
    UPDATE wallets SET low_balance_micros = ?, low_balance_mail = ?,
        low_balance_told_at = NULL, low_balance_mailed_at = NULL
    WHERE id = ?
"""


def set_low_balance(wallet: WalletInfo, threshold_micros: int | None, mail: str | None, *, actor: Actor) -> None:
    """Tell when the balance falls below a threshold (None: not any more), at ``mail`` too if it is given."""
    roles.require(actor, MANAGE, wallet.account_id)
    if threshold_micros is not None and threshold_micros <= 0:
        raise InvalidInput("The threshold must be above zero", {"amount": ["Must be above zero"]})
    if mail is not None and not email_address.ALERTED.fullmatch(mail):
        raise InvalidInput(sentence("%(mail)s is no e-mail address", mail=mail), {"mail": ["Not an e-mail address"]})
    with atomic() as tx:
        before = tx.all("SELECT low_balance_micros, low_balance_mail FROM wallets WHERE id = ?", (wallet.id,))[0]
        tx.execute(SET_LOW_BALANCE, (threshold_micros, mail, wallet.id))
        was = _told(before["low_balance_micros"], before["low_balance_mail"], wallet.currency)
        detail = f"{was} → {_told(threshold_micros, mail, wallet.currency)}"
        audit_log.record(tx, actor=actor, action="wallet.alert", subject=wallet.uid, account_id=wallet.account_id, detail=detail)


def _told(threshold_micros: int | None, mail: str | None, currency: str) -> str:
    """Of an alert, what the audit log tells."""
    return (
        "off" if threshold_micros is None else f"below {money.text(threshold_micros)} {currency}" + (f" to {mail}" if mail else "")
    )


class MovedByHand(Conflict):
    sentence = (
        "Money was moved by hand since this page was opened, and nothing was done now: "
        "look at the ledger, and enter it again if it is missing there"
    )


LAST_ENTRY = "SELECT id FROM ledger_entries WHERE wallet_id = ? ORDER BY id DESC LIMIT 1"
MOVED = """
    SELECT 1 FROM ledger_entries WHERE wallet_id = ? AND id > ? AND kind IN ('manual_credit', 'manual_debit') LIMIT 1
"""


def last_entry(wallet: WalletInfo, *, actor: Actor) -> int:
    """The row id of the newest ledger entry; 0 while there is none."""
    roles.require(actor, SEE, wallet.account_id)
    row = query_one(LAST_ENTRY, (wallet.id,))
    return 0 if row is None else row[0]


def credit_by_hand(wallet: WalletInfo, amount_micros: int, *, note: str | None, after: int | None = None, actor: Actor) -> int:
    """An operator's credit; the balance after. ``after``: MovedByHand when there was another by hand since that entry."""
    return _by_hand(wallet, amount_micros, note, after, actor, "manual_credit", ledger.credit)


def debit_by_hand(wallet: WalletInfo, amount_micros: int, *, note: str | None, after: int | None = None, actor: Actor) -> int:
    """An operator's debit, likewise; InsufficientBalance when there is less."""
    return _by_hand(wallet, amount_micros, note, after, actor, "manual_debit", ledger.debit)


def _by_hand(
    wallet: WalletInfo, amount_micros: int, note: str | None, after: int | None, actor: Actor, kind: str, move: Callable[..., int]
) -> int:
    _require_over(wallet.is_sandbox, wallet.account_id, actor)
    if amount_micros <= 0:
        raise InvalidInput("The amount must be above zero", {"amount": ["Must be above zero"]})
    with atomic() as tx:
        balance = move(tx, wallet.id, amount_micros, kind=kind, description=note or kind.replace("_", " "))
        if after is not None and tx.one(f"{MOVED} OFFSET 1", (wallet.id, after)):  # behind the wallet's lock; one is this
            raise MovedByHand
        was = money.text(balance - amount_micros if move is ledger.credit else balance + amount_micros)
        audit_log.record(
            tx,
            actor=actor,
            action=f"wallet.{kind}",
            subject=wallet.uid,
            account_id=wallet.account_id,
            detail=f"{money.text(amount_micros)} {wallet.currency} ({was} → {money.text(balance)})" + (f": {note}" if note else ""),
        )
    return balance
