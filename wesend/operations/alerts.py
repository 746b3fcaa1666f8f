"""Low-balance alerts: once each time that a wallet falls below its threshold, by webhook and by mail.

The webhooks are written in the transaction that notes the crossing; the mail is sent after it, and again while the
mail server can't take it.
"""

from __future__ import annotations

from email.message import EmailMessage

from flask import current_app

from ..accounts import languages
from ..accounts.sides import side_of
from ..coordination import pause
from ..core import clock, money
from ..core.languages import gettext as _
from ..core.languages import speaking
from ..database import Row, Tx, query, write
from ..webhooks import outbox
from ..webhooks.endpoints import LOW_BALANCE, listening_for
from ..webhooks.formats import Event
from . import mailing

LIMIT = 100  # wallets a transaction
MAIL_AGAIN_MS = clock.MINUTE
CROSSED = (
    "low_balance_micros IS NOT NULL AND balance_micros + credit_limit_micros < low_balance_micros AND low_balance_told_at IS NULL"
)
RECOVERED = (
    "low_balance_told_at IS NOT NULL AND (low_balance_micros IS NULL OR balance_micros + credit_limit_micros >= low_balance_micros)"
)


def tell_of_low_balances() -> None:
    """Note who has crossed the threshold in either direction, and tell of those who fell below it."""
    if query(f"SELECT 1 FROM wallets WHERE ({CROSSED}) OR ({RECOVERED}) LIMIT 1"):
        write(_note_crossings)
    if pause.current() is None:
        for wallet in query("SELECT * FROM wallets WHERE low_balance_told_at IS NOT NULL AND low_balance_mailed_at IS NULL"):
            _mail(wallet)


def _note_crossings(tx: Tx) -> None:
    now = clock.now_ms()
    tx.execute(f"UPDATE wallets SET low_balance_told_at = NULL, low_balance_mailed_at = NULL WHERE {RECOVERED}")
    for wallet in tx.all(f"SELECT * FROM wallets WHERE {CROSSED} LIMIT ?", (LIMIT,)):
        side = side_of(is_sandbox=bool(wallet["is_sandbox"]))
        tx.execute("UPDATE wallets SET low_balance_told_at = ? WHERE id = ?", (now, wallet["id"]))
        outbox.put(
            tx,
            [
                (endpoint_id, Event(LOW_BALANCE, wallet["uid"], _payload(wallet, now)))
                for endpoint_id in listening_for(tx, wallet["account_id"], side, LOW_BALANCE)
            ],
        )


def _payload(wallet: Row, now: int) -> dict:
    return {
        "event": LOW_BALANCE,
        "wallet_id": wallet["uid"],
        "currency": wallet["currency"],
        "balance": money.text(wallet["balance_micros"]),
        "threshold": money.text(wallet["low_balance_micros"]),
        "timestamp": clock.iso(now),
    }


def _mail(wallet: Row) -> None:
    """Mail the wallet's own address, else the operator's; what is noted is that nothing is left to be mailed."""
    to = wallet["low_balance_mail"] or current_app.config["WESEND"].alert_mail
    if to and not _taken(wallet, to):
        return
    write(
        lambda tx: tx.changed(
            "UPDATE wallets SET low_balance_mailed_at = ? WHERE id = ? AND low_balance_told_at = ?",
            (clock.now_ms(), wallet["id"], wallet["low_balance_told_at"]),
        )
    )


def _taken(wallet: Row, to: str) -> bool:
    """Whether the mail has gone, or can't go at all; False: it is tried again, or held until there is a mail server."""
    now = clock.now_ms()
    tried: dict[tuple[int, int], int] = current_app.extensions.setdefault("wesend.alerts", {})
    crossing = (wallet["id"], wallet["low_balance_told_at"])
    if 0 <= now - tried.get(crossing, 0) < MAIL_AGAIN_MS:
        return False
    tried[crossing] = now
    return mailing.post(_message(wallet, to), to, about=f"wallet {wallet['uid']}", is_sandbox=bool(wallet["is_sandbox"]))


def _message(wallet: Row, to: str) -> EmailMessage:
    names = ("balance_micros", "low_balance_micros", "credit_limit_micros")
    balance, limit, credit = (_amount(wallet[name], wallet) for name in names)
    left = _amount(wallet["balance_micros"] + wallet["credit_limit_micros"], wallet)
    with speaking(languages.of_address(to, wallet["account_id"])):
        subject = _("Wallet %(uid)s is low: %(balance)s left", uid=_called(wallet), balance=left)
        if wallet["credit_limit_micros"]:
            told = _(
                "Wallet %(uid)s has %(left)s left to spend (balance %(balance)s, credit limit %(credit)s), less than the"
                " %(limit)s below which you asked to be told.\n\n"
                "When nothing is left, sends from it are refused."
                " You are told again when it has been above that and falls below once more.",
                uid=_called(wallet),
                left=left,
                balance=balance,
                credit=credit,
                limit=limit,
            )
            return mailing.compose(to, subject, told)
        return mailing.compose(
            to,
            subject,
            _(
                "Wallet %(uid)s holds %(balance)s, less than the %(limit)s below which you asked to be told.\n\n"
                "When it is empty, sends from it are refused."
                " You are told again when it has been above that and falls below once more.",
                uid=_called(wallet),
                balance=balance,
                limit=limit,
            ),
        )


def _called(wallet: Row) -> str:
    """By the name that people gave it, with its id, by which the APIs know it."""
    return f"{wallet['name']} ({wallet['uid']})" if wallet["name"] else wallet["uid"]


def _amount(micros: int, wallet: Row) -> str:
    return f"{money.text(micros)} {wallet['currency']}"
