"""`wesend report`, `wesend statement`, `wesend reconcile`: what the business brings in, and what is billed."""

from __future__ import annotations

import click

from ..core import money
from ..core.csv_cells import safe_cell
from ..gateways import service
from ..messages.reporting import margins, statements
from ..messages.reporting.margins import Margin
from ..messages.reporting.statements import Statement
from ..operations import reconcile
from .shared import ACCOUNT, ACTOR, Answer, command, csv_option, csv_writer, open_file, write_csv

FIGURES = ("messages", "segments", "delivered", "failed", "revenue", "cost", "margin", "margin_pct", "currency")


@click.group()
def report() -> None:
    """Reports of the business: margin."""


@command(
    "margin",
    click.option("--from", "since", default=None, metavar="DAY", help="First day, as 2026-11-01 (all)."),
    click.option("--to", "until", default=None, metavar="DAY", help="Last day (today)."),
    click.option("--by", default="", metavar="LIST", help=f"Comma list of {','.join(margins.DIMENSIONS)} (one row)."),
    click.option("--currency", default="USD", metavar="CODE", help="In which amounts are told (USD)."),
    csv_option("Write it as CSV, too"),
    group=report,
)
def report_margin(since: str | None, until: str | None, by: str, currency: str, csv_path: str | None) -> Answer:
    """Tell what was sold, what it cost at the carriers, and what is left, at the rates of each day."""
    names = tuple(dict.fromkeys(name.strip().lower() for name in by.split(",") if name.strip()))
    unknown = [name for name in names if name not in margins.DIMENSIONS]
    if unknown:
        raise click.UsageError(f"--by is a comma list of {', '.join(margins.DIMENSIONS)}, not {', '.join(unknown)}")
    found = margins.report(since=since, until=until, by=names, currency=currency, actor=ACTOR)
    rows = [_row(names, row, found.currency) for row in found.rows]
    if csv_path is not None:
        write_csv(csv_path, (*names, *FIGURES), [_cells(row) for row in rows])
    if found.missing:
        click.echo(f"Note: there is no exchange rate for {', '.join(found.missing)}: its amounts are left out.", err=True)
    total = _row((), found.total, found.currency)
    lines = [_line(names, row) for row in rows]
    return (
        {"rows": rows, "total": total, "currency": found.currency, "from": since, "to": until, "by": list(names)},
        "\n".join([*lines, *([_line((), total)] if names or not rows else [])]),
    )


def _row(names: tuple[str, ...], row: Margin, currency: str) -> dict:
    return {
        **dict(zip(names, row.by, strict=True)),
        "messages": row.messages,
        "segments": row.segments,
        "delivered": row.delivered,
        "failed": row.failed,
        "revenue": money.text(row.revenue_micros),
        "cost": money.text(row.cost_micros),
        "margin": money.text(row.margin_micros),
        "margin_pct": row.margin_pct,
        "currency": currency,
    }


def _cells(row: dict) -> list[str]:
    """Figures of ours stay figures, a leading minus and all."""
    return [safe_cell(value) if name not in FIGURES else "" if value is None else str(value) for name, value in row.items()]


def _line(names: tuple[str, ...], row: dict) -> str:
    of = "  ".join(str(row[name]) or "none" for name in names) or "in all"
    pct = "–" if row["margin_pct"] is None else f"{row['margin_pct']} %"
    return (
        f"{of}: {row['messages']:,} messages, {row['segments']:,} segments, {row['delivered']:,} delivered,"
        f" {row['failed']:,} failed; revenue {row['revenue']}, cost {row['cost']}, margin {row['margin']} {row['currency']} ({pct})"
    )


LINE = ("wallet_id", "number", "currency", "day", "country", "what", "messages", "segments", "amount")


