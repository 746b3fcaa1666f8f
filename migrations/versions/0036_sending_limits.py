"""Limits of accounts and keys, how long a message is worth sending, quiet hours: nothing is limited until somebody sets it."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

LIMITED = (
    "account_id, wallet_id, api, lookup, secret_sha256, scopes, is_sandbox, revoked_at, expires_at, allow_ip, countries,"
    " daily_limit_micros, valid_for"
)
"""Columns of a key whose change every process has to learn of."""


def upgrade():
    op.add_column("accounts", sa.Column("daily_limit_micros", sa.BigInteger(), nullable=True))
    for name in ("recipient_limit", "burst_limit", "quiet_hours"):
        op.add_column("accounts", sa.Column(name, sa.String(), nullable=True))
    op.add_column("api_keys", sa.Column("daily_limit_micros", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("valid_for", sa.Integer(), nullable=True))
    triggers.drop("api_keys_config_update", "api_keys")
    triggers.create("api_keys_config_update", f"UPDATE OF {LIMITED}", "api_keys", "UPDATE config_state SET version = version + 1")
    op.add_column("batches", sa.Column("keeps_quiet", sa.Integer(), server_default="0", nullable=False))
    op.add_column("batches", sa.Column("valid_for", sa.Integer(), nullable=True))
    op.add_column("messages", sa.Column("valid_until", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_messages_valid_until",
        "messages",
        ["valid_until"],
        unique=False,
        sqlite_where=sa.text("valid_until IS NOT NULL AND status IN ('scheduled', 'dripping', 'queued')"),
    )
    op.create_table(
        "daily_use",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_sandbox", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("used_micros", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_daily_use_account_id")),
        sa.PrimaryKeyConstraint("account_id", "api_key_id", "currency", "is_sandbox", "day", name=op.f("pk_daily_use")),
    )
    op.create_table(
        "recent_sends",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", "seq", name=op.f("pk_recent_sends")),
    )
    op.create_index("ix_recent_sends_until", "recent_sends", ["until"], unique=False)
    op.create_table(
        "burst_alerts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("is_sandbox", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("mailed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_burst_alerts_account_id")),
        sa.PrimaryKeyConstraint("account_id", "is_sandbox", name=op.f("pk_burst_alerts")),
    )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
