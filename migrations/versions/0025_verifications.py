"""Verifications, and texts that hold a secret."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("batches", sa.Column("confidential", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "verification_misses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_verification_misses_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_misses")),
    )
    op.create_index("ix_verification_misses_at", "verification_misses", ["at"])
    op.create_index("ix_verification_misses_phone", "verification_misses", ["account_id", "phone", "at"])
    op.create_table(
        "verification_phones",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("touched_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_verification_phones_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_phones")),
        sa.UniqueConstraint("account_id", "phone", name=op.f("uq_verification_phones_account_id_phone")),
    )
    op.create_index("ix_verification_phones_touched_at", "verification_phones", ["touched_at"])
    op.create_table(
        "verify_apps",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("code_length", sa.Integer(), nullable=False),
        sa.Column("expiry_seconds", sa.Integer(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("max_resends", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_verify_apps_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verify_apps")),
        sa.UniqueConstraint("uid", name=op.f("uq_verify_apps_uid")),
    )
    op.create_index("ix_verify_apps_account_id", "verify_apps", ["account_id", "id"])
    op.create_table(
        "verifications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("app_id", sa.Integer(), nullable=True),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("asked_sender", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("code_length", sa.Integer(), nullable=False),
        sa.Column("expiry_seconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("code_hmac", sa.String(), nullable=True),
        sa.Column("attempts_remaining", sa.Integer(), nullable=False),
        sa.Column("resends_remaining", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status = 'pending' OR code_hmac IS NULL", name=op.f("ck_verifications_forgotten")),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'failed', 'expired', 'canceled')", name=op.f("ck_verifications_status")
        ),
        sa.CheckConstraint("attempts_remaining >= 0 AND resends_remaining >= 0", name=op.f("ck_verifications_remaining")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_verifications_account_id")),
        sa.ForeignKeyConstraint(["app_id"], ["verify_apps.id"], name=op.f("fk_verifications_app_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_verifications_message_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_verifications_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verifications")),
        sa.UniqueConstraint("uid", name=op.f("uq_verifications_uid")),
    )
    op.create_index("ix_verifications_account_id", "verifications", ["account_id", "id"])
    op.create_index("ix_verifications_app_id", "verifications", ["app_id", "created_at"])
    op.create_index("ix_verifications_pending", "verifications", ["expires_at"], sqlite_where=sa.text("status = 'pending'"))
    op.create_index("ix_verifications_phone", "verifications", ["account_id", "phone", "id"])
    op.create_table(
        "verification_sends",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("verification_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_verification_sends_account_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_verification_sends_message_id")),
        sa.ForeignKeyConstraint(["verification_id"], ["verifications.id"], name=op.f("fk_verification_sends_verification_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_sends")),
    )
    op.create_index("ix_verification_sends_message_id", "verification_sends", ["message_id"])
    op.create_index("ix_verification_sends_phone", "verification_sends", ["account_id", "phone", "side", "sent_at"])
    op.create_index("ix_verification_sends_verification_id", "verification_sends", ["verification_id"])


def downgrade():
    for table in ("verification_sends", "verifications", "verify_apps", "verification_phones", "verification_misses"):
        op.drop_table(table)
    op.drop_column("batches", "confidential")
