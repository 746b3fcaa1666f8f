"""What each account stores in bytes, counted by triggers."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def bytes_of(*columns: str, row: str = "") -> str:
    return " + ".join(f"coalesce(length(CAST({row}{column} AS BLOB)), 0)" for column in columns)


def message(row: str = "") -> str:
    return f"{bytes_of('text', 'fields', row=row)} + CASE WHEN {row}channel = 'email' THEN 500 ELSE 0 END"


def batch(row: str = "") -> str:
    return bytes_of("text", "skipped", row=row)


def contact(row: str = "") -> str:
    return f"100 + {bytes_of('name', 'email', 'data', row=row)}"


def group(row: str = "") -> str:
    return f"100 + {bytes_of('name', 'description', 'tags', 'columns', row=row)}"


# A single SMS's batch repeats its text: it is counted once, and its write is as quick as it can be.
LARGE = "(lane = 1 OR channel = 'email')"
COUNTED = (
    ("messages", "texts", message, ("text", "fields"), None),
    ("batches", "texts", batch, ("text", "skipped"), LARGE),
    ("contacts", "contacts", contact, ("name", "email", "data"), None),
    ("groups", "contacts", group, ("name", "description", "tags", "columns"), None),
)


def upgrade():
    op.create_table(
        "account_storage",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("texts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("contacts", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_storage_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_storage")),
    )
    op.execute("INSERT INTO account_storage (account_id) SELECT id FROM accounts")
    ignore = "INSERT OR IGNORE" if triggers.on_sqlite() else "INSERT"  # `restore` knows a trigger by its text
    once = "" if triggers.on_sqlite() else " ON CONFLICT (account_id) DO NOTHING"
    triggers.create("accounts_storage", "INSERT", "accounts", f"{ignore} INTO account_storage (account_id) VALUES (NEW.id){once}")
    for table, column, size, columns, condition in COUNTED:
        where = f"{condition} AND" if condition else ""
        op.execute(
            triggers.in_bytes(
                f"UPDATE account_storage SET {column} = {column} + coalesce((SELECT sum({size()}) FROM {table} counted"
                f" WHERE {where} counted.account_id = account_storage.account_id), 0)"
            )
        )
        for event, changed in (
            ("INSERT", f"+ {size('NEW.')}"),
            ("DELETE", f"- ({size('OLD.')})"),
            (f"UPDATE OF {', '.join(columns)}", f"+ {size('NEW.')} - ({size('OLD.')})"),
        ):
            row = "OLD" if event == "DELETE" else "NEW"
            triggers.create(
                f"{table}_storage_{event.split()[0].lower()}",
                event,
                table,
                f"UPDATE account_storage SET {column} = {column} {changed} WHERE account_id = {row}.account_id",
                when=condition and condition.replace("lane", f"{row}.lane").replace("channel", f"{row}.channel"),
            )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
