"""What an operator decides about services: approved, rejected, suspended; in the sandbox approved by themselves."""

from __future__ import annotations

from typing import NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..accounts.sides import side_of_row
from ..core import clock, money
from ..core.errors import InvalidInput
from ..core.languages import sentence
from ..database import Tx, atomic, query
from ..database.rows import TwoWayNumberRow, TwoWayServiceRow
from ..gateways import registry
from ..wallets import ledger
from ..wallets.service import WalletInfo, wallet_by_id
from . import numbers, prices
from .errors import InvalidState
from .services import PENDING, SUSPENDED, of_id, require_sendable

MONTH_MS = 30 * clock.DAY
SANDBOX_SHARED = "32811"
SANDBOX_DEDICATED = 21_000
"""To which the service's id is added."""


class Terms(NamedTuple):
    """What an operator agrees to, in micro-units of USD; None: as the country has it."""

    setup_fee: int | None = None
    monthly_fee: int | None = None
    inbound: int | None = None
    outbound: int | None = None
    help_text: str | None = None


APPROVE = """
    UPDATE two_way_services SET status = 'active', number_id = ?, setup_fee_micros = ?, monthly_fee_micros = ?,
        inbound_price_micros = ?, outbound_price_micros = ?, help_text = coalesce(?, help_text), charged_micros = ?, months = 1,
        activated_at = ?, decided_at = ?, bill_at = ?
    WHERE id = ? AND status = 'pending'
"""
RESUME = """
    UPDATE two_way_services SET status = 'active', number_id = ?, help_text = coalesce(?, help_text), suspend_reason = NULL,
        suspended_at = NULL, past_due_since = NULL, bill_at = ?
    WHERE id = ? AND status = 'suspended'
"""


def approve(service_id: int, number: str, gateway: str, terms: Terms = Terms(), *, actor: Actor) -> TwoWayServiceRow:
    """Give a service its number and take setup fee and first month, all or nothing; one that was suspended goes on.

    NumberUnavailable, InvalidState, InvalidInput; InsufficientBalance: the request stays pending.
    """
    roles.require(actor, OPERATE)
    if terms.help_text is not None:
        require_sendable(terms.help_text, "help_text")
    if any(amount is not None and amount < 0 for amount in terms[:4]):
        raise InvalidInput("A price is not negative")
    with atomic() as tx:
        service: TwoWayServiceRow = of_id(service_id, tx)
        if service["status"] not in (PENDING, SUSPENDED):
            raise InvalidState(sentence("The service is %(status)s", status=service["status"]))
        if service["status"] == SUSPENDED:
            _resume(tx, service, number, gateway, terms)
        else:
            _approve(tx, service, number, gateway, terms)
        audit_log.record(
            tx,
            actor=actor,
            action="two_way.approve",
            subject=str(service_id),
            account_id=service["account_id"],
            detail=", ".join(
                (number, *(_told(terms) if service["status"] == PENDING else ()))
            ),  # not whose it is: owners read their account's log
        )
    return of_id(service_id)


def _told(terms: Terms) -> list[str]:
    """Of the prices that were agreed to, those that are not the country's."""
    names = ("setup_fee", "monthly_fee", "inbound_price", "outbound_price")
    return [f"{name} {money.text(micros)}" for name, micros in zip(names, terms[:4], strict=True) if micros is not None]


def _approve(tx: Tx, service: TwoWayServiceRow, number: str, gateway: str, terms: Terms) -> None:
    taken = _take_number(tx, service, number, gateway)
    wallet = wallet_by_id(service["wallet_id"], tx)
    country = prices.of_country(service["country"], tx)
    month = country.keyword_fee if service["type"] == numbers.SHARED else country.monthly_fee
    setup_fee = country.setup_fee if terms.setup_fee is None else terms.setup_fee
    monthly_fee = month if terms.monthly_fee is None else terms.monthly_fee
    inbound, outbound = terms.inbound, terms.outbound
    if country.source == prices.CUSTOM:
        inbound = _own_inbound(service, country) if inbound is None else inbound
        outbound = country.outbound if outbound is None else outbound
    setup, first = fee_of(setup_fee, wallet, tx), fee_of(monthly_fee, wallet, tx)
    take_fee(tx, service, wallet, setup, "Setup", 0)
    take_fee(tx, service, wallet, first, "Month 1", 1)
    now = clock.now_ms()
    ours = (taken["id"], setup_fee, monthly_fee, inbound, outbound, terms.help_text, setup + first, now, now, now + MONTH_MS)
    if not tx.changed(APPROVE, (*ours, service["id"])):
        raise InvalidState


