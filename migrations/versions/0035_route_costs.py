"""What a segment costs at a route's carrier."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("routes", sa.Column("cost_micros", sa.BigInteger(), nullable=True))
    op.add_column("routes", sa.Column("cost_currency", sa.String(length=3), nullable=True))


def downgrade():
    op.drop_column("routes", "cost_currency")
    op.drop_column("routes", "cost_micros")
