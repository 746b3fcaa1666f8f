"""The side, live or sandbox, of what keys make: groups, webhook endpoints, sender IDs, opt-outs. No side: both."""

import sqlalchemy as sa
from alembic import op

from wesend.database.triggers import on_sqlite

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

LIVE_WALLET = "EXISTS (SELECT 1 FROM wallets w WHERE w.account_id = {table}.account_id AND w.is_sandbox = 0)"
EDITED = (
    "EXISTS (SELECT 1 FROM api_keys k JOIN wallets w ON w.id = k.wallet_id WHERE w.is_sandbox = {sandbox}"
    " AND k.account_id = webhook_endpoints.account_id AND k.api = webhook_endpoints.format)"
)


def upgrade():
    for table in ("groups", "webhook_endpoints", "sender_ids"):
        op.add_column(table, sa.Column("side", sa.String(), nullable=True))
    op.drop_index("uq_groups_name", table_name="groups")
    op.create_index(
        "uq_groups_name",
        "groups",
        ["account_id", "name"],
        unique=True,
        sqlite_where=sa.text("state <> 'deleting' AND side IS NULL"),
    )
    op.create_index(
        "uq_groups_side_name", "groups", ["account_id", "name", "side"], unique=True, sqlite_where=sa.text("state <> 'deleting'")
    )
    with op.batch_alter_table("opt_outs", recreate="always" if on_sqlite() else "never") as batch:
        batch.drop_constraint("uq_opt_outs_account_id_channel_address", type_="unique")
        batch.add_column(sa.Column("side", sa.String(), nullable=True))
    op.create_index("uq_opt_outs_side", "opt_outs", ["account_id", "channel", "address", "side"], unique=True)
    op.create_index(
        "uq_opt_outs_both", "opt_outs", ["account_id", "channel", "address"], unique=True, sqlite_where=sa.text("side IS NULL")
    )
    _tell_apart()


def _tell_apart():
    """What is there serves both sides, but for what can only have been the sandbox's, or an API's own to edit."""
    for table in ("groups", "webhook_endpoints", "sender_ids", "opt_outs"):
        op.execute(
            f"UPDATE {table} SET side = 'sandbox' WHERE account_id IN (SELECT id FROM accounts WHERE is_sandbox = 1)"
            f" AND NOT {LIVE_WALLET.format(table=table)}"
        )
    # Where nothing live could be sent, whoever answered STOP answered the sandbox.
    op.execute(
        f"UPDATE opt_outs SET side = 'sandbox' WHERE source NOT LIKE 'entered by %' AND NOT {LIVE_WALLET.format(table='opt_outs')}"
    )
    # The pair that an API edits in place is its keys', and stays both sides' where keys of both may have made it.
    for side, other in (("sandbox", 0), ("live", 1)):
        op.execute(f"UPDATE webhook_endpoints SET side = '{side}' WHERE managed IN (1, 2) AND NOT {EDITED.format(sandbox=other)}")


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
