"""Routes for one network's numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("routes", sa.Column("network", sa.String(), nullable=True))


def downgrade():
    op.drop_column("routes", "network")
