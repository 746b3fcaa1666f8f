"""`wesend webhook`."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import urlsplit

import click
from flask import current_app

from ..accounts.service import get_account
from ..adapters.public_addresses import leads_to_private
from ..core import clock
from ..core.errors import InvalidInput
from ..database import Row
from ..dialects import NAMES
from ..webhooks import attempts, endpoints, samples
from ..webhooks.formats import find_format
from .shared import ACCOUNT, ACTOR, WHOLE, Answer, command


@click.group()
def webhook() -> None:
    """Webhooks: add, list, switch, look at what was delivered, deliver again."""


WEBHOOK = click.argument("webhook_id", type=WHOLE, metavar="ID")


def _shown(row: Row) -> dict:
    return {
        "webhook_id": row["id"],
        "format": row["format"],
        "url": row["url"],
        "events": row["events"].split(",") if row["events"] else None,
        "is_active": bool(row["is_active"]),
        "disabled_reason": row["disabled_reason"],
        "failing_since": clock.iso(row["failing_since"]),
        "created_at": clock.iso(row["created_at"]),
    }


def _line(row: Row) -> str:
    state = "on" if row["is_active"] else f"off ({row['disabled_reason'] or 'by hand'})"
    failing = f", failing since {clock.iso(row['failing_since'])}" if row["failing_since"] else ""
    return f"{row['id']:>5}  {row['format']:<12}  {row['url']}  {state}{failing}"


@command(
    "add",
    ACCOUNT,
    click.option(
        "--format",
        "format_name",
        required=True,
        metavar="API",
        help=f"{', '.join(NAMES[:-1])} or {NAMES[-1]}: whose messages it hears of, in that API's form.",
    ),
    click.option(
        "--url",
        required=True,
        metavar="URL",
        help="http or https; nothing is delivered to a private address without WESEND_ALLOW_PRIVATE_URLS=1.",
    ),
    click.option(
        "--events",
        default=None,
        metavar="LIST",
        help="Comma list of the format's events (default: all), account.burst_limit, wallet.low_balance, storage.low,"
        " alert.raised, alert.over.",
    ),
    group=webhook,
)
def add_webhook(account_id: int, format_name: str, url: str, events: str | None) -> Answer:
    """Add a webhook; its secret is shown this once."""
    row, secret = endpoints.add_endpoint(
        account_id=account_id,
        format_name=format_name,
        url=url,
        actor=ACTOR,
        events=[part.strip() for part in events.split(",")] if events else None,
    )
    if not current_app.config["WESEND"].allow_private_urls and leads_to_private(urlsplit(row["url"]).hostname or ""):
        click.echo(
            "Warning: this URL leads to a private address; nothing is delivered there unless WESEND_ALLOW_PRIVATE_URLS=1.", err=True
        )
    return ({"webhook_id": row["id"], "secret": secret}, f"Webhook {row['id']} added. Its secret, shown this once: {secret}")


@command("list", ACCOUNT, group=webhook)
def list_webhooks(account_id: int) -> Answer:
    """List the webhooks of an account."""
    get_account(account_id)
    rows = endpoints.list_endpoints(account_id, actor=ACTOR)
    return {"webhooks": [_shown(row) for row in rows]}, "\n".join(map(_line, rows)) or "No webhooks yet."


@command("disable", WEBHOOK, group=webhook)
def disable_webhook(webhook_id: int) -> Answer:
    """Switch a webhook off; what waits for it stays."""
    row = endpoints.switch(webhook_id, False, actor=ACTOR)
    return _shown(row), _line(row)


@command("enable", WEBHOOK, group=webhook)
def enable_webhook(webhook_id: int) -> Answer:
    """Switch a webhook on again; what waited is delivered."""
    row = endpoints.switch(webhook_id, True, actor=ACTOR)
    return _shown(row), _line(row)


@command(
    "attempts",
    WEBHOOK,
    click.option("--failed", is_flag=True, help="Only what was given up."),
    click.option("--limit", type=click.IntRange(1, 1000), default=20, help="How many deliveries (20)."),
    group=webhook,
)
def show_attempts(webhook_id: int, failed: bool, limit: int) -> Answer:
    """Show the newest deliveries with every attempt."""
    endpoint = endpoints.get_endpoint(webhook_id, actor=ACTOR)
    shown: list[dict[str, Any]] = [
        {
            "delivery_id": row["uid"],
            "event": row["event"],
            "subject": row["subject"],
            "status": row["status"],
            "created_at": clock.iso(row["created_at"]),
            "next_attempt_at": clock.iso(row["due_at"]) if row["status"] == "pending" else None,
            "attempts": [_attempt(entry) for entry in attempts.attempts_of(endpoint, row["id"], actor=ACTOR)],
        }
        for row in attempts.list_deliveries(endpoint, limit=limit, failed=failed, actor=ACTOR)
    ]
    lines = []
    for delivery in shown:
        lines.append(f"{delivery['delivery_id']}  {delivery['event']}  {delivery['subject']}  {delivery['status']}")
        lines += [
            f"    {entry['at']}  {entry['status_code'] or entry['error']}  {entry['duration_ms']} ms"
            for entry in delivery["attempts"]
        ]
    return {"deliveries": shown}, "\n".join(lines) or "Nothing was delivered yet."


def _attempt(row: Row) -> dict:
    return {
        "at": clock.iso(row["at"]),
        "status_code": row["status_code"],
        "error": row["error"],
        "duration_ms": row["duration_ms"],
        "answer": row["answer"],
    }


@command(
    "retry",
    click.argument("delivery_id", metavar="[DELIVERY]", required=False),
    click.option("--webhook", "webhook_id", type=WHOLE, default=None, metavar="ID", help="Every failed delivery of this webhook…"),
    click.option("--since", default=None, metavar="TIME", help="…since this time (ISO 8601; default: all)."),
    group=webhook,
)
def retry_webhook(delivery_id: str | None, webhook_id: int | None, since: str | None) -> Answer:
    """Deliver again: one delivery, or all that were given up since a time."""
    if delivery_id is not None and webhook_id is None:
        attempts.retry(attempts.find_delivery(delivery_id, actor=ACTOR), actor=ACTOR)
        count = 1
    elif webhook_id is None or delivery_id is not None:
        raise click.UsageError("Give a DELIVERY or --webhook")
    else:
        endpoints.get_endpoint(webhook_id, actor=ACTOR)
        count = attempts.retry_failed(webhook_id, _since(since), actor=ACTOR)
    return {"retried": count}, f"{count} to be delivered again."


def _since(text: str | None) -> int:
    if text is None:
        return 0
    try:
        return clock.parse_iso(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no time: use ISO 8601, as 2026-06-10T14:00:00Z") from None


@command("test", WEBHOOK, group=webhook)
def test_webhook(webhook_id: int) -> Answer:
    """Post a test event now and show the answer; exit 1 when it was not received."""
    endpoint = endpoints.get_endpoint(webhook_id, actor=ACTOR)
    row = attempts.send_test(webhook_id, allow_private=current_app.config["WESEND"].allow_private_urls, actor=ACTOR)
    ok = row["status_code"] is not None and find_format(endpoint["format"]).is_received(row["status_code"])
    if not ok:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return (
        {"webhook_id": webhook_id, "ok": ok, **_attempt(row)},
        f"{row['status_code'] or row['error']} after {row['duration_ms']} ms",
    )


@command("trigger", WEBHOOK, click.argument("event", metavar="EVENT"), group=webhook)
def trigger_webhook(webhook_id: int, event: str) -> Answer:
    """Post a signed sample of one of the format's events now; exit 1 when it was not received."""
    endpoint = endpoints.get_endpoint(webhook_id, actor=ACTOR)
    allow_private = current_app.config["WESEND"].allow_private_urls
    row = samples.trigger(endpoint, event, allow_private=allow_private, actor=ACTOR)
    ok = row["status_code"] is not None and find_format(endpoint["format"]).is_received(row["status_code"])
    if not ok:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return (
        {"webhook_id": webhook_id, "event": event, "ok": ok, **_attempt(row)},
        f"{event}: {row['status_code'] or row['error']} after {row['duration_ms']} ms",
    )


COMMANDS = (webhook,)
