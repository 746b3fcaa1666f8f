"""What is left at the vendors', and the words of theirs that are in no list."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "gateway_balances",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("amount_micros", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("low_since", sa.BigInteger(), nullable=True),
        sa.Column("mailed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("gateway", name=op.f("pk_gateway_balances")),
    )
    op.create_table(
        "unlisted_words",
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("receipts", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "word", name=op.f("pk_unlisted_words")),
    )


def downgrade():
    op.drop_table("unlisted_words")
    op.drop_table("gateway_balances")
