"""Wallets of customers who pay afterwards: how far below zero a balance may fall."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade():
    with triggers.kept():
        with op.batch_alter_table("wallets") as batch_op:
            batch_op.add_column(sa.Column("credit_limit_micros", sa.BigInteger(), server_default="0", nullable=False))
            batch_op.drop_constraint(op.f("ck_wallets_not_overdrawn"), type_="check")
            batch_op.create_check_constraint(
                op.f("ck_wallets_not_overdrawn"), "balance_micros + credit_limit_micros >= 0 AND credit_limit_micros >= 0"
            )
        with op.batch_alter_table("ledger_entries") as batch_op:
            batch_op.drop_constraint(op.f("ck_ledger_entries_balance"), type_="check")


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
