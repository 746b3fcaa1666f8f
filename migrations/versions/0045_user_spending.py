"""What a member may spend in a day or a month, and has spent."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("users", sa.Column("spending_limit_micros", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("spending_currency", sa.String(length=3), nullable=True))
    op.add_column("users", sa.Column("spending_period", sa.String(), nullable=True))
    op.create_table(
        "user_spending",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("used_micros", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_spending_user_id")),
        sa.PrimaryKeyConstraint("user_id", "period", "currency", name=op.f("pk_user_spending")),
    )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
