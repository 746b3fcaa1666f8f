"""The first schema: tables, the triggers that keep the ledger immutable and caches honest, and a fresh install's routes."""

import time

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROUTES = (
    ("UG", "Uganda", "UGX", 35_000_000),
    ("KE", "Kenya", "KES", 1_200_000),
    ("TZ", "Tanzania", "TZS", 30_000_000),
    ("RW", "Rwanda", "RWF", 20_000_000),
    ("NG", "Nigeria", "NGN", 9_100_000),
    ("GH", "Ghana", "GHS", 90_000),
    ("ZM", "Zambia", "ZMW", 700_000),
)
# Units per USD, in micro-units. UGX and KES are the contract's; the others are only a start for the operator to set.
RATES = (
    ("USD", 1_000_000),
    ("UGX", 3_726_000_000),
    ("KES", 129_130_000),
    ("TZS", 2_650_000_000),
    ("RWF", 1_440_000_000),
    ("NGN", 1_530_000_000),
    ("GHS", 12_400_000),
    ("ZMW", 24_000_000),
)

CONFIGURATION = {
    # table: columns whose change counts (None: any). A key's last use and a wallet's balance are no configuration.
    "accounts": None,
    "api_keys": "account_id, wallet_id, api, lookup, secret_sha256, scopes, is_sandbox, revoked_at",
    "wallets": "account_id, currency, is_sandbox, sms_rate_micros, purchase_currency, low_balance_micros",
    "routes": None,
    "exchange_rates": None,
    "sender_ids": None,
    "gateways": None,
}


def create_triggers():
    for event in ("UPDATE", "DELETE"):
        triggers.refuse(f"ledger_entries_no_{event.lower()}", event, "ledger_entries", "ledger entries are immutable")
    for table, columns in CONFIGURATION.items():
        for event in ("INSERT", "DELETE", f"UPDATE OF {columns}" if columns else "UPDATE"):
            name = f"{table}_config_{event.split()[0].lower()}"
            triggers.create(name, event, table, "UPDATE config_state SET version = version + 1")


