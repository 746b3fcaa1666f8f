"""Deposits by phone: how often one was asked to pay lately."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_deposits_phone", "deposits", ["phone", "created_at"])


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
