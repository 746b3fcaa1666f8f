"""Receipts that tell of each part of a long message under the message's own id."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("brought_receipts", sa.Column("part", sa.String(), nullable=True))
    op.add_column("brought_receipts", sa.Column("parts", sa.Integer(), nullable=True))


def downgrade():
    op.drop_column("brought_receipts", "parts")
    op.drop_column("brought_receipts", "part")
