"""Why a gateway's own connection is down, as the process that keeps it sees it."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("gateway_health", sa.Column("link_trouble", sa.String(), nullable=True))
    op.add_column("gateway_health", sa.Column("link_trouble_at", sa.BigInteger(), nullable=True))


def downgrade():
    op.drop_column("gateway_health", "link_trouble_at")
    op.drop_column("gateway_health", "link_trouble")
