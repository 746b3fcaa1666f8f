"""What the operator was told of, and receipts that fit no message, by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "operator_alerts",
        sa.Column("condition", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("condition", name=op.f("pk_operator_alerts")),
    )
    op.create_index(
        "ix_brought_receipts_unmatched", "brought_receipts", ["created_at"], sqlite_where=sa.text("state = 'unmatched'")
    )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
