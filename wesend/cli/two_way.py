"""`wesend two-way`: numbers that people write to, services, prices, what they wrote."""

from __future__ import annotations

from typing import Any

import click

from ..accounts.service import get_account
from ..core import clock, money
from ..database.rows import InboundMessageRow, IncomingMessageRow, TwoWayNumberRow, TwoWayServiceRow
from ..two_way import approval, inbox, numbers, prices, services
from ..two_way.approval import Terms
from ..wallets.service import wallet_of_account
from .shared import ACCOUNT, ACTOR, AMOUNT, WHOLE, Answer, command

SERVICE = click.argument("service_id", type=WHOLE, metavar="ID")


@click.group("two-way")
def two_way() -> None:
    """Numbers that people write to: requests, approvals, prices, the inbox."""


def shown(service: TwoWayServiceRow) -> dict[str, Any]:
    """A service as scripts read it; fees and prices in USD."""
    number = numbers.of_id(None, service["number_id"])
    fees = {
        "setup_fee_usd": service["setup_fee_micros"],
        "monthly_fee_usd": service["monthly_fee_micros"],
        "inbound_price_usd": prices.inbound_usd(service),
        "outbound_price_usd": prices.outbound_usd(service),
    }
    return {
        "id": service["id"],
        "account_id": service["account_id"],
        "country": service["country"],
        "type": service["type"],
        "keyword": service["keyword"],
        "toll_free": service["toll_free"] == 1,
        "status": service["status"],
        "number": number["number"] if number is not None else None,
        "gateway": number["gateway"] if number is not None else None,
        "company_name": service["company_name"],
        "use_case": service["use_case"],
        "auto_reply_enabled": service["auto_reply_enabled"] == 1,
        "auto_reply_text": service["auto_reply_text"],
        "help_text": service["help_text"],
        "forward_email": service["forward_email"],
        "rejection_reason": service["rejection_reason"],
        "suspend_reason": service["suspend_reason"],
        "fees": {name: None if value is None else money.number(value) for name, value in fees.items()},
        "activated_at": clock.iso(service["activated_at"]),
        "next_billing_at": clock.iso(service["bill_at"]) if service["status"] == services.ACTIVE else None,
        "past_due_since": clock.iso(service["past_due_since"]),
        "suspended_at": clock.iso(service["suspended_at"]),
        "cancelled_at": clock.iso(service["cancelled_at"]),
        "created_at": clock.iso(service["created_at"]),
    }


def _line(found: dict[str, Any]) -> str:
    what = found["keyword"] or found["type"]
    number = found["number"] or "no number yet"
    return f"{found['id']:<5} {found['status']:<10} {found['country']}  {what:<20} {number}  account {found['account_id']}"


def _answer(service: TwoWayServiceRow) -> Answer:
    found = shown(service)
    return found, _line(found)


@command(
    "list",
    click.option("--account", "account_id", type=WHOLE, default=None, metavar="ID", help="Only this account's."),
    click.option("--status", type=click.Choice(services.STATUSES), default=None, help="Only of this status."),
    group=two_way,
)
def list_services(account_id: int | None, status: str | None) -> Answer:
    """List services, newest first."""
    if account_id is not None:
        get_account(account_id)
    found = [shown(service) for service in services.list_services(account_id, status=status, actor=ACTOR)]
    return {"services": found}, "\n".join(map(_line, found)) or "No services yet."


@command("show", SERVICE, group=two_way)
def show_service(service_id: int) -> Answer:
    """Show a service."""
    return _answer(services.find(service_id, actor=ACTOR))


@command(
    "request",
    ACCOUNT,
    click.option("--wallet", required=True, metavar="W", help="The wallet that pays for it."),
    click.option("--country", required=True, metavar="CODE", help="ISO 3166: UG."),
    click.option(
        "--type",
        "kind",
        type=click.Choice((numbers.DEDICATED, numbers.SHARED)),
        required=True,
        help="A number of its own, or a keyword.",
    ),
    click.option("--keyword", default=None, metavar="WORD", help="On a shared number: 2 to 20 letters and digits."),
    click.option("--company", required=True, metavar="T", help="Whose it is."),
    click.option("--use-case", required=True, metavar="T", help="What it is for: 10 to 4,000 characters."),
    click.option("--toll-free", is_flag=True, help="The sender pays nothing."),
    group=two_way,
)
def request_service(
    account_id: int, wallet: str, country: str, kind: str, keyword: str | None, company: str, use_case: str, toll_free: bool
) -> Answer:
    """Ask for a number or a keyword; nothing is charged before it is approved."""
    account = get_account(account_id)
    wanted = services.Request(country, kind, keyword, use_case, company, "cli", toll_free)
    return _answer(services.request(account, wallet_of_account(wallet, account_id, actor=ACTOR), wanted, actor=ACTOR))