def upgrade():
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("status", sa.String(), server_default="active", nullable=False),
        sa.Column("is_sandbox", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('active', 'suspended')", name=op.f("ck_accounts_status")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "config_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_config_state")),
    )
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("per_usd_micros", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("per_usd_micros > 0", name=op.f("ck_exchange_rates_per_usd")),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_exchange_rates")),
    )
    op.create_table(
        "gateways",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("callback_token", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateways")),
        sa.UniqueConstraint("name", name=op.f("uq_gateways_name")),
    )
    op.create_table(
        "routes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("prefixes", sa.String(), server_default="", nullable=False),
        sa.Column("gateway", sa.String(), nullable=True),
        sa.Column("price_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("default_sender", sa.String(), nullable=True),
        sa.Column("refund_failed_delivery", sa.Integer(), server_default="0", nullable=False),
        sa.Column("is_active", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_micros >= 0", name=op.f("ck_routes_price")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routes")),
        sa.UniqueConstraint("code", name=op.f("uq_routes_code")),
    )
    with op.batch_alter_table("routes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_routes_country"), ["country"], unique=False)

    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_audit_log_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    with op.batch_alter_table("audit_log", schema=None) as batch_op:
        batch_op.create_index("ix_audit_log_account_id", ["account_id", "id"], unique=False)

    op.create_table(
        "groups",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), server_default="[]", nullable=False),
        sa.Column("columns", sa.Text(), server_default="[]", nullable=False),
        sa.Column("contact_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), server_default="ready", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_groups_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
    )
    with op.batch_alter_table("groups", schema=None) as batch_op:
        batch_op.create_index("ix_groups_account_id", ["account_id", "id"], unique=False)
        batch_op.create_index("uq_groups_name", ["account_id", "name"], unique=True, sqlite_where=sa.text("state <> 'deleting'"))

    op.create_table(
        "opt_outs",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'email')", name=op.f("ck_opt_outs_channel")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_opt_outs_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opt_outs")),
        sa.UniqueConstraint("account_id", "channel", "address", name=op.f("uq_opt_outs_account_id_channel_address")),
    )
    op.create_table(
        "sender_ids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=11), nullable=False),
        sa.Column("countries", sa.String(), nullable=False),
        sa.Column("use_case", sa.String(), nullable=True),
        sa.Column("status", sa.String(), server_default="pending", nullable=False),
        sa.Column("rejection_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'approved', 'rejected')", name=op.f("ck_sender_ids_status")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_sender_ids_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sender_ids")),
    )
    with op.batch_alter_table("sender_ids", schema=None) as batch_op:
        batch_op.create_index("ix_sender_ids_account_id", ["account_id", "name"], unique=False)

    op.create_table(
        "wallets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("balance_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("is_sandbox", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sms_rate_micros", sa.BigInteger(), nullable=True),
        sa.Column("purchase_currency", sa.String(length=3), nullable=False),
        sa.Column("low_balance_micros", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance_micros >= 0", name=op.f("ck_wallets_not_overdrawn")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_wallets_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
        sa.UniqueConstraint("uid", name=op.f("uq_wallets_uid")),
    )
    with op.batch_alter_table("wallets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wallets_account_id"), ["account_id"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lookup", sa.String(), nullable=False),
        sa.Column("secret_sha256", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("is_sandbox", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_api_keys_account_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_api_keys_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("api", "lookup", name=op.f("uq_api_keys_api_lookup")),
    )
    with op.batch_alter_table("api_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_api_keys_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_api_keys_wallet_id"), ["wallet_id"], unique=False)

    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_contacts_account_id")),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name=op.f("fk_contacts_group_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("group_id", "phone", name=op.f("uq_contacts_group_id_phone")),
    )
    with op.batch_alter_table("contacts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_contacts_account_email", ["account_id", "email"], unique=False, sqlite_where=sa.text("email IS NOT NULL")
        )
        batch_op.create_index("ix_contacts_account_phone", ["account_id", "phone"], unique=False)
        batch_op.create_index("ix_contacts_group_id", ["group_id", "id"], unique=False)

    op.create_table(
        "daily_counts",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("route", sa.String(), server_default="", nullable=False),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_daily_counts_account_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_daily_counts_wallet_id")),
        sa.PrimaryKeyConstraint("account_id", "wallet_id", "day", "route", name=op.f("pk_daily_counts")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=True),
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), server_default="sms", nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("in_request", sa.Integer(), server_default="0", nullable=False),
        sa.Column("mode", sa.String(), server_default="now", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("group_id", sa.Integer(), nullable=True),
        sa.Column("skipped", sa.Text(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Integer(), server_default="0", nullable=False),
        sa.Column("submitted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("delivered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancelled", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("refunded_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("drip_rate", sa.Integer(), nullable=True),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("mode IN ('now', 'scheduled', 'drip')", name=op.f("ck_batches_mode")),
        sa.CheckConstraint(
            "state IN ('intake', 'open', 'paused', 'cancelled', 'finished', 'refused', 'rejected', 'cancelling')",
            name=op.f("ck_batches_state"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_batches_account_id")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_batches_api_key_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_batches_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("uid", name=op.f("uq_batches_uid")),
    )
    with op.batch_alter_table("batches", schema=None) as batch_op:
        batch_op.create_index("ix_batches_account_id", ["account_id", "id"], unique=False, sqlite_where=sa.text("lane = 1"))
        batch_op.create_index(
            "ix_batches_bulk", ["id"], unique=False, sqlite_where=sa.text("lane = 1 AND state IN ('intake', 'open', 'cancelling')")
        )
        batch_op.create_index(
            "ix_batches_unaccepted", ["id"], unique=False, sqlite_where=sa.text("state IN ('intake', 'rejected')")
        )

    op.create_table(
        "deposits",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=True),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("rate_micros", sa.BigInteger(), nullable=True),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("gateway_ref", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("credited_micros", sa.BigInteger(), nullable=True),
        sa.Column("polls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("poll_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("status IN ('pending', 'successful', 'failed', 'expired')", name=op.f("ck_deposits_status")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deposits_account_id")),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_deposits_api_key_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_deposits_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposits")),
        sa.UniqueConstraint("reference", name=op.f("uq_deposits_reference")),
        sa.UniqueConstraint("uid", name=op.f("uq_deposits_uid")),
    )
    with op.batch_alter_table("deposits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_deposits_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_deposits_gateway_ref"), ["gateway_ref"], unique=False)
        batch_op.create_index("ix_deposits_poll_at", ["poll_at"], unique=False, sqlite_where=sa.text("poll_at IS NOT NULL"))
        batch_op.create_index(batch_op.f("ix_deposits_wallet_id"), ["wallet_id"], unique=False)

    op.create_table(
        "idempotency_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("api_key_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("content_type", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_keys.id"], name=op.f("fk_idempotency_keys_api_key_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
        sa.UniqueConstraint("api_key_id", "key", name=op.f("uq_idempotency_keys_api_key_id_key")),
    )
    with op.batch_alter_table("idempotency_keys", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_idempotency_keys_created_at"), ["created_at"], unique=False)

    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), server_default="sms", nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("encoding", sa.String(), nullable=True),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), nullable=False),
        sa.Column("refunded_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("charges", sa.Integer(), server_default="1", nullable=False),
        sa.Column("route", sa.String(), nullable=True),
        sa.Column("route_cost_micros", sa.BigInteger(), nullable=True),
        sa.Column("route_currency", sa.String(length=3), nullable=True),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("gateway_ref", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error_code", sa.String(), nullable=True),
        sa.Column("error_message", sa.String(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("claim_token", sa.String(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("backoffs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("polls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("poll_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("failed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('scheduled', 'dripping', 'queued', 'claimed', 'submitting', 'submitted', 'sent', 'delivered', 'failed', 'cancelled', 'unknown')",
            name=op.f("ck_messages_status"),
        ),
        sa.CheckConstraint("refunded_micros BETWEEN 0 AND cost_micros", name=op.f("ck_messages_refund")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_messages_account_id")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_messages_batch_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_messages_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("uid", name=op.f("uq_messages_uid")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_account_day", ["account_id", "channel", "day", "id"], unique=False)
        batch_op.create_index(
            "ix_messages_account_status", ["account_id", "channel", "status", "day", "id", "wallet_id"], unique=False
        )
        batch_op.create_index("ix_messages_batch_id", ["batch_id", "id"], unique=False)
        batch_op.create_index(
            "ix_messages_bulk_queue",
            ["batch_id", "gateway", "due_at", "id"],
            unique=False,
            sqlite_where=sa.text("status = 'queued' AND lane = 1"),
        )
        batch_op.create_index(
            "ix_messages_bulk_waiting",
            ["batch_id", "due_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('scheduled', 'dripping') AND lane = 1"),
        )
        batch_op.create_index(
            "ix_messages_expiry", ["expires_at"], unique=False, sqlite_where=sa.text("status IN ('submitted', 'sent', 'unknown')")
        )
        batch_op.create_index(
            "ix_messages_gateway_ref", ["gateway_ref"], unique=False, sqlite_where=sa.text("gateway_ref IS NOT NULL")
        )
        batch_op.create_index(
            "ix_messages_lease", ["lease_until"], unique=False, sqlite_where=sa.text("status IN ('claimed', 'submitting')")
        )
        batch_op.create_index("ix_messages_poll", ["poll_at"], unique=False, sqlite_where=sa.text("poll_at IS NOT NULL"))
        batch_op.create_index(
            "ix_messages_queue", ["gateway", "due_at", "id"], unique=False, sqlite_where=sa.text("status = 'queued' AND lane = 0")
        )
        batch_op.create_index("ix_messages_recipient", ["recipient", "id"], unique=False)
        batch_op.create_index(
            "ix_messages_waiting",
            ["lane", "due_at"],
            unique=False,
            sqlite_where=sa.text("status IN ('scheduled', 'dripping') AND lane = 0"),
        )
        batch_op.create_index("ix_messages_wallet_day", ["wallet_id", "channel", "day", "id"], unique=False)

    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=False),
        sa.Column("balance_after_micros", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("deposit_id", sa.Integer(), nullable=True),
        sa.Column("charge_no", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(kind IN ('sms_charge', 'manual_debit')) = (amount_micros < 0)", name=op.f("ck_ledger_entries_sign")),
        sa.CheckConstraint(
            "kind IN ('credit', 'sms_charge', 'refund', 'manual_credit', 'manual_debit')", name=op.f("ck_ledger_entries_kind")
        ),
        sa.CheckConstraint("balance_after_micros >= 0", name=op.f("ck_ledger_entries_balance")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_ledger_entries_batch_id")),
        sa.ForeignKeyConstraint(["deposit_id"], ["deposits.id"], name=op.f("fk_ledger_entries_deposit_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_ledger_entries_message_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_ledger_entries_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    with op.batch_alter_table("ledger_entries", schema=None) as batch_op:
        batch_op.create_index(
            "ix_ledger_entries_batch_id", ["batch_id"], unique=False, sqlite_where=sa.text("batch_id IS NOT NULL")
        )
        batch_op.create_index(
            "ix_ledger_entries_message_id", ["message_id"], unique=False, sqlite_where=sa.text("message_id IS NOT NULL")
        )
        batch_op.create_index("ix_ledger_entries_wallet_id", ["wallet_id", "id"], unique=False)
        batch_op.create_index(
            "uq_ledger_entries_deposit", ["deposit_id"], unique=True, sqlite_where=sa.text("deposit_id IS NOT NULL")
        )
        batch_op.create_index(
            "uq_ledger_entries_recharge",
            ["message_id", "charge_no"],
            unique=True,
            sqlite_where=sa.text("kind = 'sms_charge' AND message_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_ledger_entries_refund",
            ["message_id", "charge_no"],
            unique=True,
            sqlite_where=sa.text("kind = 'refund' AND message_id IS NOT NULL"),
        )

    op.create_table(
        "message_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("meta", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_events_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_events")),
    )
    with op.batch_alter_table("message_events", schema=None) as batch_op:
        batch_op.create_index("ix_message_events_message_id", ["message_id", "id"], unique=False)

    create_triggers()
    now = int(time.time() * 1000)
    op.execute("INSERT INTO config_state (id, version) VALUES (1, 1)")
    for country, name, currency, price_micros in ROUTES:
        op.execute(
            sa.text(
                "INSERT INTO routes (code, name, country, price_micros, currency, created_at)"
                " VALUES (:code, :name, :country, :price, :currency, :now)"
            ).bindparams(code=f"ESMS_{country}", name=name, country=country, price=price_micros, currency=currency, now=now)
        )
    for currency, per_usd_micros in RATES:
        op.execute(
            sa.text("INSERT INTO exchange_rates (currency, per_usd_micros, updated_at) VALUES (:c, :r, :now)").bindparams(
                c=currency, r=per_usd_micros, now=now
            )
        )


def downgrade():
    raise NotImplementedError("there is nothing before the first schema")
