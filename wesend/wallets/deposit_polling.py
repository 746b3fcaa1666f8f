"""What became of deposits: their gateways are asked, by the clock and at a hint, until it is known."""

from __future__ import annotations

from collections.abc import Collection

from flask import current_app

from ..adapters import hiding
from ..adapters.money.base import NOT_PAID, PAID, PENDING, ChargeStatus, PaymentHint
from ..core import clock
from ..core.languages import marked
from ..database import Tx, query, write
from ..database.rows import DepositRow
from ..gateways import registry
from .deposit_settlement import close_as_seen, settle
from .deposits import DepositOfWallet, charge_of, load_deposit, note_call

LONGEST_GAP_MS = 10 * clock.MINUTE


ASK_LIMIT = 50


LATE_POLLS = 6  # after a hint about a deposit that has ended, while the gateway gives no clear answer


def due_gateways(without: Collection[str] = ()) -> set[str]:
    """The gateways, but for some, that are to be asked about a deposit."""
    return {row[0] for row in query("SELECT DISTINCT gateway FROM deposits WHERE poll_at <= ?", (clock.now_ms(),))} - set(without)


def poll_due(limit: int = ASK_LIMIT, *, gateway: str | None = None) -> int:
    """Ask about deposits, all or one gateway's, whose time has come; how many."""
    rows = query(
        "SELECT id FROM deposits WHERE poll_at <= ? AND gateway = coalesce(?, gateway) ORDER BY poll_at LIMIT ?",
        (clock.now_ms(), gateway, limit),
    )
    for (deposit_id,) in rows:
        check(deposit_id)
    return len(rows)


def check(deposit_id: int) -> DepositOfWallet:
    """Ask the gateway what became of a deposit and record it."""
    deposit = load_deposit(deposit_id)
    if deposit["status"] == "successful":
        return deposit
    gateway = registry.money_gateway(deposit["gateway"])
    answer = ChargeStatus(PENDING)
    if gateway is not None:
        try:
            answer = gateway.ask(charge_of(deposit), deposit["gateway_ref"], clock.now_ms() - deposit["created_at"])
        except Exception:
            current_app.logger.exception("money gateway %s could not be asked", deposit["gateway"])
        note_call(gateway)
    if answer.status == PAID:
        settle(deposit_id, answer.amount_micros)
    elif answer.status == NOT_PAID:
        hidden = gateway.hidden if gateway is not None else ()
        if not close_as_seen(deposit, "failed", answer.reason and hiding.without(hidden, answer.reason)):
            _stop_asking(deposit)
    else:
        _ask_later(deposit, gateway.first_poll_ms if gateway else 5_000, answer.reason)
    return load_deposit(deposit_id)


HINTED_AT = """
    SELECT * FROM deposits WHERE gateway = ? AND (reference = ? OR gateway_ref = ?)
    ORDER BY reference = ? DESC LIMIT 1
"""


LEARN_GATEWAY_REF = """
    UPDATE deposits SET gateway_ref = ?
    WHERE id = ? AND NOT EXISTS (SELECT 1 FROM deposits WHERE gateway = ? AND gateway_ref = ?)
"""


def take_hints(gateway_name: str, hints: list[PaymentHint]) -> None:
    """News of charges, believed by nobody: the gateway is asked at the next look. Unknown ones are passed over."""

    def unit(tx: Tx) -> None:
        now = clock.now_ms()
        for hint in hints:
            deposit = tx.one(HINTED_AT, (gateway_name, hint.reference, hint.gateway_ref, hint.reference))
            if deposit is None or deposit["status"] == "successful":
                continue
            if deposit["gateway_ref"] is None and hint.gateway_ref is not None:
                # A charge whose answer was lost is found again by its callback; an id that another deposit has is none.
                tx.execute(LEARN_GATEWAY_REF, (hint.gateway_ref, deposit["id"], gateway_name, hint.gateway_ref))
            polls = deposit["polls"] if deposit["status"] == "pending" else 0
            tx.execute("UPDATE deposits SET poll_at = ?, polls = ? WHERE id = ?", (now, polls, deposit["id"]))

    write(unit)


# All three pass over what a hint came for meanwhile (another ``poll_at`` than was seen): it is asked about at the next look.
STOP_ASKING = "UPDATE deposits SET poll_at = NULL WHERE id = ? AND status <> 'pending' AND poll_at = ?"
ASK_AGAIN = "UPDATE deposits SET polls = polls + 1, poll_at = ? WHERE id = ? AND poll_at = ?"
ASK_LATER = """
    UPDATE deposits SET polls = polls + 1, poll_at = ?, reason = coalesce(?, reason)
    WHERE id = ? AND status = 'pending' AND poll_at = ?
"""


def _stop_asking(deposit: DepositRow) -> None:
    write(lambda tx: tx.changed(STOP_ASKING, (deposit["id"], deposit["poll_at"])))


def _ask_later(deposit: DepositRow, first_ms: int, reason: str | None) -> None:
    """``reason``: why what the gateway said settles nothing, for a person to look at."""
    now = clock.now_ms()
    gap = min(first_ms * 2 ** min(deposit["polls"] + 1, 20), LONGEST_GAP_MS)
    if deposit["status"] != "pending":
        # There was a hint that the money came after all: a gateway that can't tell just now is asked some times more.
        if deposit["polls"] >= LATE_POLLS or deposit["poll_at"] is None:
            _stop_asking(deposit)
            return
        write(lambda tx: tx.changed(ASK_AGAIN, (now + gap, deposit["id"], deposit["poll_at"])))
        return
    if deposit["expires_at"] <= now:
        close_as_seen(deposit, "expired", reason or marked("The payer did not answer"))
        return
    write(lambda tx: tx.changed(ASK_LATER, (min(now + gap, deposit["expires_at"]), reason, deposit["id"], deposit["poll_at"])))