@command(
    "approve",
    SERVICE,
    click.option("--number", required=True, metavar="N", help="The number that people write to: 32811, +256312345678."),
    click.option("--gateway", required=True, metavar="G", help="The gateway that brings its messages and sends replies."),
    click.option("--setup", type=AMOUNT, default=None, metavar="F", help="Setup fee in USD (the country's)."),
    click.option("--monthly", type=AMOUNT, default=None, metavar="F", help="Fee of 30 days in USD (the country's)."),
    click.option("--inbound", type=AMOUNT, default=None, metavar="P", help="Price of an incoming message in USD."),
    click.option("--outbound", type=AMOUNT, default=None, metavar="P", help="Price of a reply's segment in USD."),
    click.option("--help-text", default=None, metavar="T", help="Answers whoever writes HELP."),
    group=two_way,
)
def approve_service(
    service_id: int,
    number: str,
    gateway: str,
    setup: int | None,
    monthly: int | None,
    inbound: int | None,
    outbound: int | None,
    help_text: str | None,
) -> Answer:
    """Give a service its number, and take setup fee and first month; one that was suspended goes on."""
    terms = Terms(setup, monthly, inbound, outbound, help_text)
    return _answer(approval.approve(service_id, number, gateway, terms, actor=ACTOR))


@command("reject", SERVICE, click.option("--reason", required=True, metavar="T", help="Told to who asked."), group=two_way)
def reject_service(service_id: int, reason: str) -> Answer:
    """Refuse a request."""
    return _answer(approval.reject(service_id, reason, actor=ACTOR))


@command("suspend", SERVICE, group=two_way)
def suspend_service(service_id: int) -> Answer:
    """Keep what comes and tell nobody, until it is approved again."""
    return _answer(approval.suspend(service_id, actor=ACTOR))


@command("cancel", SERVICE, group=two_way)
def cancel_service(service_id: int) -> Answer:
    """End a service for good; its number or keyword is free."""
    return _answer(services.cancel(services.find(service_id, actor=ACTOR), actor=ACTOR))


def _number(row: TwoWayNumberRow) -> dict[str, Any]:
    return {
        "number": row["number"],
        "gateway": row["gateway"],
        "country": row["country"],
        "type": row["type"],
        "is_on": row["is_on"] == 1,
        "sandbox": row["side"] == "sandbox",
    }


def _number_line(found: dict[str, Any]) -> str:
    return f"{found['number']:<16} {found['country']}  {found['type']:<10} {found['gateway']}" + (
        "" if found["is_on"] else "  paused"
    )


@command("numbers", group=two_way)
def list_numbers() -> Answer:
    """List the numbers that people write to."""
    found = [_number(row) for row in numbers.list_numbers(actor=ACTOR)]
    return {"numbers": found}, "\n".join(map(_number_line, found)) or "No numbers yet."


@command("pause", click.argument("number"), group=two_way)
def pause_number(number: str) -> Answer:
    """Send nothing from a number; what comes to it is taken in all the same."""
    found = _number(numbers.switch(number, False, actor=ACTOR))
    return found, _number_line(found)


@command("resume", click.argument("number"), group=two_way)
def resume_number(number: str) -> Answer:
    """Send from a number again."""
    found = _number(numbers.switch(number, True, actor=ACTOR))
    return found, _number_line(found)


def shown_price(found: prices.CountryPrice) -> dict[str, Any]:
    """What a country costs, in USD."""
    amounts = {
        "setup_fee_usd": found.setup_fee,
        "monthly_fee_usd": found.monthly_fee,
        "shared_keyword_monthly_fee_usd": found.keyword_fee,
        "sms_basic_price_usd": found.basic,
        "inbound_price_usd": found.inbound,
        "outbound_price_usd": found.outbound,
        "toll_free_inbound_price_usd": found.toll_free,
    }
    return {
        "country": found.country,
        "price_source": found.source,
        "networks": list(found.networks),
        "is_available": found.is_available,
        **{name: None if value is None else money.number(value) for name, value in amounts.items()},
    }


