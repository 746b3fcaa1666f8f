"""The sandbox for test suites: namespaces, rules, an inbox that can be emptied, the log of API calls."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

KIND = (
    "kind IN ('credit', 'sms_charge', 'refund', 'manual_credit', 'manual_debit', 'service_fee', 'inbound_charge', 'sandbox_reset')"
)
SIGN = "kind = 'sandbox_reset' OR (kind IN ('sms_charge', 'manual_debit', 'service_fee', 'inbound_charge')) = (amount_micros < 0)"


def upgrade():
    for table in ("batches", "api_keys", "caught_mails", "incoming_messages", "inbound_messages"):
        op.add_column(table, sa.Column("namespace", sa.String(), nullable=True))
    op.add_column("inbound_messages", sa.Column("forgotten", sa.Integer(), server_default="0", nullable=False))
    op.create_index(
        "ix_batches_namespace", "batches", ["namespace", "id"], unique=False, sqlite_where=sa.text("namespace IS NOT NULL")
    )
    op.add_column("accounts", sa.Column("log_bodies_until", sa.BigInteger(), nullable=True))
    op.create_table(
        "sandbox_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("delay_ms", sa.BigInteger(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=True),
        sa.Column("namespace", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_rules")),
    )
    for event in ("INSERT", "DELETE"):
        triggers.create(
            f"sandbox_rules_config_{event.lower()}", event, "sandbox_rules", "UPDATE config_state SET version = version + 1"
        )
    op.create_table(
        "simulated_outcomes",
        sa.Column("message_uid", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("delay_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message_uid", name=op.f("pk_simulated_outcomes")),
    )
    op.create_index("ix_simulated_outcomes_created_at", "simulated_outcomes", ["created_at"], unique=False)
    op.create_table(
        "forgotten_messages",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_forgotten_messages")),
    )
    op.create_table(
        "inbox_starts",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_inbox_starts")),
    )
    op.create_table(
        "listening_secrets",
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("side", "format", name=op.f("pk_listening_secrets")),
    )
    op.create_table(
        "api_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("is_sandbox", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("request_body", sa.Text(), nullable=True),
        sa.Column("answer_body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_calls")),
    )
    op.create_index("ix_api_calls_account_id", "api_calls", ["account_id", "id"], unique=False)
    op.create_index("ix_api_calls_at", "api_calls", ["at"], unique=False)
    with triggers.kept(), op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.drop_constraint(op.f("ck_ledger_entries_kind"), type_="check")
        batch_op.drop_constraint(op.f("ck_ledger_entries_sign"), type_="check")
        batch_op.create_check_constraint(op.f("ck_ledger_entries_kind"), KIND)
        batch_op.create_check_constraint(op.f("ck_ledger_entries_sign"), SIGN)


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
