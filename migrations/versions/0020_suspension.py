"""What waits of a suspended account, and what a cancelled batch is still to get back."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("batches", sa.Column("held_at", sa.BigInteger(), nullable=True))
    op.add_column("batches", sa.Column("owed_micros", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_batches_held", "batches", ["account_id"], sqlite_where=sa.text("held_at IS NOT NULL"))
    op.create_index(
        "ix_messages_held",
        "messages",
        ["account_id", "lane", "due_at"],
        sqlite_where=sa.text("lane >= 2 AND status IN ('scheduled', 'dripping', 'queued')"),
    )


def downgrade():
    op.drop_index("ix_messages_held", "messages")
    op.drop_index("ix_batches_held", "batches")
    op.drop_column("batches", "owed_micros")
    op.drop_column("batches", "held_at")