@command(
    "price",
    click.argument("country"),
    click.option("--setup", type=AMOUNT, default=None, metavar="F", help="Setup fee."),
    click.option("--monthly", type=AMOUNT, default=None, metavar="F", help="30 days of a number of one's own."),
    click.option("--keyword", type=AMOUNT, default=None, metavar="F", help="30 days of a keyword."),
    click.option("--inbound", type=AMOUNT, default=None, metavar="P", help="An incoming message."),
    click.option("--outbound", type=AMOUNT, default=None, metavar="P", help="A reply's segment."),
    click.option("--toll-free", type=AMOUNT, default=None, metavar="P", help="An incoming message of a toll-free number."),
    click.option("--networks", default=None, metavar="A,B", help="The networks that reach it."),
    click.option("--off", is_flag=True, help="Nothing new can be asked for there."),
    group=two_way,
)
def set_price(
    country: str,
    setup: int | None,
    monthly: int | None,
    keyword: int | None,
    inbound: int | None,
    outbound: int | None,
    toll_free: int | None,
    networks: str | None,
    off: bool,
) -> Answer:
    """Set what two-way SMS costs in a country, in USD; what is left out stays."""
    given = dict(zip(prices.COLUMNS, (setup, monthly, keyword, inbound, outbound, toll_free), strict=True))
    changes = {name: value for name, value in given.items() if value is not None}
    names = None if networks is None else [name.strip() for name in networks.split(",") if name.strip()]
    found = shown_price(prices.set_price(country, changes, networks=names, on=not off, actor=ACTOR))
    told = ", ".join(f"{name.removesuffix('_usd')} {value}" for name, value in found.items() if name.endswith("_usd"))
    return found, f"{found['country']}: {told} USD" + ("" if found["is_available"] else "; not offered")


def _message(row: InboundMessageRow) -> dict[str, Any]:
    return {
        "id": f"mo_{row['uid']}",
        "account_id": row["account_id"],
        "service_id": row["service_id"],
        "from": row["sender"],
        "to": row["recipient"],
        "text": row["text"],
        "keyword": row["keyword"],
        "opt_out": row["opt_out"] == 1,
        "billed": row["billed"] == 1,
        "received_at": clock.iso(row["created_at"]),
    }


def _message_line(found: dict[str, Any]) -> str:
    return f"{found['received_at']}  {found['from']:<16} {found['to'] or '':<14} {found['text']}"


@command("inbox", ACCOUNT, click.option("--phone", default=None, metavar="P", help="Only what this phone wrote."), group=two_way)
def show_inbox(account_id: int, phone: str | None) -> Answer:
    """What people wrote to an account, newest first."""
    found = [_message(row) for row in inbox.received_by(get_account(account_id), phone, actor=ACTOR)]
    return {"messages": found}, "\n".join(map(_message_line, found)) or "Nothing came yet."


@command(
    "reply", SERVICE, click.option("--to", required=True, metavar="P", help="The phone."), click.argument("text"), group=two_way
)
def send_reply(service_id: int, to: str, text: str) -> Answer:
    """Answer from a service's number."""
    from ..messages.sending.options import Origin  # with all that sends
    from ..two_way import replies

    sent = replies.reply(services.find(service_id, actor=ACTOR), to, text, origin=Origin("cli"), actor=ACTOR)
    message = sent.messages[0]
    return {"message_id": message["uid"], "status": message["status"]}, f"{message['uid']}: {message['status']}"


def _unmatched(row: IncomingMessageRow) -> dict[str, Any]:
    return {
        "id": f"mo_{row['uid']}",
        "gateway": row["gateway"],
        "from": row["sender"],
        "to": row["recipient"],
        "text": row["text"],
        "received_at": clock.iso(row["told_at"]),
    }


@command("unmatched", group=two_way)
def list_unmatched() -> Answer:
    """Messages that are nobody's; kept for 30 days."""
    from ..two_way import unmatched

    found = [_unmatched(row) for row in unmatched.list_unmatched(actor=ACTOR)]
    return {"messages": found}, "\n".join(f"{one['id']}  {_message_line(one)}" for one in found) or "None."


@command("assign", click.argument("message"), ACCOUNT, group=two_way)
def assign(message: str, account_id: int) -> Answer:
    """Give an unmatched message to an account, which is told of it."""
    from ..two_way import unmatched

    found = _message(unmatched.assign(message, account_id, actor=ACTOR))
    return found, _message_line(found)


COMMANDS = (two_way,)
