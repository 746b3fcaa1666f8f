"""People who were erased, accounts that were closed, wallets that have names.

An entry of the ledger stays as immutable as it was, but for one thing: the number of an erased person in its description.
"""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

WALLET = "account_id, currency, is_sandbox, sms_rate_micros, purchase_currency, low_balance_micros, name"
"""Columns of a wallet whose change every process has to learn of."""
SAME = ("id", "wallet_id", "kind", "amount_micros", "balance_after_micros", "created_at")
SAME_OR_NONE = ("batch_id", "message_id", "deposit_id", "inbound_id", "service_id", "charge_no")
OTHERWISE = " OR ".join(
    (
        "NEW.description NOT LIKE '%erased-%'",
        *(f"NEW.{column} <> OLD.{column}" for column in SAME),
        *(f"coalesce(NEW.{column}, -1) <> coalesce(OLD.{column}, -1)" for column in SAME_OR_NONE),
    )
)


def upgrade():
    op.add_column("accounts", sa.Column("closed_at", sa.BigInteger(), nullable=True))
    op.add_column("wallets", sa.Column("name", sa.String(), nullable=True))
    triggers.drop("wallets_config_update", "wallets")
    triggers.create("wallets_config_update", f"UPDATE OF {WALLET}", "wallets", "UPDATE config_state SET version = version + 1")
    op.add_column("opt_outs", sa.Column("is_erased", sa.Integer(), server_default="0", nullable=False))
    op.create_index("ix_opt_outs_erased", "opt_outs", ["account_id"], sqlite_where=sa.text("is_erased = 1"))
    triggers.drop("ledger_entries_no_update", "ledger_entries")
    triggers.refuse("ledger_entries_no_update", "UPDATE", "ledger_entries", "ledger entries are immutable", when=OTHERWISE)


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
