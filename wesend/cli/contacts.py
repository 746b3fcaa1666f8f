"""`wesend sender`, `wesend group`."""

from __future__ import annotations

import click

from ..accounts.service import get_account
from ..contacts import csv_import, service
from ..routing import senders
from .shared import ACCOUNT, ACTOR, command


@click.group()
def sender():
    """Sender IDs: add, approve, reject."""


def _sender(row):
    return ({"sender_id": row["id"], "name": row["name"], "status": row["status"]},
            f"Sender ID {row['name']} ({row['id']}) is {row['status']}.")


@command("add", ACCOUNT, click.option("--name", required=True, metavar="NAME", help="1 to 11 letters and digits."),
         click.option("--countries", required=True, metavar="LIST", help="Where it may be used: UG,KE (ISO 3166)."),
         click.option("--approve", is_flag=True, help="Approve it at once."), group=sender)
def add_sender(account_id, name, countries, approve):
    """Request a sender ID for an account."""
    row = senders.request_sender(account_id=account_id, name=name, countries=countries.split(","), actor=ACTOR)
    if approve and row["status"] != "approved":
        row = senders.decide_sender(row["id"], approve=True, actor=ACTOR)
    return _sender(row)


@command("approve", click.argument("sender_id", type=int, metavar="ID"), group=sender)
def approve_sender(sender_id):
    """Approve a sender ID."""
    return _sender(senders.decide_sender(sender_id, approve=True, actor=ACTOR))


@command("reject", click.argument("sender_id", type=int, metavar="ID"),
         click.option("--reason", required=True, help="What the account is told."), group=sender)
def reject_sender(sender_id, reason):
    """Reject a sender ID with a reason."""
    return _sender(senders.decide_sender(sender_id, approve=False, reason=reason, actor=ACTOR))


@click.group()
def group():
    """Contact groups: create."""


@command("create", ACCOUNT, click.argument("name"),
         click.option("--csv", "path", type=click.Path(exists=True, dir_okay=False), default=None,
                      help="Contacts, at most 50 MB: a header row with a phone column (phone, mobile, msisdn, to, number);"
                           " the other columns fill {{placeholders}}."), group=group)
def create_group(account_id, name, path):
    """Create a contact group, with the contacts of a CSV file if one is given."""
    account = get_account(account_id)
    if path is None:
        row, skipped = service.create_group(account.id, name), 0
    else:
        with open(path, "rb") as file:
            imported = csv_import.import_csv(account, file, name=name)
        row, skipped = imported.group, imported.skipped
    return ({"group_id": row["id"], "name": row["name"], "count": row["contact_count"], "skipped": skipped},
            f"Group {row['id']} ({row['name']}): {row['contact_count']} contacts, {skipped} rows skipped.")


COMMANDS = (sender, group)
