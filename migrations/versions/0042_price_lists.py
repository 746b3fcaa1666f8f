"""Price lists, the firm behind an account, what a message costs at its carrier, and the margins of a day.

Margins begin with the first message that is accepted after this: what was sent before is told by its ledger alone. The
segments of the last 40 days are counted, so that a list's tiers know of this month from its first day on.
"""

import time

import sqlalchemy as sa
from alembic import op

from wesend.core import clock
from wesend.database import triggers

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

TIERS_KNOW_DAYS = 40
COUNT_SEGMENTS = """
    UPDATE daily_counts SET segments = coalesce((
        SELECT sum(m.segments) FROM messages m
        WHERE m.wallet_id = daily_counts.wallet_id AND m.channel = 'sms' AND m.day = daily_counts.day
            AND m.account_id = daily_counts.account_id AND coalesce(m.route, '') = daily_counts.route
    ), 0) WHERE day >= :since
"""
KEEP_RATES = """
    INSERT INTO day_rates (day, currency, per_usd_micros) SELECT '0001-01-01', currency, per_usd_micros FROM exchange_rates
"""


def upgrade():
    op.create_table(
        "price_lists",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_price_lists_name")),
    )
    op.create_table(
        "list_prices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("price_list_id", sa.Integer(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("network", sa.String(), server_default="", nullable=False),
        sa.Column("prefix", sa.String(), server_default="", nullable=False),
        sa.Column("from_segments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("price_micros", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("price_micros >= 0 AND from_segments >= 0", name=op.f("ck_list_prices_price")),
        sa.CheckConstraint("network = '' OR prefix = ''", name=op.f("ck_list_prices_one_of")),
        sa.ForeignKeyConstraint(["price_list_id"], ["price_lists.id"], name=op.f("fk_list_prices_price_list_id_price_lists")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_prices")),
        sa.UniqueConstraint("price_list_id", "country", "network", "prefix", "from_segments", name=op.f("uq_list_prices_place")),
    )
    for table in ("price_lists", "list_prices"):
        for event in ("INSERT", "DELETE", "UPDATE"):
            triggers.create(f"{table}_config_{event.lower()}", event, table, "UPDATE config_state SET version = version + 1")
    op.add_column("accounts", sa.Column("price_list_id", sa.Integer(), nullable=True))
    for column in ("legal_name", "address", "tax_id"):
        op.add_column("accounts", sa.Column(column, sa.String(), nullable=True))
    op.add_column("messages", sa.Column("sold_on", sa.String(length=10), nullable=True))
    op.add_column("messages", sa.Column("network", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("carrier_route", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("carrier_cost_micros", sa.BigInteger(), nullable=True))
    op.add_column("messages", sa.Column("carrier_currency", sa.String(length=3), nullable=True))
    op.create_table(
        "margin_days",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("network", sa.String(), nullable=False),
        sa.Column("cost_currency", sa.String(length=3), nullable=False),
        sa.Column("messages", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("segments", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("delivered", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("revenue_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cost_micros", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_margin_days_account_id_accounts")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_margin_days_wallet_id_wallets")),
        sa.PrimaryKeyConstraint(
            "day", "account_id", "wallet_id", "route", "gateway", "country", "network", "cost_currency", name=op.f("pk_margin_days")
        ),
    )
    op.create_table(
        "day_rates",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("per_usd_micros", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "currency", name=op.f("pk_day_rates")),
    )
    op.execute(KEEP_RATES)
    op.add_column("daily_counts", sa.Column("segments", sa.BigInteger(), server_default="0", nullable=False))
    since = clock.day_of(int(time.time() * 1000) - TIERS_KNOW_DAYS * clock.DAY, "UTC")
    op.get_bind().execute(sa.text(COUNT_SEGMENTS), {"since": since})


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