@command(
    "statement",
    ACCOUNT,
    click.option("--month", required=True, metavar="MONTH", help="As 2026-11, in the account's zone."),
    click.option("--wallet", default=None, metavar="WALLET", help="Only of this wallet (all)."),
    csv_option("Write it as CSV, too"),
)
def show_statement(account_id: int, month: str, wallet: str | None, csv_path: str | None) -> Answer:
    """Tell what a month moved in an account's wallets, by day and country; it adds up with the ledger."""
    found = statements.statements(account_id, month, wallet, actor=ACTOR)
    if csv_path is not None:
        write_csv(csv_path, LINE, [_safe(row) for one in found for row in statements.csv_rows(one)])
    return {"statements": [_statement(one) for one in found]}, "\n".join(map(_told, found)) or "The account has no wallets."


def _safe(row: tuple[object, ...]) -> list[object]:
    """An amount of ours is no formula, whatever its sign."""
    return [*map(safe_cell, row[:-1]), row[-1]]


def _statement(found: Statement) -> dict:
    return {
        "wallet_id": found.wallet.uid,
        "number": found.number,
        "month": found.month,
        "currency": found.wallet.currency,
        "opening": money.text(found.opening),
        "top_ups": money.text(found.top_ups),
        "charges": money.text(found.charges),
        "refunds": money.text(found.refunds),
        "adjustments": money.text(found.adjustments),
        "closing": money.text(found.closing),
        "messages": found.messages,
        "segments": found.segments,
        "days": [
            {
                "day": line.day,
                "country": line.country,
                "description": line.description,
                "messages": line.messages,
                "segments": line.segments,
                "charges": money.text(line.charges_micros),
                "refunds": money.text(line.refunds_micros),
            }
            for line in found.days
        ],
    }


def _told(found: Statement) -> str:
    shown = _statement(found)
    sums = ", ".join(f"{name.replace('_', '-')} {shown[name]}" for name in ("top_ups", "charges", "refunds", "adjustments"))
    return (
        f"Statement {found.number} of {found.wallet.uid}: opening {shown['opening']}, {sums},"
        f" closing {shown['closing']} {found.wallet.currency}; {found.messages:,} messages, {found.segments:,} segments"
    )


@command(
    "reconcile",
    click.argument("gateway"),
    click.argument("file", metavar="FILE.csv"),
    click.option("--id", "id_column", default=None, metavar="COLUMN", help="Which holds the messages' ids (message_id, id …)."),
    click.option("--cost", "cost_column", default=None, metavar="COLUMN", help="Which holds what each cost (cost, price …)."),
    click.option("--status", "status_column", default=None, metavar="COLUMN", help="Which holds what became of it (status …)."),
    click.option("--from", "since", default=None, metavar="DAY", help="First day (the bill's)."),
    click.option("--to", "until", default=None, metavar="DAY", help="Last day (the bill's)."),
    csv_option("Write each difference as CSV"),
)
def reconcile_bill(
    gateway: str,
    file: str,
    id_column: str | None,
    cost_column: str | None,
    status_column: str | None,
    since: str | None,
    until: str | None,
    csv_path: str | None,
) -> Answer:
    """Compare a carrier's bill, a CSV, with what was sent through its gateway."""
    columns = {"id_column": id_column, "cost_column": cost_column, "status_column": status_column}
    with open_file(file) as bill, csv_writer(csv_path, reconcile.COLUMNS) as write_row:
        found = reconcile.reconcile(
            service.named(gateway),
            bill,
            **columns,
            since=since,
            until=until,
            note=lambda row: write_row([safe_cell(cell) for cell in row]),
            actor=ACTOR,
        )
    shown = {
        "gateway": gateway,
        "matched": found.matched,
        "only_in_bill": found.only_in_bill,
        "only_here": found.only_here,
        "cost_differs": found.cost_differs,
        "status_differs": found.status_differs,
        "billed": money.text(found.billed_micros),
        "expected": money.text(found.expected_micros),
        "currency": found.currency,
        "repeated": found.repeated,
        "from": found.first_day,
        "to": found.last_day,
    }
    return shown, (
        f"{found.matched:,} are in both, {found.only_in_bill:,} only in the bill, {found.only_here:,} only here;"
        f" {found.cost_differs:,} differ in cost, {found.status_differs:,} in status.\n"
        f"Billed {shown['billed']}, expected {shown['expected']} {found.currency or ''}".rstrip()
        + "."
    )


COMMANDS = (report, show_statement, reconcile_bill)
