"""Routes that share what they are equal for, and that send again what was not delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("routes", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.add_column("routes", sa.Column("resend_undelivered", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    op.drop_column("routes", "resend_undelivered")
    op.drop_column("routes", "weight")