def _own_inbound(service: TwoWayServiceRow, country: prices.CountryPrice) -> int | None:
    return country.toll_free if service["toll_free"] == 1 and country.toll_free is not None else country.inbound


def _resume(tx: Tx, service: TwoWayServiceRow, number: str, gateway: str, terms: Terms) -> None:
    same = numbers.of_id(tx, service["number_id"])
    given = numbers.spellings(number, service["country"])
    if same is not None and (same["digits"], same["gateway"]) == (given[1], gateway):
        taken = same
    else:
        taken = _take_number(tx, service, number, gateway)
    if not tx.changed(RESUME, (taken["id"], terms.help_text, clock.now_ms() + MONTH_MS, service["id"])):
        raise InvalidState


def _take_number(tx: Tx, service: TwoWayServiceRow, number: str, gateway: str) -> TwoWayNumberRow:
    return numbers.take(
        tx, number=number, gateway=gateway, country=service["country"], kind=service["type"], side=side_of_row(service)
    )


def fee_of(usd_micros: int, wallet: WalletInfo, tx: Tx) -> int:
    """A fee in the wallet's currency. InvalidInput where it can't be told, or a wallet of credits would have to pay one."""
    if usd_micros and wallet.holds_credits:
        raise InvalidInput("A wallet of credits pays no fees: they must be 0")
    fee = prices.in_currency(usd_micros, wallet, tx)
    if fee is None:
        raise InvalidInput(
            sentence("There is no exchange rate from %(usd)s to %(currency)s", usd=prices.USD, currency=wallet.currency)
        )
    return fee


def take_fee(tx: Tx, service: TwoWayServiceRow, wallet: WalletInfo, fee: int, what: str, charge_no: int) -> None:
    """InsufficientBalance when there is less, and nothing is written."""
    told = service["keyword"] or service["type"]
    ledger.debit(
        tx,
        wallet.id,
        fee,
        kind="service_fee",
        description=f"{what} of {told} in {service['country']}",
        service_id=service["id"],
        charge_no=charge_no,
    )


REJECT = "UPDATE two_way_services SET status = 'rejected', rejection_reason = ?, decided_at = ? WHERE id = ? AND status = 'pending'"


def reject(service_id: int, reason: str, *, actor: Actor) -> TwoWayServiceRow:
    """Nothing is charged, and the keyword is free at once."""
    roles.require(actor, OPERATE)
    if not reason.strip():
        raise InvalidInput("A rejection needs a reason", {"reason": ["Missing"]})
    _decide(service_id, "two_way.reject", REJECT, (reason.strip()[:500], clock.now_ms(), service_id), reason, actor)
    return of_id(service_id)


SUSPEND = """
    UPDATE two_way_services SET status = 'suspended', suspend_reason = ?, suspended_at = ?, bill_at = NULL
    WHERE id = ? AND status IN ('active', 'past_due')
"""


def suspend(service_id: int, reason: str | None = None, *, actor: Actor) -> TwoWayServiceRow:
    """What comes is kept and told to nobody, and no month is charged, until it is approved anew."""
    roles.require(actor, OPERATE)
    told = (reason or "").strip() or "Suspended by the operator"
    _decide(service_id, "two_way.suspend", SUSPEND, (told[:500], clock.now_ms(), service_id), told, actor)
    return of_id(service_id)


def _decide(service_id: int, action: str, sql: str, values: tuple, detail: str, actor: Actor) -> None:
    with atomic() as tx:
        service = of_id(service_id, tx)
        if not tx.changed(sql, values):
            raise InvalidState(sentence("The service is %(status)s", status=service["status"]))
        audit_log.record(tx, actor=actor, action=action, subject=str(service_id), account_id=service["account_id"], detail=detail)


WAITING = """
    SELECT * FROM two_way_services
    WHERE status = 'pending' AND side = 'sandbox' AND (created_at <= ? OR created_at > ?) ORDER BY id LIMIT 50
"""


def approve_sandbox(delay_ms: int, *, actor: Actor) -> int:
    """Approve what was asked for a sandbox wallet ``delay_ms`` ago or longer; how many. No operator need look at it."""
    now = clock.now_ms()
    found = query(WAITING, (now - delay_ms, now))
    for service in found:
        number = SANDBOX_SHARED if service["type"] == numbers.SHARED else str(SANDBOX_DEDICATED + service["id"])
        approve(service["id"], number, registry.SANDBOX, actor=actor)
    return len(found)
