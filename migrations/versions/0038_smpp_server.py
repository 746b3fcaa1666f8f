"""SMPP keys and binds, what is submitted over them, and what is to be delivered to them."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

CHANGED = "UPDATE config_state SET version = version + 1"


def upgrade():
    op.create_table(
        "smpp_keys",
        sa.Column("api_key_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("binds", sa.Integer(), nullable=False),
        sa.Column("tps", sa.Integer(), nullable=False),
        sa.Column("window_size", sa.Integer(), nullable=False),
        sa.Column("senders", sa.String(), nullable=False),
        sa.Column("default_sender", sa.String(), nullable=True),
        sa.Column("rolled_to", sa.Integer(), nullable=True),
        sa.CheckConstraint("senders IN ('approved', 'any')", name=op.f("ck_smpp_keys_senders")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_smpp_keys_api_key_id")),
        sa.PrimaryKeyConstraint("api_key_id", name=op.f("pk_smpp_keys")),
    )
    op.create_table(
        "smpp_binds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("tls", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("submits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("throttled", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('transmitter', 'receiver', 'transceiver')", name=op.f("ck_smpp_binds_mode")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_smpp_binds_account_id")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_smpp_binds_api_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smpp_binds")),
        sa.UniqueConstraint("uid", name=op.f("uq_smpp_binds_uid")),
    )
    op.create_index(op.f("ix_smpp_binds_api_key_id"), "smpp_binds", ["api_key_id"], unique=False)
    op.create_index(op.f("ix_smpp_binds_holder"), "smpp_binds", ["holder"], unique=False)
    op.create_table(
        "smpp_refusals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("system_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_smpp_refusals_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smpp_refusals")),
    )
    op.create_index(op.f("ix_smpp_refusals_account_id"), "smpp_refusals", ["account_id"], unique=False)
    op.create_table(
        "smpp_submissions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("registered", sa.Integer(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("destination", sa.LargeBinary(), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=True),
        sa.Column("beginning", sa.String(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=True),
        sa.Column("whole", sa.String(), nullable=True),
        sa.Column("part_number", sa.Integer(), nullable=True),
        sa.Column("part_total", sa.Integer(), nullable=True),
        sa.Column("data_coding", sa.Integer(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("ended", sa.Integer(), nullable=True),
        sa.Column("ended_error", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_smpp_submissions_account_id")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_smpp_submissions_api_key_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_smpp_submissions_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smpp_submissions")),
        sa.UniqueConstraint("uid", name=op.f("uq_smpp_submissions_uid")),
    )
    for name, columns, where in (
        ("message_id", ["message_id"], "message_id IS NOT NULL"),
        ("whole", ["whole", "created_at"], "whole IS NOT NULL"),
        ("waiting", ["created_at"], "whole IS NOT NULL AND message_id IS NULL AND ended IS NULL"),
        ("created_at", ["created_at"], None),
    ):
        op.create_index(
            f"ix_smpp_submissions_{name}",
            "smpp_submissions",
            columns,
            unique=False,
            **({"sqlite_where": sa.text(where)} if where else {}),
        )
    op.create_table(
        "smpp_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("parameters", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("claim_token", sa.String(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('receipt', 'inbound')", name=op.f("ck_smpp_deliveries_kind")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_smpp_deliveries_api_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smpp_deliveries")),
    )
    op.create_index("ix_smpp_deliveries_due", "smpp_deliveries", ["api_key_id", "due_at", "id"], unique=False)
    op.create_index("ix_smpp_deliveries_created_at", "smpp_deliveries", ["created_at"], unique=False)
    op.create_index(
        "ix_smpp_deliveries_submission_id",
        "smpp_deliveries",
        ["submission_id"],
        unique=False,
        sqlite_where=sa.text("submission_id IS NOT NULL"),
    )
    op.add_column("messages", sa.Column("form", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("tells_smpp", sa.Integer(), server_default="0", nullable=False))
    for event in ("INSERT", "UPDATE", "DELETE"):
        triggers.create(f"smpp_keys_config_{event.lower()}", event, "smpp_keys", CHANGED)


def downgrade():
    for event in ("INSERT", "UPDATE", "DELETE"):
        triggers.drop(f"smpp_keys_config_{event.lower()}", "smpp_keys")
    with triggers.kept(), op.batch_alter_table("messages") as batch:
        batch.drop_column("tells_smpp")
        batch.drop_column("form")
    for table in ("smpp_deliveries", "smpp_submissions", "smpp_refusals", "smpp_binds", "smpp_keys"):
        op.drop_table(table)
