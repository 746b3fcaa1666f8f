"""Gateways' health, parts of long messages, receipts as they were brought, inbound messages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "gateway_health",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rests_until", sa.BigInteger(), nullable=True),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("last_error_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_gateway_health")),
    )
    op.create_table(
        "message_parts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("gateway_ref", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_parts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_parts")),
    )
    op.create_index("ix_message_parts_gateway_ref", "message_parts", ["gateway_ref"])
    op.create_index("ix_message_parts_message_id", "message_parts", ["message_id"])
    op.create_table(
        "brought_receipts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("gateway_ref", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("state", sa.String(), server_default="new", nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('new', 'matched', 'unmatched')", name=op.f("ck_brought_receipts_state")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_brought_receipts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brought_receipts")),
    )
    op.create_index("ix_brought_receipts_new", "brought_receipts", ["id"], sqlite_where=sa.text("state = 'new'"))
    op.create_index(
        "ix_brought_receipts_message_id", "brought_receipts", ["message_id"], sqlite_where=sa.text("message_id IS NOT NULL")
    )
    op.create_table(
        "inbound_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_inbound_messages_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_messages")),
        sa.UniqueConstraint("uid", name=op.f("uq_inbound_messages_uid")),
    )
    op.create_index("ix_inbound_messages_account_id", "inbound_messages", ["account_id", "id"])


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
