"""How a country's routes are ordered, and how each of them stands."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "route_strategies",
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("country", "prefix", name=op.f("pk_route_strategies")),
    )
    op.create_table(
        "route_states",
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=True),
        sa.Column("median_s", sa.Integer(), nullable=True),
        sa.Column("lowered_since", sa.BigInteger(), nullable=True),
        sa.Column("lowered_until", sa.BigInteger(), nullable=True),
        sa.Column("rounds", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), server_default="auto", nullable=False),
        sa.Column("decided_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_route_states")),
    )


def downgrade():
    op.drop_table("route_states")
    op.drop_table("route_strategies")
