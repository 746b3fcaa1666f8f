"""`wesend sender`, `wesend group`, `wesend opt-out`."""

from __future__ import annotations

import sys

import click

from ..accounts.service import get_account
from ..contacts import groups
from ..database import Row
from ..database.rows import SenderIdRow
from ..routing import senders
from .shared import ACCOUNT, ACTOR, WHOLE, Answer, command, open_file


@click.group()
def sender() -> None:
    """Sender IDs: add, list, approve, reject."""


def _sender(row: Row) -> Answer:
    return (
        {"sender_id": row["id"], "name": row["name"], "status": row["status"]},
        f"Sender ID {row['name']} ({row['id']}) is {row['status']}.",
    )


ALTHOUGH_TAKEN = click.option(
    "--although-taken", is_flag=True, help="Say nothing of another account that holds this name, or one that looks like it."
)


def _approve(sender_id: int, *, although_taken: bool) -> SenderIdRow:
    """Whoever has the command line decides alone, and is told whose name this one may be taken for."""
    asked = senders.find_sender(sender_id, actor=ACTOR)
    taken = [] if although_taken else senders.holders_of([asked], actor=ACTOR).get(sender_id, [])
    row = senders.decide_sender(sender_id, approve=True, although_taken=True, actor=ACTOR)
    if taken:
        click.echo(f"Note: {senders.taken_for(asked, taken)}.", err=True)
    return row


@command(
    "add",
    ACCOUNT,
    click.option("--name", required=True, metavar="NAME", help="1 to 11 letters and digits, single spaces between them."),
    click.option("--countries", required=True, metavar="LIST", help="Where it may be used: UG,KE (ISO 3166)."),
    click.option("--approve", is_flag=True, help="Approve it at once."),
    ALTHOUGH_TAKEN,
    group=sender,
)
def add_sender(account_id: int, name: str, countries: str, approve: bool, although_taken: bool) -> Answer:
    """Request a sender ID for an account."""
    row = senders.request_sender(account_id=account_id, name=name, countries=countries.split(","), actor=ACTOR)
    if approve and row["status"] != "approved":
        row = _approve(row["id"], although_taken=although_taken)
    return _sender(row)


@command("approve", click.argument("sender_id", type=WHOLE, metavar="ID"), ALTHOUGH_TAKEN, group=sender)
def approve_sender(sender_id: int, although_taken: bool) -> Answer:
    """Approve a sender ID."""
    return _sender(_approve(sender_id, although_taken=although_taken))


@command(
    "reject",
    click.argument("sender_id", type=WHOLE, metavar="ID"),
    click.option("--reason", required=True, help="What the account is told."),
    group=sender,
)
def reject_sender(sender_id: int, reason: str) -> Answer:
    """Reject a sender ID with a reason."""
    return _sender(senders.decide_sender(sender_id, approve=False, reason=reason, actor=ACTOR))


@command("list", ACCOUNT, group=sender)
def list_senders(account_id: int) -> Answer:
    """List the sender IDs of an account."""
    get_account(account_id)
    rows = [
        {**_sender(row)[0], "countries": row["countries"].split(","), "reason": row["rejection_reason"]}
        for row in senders.list_senders(account_id, actor=ACTOR)
    ]
    return {"senders": rows}, "\n".join(
        f"{row['sender_id']:>5}  {row['name']:<11}  {row['status']:<8}  {','.join(row['countries'])}"
        + (f"  {row['reason']}" if row["reason"] else "")
        for row in rows
    ) or "No sender IDs yet."


@click.group()
def group() -> None:
    """Contact groups: create, list."""


@command(
    "create",
    ACCOUNT,
    click.argument("name"),
    click.option(
        "--csv",
        "path",
        default=None,
        metavar="FILE",
        help="Contacts, CSV or Excel workbook (.xlsx), at most 50 MB: a header row with a phone column (phone,"
        " mobile, tel, number …); the other columns fill {{placeholders}}. - reads standard input.",
    ),
    group=group,
)
def create_group(account_id: int, name: str, path: str | None) -> Answer:
    """Create a contact group, with the contacts of a CSV file if one is given."""
    account = get_account(account_id)
    if path is None:
        row, skipped = groups.create_group(account.id, name, actor=ACTOR), 0
    else:
        with open_file(path) as file:
            from ..contacts import csv_import

            imported = csv_import.import_csv(account, file, name=name, peoples_headers=True, actor=ACTOR)
        row, skipped = imported.group, imported.skipped
    return (
        {"group_id": row["id"], "name": row["name"], "count": row["contact_count"], "skipped": skipped},
        f"Group {row['id']} ({row['name']}): {row['contact_count']} contacts, {skipped} rows skipped.",
    )


@command("list", ACCOUNT, group=group)
def list_groups(account_id: int) -> Answer:
    """List the contact groups of an account."""
    get_account(account_id)
    rows = [
        {"group_id": row["id"], "name": row["name"], "count": row["contact_count"]}
        for row in groups.list_groups(account_id, limit=10_000, offset=0, actor=ACTOR)[0]
    ]
    return {"groups": rows}, "\n".join(
        f"{row['group_id']:>5}  {row['name']}  {row['count']} contacts" for row in rows
    ) or "No groups yet."


@click.group(name="opt-out")
def opt_out() -> None:
    """Opt-outs: who gets nothing more from an account."""


@command(
    "add",
    ACCOUNT,
    click.argument("addresses", nargs=-1, metavar="[PHONE|EMAIL]…"),
    click.option(
        "--file",
        "path",
        default=None,
        metavar="FILE",
        help="A list: one a line, a CSV or an Excel workbook (.xlsx); - reads standard input.",
    ),
    group=opt_out,
)
def add_opt_outs(account_id: int, addresses: tuple[str, ...], path: str | None) -> Answer:
    """Opt numbers and e-mail addresses out: what a former provider kept of them, for one; exit 1 if one is neither."""
    account = get_account(account_id)
    if not addresses and path is None:
        raise click.UsageError("Name a phone number or an e-mail address, or a --file of them")
    from ..contacts import opting_out

    added, refused = opting_out.opt_out_all(account, addresses, actor=ACTOR)
    refused += [address for address in addresses if not address.strip()]  # of a list, such lines are passed over
    if path is not None:
        with open_file(path) as file:
            more, unread = opting_out.opt_out_list(account, file, actor=ACTOR)
        added, refused = added + more, refused + unread
    for line in refused[:20]:
        click.echo(f"Neither a phone number nor an e-mail address: {line[:60] or '(empty)'}", err=True)
    if refused:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return {"added": added, "refused": refused}, f"{added} opted out, {len(refused)} refused."


COMMANDS = (sender, group, opt_out)
