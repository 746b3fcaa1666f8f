"""`wesend price-list`."""

from __future__ import annotations

import click

from ..core import money
from ..core.csv_cells import safe_cell
from ..routing import price_list_editing, price_lists
from ..routing.price_lists import ListPrice, PriceList
from .shared import ACTOR, AMOUNT, WORDED, Answer, command, csv_option, open_file, write_csv


@click.group("price-list")
def price_list() -> None:
    """Price lists of accounts: create, set, show, list, import."""


NAME = click.argument("name")


@command(
    "create", NAME, click.option("--currency", required=True, metavar="CODE", help="Of its prices, ISO 4217."), group=price_list
)
def create_list(name: str, currency: str) -> Answer:
    """Create an empty price list; `wesend account set ID --price-list NAME` gives it to an account."""
    made = price_list_editing.create(name, currency, actor=ACTOR)
    return {"price_list_id": made.id, "name": made.name, "currency": made.currency}, f"Price list {made.name} in {made.currency}."


@command(
    "set",
    NAME,
    click.option("--country", required=True, metavar="CODE", help="ISO 3166: UG."),
    click.option(
        "--network", type=WORDED, default=None, metavar="NAME", help="Of this network's numbers, told by their prefixes: a guess."
    ),
    click.option("--prefix", type=WORDED, default=None, metavar="DIGITS", help="Of numbers that start so: 25677."),
    click.option("--price", type=AMOUNT, default=None, help="Of a segment."),
    click.option(
        "--from",
        "from_segments",
        type=click.IntRange(0),
        default=0,
        metavar="SEGMENTS",
        help="Holds once the account sent so many segments this calendar month (0).",
    ),
    click.option("--remove", is_flag=True, help="Take this price away."),
    group=price_list,
)
def set_price(
    name: str, country: str, network: str | None, prefix: str | None, price: int | None, from_segments: int, remove: bool
) -> Answer:
    """Set a price, or take it away: of a country, of one of its networks, or of a prefix.

    A number pays by its longest prefix, else its network, else its country, each at the highest tier that was reached.
    """
    at = price_list_editing.place(country, network, prefix, from_segments)
    if remove:
        if price is not None:
            raise click.UsageError("--remove takes no --price")
        price_list_editing.remove_price(name, at, actor=ACTOR)
        gone = {"country": at.country, "network": at.network or None, "prefix": at.prefix or None, "from": at.from_segments}
        return {"price_list": name, **gone, "price": None}, f"Price list {name}: the price is taken away."
    if price is None:
        raise click.UsageError("Missing option '--price' (or '--remove')")
    row = _row(price_list_editing.set_price(name, at, price, actor=ACTOR))
    return {"price_list": name, **row}, f"Price list {name}: {_line(row)}"


def _row(row: ListPrice) -> dict:
    return {
        "country": row.country,
        "network": row.network,
        "prefix": None if row.prefix is None else row.prefix.lstrip("+"),
        "from": row.from_segments,
        "price": money.text(row.price_micros),
    }


def _line(row: dict) -> str:
    which = row["network"] or row["prefix"] or ""
    return f"{row['country']} {which:<14} {row['price']:>12}" + (f"  from {row['from']:,} segments" if row["from"] else "")


@command("show", NAME, csv_option("Write it as CSV, too"), group=price_list)
def show_list(name: str, csv_path: str | None) -> Answer:
    """Show a price list, and who pays it."""
    found = price_lists.named(name, actor=ACTOR)
    on_it = price_lists.accounts_by_list(actor=ACTOR).get(found.id, [])
    rows = [_row(row) for row in found.prices]
    if csv_path is not None:
        cells = [[safe_cell(cell) for cell in row] for row in price_list_editing.rows_of(found)]
        write_csv(csv_path, price_list_editing.COLUMNS, cells)
    told = [f"Price list {found.name} in {found.currency}", *map(_line, rows)]
    told.append("Accounts: " + (", ".join(f"{account.id} ({account.name})" for account in on_it) or "none"))
    return {**_summary(found), "rows": rows, "accounts": [account.id for account in on_it]}, "\n".join(told)


def _summary(found: PriceList) -> dict:
    return {"price_list_id": found.id, "name": found.name, "currency": found.currency}


@command("list", csv_option("Write every price of them as CSV"), group=price_list)
def list_lists(csv_path: str | None) -> Answer:
    """List the price lists."""
    if csv_path is not None:
        every = [
            (found.name, found.currency, *row)
            for found in price_lists.all_lists().values()
            for row in price_list_editing.rows_of(found)
        ]
        write_csv(
            csv_path, ("price_list", "currency", *price_list_editing.COLUMNS), [[safe_cell(cell) for cell in row] for row in every]
        )
    on_lists = price_lists.accounts_by_list(actor=ACTOR)
    rows = [
        {**_summary(found), "prices": len(found.prices), "accounts": len(on_lists.get(found.id, []))}
        for found in price_lists.all_lists().values()
    ]
    return {"price_lists": rows}, "\n".join(
        f"{row['name']:<24} {row['currency']}  {row['prices']} prices  {row['accounts']} accounts" for row in rows
    ) or "No price lists yet."


@command("import", NAME, click.argument("file", metavar="FILE.csv"), group=price_list)
def import_list(name: str, file: str) -> Answer:
    """Set the prices of a CSV: columns country, network, prefix, from, price. All of its lines or none."""
    with open_file(file) as opened:
        count = price_list_editing.import_csv(name, opened, actor=ACTOR)
    return {"price_list": name, "imported": count}, f"Price list {name}: {count} prices are set."


COMMANDS = (price_list,)
