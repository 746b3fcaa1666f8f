"""Operations: dispatch that is paused, low-balance alerts, the roll-up of statuses, marks of sweeps."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    # Plain ADD COLUMN: no table is rebuilt, so the triggers stay.
    op.add_column("config_state", sa.Column("paused_at", sa.BigInteger(), nullable=True))
    op.add_column("config_state", sa.Column("paused_reason", sa.String(), nullable=True))
    op.add_column("wallets", sa.Column("low_balance_mail", sa.String(), nullable=True))
    op.add_column("wallets", sa.Column("low_balance_told_at", sa.BigInteger(), nullable=True))
    op.add_column("wallets", sa.Column("low_balance_mailed_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "status_counts",
        sa.Column("api", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("api", "gateway", "status", name=op.f("pk_status_counts")),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
